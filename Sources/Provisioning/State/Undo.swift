import GuestModel
import LinuxHost
import Partitions
import Storage
import SystemPackage

/// What takes back one effect on the host. It is data, so that another process can do it after this one was killed;
/// it may be done twice; and it checks identity, so that it never removes what the run did not make.
package enum Undo: Codable, Hashable, Sendable {
    /// Removes a directory and what is in it. Without an identity only under a name that no other run has: one with
    /// the run's own random number in it.
    case removeTree(path: String, identity: FileIdentity?)
    /// Removes one file; as above.
    case removeFile(path: String, identity: FileIdentity?)
    /// Removes a directory if nothing is in it: one that others may have begun to use stays.
    case removeDirectoryIfEmpty(path: String)
    /// Removes the volume that has this tag and, once it is known, this UUID, whatever it is called by then.
    case removeVolume(group: String, name: String, uuid: String?, tag: String)
    /// Removes a volume that Domus did not make, as the user wanted; only under a name with the run's number in it.
    case removeForeignVolume(group: String, name: String, uuid: String)
    /// Gives the volume of that UUID its former name back.
    case renameVolumeBack(group: String, from: String, to: String, uuid: String)
    /// Unmounts what this process mounted for itself; another finds nothing there.
    case unmount(path: String)
    /// Gives something its former name back.
    case moveBack(from: String, to: String, identity: FileIdentity)
    /// Makes a device that was given look empty again, if it carries the file system or swap area of that UUID.
    case clearDevice(path: String, uuid: String)
    /// Nothing: it tells other runs that this one is about to look at a device.
    case claim(path: String)
    /// Takes out of a file system that was empty what the run whose mark is in it has put in, through a mount on a directory
    /// that is still there.
    case emptyFileSystem(FormattedDevice, mark: String, mountPoint: String, helper: String)
    /// Takes that mark away.
    case releaseFileSystem(FormattedDevice, mark: String, mountPoint: String, helper: String)
    /// Makes a disk as small as it was, unless what is on it fills it.
    case shrink(DiskMark, size: Int64)
    /// Writes the bytes of a file over those that had been in their place before. Of a disk with a partition table, only as
    /// long as its partitions begin where these do, in bytes.
    case writeBack(DiskMark, offset: Int64, from: String, partitions: [Int64])
    /// Takes back what resize2fs(8) did to a file system, by the file in which it kept the blocks that it wrote over.
    case revertGrowth(Growth)

    /// One line for people.
    package var summary: String {
        switch self {
        case .removeTree(let path, _): "removed \(path)"
        case .removeFile(let path, _): "removed \(path)"
        case .removeDirectoryIfEmpty(let path): "removed \(path), which was empty"
        case .unmount(let path): "unmounted \(path)"
        case .moveBack(_, let path, _): "put \(path) back"
        case .removeForeignVolume(let group, let name, _):
            "removed the volume \(group)/\(name), which Domus had not made"
        case .removeVolume(let group, let name, _, _): "removed the volume \(group)/\(name)"
        case .renameVolumeBack(let group, _, let name, _): "put the volume \(group)/\(name) back"
        case .claim(let path): "left \(path) as it was"
        case .emptyFileSystem(let device, _, _, _): "emptied the file system on \(device.path)"
        case .releaseFileSystem(let device, _, _, _): "took the mark off the file system on \(device.path)"
        case .clearDevice(let path, _): "cleared what had been written on \(path)"
        case .shrink(let disk, let size): "gave \(disk.path) its former size of \(ByteSize(bytes: size))"
        case .writeBack(let disk, _, _, _): "put back what was written over in \(disk.path)"
        case .revertGrowth(let growth): "took back the growth of the file system on \(growth.disk.path)"
        }
    }

    /// One line for people, before it is done.
    package var plan: String {
        switch self {
        case .removeTree(let path, _): "remove \(path)"
        case .removeFile(let path, _): "remove \(path)"
        case .removeDirectoryIfEmpty(let path): "remove \(path), if it is empty"
        case .unmount(let path): "unmount \(path), if it is mounted"
        case .moveBack(_, let path, _): "put \(path) back"
        case .removeForeignVolume(let group, let name, _):
            "remove the volume \(group)/\(name), which Domus did not make"
        case .removeVolume(let group, let name, _, _): "remove the volume \(group)/\(name)"
        case .renameVolumeBack(let group, _, let name, _): "put the volume \(group)/\(name) back"
        case .claim(let path): "leave \(path) as it is"
        case .emptyFileSystem(let device, _, _, _): "empty the file system on \(device.path)"
        case .releaseFileSystem(let device, _, _, _): "take the mark off the file system on \(device.path)"
        case .clearDevice(let path, _): "clear what has been written on \(path)"
        case .shrink(let disk, let size): "give \(disk.path) its former size of \(ByteSize(bytes: size))"
        case .writeBack(let disk, _, _, _): "put back what was written over in \(disk.path)"
        case .revertGrowth(let growth): "take back the growth of the file system on \(growth.disk.path)"
        }
    }

    /// What it is about.
    package var subject: String {
        switch self {
        case .removeTree(let path, _), .removeFile(let path, _), .removeDirectoryIfEmpty(let path): path
        case .moveBack(let path, _, _): path
        case .removeForeignVolume(let group, let name, _), .removeVolume(let group, let name, _, _),
            .renameVolumeBack(let group, let name, _, _):
            "\(group)/\(name)"
        case .clearDevice(let path, _), .unmount(let path), .claim(let path): path
        case .emptyFileSystem(let device, _, _, _), .releaseFileSystem(let device, _, _, _): device.path
        case .shrink(let disk, _), .writeBack(let disk, _, _, _): disk.path
        case .revertGrowth(let growth): growth.disk.path
        }
    }

    /// Whether there is nothing left of it once this process is gone.
    package var endsWithProcess: Bool {
        if case .unmount = self { return true }
        return false
    }

    /// Whether those before it must wait until it is done: without it they would lose what it needs.
    package var comesFirst: Bool {
        switch self {
        case .writeBack, .revertGrowth, .unmount, .emptyFileSystem, .releaseFileSystem: true
        default: false
        }
    }

    /// Why there is nothing to take back any more, although it has not been taken back; nil where there may be.
    package func remark(on host: Host) throws(HostError) -> String? {
        guard case .shrink(let disk, let size) = self, let now = try disk.size(on: host), now > size else { return nil }
        return try disk.obstacle(toSize: size, on: host)
    }

    /// Does it.
    ///
    /// - Returns: whether there was anything to do.
    /// - Throws: ``HostError`` when the host refuses, so that the journal keeps the entry.
    package func perform(on host: Host) async throws(HostError) -> Bool {
        switch self {
        case .removeTree(let path, let identity):
            let path = FilePath(path)
            guard let entry = try host.files.entry(at: path), matches(entry, identity) else { return false }
            try host.files.removeTree(path)
        case .removeFile(let path, let identity):
            let path = FilePath(path)
            guard let entry = try host.files.entry(at: path), matches(entry, identity) else { return false }
            try host.files.remove(path)
        case .removeDirectoryIfEmpty(let path):
            let path = FilePath(path)
            guard let entry = try host.files.entry(at: path), entry.kind == .directory,
                try host.files.names(in: path).isEmpty
            else { return false }
            try host.files.remove(path)
        case .unmount(let path):
            // It is thrown away: a full pool, the very failure, must not keep it.
            return try host.files.unmount(FilePath(path), whatWasWritten: false)
        case .moveBack(let from, let to, let identity):
            guard let entry = try host.files.entry(at: FilePath(from)) else { return false }
            guard entry.identity == identity else {
                if try host.files.entry(at: FilePath(to)) != nil { return false }
                // Nobody else uses such a name: to forget it would be to lose what is there.
                throw HostError(
                    "\(from) is not what was put there, and \(to) is gone",
                    hint: "see what it is, and move it back by hand; domus recover --keep forgets the run")
            }
            try host.files.rename(FilePath(from), to: FilePath(to))
        case .removeVolume(let group, _, let uuid, let tag):
            let (group, tag) = try valid { () throws(ValueError) in (try VolumeGroupName(group), try VolumeTag(tag)) }
            return try await remove(from: group, uuid: uuid, tag: tag, on: host)
        case .removeForeignVolume(let group, let name, let uuid):
            let path = try valid { () throws(ValueError) in try VolumePath(VolumeGroupName(group), VolumeName(name)) }
            return try host.volumes.remove(path, uuid: uuid)
        case .renameVolumeBack(let group, let from, let to, let uuid):
            let (path, name) = try valid { () throws(ValueError) in
                (try VolumePath(VolumeGroupName(group), VolumeName(from)), try VolumeName(to))
            }
            return try host.volumes.rename(path, to: name, uuid: uuid)
        case .clearDevice(let path, let uuid):
            let path = FilePath(path)
            // Under that name there may be another device after a power failure.
            guard try host.files.entry(at: path) != nil,
                let found = Superblock(try host.files.bytes(of: path, at: 0, count: Superblock.length)),
                found.uuid == uuid.lowercased()
            else { return false }
            guard try !DevicePreflight.isInUse(path, on: host) else {
                throw HostError("\(path) is in use, and is not cleared", hint: "lsblk shows by whom")
            }
            // All that tells them is before that, and no device of a guest is so small.
            try host.files.zero(path, from: 0, length: 1 << 20)
        case .claim: return false
        case .emptyFileSystem(let device, let mark, let mountPoint, let helper):
            return try await device.empty(
                marked: mark, at: FilePath(mountPoint), helper: FilePath(helper), on: host)
        case .releaseFileSystem(let device, let mark, let mountPoint, let helper):
            return try await device.release(
                marked: mark, at: FilePath(mountPoint), helper: FilePath(helper), on: host)
        case .shrink(let disk, let size):
            guard let now = try disk.size(on: host), now > size, try remark(on: host) == nil else { return false }
            try await disk.check(on: host)
            try disk.shrink(to: size, on: host)
        case .writeBack(let disk, let offset, let saved, let partitions):
            try await disk.check(on: host)
            // A table that libparted cannot read is one that was half written.
            if disk.hasTable, let table = try? Parted.partitions(of: FilePath(disk.path)),
                table.map(\.startByte).sorted() != partitions
            {
                throw HostError(
                    "the partition table of \(disk.path) has been changed since, and stays as it is",
                    hint: "domus recover --keep forgets the run")
            }
            let bytes = try host.files.contents(of: FilePath(saved), limit: 1 << 20)
            try host.files.overwrite(FilePath(disk.path), at: offset, with: bytes)
        case .revertGrowth(let growth): return try await growth.revert(on: host)
        }
        return true
    }

    /// Seconds that a killed run's programs may take to end, and their mounts with them (domus-chroot(8)).
    private static let grace = 5.0

    private func remove(
        from group: VolumeGroupName, uuid: String?, tag: VolumeTag, on host: Host
    ) async throws(HostError) -> Bool {
        var hasRemoved = false
        var refusal: HostError?
        let isDone = try await host.clock.wait(upTo: Self.grace) { () throws(HostError) in
            do throws(HostError) {
                hasRemoved = try host.volumes.remove(from: group, uuid: uuid, tag: tag)
                return true
            } catch {
                let isBusy = try host.volumes.volumes(in: group).contains { volume in
                    volume.isOpen && volume.tags.contains(tag.text) && (uuid == nil || volume.uuid == uuid)
                }
                guard isBusy else { throw error }
                refusal = error
                return false
            }
        }
        if !isDone, let refusal { throw refusal }
        return hasRemoved
    }

    /// What the journal holds was valid when it was written.
    private func valid<Value>(_ make: () throws(ValueError) -> Value) throws(HostError) -> Value {
        do throws(ValueError) {
            return try make()
        } catch {
            throw HostError("the journal holds what it cannot: \(error.message)")
        }
    }

    private func matches(_ entry: FileEntry, _ identity: FileIdentity?) -> Bool {
        identity == nil || entry.identity == identity
    }
}
