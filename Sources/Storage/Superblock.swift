import GuestModel

/// What a disk or a partition carries, as its first bytes say: just enough to make it larger, and to know how far it
/// reaches.
///
/// Read here, not by blkid(8), since that tells no sizes before util-linux 2.39, and by no program for each kind: the
/// four fields have had their places since the formats began (e2fsprogs' ext2_fs.h, xfsprogs' xfs_format.h, btrfs-progs'
/// ctree.h, util-linux's swapheader.h). What the bytes say is the guest's: nothing is believed but the numbers.
package struct Superblock: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case fileSystem(FileSystemKind)
        /// A swap area, with a label of printable ASCII characters if it has one.
        case swap(label: String?)
    }

    package var content: Content
    /// In lower case.
    package var uuid: String
    /// How far it reaches, in bytes from its beginning.
    package var size: Int64

    /// When an ext file system was mounted and checked last, in its own seconds (s_mtime, s_lastcheck).
    package struct Stamp: Sendable, Hashable, Codable {
        package var mounted: UInt64
        package var checked: UInt64

        /// From the first bytes of the file system.
        package init(_ bytes: [UInt8]) {
            let isThere = bytes.count >= 2048
            mounted = isThere ? Superblock.little(bytes, 1024 + 0x2C, 4) : 0
            checked = isThere ? Superblock.little(bytes, 1024 + 0x40, 4) : 0
        }
    }

    /// How many bytes from the beginning tell.
    package static let length = (64 << 10) + 4096

    /// nil for what is none of ours, for a number that no disk has, and where two kinds have left their marks: which of them
    /// is meant, the guest knows alone.
    package init?(_ bytes: [UInt8]) {
        let found = [Self.ext(bytes), Self.xfs(bytes), Self.btrfs(bytes), Self.swap(bytes)].compactMap(\.self)
        guard found.count == 1 else { return nil }
        self = found[0]
    }

    package init(fileSystem kind: FileSystemKind, uuid: String, size: Int64) {
        content = .fileSystem(kind)
        self.uuid = uuid
        self.size = size
    }

    private init?(_ content: Content, uuid: ArraySlice<UInt8>, blocks: UInt64, of blockSize: UInt64) {
        let (size, overflow) = blocks.multipliedReportingOverflow(by: blockSize)
        guard !overflow, size > 0, size <= UInt64(Int64.max) else { return nil }
        self.content = content
        self.uuid = uuid.enumerated().map { index, byte in
            let digits = String(byte, radix: 16)
            return ([4, 6, 8, 10].contains(index) ? "-" : "") + (digits.count == 1 ? "0\(digits)" : digits)
        }.joined()
        self.size = Int64(size)
    }

    private static func ext(_ bytes: [UInt8]) -> Superblock? {
        let start = 1024
        guard bytes.count >= start + 1024, little(bytes, start + 0x38, 2) == 0xEF53 else { return nil }
        let exponent = little(bytes, start + 0x18, 4)
        guard exponent <= 6 else { return nil }
        let compatible = little(bytes, start + 0x5C, 4)
        let incompatible = little(bytes, start + 0x60, 4)
        let hasWideNumbers = incompatible & 0x80 != 0
        let blocks = little(bytes, start + 0x4, 4) | (hasWideNumbers ? little(bytes, start + 0x150, 4) << 32 : 0)
        // Extents, wide numbers, MMP, flexible groups, inline data and what came after them; a journal.
        let kind: FileSystemKind =
            if incompatible & ~0x1F != 0 { .ext4 } else if compatible & 0x4 != 0 { .ext3 } else { .ext2 }
        return Superblock(
            .fileSystem(kind), uuid: bytes[(start + 0x68)..<(start + 0x78)], blocks: blocks, of: 1024 << exponent)
    }

    private static func xfs(_ bytes: [UInt8]) -> Superblock? {
        guard bytes.count >= 512, bytes.starts(with: "XFSB".utf8) else { return nil }
        return Superblock(
            .fileSystem(.xfs), uuid: bytes[0x20..<0x30], blocks: big(bytes, 8, 8), of: big(bytes, 4, 4))
    }

    private static func btrfs(_ bytes: [UInt8]) -> Superblock? {
        let start = 64 << 10
        guard bytes.count >= start + 0x78, bytes[(start + 0x40)...].starts(with: "_BHRfS_M".utf8) else { return nil }
        return Superblock(
            .fileSystem(.btrfs), uuid: bytes[(start + 0x20)..<(start + 0x30)], blocks: little(bytes, start + 0x70, 8),
            of: 1)
    }

    /// Of pages of 4096 bytes, which all machines that Xen guests run on have.
    private static func swap(_ bytes: [UInt8]) -> Superblock? {
        guard bytes.count >= 4096, bytes[4086..<4096].elementsEqual("SWAPSPACE2".utf8) else { return nil }
        let label = bytes[0x41C..<0x42C].prefix { $0 != 0 }
        let isPrintable = !label.isEmpty && label.allSatisfy { (0x20..<0x7F).contains($0) }
        return Superblock(
            .swap(label: isPrintable ? String(decoding: label, as: UTF8.self) : nil), uuid: bytes[0x40C..<0x41C],
            blocks: little(bytes, 0x404, 4) + 1, of: 4096)
    }

    fileprivate static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    private static func big(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
    }
}

extension Superblock.Content: CustomStringConvertible {
    package var description: String {
        switch self {
        case .fileSystem(let kind): kind.rawValue
        case .swap: "swap"
        }
    }
}
