import Crypto
import SystemPackage

/// The checksum of a part of a disk, without which no reader takes the part.
package struct DiskSeal: Sendable {
    fileprivate let name: String
    fileprivate let sum: String

    fileprivate init(name: String, of bytes: [UInt8]) {
        self.name = name
        sum = Insecure.SHA1.hash(data: bytes).reduce(into: "") { text, byte in
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}

extension ArchiveWriter {
    /// Adds a disk as XVA archives hold it: parts of one size with a checksum behind each, `Ref:0003/00000000` and
    /// `Ref:0003/00000000.checksum`; a part that is all zeros is left out unless it is the first or the last (xapi's
    /// stream_vdi.ml, recv_all_vdi).
    ///
    /// The checksum is SHA-1, since that is what every release of xapi reads; it tells what got lost on the way, not who wrote
    /// it.
    ///
    /// - Parameters:
    ///   - source: a file or block device. What is beyond its end is zeros.
    ///   - length: its bytes, as they were counted before: it must not have changed since.
    ///   - size: bytes, a multiple of `partSize`.
    ///   - progressed: is told of each part how many bytes are done.
    /// - Returns: the last checksum, which is not added yet: who adds it says that the disk is whole.
    /// - Throws: ``ArchiveError``, `CancellationError`.
    package mutating func add(
        disk source: FilePath, length: Int64, size: Int64, partSize: Int, below directory: String,
        isCancelled: () -> Bool,
        progressed: (Int64) -> Void = { _ in }
    ) throws -> DiskSeal {
        precondition(size > 0 && size % Int64(partSize) == 0, "a disk is made of whole parts")
        let disk = try DiskSource(source, length: length)
        var buffer = [UInt8](repeating: 0, count: partSize)
        let last = size / Int64(partSize) - 1
        var number: Int64 = 0
        while number <= last {
            if isCancelled() { throw CancellationError() }
            let start = number * Int64(partSize)
            // What is a hole is not read.
            if number > 0, number < last, let data = disk.data(from: start) {
                let next = min(data / Int64(partSize), last)
                if next > number {
                    number = next
                    continue
                }
            }
            let isData = try disk.fill(&buffer, at: start)
            if isData || number == 0 || number == last {
                let digits = String(number)
                let name = directory + "/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
                try add(ArchiveEntry(path: FilePath(name)), content: buffer)
                let seal = DiskSeal(name: name, of: buffer)
                if number == last {
                    try disk.checkUnchanged()
                    progressed(size)
                    return seal
                }
                try add(seal)
            }
            number += 1
            progressed(number * Int64(partSize))
        }
        preconditionFailure("the last part is never left out")
    }

    package mutating func add(_ seal: DiskSeal) throws(ArchiveError) {
        try add(ArchiveEntry(path: FilePath(seal.name + ".checksum")), content: Array(seal.sum.utf8))
    }
}
