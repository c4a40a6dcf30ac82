/// What the ELF file of a kernel says of Xen: the notes that Xen's domain builder looks for (xen/include/public/elfnote.h).
///
/// A kernel without any of them knows nothing of Xen, and runs on emulated hardware only: Debian's 686 kernel, most kernels
/// that were made for one cloud.
package struct XenNotes: Hashable, Sendable, Codable {
    /// Whether it can be a PV guest (`XEN_ELFNOTE_ENTRY`).
    package let startsAsPV: Bool
    /// Whether it can be a PVH guest (`XEN_ELFNOTE_PHYS32_ENTRY`).
    package let startsAsPVH: Bool
    /// Whether it knows Xen at all, and has its drivers in an HVM guest.
    package let knowsXen: Bool

    private static let name = Array("Xen\0".utf8)
    private static let entry = 1
    private static let phys32Entry = 18

    /// - Parameter file: an unpacked kernel; it is not trusted.
    /// - Returns: nil for what is no ELF file of x86.
    package init?(elf file: [UInt8]) {
        let reader = LittleEndian(file)
        guard file.starts(with: [0x7F, 0x45, 0x4C, 0x46]), file.count > 64, file[5] == 1, [1, 2].contains(file[4])
        else {
            return nil
        }
        // ELFCLASS64 and ELFCLASS32 of elf(5): where the program headers are, how long each is, how many there are.
        let isWide = file[4] == 2
        guard let table = isWide ? reader.number(at: 32, bytes: 8) : reader.number(at: 28, bytes: 4),
            let size = reader.number(at: isWide ? 54 : 42, bytes: 2), size >= (isWide ? 56 : 32),
            let count = reader.number(at: isWide ? 56 : 44, bytes: 2)
        else { return nil }
        var types: Set<Int> = []
        for index in 0..<count {
            let (header, overflows) = table.addingReportingOverflow(index * size)
            // PT_NOTE.
            guard !overflows, reader.number(at: header, bytes: 4) == 4,
                let offset = isWide ? reader.number(at: header + 8, bytes: 8) : reader.number(at: header + 4, bytes: 4),
                let length = isWide
                    ? reader.number(at: header + 32, bytes: 8) : reader.number(at: header + 16, bytes: 4),
                offset <= file.count, length <= file.count - offset
            else { continue }
            types.formUnion(Self.types(in: LittleEndian(Array(file[offset..<offset + length]))))
        }
        startsAsPV = types.contains(Self.entry)
        startsAsPVH = types.contains(Self.phys32Entry)
        knowsXen = !types.isEmpty
    }

    /// The types of the notes that are Xen's.
    private static func types(in notes: LittleEndian) -> Set<Int> {
        var types: Set<Int> = []
        var offset = 0
        while let nameSize = notes.number(at: offset, bytes: 4), let size = notes.number(at: offset + 4, bytes: 4),
            let type = notes.number(at: offset + 8, bytes: 4)
        {
            let start = offset + 12
            guard nameSize <= notes.bytes.count - start else { break }
            if Array(notes.bytes[start..<start + nameSize]) == name { types.insert(type) }
            // Both are padded to four bytes; neither number is more than 32 bits.
            offset = start + (nameSize + 3) / 4 * 4 + (size + 3) / 4 * 4
        }
        return types
    }
}

/// Numbers in bytes, the least significant first.
private struct LittleEndian {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// nil where there are no such bytes, or the number is larger than an `Int`.
    func number(at offset: Int, bytes count: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let value = bytes[offset..<offset + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(exactly: value)
    }
}
