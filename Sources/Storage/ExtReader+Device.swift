extension ExtReader {
    /// The bytes below the file system, as many as the budget allows.
    final class Device {
        private let source: (Int64, Int) throws -> [UInt8]
        /// How many bytes may yet be read.
        private(set) var left: Int

        private static let sector = 512

        init(budget: Int, read: @escaping (Int64, Int) throws -> [UInt8]) {
            source = read
            left = max(0, budget)
        }

        /// Exactly `count` bytes.
        func bytes(at offset: UInt64, count: Int) throws(ExtError) -> [UInt8] {
            // First of all: a count that the budget does not hold must not become an allocation.
            try charge(max(count, Self.sector))
            guard let start = Int64(exactly: offset), !start.addingReportingOverflow(Int64(count)).overflow else {
                throw .damaged("it points to the byte \(offset)")
            }
            var bytes: [UInt8]
            do {
                bytes = try source(start, count)
            } catch {
                throw ExtError(.unreadable, "could not read \(count) bytes at \(offset): \(error)")
            }
            guard bytes.count >= count else {
                throw ExtError(
                    .unreadable, "could not read \(count) bytes at \(offset): the disk ends after \(bytes.count)")
            }
            if bytes.count > count { bytes.removeLast(bytes.count - count) }
            return bytes
        }

        /// For work without a read (the zeros of a hole), so that this has an end too.
        func charge(_ count: Int) throws(ExtError) {
            guard count >= 0, count <= left else {
                throw ExtError(.exhausted, "the file system makes its reader read more than it is worth")
            }
            left -= count
        }
    }
}

extension [UInt8] {
    /// A number, the lowest byte first, as the format has all of them.
    ///
    /// - Parameter width: in bytes, at most eight.
    func little(at offset: Int, _ width: Int) throws(ExtError) -> UInt64 {
        guard offset >= 0, offset <= count, width <= count - offset else {
            throw .damaged("a field reaches beyond its structure")
        }
        var number: UInt64 = 0
        var index = offset + width
        while index > offset {
            index -= 1
            number = number << 8 | UInt64(self[index])
        }
        return number
    }
}
