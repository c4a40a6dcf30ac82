import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// What a configuration's disks carry, as far as their first bytes tell.
struct GuestPieces {
    /// A file system or swap area, on a whole disk or a partition.
    struct Piece {
        /// What the guest calls it, if it knows disks by xl's names: `xvda2`.
        let name: String
        let content: Superblock
        let path: FilePath
        /// Where it is there, in bytes.
        let range: Range<Int64>

        var isExt: Bool {
            guard case .fileSystem(let kind) = content.content else { return false }
            return [.ext2, .ext3, .ext4].contains(kind)
        }
    }

    /// What a kernel is told of its root.
    enum Root {
        case uuid(String)
        /// `xvda2`
        case device(String)
        case unknown
    }

    private(set) var pieces: [Piece] = []
    /// Partitions that are there and are not looked into: for the firmware.
    private(set) var others: Set<String> = []
    /// Whether those are all that the guest has: no disk is of another domain or form, and no part of one is not understood.
    private(set) var isWhole = true

    /// - Parameter host: whose files are read; nothing is opened for writing.
    init(of reading: ConfigurationReading, on host: Host) {
        for disk in reading.summary.disks where !disk.isCDROM {
            // One that cannot be understood may be where what is missed is.
            guard let target = disk.target, target.hasPrefix("/"), disk.format == .raw, disk.script == nil,
                disk.backend == nil, let found = try? Self.pieces(of: FilePath(target), disk.vdev, host)
            else {
                isWhole = false
                continue
            }
            pieces += found.pieces
            others.formUnion(found.others)
            isWhole = isWhole && found.isWhole
        }
    }

    private struct Unknown: Error {}

    /// - Throws: where there is something that Domus does not know, such as a physical volume.
    private static func pieces(
        of path: FilePath, _ vdev: String, _ host: Host
    ) throws -> (pieces: [Piece], others: [String], isWhole: Bool) {
        let path = try host.files.resolved(path)
        let size: Int64
        switch try host.files.entry(at: path) {
        case let entry? where entry.kind == .file: size = entry.size
        case let entry? where entry.kind == .blockDevice:
            size = try host.files.blockDevice(at: path)?.size.bytes ?? 0
        default: throw Unknown()
        }
        func superblock(at offset: Int64) throws -> Superblock? {
            let bytes = try host.files.bytes(of: path, at: offset, count: Superblock.length)
            return isContainer(bytes) ? nil : Superblock(bytes)
        }
        if let whole = try superblock(at: 0) {
            return ([Piece(name: vdev, content: whole, path: path, range: 0..<size)], [], true)
        }
        let table = try PartitionTable(size: size) { offset, count throws(HostError) in
            try host.files.bytes(of: path, at: offset, count: count)
        }
        // What the guest sees as a partition has no table for it.
        guard vdev.last?.isNumber == false, let table else { throw Unknown() }
        var pieces: [Piece] = []
        var others: [String] = []
        var isWhole = true
        for partition in table.entries {
            let name = "\(vdev)\(partition.number)"
            guard ![PartitionTable.biosBoot, PartitionTable.efiSystem].contains(partition.type) else {
                others.append(name)
                continue
            }
            guard let content = try superblock(at: partition.range.lowerBound) else {
                isWhole = false
                continue
            }
            pieces.append(Piece(name: name, content: content, path: path, range: partition.range))
        }
        return (pieces, others, isWhole)
    }

    /// A physical volume, an encrypted disk or a part of an array, which may have an old file system's mark in it.
    private static func isContainer(_ bytes: [UInt8]) -> Bool {
        func has(_ mark: [UInt8], at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: mark) }
        return has(Array("LUKS".utf8) + [0xBA, 0xBE], at: 0) || has([0xFC, 0x4E, 0x2B, 0xA9], at: 4096)
            || (0..<4).contains { has(Array("LABELONE".utf8), at: $0 * 512) }
    }
}
