import GuestModel
import LinuxHost
import SystemPackage

/// Taking back, or tidying up, what a run's journal holds: by the run itself when it fails, and by `domus recover`
/// when it was killed.
package struct Rollback: Sendable {
    let host: Host
    let store: StateStore

    package init(host: Host, store: StateStore) {
        self.host = host
        self.store = store
    }

    /// What became of it.
    package struct Outcome: Sendable, Equatable {
        /// What was done, for people.
        package var undone: [String] = []
        /// What could not be done, with the reason. The journal keeps these entries.
        package var left: [String] = []
    }

    /// Leaves what a run made, and forgets the run. Only what it had put aside, a guest that it was to replace, gets its
    /// place again: the records say that it is there.
    package func keep(run: String) async -> Outcome {
        var outcome = Outcome()
        var told: Set<String> = []
        var isDone = true
        do {
            let effects = try store.effects(of: run)
            let former: Set<String> = Set(
                effects.compactMap { if case .moveBack(_, let name, _) = $0.undo { name } else { nil } })
            for effect in effects.reversed() {
                switch effect.undo {
                case .moveBack(let aside, _, _):
                    do {
                        if try await effect.undo.perform(on: host) { outcome.undone.append(effect.undo.summary) }
                    } catch {
                        outcome.left.append("\(aside) (kept): \(error)")
                        // As it is with volumes: the record is of what had that name.
                        isDone = false
                    }
                case .renameVolumeBack(let group, let aside, _, _):
                    do {
                        if try await effect.undo.perform(on: host) { outcome.undone.append(effect.undo.summary) }
                    } catch {
                        outcome.left.append("\(group)/\(aside) (kept): \(error)")
                        // The record names it otherwise: without the journal it would be lost.
                        isDone = false
                    }
                case .removeVolume(let group, _, let uuid, let tag):
                    for volume in try host.volumes.volumes(in: VolumeGroupName(group))
                    where volume.tags.contains(tag) && (uuid == nil || volume.uuid == uuid)
                        && told.insert(volume.uuid).inserted
                    {
                        outcome.left.append("\(group)/\(nameGivenFree(of: volume, run: run)) (kept)")
                    }
                // Only after the commit is there such an entry, and then nothing is kept.
                case .removeForeignVolume(let group, let name, _): outcome.left.append("\(group)/\(name) (kept)")
                case .removeTree(let path, let identity), .removeFile(let path, let identity):
                    guard let entry = try host.files.entry(at: FilePath(path)) else { continue }
                    // It was published already, where the guest that it was to replace is to be again.
                    let isInTheWay = former.contains(path) && entry.identity == identity
                    let kept = isInTheWay ? try moveAside(FilePath(path), run: run).string : path
                    outcome.left.append("\(kept) (kept)")
                case .claim, .releaseFileSystem: break
                case .emptyFileSystem(let device, _, _, _): outcome.left.append("what is in \(device.path) (kept)")
                case .clearDevice(let path, _): outcome.left.append("what is written on \(path) (kept)")
                case .removeDirectoryIfEmpty: break
                // It goes with this process anyway.
                case .unmount: _ = try await effect.undo.perform(on: host)
                case .shrink(let disk, _), .writeBack(let disk, _, _, _):
                    if told.insert(disk.path).inserted { outcome.left.append("\(disk.path) (kept as it is now)") }
                case .revertGrowth(let growth):
                    if told.insert(growth.disk.path).inserted {
                        outcome.left.append(
                            "\(growth.disk.path) (kept as it is now; what was written over is in \(growth.undoFile))")
                    }
                }
            }
            if isDone { try store.end(run: run) }
        } catch {
            outcome.left.append("\(error)")
        }
        return outcome
    }

    /// - Returns: what it is called by then.
    private func moveAside(_ path: FilePath, run: String) throws(HostError) -> FilePath {
        let aside = path.removingLastComponent().appending(".domus-\(run).kept-\(path.lastComponent?.string ?? "")")
        try host.files.rename(path, to: aside)
        return aside
    }

    /// A guest's volume that is kept gives its name free for another of that name.
    ///
    /// - Returns: what it is called by then.
    private func nameGivenFree(of volume: Volume, run: String) -> String {
        guard volume.tags.contains(where: { $0.hasPrefix(VolumeTags.guestPrefix) }),
            !volume.name.hasPrefix("domus-\(run)-"),
            let path = try? VolumePath(VolumeGroupName(volume.group), VolumeName(volume.name)),
            let name = try? VolumeName("domus-\(run)-\(volume.name)"),
            (try? host.volumes.rename(path, to: name, uuid: volume.uuid)) == true
        else { return volume.name }
        return name.name
    }

    /// Undoes from the newest effect to the oldest. A failing entry does not keep the others from being undone.
    ///
    /// - Parameter ends: whether the run is over when nothing is left; otherwise it goes on and keeps the guest's name.
    package func undo(run: String, ends: Bool = true) async -> Outcome {
        var outcome = Outcome()
        do {
            for effect in try store.effects(of: run).reversed() {
                do {
                    if let remark = try effect.undo.remark(on: host) { outcome.undone.append(remark) }
                    let isDone = try await effect.undo.perform(on: host)
                    if isDone { outcome.undone.append(effect.undo.summary) }
                    // A directory that is full only because of what is left in it must have its turn again.
                    if isDone || outcome.left.isEmpty { try store.forget(effect.number) }
                } catch {
                    outcome.left.append("\(error)")
                    if effect.undo.comesFirst { break }
                }
            }
            if ends && outcome.left.isEmpty { try store.end(run: run) }
        } catch {
            outcome.left.append("\(error)")
        }
        return outcome
    }
}
