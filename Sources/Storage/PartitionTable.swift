/// Where the partitions of a disk are, read from its first sectors and nothing else.
///
/// libparted would open a device for writing, too, of which udev tells everybody when it is closed; and a guest's disk is
/// anybody's: what is read is bounded, whatever the table says. An MBR with its chain of logical partitions (as Linux's
/// block/partitions/msdos.c reads it), or a GUID partition table (UEFI specification 2.10, 5.3); sectors have 512 bytes.
package struct PartitionTable: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case mbr, gpt
    }

    package struct Entry: Sendable, Equatable {
        /// As Linux counts: logical partitions of an MBR begin at 5.
        package let number: Int
        /// Bytes, inside the disk.
        package let range: Range<Int64>
        /// An MBR's type byte; of a GUID partition table, what it stands for, or 0.
        package let type: UInt8
    }

    package let kind: Kind
    /// In the order of their numbers.
    package let entries: [Entry]
    /// Whether the first sector holds more than a table: code that a BIOS starts.
    package let hasBootCode: Bool

    /// What the types are of which more is asked.
    package static let efiSystem: UInt8 = 0xEF
    package static let biosBoot: UInt8 = 0xBB

    private static let sector: Int64 = 512
    private static let mostEntries = 128

    /// - Parameters:
    ///   - size: the disk's, in bytes.
    ///   - read: gives up to `count` bytes of the disk from `offset` on.
    /// - Returns: nil where the disk has no table of these kinds.
    /// - Throws: what `read` throws.
    package init?<Failure>(
        size: Int64, reading read: (_ offset: Int64, _ count: Int) throws(Failure) -> [UInt8]
    ) throws(Failure) {
        let first = try read(0, Int(Self.sector))
        guard first.count == Int(Self.sector), first[510] == 0x55, first[511] == 0xAA else { return nil }
        // The beginning of a file system may end so, too: the four flags of a table are 0 or 0x80.
        let slots = (0..<4).map { Array(first[(446 + $0 * 16)..<(462 + $0 * 16)]) }
        guard slots.allSatisfy({ $0[0] & 0x7F == 0 }) else { return nil }
        hasBootCode = first[0..<440].contains { $0 != 0 }
        if slots.contains(where: { $0[4] == 0xEE }) {
            kind = .gpt
            guard let entries = try Self.gpt(size, read) else { return nil }
            self.entries = entries
            return
        }
        kind = .mbr
        var entries: [Entry] = []
        for (index, slot) in slots.enumerated() where slot[4] != 0 {
            let place = Self.place(slot)
            if Self.isExtended(slot[4]) {
                entries += try Self.logical(place.start, size, read)
            } else if let range = Self.range(place.start, place.count, size) {
                entries.append(Entry(number: index + 1, range: range, type: slot[4]))
            }
        }
        guard !entries.isEmpty else { return nil }
        self.entries = entries.sorted { $0.number < $1.number }
    }

    private static func isExtended(_ type: UInt8) -> Bool { [0x05, 0x0F, 0x85].contains(type) }

    private static func place(_ slot: [UInt8]) -> (start: Int64, count: Int64) {
        (Int64(number(slot, at: 8, bytes: 4)), Int64(number(slot, at: 12, bytes: 4)))
    }

    /// Logical partitions: each sector of the chain has one, and where the next sector is.
    private static func logical<Failure>(
        _ extended: Int64, _ size: Int64, _ read: (Int64, Int) throws(Failure) -> [UInt8]
    ) throws(Failure) -> [Entry] {
        var entries: [Entry] = []
        var next = extended
        // A chain that leads back would never end.
        while entries.count < mostEntries, next > 0, next < size / sector {
            let bytes = try read(next * sector, Int(sector))
            guard bytes.count == Int(sector), bytes[510] == 0x55, bytes[511] == 0xAA else { break }
            let (own, link) = (Array(bytes[446..<462]), Array(bytes[462..<478]))
            let place = place(own)
            guard own[4] != 0, let range = range(next + place.start, place.count, size) else { break }
            entries.append(Entry(number: 5 + entries.count, range: range, type: own[4]))
            guard isExtended(link[4]) else { break }
            let following = extended + Self.place(link).start
            guard following > next else { break }
            next = following
        }
        return entries
    }

    private static func gpt<Failure>(
        _ size: Int64, _ read: (Int64, Int) throws(Failure) -> [UInt8]
    ) throws(Failure) -> [Entry]? {
        let header = try read(sector, 92)
        guard header.count == 92, header.starts(with: "EFI PART".utf8) else { return nil }
        let (start, count, length) = (
            number(header, at: 72, bytes: 8), number(header, at: 80, bytes: 4), number(header, at: 84, bytes: 4)
        )
        guard start > 0, start < size / sector, (1...1024).contains(count), (128...4096).contains(length) else {
            return nil
        }
        let table = try read(Int64(start) * sector, count * length)
        var entries: [Entry] = []
        for index in 0..<count {
            let offset = index * length
            guard offset + 48 <= table.count else { break }
            let type = Array(table[offset..<(offset + 16)])
            guard type.contains(where: { $0 != 0 }) else { continue }
            let (first, last) = (number(table, at: offset + 32, bytes: 8), number(table, at: offset + 40, bytes: 8))
            guard first > 0, last >= first, last < size / sector else { continue }
            guard let range = range(Int64(first), Int64(last - first) + 1, size) else { continue }
            entries.append(Entry(number: index + 1, range: range, type: mark(of: type)))
        }
        return entries
    }

    /// The first four bytes, which are little-endian, tell these two from all others.
    private static func mark(of type: [UInt8]) -> UInt8 {
        switch number(type, at: 0, bytes: 4) {
        case 0xC12A_7328: efiSystem
        case 0x2168_6148: biosBoot
        default: 0
        }
    }

    private static func range(_ start: Int64, _ count: Int64, _ size: Int64) -> Range<Int64>? {
        guard start > 0, count > 0, start < size / sector else { return nil }
        return (start * sector)..<min((start + count) * sector, size)
    }

    /// Little-endian; of 64 bits, what no disk has is out of every range.
    private static func number(_ bytes: [UInt8], at offset: Int, bytes count: Int) -> Int {
        let number = (0..<count).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
        return Int(clamping: number)
    }
}
