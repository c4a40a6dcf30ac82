import GuestModel
import LinuxHost
import Partitions
import Storage
import SystemPackage

/// Which disk of which guest something is about: by what it is, not only by its name. It is data, for the journal.
package struct DiskMark: Codable, Hashable, Sendable {
    package var guest: String
    /// The image, or the volume's device.
    package var path: String
    package var place: Place
    /// Whether it has a partition table.
    package var hasTable: Bool
    /// Where the file system, or swap area, begins that is about to grow, in bytes.
    package var offset: Int64

    package enum Place: Codable, Hashable, Sendable {
        case file(FileIdentity)
        case volume(GuestRecord.OwnedVolume)
    }

    /// Seconds that a disk may be open: udev looks into a volume, or a loop device over an image, that has been written to,
    /// as by e2fsck(8) a moment before.
    static let patience = 3.0

    /// That it is the disk that was meant, and that nobody uses it. What is written on a disk that somebody else writes on,
    /// too, destroys both.
    ///
    /// - Throws: ``HostError`` when it is not so, and when nobody can tell.
    func check(on host: Host) async throws(HostError) {
        let other = HostError(
            "\(path) is not the disk that it was: somebody has put another in its place",
            hint: "put it back; or domus recover --keep forgets the run, and leaves everything as it is")
        switch place {
        case .file(let identity):
            guard try host.files.entry(at: FilePath(path))?.identity == identity else { throw other }
            var user = (what: "", hint: "")
            let isFree = try await host.clock.wait(upTo: Self.patience) { () throws(HostError) in
                if let loop = try LoopDevices.over(FilePath(path), host).first {
                    user = ("\(loop) is over it", "losetup --list shows its loop devices")
                    return false
                }
                user = ("a process has it open", "lsof or fuser(1) shows which")
                return try !host.files.isOpened(FilePath(path))
            }
            guard isFree else { throw HostError("\(path) of \(guest) is in use: \(user.what)", hint: user.hint) }
        case .volume(let owned):
            let group = try Self.group(of: owned)
            let isFree = try await host.clock.wait(upTo: Self.patience) { () throws(HostError) in
                let volume = try host.volumes.volumes(in: group).first {
                    $0.uuid == owned.uuid && $0.name == owned.name
                }
                guard let volume else { throw other }
                return !volume.isOpen
            }
            guard isFree else {
                throw HostError(
                    "the volume \(owned.path) of \(guest) is in use",
                    hint: "end what has it open: a running guest, a mount")
            }
        }
        let domain: Int?
        do throws(ProvisioningError) {
            domain = try await XenHost(host: host).domain(named: guest)
        } catch {
            throw HostError(error.message, hint: error.hint)
        }
        if let domain {
            throw HostError(
                "the guest \(guest) is running (domain \(domain)), and its disk is left alone",
                hint: XenHost.hint(toEnd: guest))
        }
    }

    /// The same, before it is a run's: whoever asked can try again later.
    func checkNow(on host: Host) async throws(ProvisioningError) {
        do throws(HostError) {
            try await check(on: host)
        } catch {
            throw ProvisioningError(
                error.message, exit: Task.isCancelled ? .interrupted : .temporary, hint: error.hint)
        }
    }

    /// Its size in bytes, as it is now.
    func size(on host: Host) throws(HostError) -> Int64? {
        switch place {
        case .file: return try host.files.entry(at: FilePath(path))?.size
        case .volume(let owned):
            return try host.volumes.volumes(in: Self.group(of: owned)).first { $0.uuid == owned.uuid }?.size
        }
    }

    /// Why it must not be made as small as that, or nil.
    func obstacle(toSize size: Int64, on host: Host) throws(HostError) -> String? {
        if hasTable {
            let table: [PartitionGeometry]
            do throws(PartitionError) {
                table = try Parted.partitions(of: FilePath(path))
            } catch {
                throw HostError(error.message, hint: error.hint)
            }
            if table.contains(where: { $0.startByte + $0.lengthBytes > size }) {
                return "\(path) stays as large as it is: there is a partition that fills it"
            }
        }
        guard let superblock = try superblock(on: host), superblock.size > size - offset else { return nil }
        return "\(path) stays as large as it is: its file system fills it already"
    }

    func superblock(on host: Host) throws(HostError) -> Superblock? {
        Superblock(try host.files.bytes(of: FilePath(path), at: offset, count: Superblock.length))
    }

    /// Makes it as small as it was.
    func shrink(to size: Int64, on host: Host) throws(HostError) {
        switch place {
        case .file: try host.files.resize(FilePath(path), to: ByteSize(bytes: size), allocated: false)
        case .volume(let owned):
            let path: VolumePath
            do throws(ValueError) {
                path = try VolumePath(VolumeGroupName(owned.group), VolumeName(owned.name))
            } catch {
                throw HostError("the journal holds what it cannot: \(error.message)")
            }
            _ = try host.volumes.reduce(path, to: ByteSize(bytes: size), uuid: owned.uuid)
        }
    }

    private static func group(of owned: GuestRecord.OwnedVolume) throws(HostError) -> VolumeGroupName {
        do throws(ValueError) {
            return try VolumeGroupName(owned.group)
        } catch {
            throw HostError("the journal holds what it cannot: \(error.message)")
        }
    }
}
