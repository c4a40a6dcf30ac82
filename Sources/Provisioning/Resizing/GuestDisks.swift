import GuestModel
import LinuxHost
import Partitions
import Storage
import SystemPackage

/// A finished guest's drives and partitions as they are now: the record says which they are, the disks what they carry.
struct GuestDisks {
    let drives: [GuestDrive]
    let partitions: [GuestPartition]
    /// Where all partitions begin, in bytes and in their order, by the index of a drive that has a table.
    let starts: [Int: [Int64]]

    /// - Throws: ``ProvisioningError`` for a drive that is gone, or not the one that Domus made.
    init(of record: GuestRecord, host: Host) throws {
        let volumes = try OwnedVolumes(of: record, host: host)
        if let missing = volumes.missing.first {
            throw ProvisioningError("\(record.hostname) is not whole: \(missing)", exit: .noInput)
        }
        var drives: [GuestDrive] = []
        var partitions: [GuestPartition] = []
        var starts: [Int: [Int64]] = [:]
        for image in record.images {
            let drive = try GuestDrive(image, of: record, volumes, host)
            drives.append(drive)
            if drive.hasTable {
                let table = try Parted.partitions(of: drive.path)
                starts[drives.count - 1] = table.map(\.startByte).sorted()
                partitions += Self.partitions(table, drive)
            } else {
                partitions.append(
                    GuestPartition(
                        name: drive.name, device: image.device, drive: drives.count - 1, range: 0..<drive.size,
                        number: nil, isLast: true,
                        content: try Self.content(of: drive.path, at: 0, host)))
            }
        }
        self.drives = drives
        self.starts = starts
        self.partitions = try partitions.map { partition in
            guard partition.number != nil else { return partition }
            var partition = partition
            partition.content = try Self.content(
                of: drives[partition.drive].path, at: partition.range.lowerBound, host)
            return partition
        }
    }

    /// The partition that is meant: by its name, or by what the guest calls it; without either the only one that is no swap
    /// area.
    func partition(_ wanted: String?, of hostname: String) throws(ProvisioningError) -> GuestPartition {
        let list = partitions.map(\.description).joined(separator: "; ")
        if let wanted {
            let device = wanted.hasPrefix("/dev/") ? String(wanted.dropFirst(5)) : wanted
            let meant = partitions.filter { $0.name == wanted || $0.device == device }
            guard meant.count == 1 else {
                throw ProvisioningError(
                    meant.isEmpty
                        ? "\(hostname) has no partition \"\(wanted)\"" : "\(hostname) has two partitions \"\(wanted)\"",
                    exit: .noInput, hint: "it has \(list)")
            }
            return meant[0]
        }
        let meant = partitions.filter { $0.content?.isSwap != true }
        guard meant.count == 1 else {
            throw ProvisioningError(
                "which partition of \(hostname) is to be made larger?", exit: .usage,
                hint: "name one with --partition: \(list)")
        }
        return meant[0]
    }

    private static func partitions(_ table: [PartitionGeometry], _ drive: GuestDrive) -> [GuestPartition] {
        let last = table.max { $0.startByte < $1.startByte }?.number
        return table.filter { $0.type != .biosBoot && $0.type != .efiSystem }.map { partition in
            GuestPartition(
                name: partition.name, device: "\(drive.device)\(partition.number)", drive: 0,
                range: partition.startByte..<(partition.startByte + partition.lengthBytes), number: partition.number,
                isLast: partition.number == last, content: nil)
        }
    }

    private static func content(of path: FilePath, at offset: Int64, _ host: Host) throws -> Superblock? {
        Superblock(try host.files.bytes(of: path, at: offset, count: Superblock.length))
    }
}

/// A drive of a finished guest.
struct GuestDrive {
    /// `disk`, or the partition's name.
    let name: String
    /// What the guest calls it.
    let device: String
    let path: FilePath
    let place: Place
    /// Bytes.
    let size: Int64

    enum Place {
        case file(FileEntry)
        case volume(GuestRecord.OwnedVolume, Volume)
        /// One that the guest was given.
        case device
    }

    /// What it is known by in the journal; nil for one that was given.
    func mark(of record: GuestRecord, offset: Int64) -> DiskMark? {
        let place: DiskMark.Place
        switch self.place {
        case .file(let entry): place = .file(entry.identity)
        case .volume(let owned, _): place = .volume(owned)
        case .device: return nil
        }
        return DiskMark(guest: record.hostname, path: path.string, place: place, hasTable: hasTable, offset: offset)
    }

    /// `xvda` has a partition table, `xvda2` has none.
    var hasTable: Bool { device.last?.isNumber == false }

    init(_ image: GuestRecord.Image, of record: GuestRecord, _ volumes: OwnedVolumes, _ host: Host) throws {
        path = FilePath(image.path)
        device = image.device
        if let index = volumes.present.firstIndex(where: { "/dev/\($0.path)" == image.path }) {
            let owned = volumes.present[index]
            let volume = volumes.volumes[index]
            place = .volume(owned, volume)
            size = volume.size
            let prefix = "\(record.hostname)-"
            name = owned.name.hasPrefix(prefix) ? String(owned.name.dropFirst(prefix.count)) : owned.name
            return
        }
        if record.givenDevices.contains(image.path), let device = try host.files.blockDevice(at: path) {
            place = .device
            size = device.size.bytes
            name = path.lastComponent?.string ?? image.path
            return
        }
        guard
            try host.files.entry(at: FilePath(record.directory.path))?.identity == record.directory.identity,
            let entry = try host.files.entry(at: path), entry.kind == .file
        else {
            throw ProvisioningError(
                "\(record.hostname) is not whole: \(path) is gone, or not the one that Domus made", exit: .noInput)
        }
        place = .file(entry)
        size = entry.size
        name = path.stem ?? image.path
    }
}

/// A partition of a finished guest.
struct GuestPartition {
    /// As the guest's maker named it: `disk`, `swap`, or the section of a partitions file.
    let name: String
    /// What the guest calls it: `xvda2`.
    let device: String
    /// The index of its drive.
    let drive: Int
    /// Where it is on the drive, in bytes.
    let range: Range<Int64>
    /// In the partition table; nil without one.
    let number: Int?
    /// Whether nothing lies behind it on the drive.
    let isLast: Bool
    /// nil where it carries nothing that Domus knows.
    var content: Superblock?

    var size: ByteSize { ByteSize(bytes: range.upperBound - range.lowerBound) }

    /// `disk (xvda2, ext4, 4G)`.
    var description: String {
        "\(name) (\(device), \(content?.content.description ?? "unknown"), \(size.rounded))"
    }
}

extension Superblock {
    var isSwap: Bool { if case .swap = content { true } else { false } }
}
