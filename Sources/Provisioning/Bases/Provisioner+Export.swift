import Archives
import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// What a look at a base, to its last bit, found.
package enum BaseCondition: String, Sendable, Hashable, Codable {
    /// It holds what was written.
    case whole
    case damaged
    /// Its volume or file is gone, or is not the one that was made.
    case gone
    /// It was made by a version that kept no digest.
    case unknown
}

extension Provisioner {
    /// Reads all of a base.
    ///
    /// Of one on a volume, which is not active, a snapshot is read that is removed again.
    ///
    /// - Throws: ``ProvisioningError``.
    package func verify(_ base: BaseRecord, run: String) async throws(ProvisioningError) -> BaseCondition {
        do {
            guard try base.hasHome(on: host), try base.isThere(on: host) else { return .gone }
            guard let digest = base.digest else { return .unknown }
            if case .image(let file) = base.place {
                let path = FilePath(file.path)
                let stamp = try host.files.entry(at: path)?.stamp
                let isWhole = try await host.files.digest(ofImage: path) == digest
                let verification = stamp.map { BaseRecord.Verification(stamp: $0, time: host.clock.seconds) }
                try store.note(isWhole ? verification : nil, ofBaseAt: base.place)
                return isWhole ? .whole : .damaged
            }
        } catch {
            throw ProvisioningError(error)
        }
        return try await briefly("Verify the base \(base.id)", base, run: run) { effects, summary in
            let disk = try self.disk(of: base, effects, step: summary)
            return try await host.files.digest(ofImage: disk) == base.digest ? .whole : .damaged
        }
    }

    /// Writes a base's tree into an archive, with a manifest beside it: both as a whole, or nothing is left.
    ///
    /// - Throws: ``ProvisioningError``; for a base that is damaged too.
    package func export(_ base: BaseRecord, to archive: FilePath, run: String) async throws(ProvisioningError) {
        let summary = "Export the base \(base.id) to \(archive)"
        let manifest = BaseManifest.path(of: archive)
        do {
            for path in [archive, manifest] where try host.files.entry(at: path) != nil {
                throw ProvisioningError(
                    "\(path) exists already", exit: .cannotCreate, hint: "remove it, or choose another name")
            }
            guard try base.hasHome(on: host), try base.isThere(on: host) else {
                throw ProvisioningError("the base \(base.id) is gone: \(base.place.text)", exit: .noInput)
            }
        } catch {
            throw ProvisioningError(error)
        }
        let files = host.files
        try await briefly(summary, base, run: run) { effects, summary in
            let directory = archive.removingLastComponent().appending(".domus-\(run)")
            _ = try effects.createOwnDirectory(directory, mode: 0o700, step: summary)
            let root = directory.appending("root")
            _ = try files.createDirectory(root, mode: 0o755)
            let disk = try self.disk(of: base, effects, step: summary)
            if let digest = base.digest, try await files.digest(ofImage: disk) != digest {
                try store.note(nil, ofBaseAt: base.place)
                throw base.damaged
            }
            // noload: nothing is to be replayed in what nobody has written, and nothing written.
            try effects.mount(disk, at: root, type: "ext4", options: "noload", isReadOnly: true, step: summary)
            let made = directory.appending(archive.lastComponent?.string ?? "base.tar")
            try await WorkerThreads().run { flag in try pack(tree: root, to: made, isCancelled: { flag.isSet }) }
            _ = try files.unmount(root, whatWasWritten: false)
            let description = directory.appending("manifest.json")
            _ = try files.createFile(
                description,
                contents: BaseManifest(base, archive: ArchiveState.digest(of: made, files)).document(), mode: 0o644)
            try files.synchronize(made)
            for (source, target) in [(made, archive), (description, manifest)] {
                guard let entry = try files.entry(at: source) else { throw HostError("\(source) is gone") }
                try effects.publish(source, as: target, identity: entry.identity, isDirectory: false, step: summary)
            }
            try files.synchronize(archive.removingLastComponent())
        } keeping: { undo in
            if case .removeFile(let path, _) = undo { return [archive.string, manifest.string].contains(path) }
            return false
        }
    }

    /// A run whose effects, but those to be kept, are all taken back when it has done its work.
    ///
    /// - Parameter keeping: which effects stay.
    private func briefly<Result: Sendable>(
        _ summary: String, _ base: BaseRecord, run: String,
        _ work: (Effects, String) async throws -> Result, keeping isKept: (Undo) -> Bool = { _ in false }
    ) async throws(ProvisioningError) -> Result {
        try begin("base", on: "base:\(base.id)", run: run)
        let began = host.clock.monotonic
        reporter.began(summary, number: 1, of: 1)
        let result: Result
        do {
            result = try await work(Effects(host: host, store: store, run: run), summary)
            let effects = try store.effects(of: run).map(\.undo).filter { !isKept($0) }
            try store.commit(run: run, tidying: effects.reversed())
        } catch {
            reporter.failed(summary)
            throw await failure(error, step: summary, run: run, log: nil, keeps: false)
        }
        reporter.finished(summary, seconds: host.clock.monotonic - began)
        await tidy(run: run, ends: true)
        return result
    }

    /// Where a base can be read: its file, or a snapshot of its volume.
    private func disk(of base: BaseRecord, _ effects: Effects, step: String) throws -> FilePath {
        switch base.place {
        case .image(let file): return FilePath(file.path)
        case .volume(let volume, let pool):
            let group = try VolumeGroupName(volume.group)
            let wanted = Effects.WantedVolume(
                path: try DiskPlan.workingVolume(of: MakeBase.drive, in: group, run: effects.run),
                size: ByteSize(bytes: base.size),
                origin: (path: try VolumePath(group, VolumeName(volume.name)), base: base))
            let made = try effects.createOwnVolumes(
                [wanted], in: group, pool: try VolumeName(pool), tag: VolumeTags.of(base: base.id), step: step)
            guard let path = made.first?.path else { preconditionFailure("one was asked for") }
            return FilePath(path.device)
        }
    }
}
