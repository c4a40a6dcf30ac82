import SystemPackage

/// Compares decompressed bytes with the length and the CRC-32 at the end of a gzip file, which libarchive (3.6) skips.
struct GzipCheck {
    private var crc: UInt32 = ~0
    private var count: UInt32 = 0

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt32(truncatingIfNeeded: bytes.count)
        var crc = self.crc
        Self.tables.withUnsafeBufferPointer { tables in
            var rest = bytes[...]
            // Eight bytes a step ("slicing by 8"): one byte a step would take longer than inflating does.
            while rest.count >= 8 {
                let at = rest.startIndex
                let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian ^ UInt64(crc)
                crc = 0
                for lane in 0..<8 {
                    crc ^= tables[(7 - lane) * 256 + Int((word >> (8 * UInt64(lane))) & 0xff)]
                }
                rest = rest.dropFirst(8)
            }
            for byte in rest {
                crc = tables[Int((crc ^ UInt32(byte)) & 0xff)] ^ (crc >> 8)
            }
        }
        self.crc = crc
    }

    /// Whether the file's last eight bytes are a gzip trailer with our length and another checksum.
    ///
    /// - Parameter size: where the gzip data end.
    ///
    /// A file of several gzip members has the length of the last one only: it differs from ours, and nothing is claimed.
    func contradicts(_ file: FileDescriptor, size: Int64) -> Bool {
        var trailer = [UInt8](repeating: 0, count: 8)
        let read = trailer.withUnsafeMutableBytes { try? file.read(fromAbsoluteOffset: size - 8, into: $0) }
        guard size >= 18, read == 8 else { return false }
        func word(_ at: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(trailer[at + $1]) << UInt32(8 * $1) }
        }
        return word(4) == count && word(0) != ~crc
    }

    /// Eight tables of 256 entries for the polynomial of RFC 1952.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            tables[index] = (0..<8).reduce(UInt32(index)) { value, _ in
                value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1
            }
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = tables[Int(before & 0xff)] ^ (before >> 8)
        }
        return tables
    }()
}
