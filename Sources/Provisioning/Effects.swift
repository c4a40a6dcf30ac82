import GuestModel
import LinuxHost
import SystemPackage

/// Changing the host under the journal: what is about to be made is noted before it is made, and by its identity
/// after. What is made inside the run's working directory needs no note of its own: the directory's covers it.
package struct Effects: Sendable {
    package let host: Host
    package let store: StateStore
    /// The run's number.
    package let run: String

    package init(host: Host, store: StateStore, run: String) {
        self.host = host
        self.store = store
        self.run = run
    }

    /// Makes a directory that others may share, such as `DIR/domains`, where it is missing: its removal stops at
    /// the first thing that somebody put in.
    func ensureSharedDirectory(_ path: FilePath, mode: UInt32, step: String) throws {
        if let entry = try host.files.entry(at: path) {
            // A link is the administrator's way to put guests on another disk.
            if entry.kind == .symbolicLink { return }
            guard entry.kind == .directory else {
                throw ProvisioningError("cannot use \(path): it is not a directory", exit: .cannotCreate)
            }
            try shareProvisional(path, step: step)
            return
        }
        var parent = path
        if parent.removeLastComponent(), !parent.isEmpty {
            try ensureSharedDirectory(parent, mode: 0o755, step: step)
        }
        let entry = try store.intend(.removeDirectoryIfEmpty(path: path.string), step: step, run: run)
        do throws(HostError) {
            _ = try host.files.createDirectory(path, mode: mode)
        } catch {
            // Another run was quicker, and takes it back if need be.
            guard error.errno == .fileExists, try host.files.entry(at: path)?.kind == .directory else { throw error }
            try store.forget(entry)
            try shareProvisional(path, step: step)
        }
    }

    /// A directory that another run has made, and takes back if it fails: the last of all that use it takes it back.
    private func shareProvisional(_ path: FilePath, step: String) throws {
        let undo = Undo.removeDirectoryIfEmpty(path: path.string)
        guard try store.isIntended(undo) else { return }
        // Those above it first: they are taken back after it.
        if path.lastComponent != nil { try shareProvisional(path.removingLastComponent(), step: step) }
        _ = try store.intend(undo, step: step, run: run)
    }

    /// Makes a directory whose name holds the run's number.
    func createOwnDirectory(_ path: FilePath, mode: UInt32, step: String) throws -> FileIdentity {
        let entry = try store.intend(.removeTree(path: path.string, identity: nil), step: step, run: run)
        let identity = try host.files.createDirectory(path, mode: mode)
        try store.amend(entry, undo: .removeTree(path: path.string, identity: identity))
        return identity
    }

    /// Makes a file whose name holds the run's number.
    func createOwnFile(_ path: FilePath, contents: [UInt8], mode: UInt32, step: String) throws -> FileIdentity {
        let entry = try store.intend(.removeFile(path: path.string, identity: nil), step: step, run: run)
        let identity = try host.files.createFile(path, contents: contents, mode: mode)
        try store.amend(entry, undo: .removeFile(path: path.string, identity: identity))
        return identity
    }

    /// A volume that is to be made.
    struct WantedVolume {
        var path: VolumePath
        var size: ByteSize
        /// The thin volume that it is to be a snapshot of, and the base that this must be.
        var origin: (path: VolumePath, base: BaseRecord)?
    }

    /// Makes volumes with a tag that holds the run's number.
    ///
    /// - Parameter tag: tells for whom they are: ``VolumeTags``.
    /// - Returns: them as they are, in the same order.
    func createOwnVolumes(
        _ wanted: [WantedVolume], in group: VolumeGroupName, pool: VolumeName?, tag: String, step: String
    ) throws -> [Findings.WorkingVolume] {
        let tags = try tags(with: tag)
        var entries: [Int64] = []
        for wanted in wanted {
            entries.append(try store.intend(removal(of: wanted.path, uuid: nil), step: step, run: run))
            guard let origin = wanted.origin else {
                try host.volumes.create(wanted.path, size: wanted.size, pool: pool, tags: tags)
                continue
            }
            try host.volumes.snapshot(of: origin.path, as: wanted.path.volume, tags: tags)
            guard origin.base.size < wanted.size.bytes else { continue }
            guard try host.volumes.extend(wanted.path, to: wanted.size, uuid: nil) else {
                throw gone(wanted.path)
            }
        }
        // Once for all: each question takes LVM a look at all disks.
        let volumes = try host.volumes.volumes(in: group)
        // A snapshot is made by its origin's name, which another may have by now.
        for case (let path, let base)? in wanted.map(\.origin) where !volumes.contains(where: base.isOn) {
            throw gone(path)
        }
        return try zip(wanted, entries).map { wanted, entry in
            guard
                let volume = volumes.first(where: {
                    $0.name == wanted.path.volume.name && $0.tags.contains(tags[1].text)
                })
            else { throw gone(wanted.path) }
            try store.amend(entry, undo: removal(of: wanted.path, uuid: volume.uuid))
            return .init(path: wanted.path, uuid: volume.uuid, size: volume.size)
        }
    }

    private func gone(_ path: VolumePath) -> ProvisioningError {
        ProvisioningError("the volume \(path) was there, and is gone", exit: .temporary)
    }

    private func tags(with tag: String) throws(ValueError) -> [VolumeTag] {
        [try VolumeTag(VolumeTags.all), try VolumeTag(VolumeTags.of(run: run)), try VolumeTag(tag)]
    }

    private func removal(of path: VolumePath, uuid: String?) -> Undo {
        .removeVolume(group: path.group.name, name: path.volume.name, uuid: uuid, tag: VolumeTags.of(run: run))
    }

    /// Mounts a volume or an image in the run's working directory, for this process alone.
    func mount(
        _ device: FilePath, through loop: ImageDevice? = nil, at directory: FilePath, type: String, options: String,
        isReadOnly: Bool = false, step: String
    ) throws {
        _ = try store.intend(.unmount(path: directory.string), step: step, run: run)
        try host.files.mount(
            device, through: loop, at: directory, type: type, options: options, isReadOnly: isReadOnly)
    }

    /// Gives a volume of this run's its final name, which none may have. That it is to be removed is noted again: before
    /// a replaced one gets the name back.
    func publish(_ volume: Findings.WorkingVolume, as path: VolumePath, step: String) throws {
        _ = try store.intend(
            .removeVolume(
                group: path.group.name, name: path.volume.name, uuid: volume.uuid, tag: VolumeTags.of(run: run)),
            step: step, run: run)
        guard try host.volumes.rename(volume.path, to: path.volume, uuid: nil) else {
            throw ProvisioningError(
                "cannot publish the volume \(path): \(volume.path), which was made for it, is gone", exit: .temporary)
        }
    }

    /// Puts aside a volume that an earlier run made.
    func setAside(_ volume: GuestRecord.OwnedVolume, as name: String, step: String) throws {
        let path = try VolumePath(VolumeGroupName(volume.group), VolumeName(volume.name))
        _ = try store.intend(
            .renameVolumeBack(group: volume.group, from: name, to: volume.name, uuid: volume.uuid), step: step, run: run
        )
        guard try host.volumes.rename(path, to: VolumeName(name), uuid: volume.uuid) else {
            throw ProvisioningError(
                "cannot put the volume \(path) aside: it has been changed by somebody else in between",
                exit: .temporary, hint: "see what it is now, and try again")
        }
    }

    /// Gives what this run made its final name, which nothing may have.
    func publish(_ path: FilePath, as target: FilePath, identity: FileIdentity, isDirectory: Bool, step: String) throws
    {
        let undo: Undo =
            isDirectory
            ? .removeTree(path: target.string, identity: identity)
            : .removeFile(path: target.string, identity: identity)
        _ = try store.intend(undo, step: step, run: run)
        try host.files.rename(path, to: target)
    }

    /// Puts aside what somebody else, or an earlier run, made.
    ///
    /// - Throws: when something else has come in its place: under another identity it could not be put back.
    func setAside(_ path: FilePath, as target: FilePath, identity: FileIdentity, step: String) throws {
        guard try host.files.entry(at: path)?.identity == identity else {
            throw ProvisioningError(
                "cannot put \(path) aside: it has been changed by somebody else in between", exit: .temporary,
                hint: "see what it is now, and try again")
        }
        _ = try store.intend(
            .moveBack(from: target.string, to: path.string, identity: identity), step: step, run: run)
        try host.files.rename(path, to: target)
    }
}
