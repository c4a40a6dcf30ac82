import Glibc
import SystemPackage

/// One slot of a GPT as it stands on the disk: what libparted 3.5 does not hand out (UEFI specification 2.10, section 5.3).
struct GPTEntry: Equatable {
    var typeGUID: String
    var uniqueGUID: String

    /// The slots of the table on a disk, used or not; empty if there is no GPT. The checksums are libparted's business.
    static func read(from disk: FilePath, sectorSize: Int) throws(Errno) -> [GPTEntry] {
        do {
            let file = try FileDescriptor.open(disk, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
            let header = try bytes(of: file, at: Int64(sectorSize), count: 92)
            guard header.count == 92, header.starts(with: "EFI PART".utf8) else { return [] }
            let (count, size) = (Int(number(header, at: 80, bytes: 4)), Int(number(header, at: 84, bytes: 4)))
            let firstSector = number(header, at: 72, bytes: 8)
            guard count <= 1024, size >= 128, size <= 4096, firstSector < 1 << 40 else { return [] }
            let table = try bytes(of: file, at: Int64(firstSector) * Int64(sectorSize), count: count * size)
            return stride(from: 0, to: table.count - table.count % size, by: size).map { offset in
                GPTEntry(typeGUID: guid(table, at: offset), uniqueGUID: guid(table, at: offset + 16))
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// Where the copy of the table's header is, in bytes.
    static func copyOfTable(on disk: FilePath, sectorSize: Int) throws(Errno) -> Int64 {
        do {
            let file = try FileDescriptor.open(disk, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
            let header = try bytes(of: file, at: Int64(sectorSize), count: 92)
            let sector = header.count == 92 ? number(header, at: 32, bytes: 8) : 0
            guard header.starts(with: "EFI PART".utf8), sector > 0, sector < 1 << 40 else {
                throw Errno.invalidArgument
            }
            return Int64(sector) * Int64(sectorSize)
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    private static func bytes(of file: FileDescriptor, at offset: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = try file.read(fromAbsoluteOffset: offset + Int64(filled), into: rest)
                if read == 0 { break }
                filled += read
            }
        }
    }

    private static func number(_ bytes: [UInt8], at offset: Int, bytes count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    /// A GUID in its usual form, upper case. Its first three groups are little-endian on the disk.
    static func guid(_ bytes: [UInt8], at offset: Int) -> String {
        let order = [3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15]
        return order.map { index in
            guard index >= 0 else { return "-" }
            let digits = String(bytes[offset + index], radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
