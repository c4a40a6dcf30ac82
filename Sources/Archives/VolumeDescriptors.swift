import SystemPackage

/// What the first blocks of an ISO 9660 image say of the whole (ECMA-119, 8.4 and 8.5).
struct VolumeDescriptors: Equatable {
    /// The volume's name, such as "Debian 12.5.0 amd64 n".
    var label = ""
    /// The bytes of the image, as it says itself.
    var size: Int64 = 0
    /// Whether it has a second tree of names in UTF-16, as Windows reads them.
    var hasJoliet = false

    /// Where they begin, and how many blocks libarchive looks through.
    private static let start: Int64 = 16
    private static let count = 16
    private static let block = ContinuationCheck.block

    /// - Returns: nil for what is no such image, or one that has no blocks of 2048 bytes: none for computers has others, and
    ///   ``ContinuationCheck`` counts with them.
    init?(_ file: FileDescriptor) {
        var bytes = [UInt8](repeating: 0, count: Self.count * Self.block)
        let read = bytes.withUnsafeMutableBytes {
            try? file.read(fromAbsoluteOffset: Self.start * Int64(Self.block), into: $0)
        }
        guard let read else { return nil }
        var found = false
        for number in 0..<(read / Self.block) {
            let descriptor = bytes[number * Self.block..<(number + 1) * Self.block]
            func word(_ offset: Int, _ count: Int) -> Int64 {
                let start = descriptor.startIndex + offset
                return descriptor[start..<start + count].reversed().reduce(0) { $0 << 8 | Int64($1) }
            }
            guard descriptor.dropFirst().starts(with: "CD001".utf8), let kind = descriptor.first, (1...2).contains(kind)
            else { continue }
            guard word(128, 2) == Int64(Self.block) else { return nil }
            if kind == 1, !found {
                found = true
                let name = descriptor.dropFirst(40).prefix(32)
                label = printable(
                    Array(name[..<((name.lastIndex { $0 != 0x20 && $0 != 0 } ?? name.startIndex - 1) + 1)]))
                size = word(80, 4) * Int64(Self.block)
            }
            // Its third byte is the level.
            if kind == 2, descriptor.dropFirst(88).starts(with: "%/".utf8) { hasJoliet = true }
        }
        guard found else { return nil }
    }
}
