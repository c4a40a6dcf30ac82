import CArchive
import Glibc
import SystemPackage

/// The bytes of a disc image, as libarchive asks for them: it jumps over the content of files that nobody wants.
final class DiscImageSource {
    /// What libarchive is doing: reading directories, or a file's content.
    enum Phase {
        case directories
        case content
    }

    /// Set before each call.
    var phase = Phase.directories
    /// Why libarchive got no more bytes; it only learns that there was an error.
    private(set) var flaw: String?
    /// How many bytes have been read.
    private(set) var bytesRead: Int64 = 0

    private let file: FileDescriptor
    private let size: Int64
    private var position: Int64 = 0
    private var directoryBytes: Int64 = 0
    private var check = ContinuationCheck()
    /// Some bytes longer than what is read into it: libarchive may look some bytes behind a directory's end (up to 3.8.9
    /// at least; its commits bd0cae0b and a9a73c0e mend it).
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: largestPiece + 64, alignment: 16)

    /// A DVD of packages has some megabytes of them; libarchive keeps ten times as much.
    private static let mostDirectoryBytes: Int64 = 32 << 20
    private static let largestPiece = 256 << 10
    private static let directoryPiece = 16 << 10

    /// - Parameter size: the file's. Its position does not matter, and stays.
    init(_ file: FileDescriptor, size: Int64) {
        self.file = file
        self.size = size
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { buffer.deallocate() }

    /// The source must outlive what reads from it.
    func open(_ archive: OpaquePointer) -> Int32 {
        archive_read_set_callback_data(archive, Unmanaged.passUnretained(self).toOpaque())
        archive_read_set_read_callback(archive) { _, client, target in
            guard let client, let target else { return -1 }
            let source = Unmanaged<DiscImageSource>.fromOpaque(client).takeUnretainedValue()
            target.pointee = UnsafeRawPointer(source.buffer.baseAddress)
            return source.read()
        }
        archive_read_set_skip_callback(archive) { _, client, count in
            guard let client else { return 0 }
            return Unmanaged<DiscImageSource>.fromOpaque(client).takeUnretainedValue().skip(count)
        }
        archive_read_set_seek_callback(archive) { _, client, offset, origin in
            guard let client else { return -1 }
            return Unmanaged<DiscImageSource>.fromOpaque(client).takeUnretainedValue().seek(offset, from: origin)
        }
        return archive_read_open1(archive)
    }

    private func read() -> Int {
        guard flaw == nil else { return -1 }
        let wanted = min(Int64(phase == .content ? Self.largestPiece : Self.directoryPiece), size - position)
        guard wanted > 0 else { return 0 }
        let count = pread(file.rawValue, buffer.baseAddress, Int(wanted), off_t(position))
        guard count >= 0 else {
            flaw = "\(Errno(rawValue: errno))"
            return -1
        }
        if phase == .directories {
            directoryBytes += Int64(count)
            guard directoryBytes <= Self.mostDirectoryBytes else {
                flaw = "its directories are larger than \(Self.mostDirectoryBytes) bytes"
                return -1
            }
            guard allows(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
                flaw = "it has Rock Ridge entries that lead in circles"
                return -1
            }
        }
        position += Int64(count)
        bytesRead += Int64(count)
        return count
    }

    private func allows(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let block = ContinuationCheck.block
        var start = 0
        while start < bytes.count {
            let offset = position + Int64(start)
            let end = min(bytes.count, start + block - Int(offset % Int64(block)))
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            guard check.allows(part, number: UInt32(truncatingIfNeeded: offset / Int64(block))) else { return false }
            start = end
        }
        return true
    }

    /// Not beyond the end, where libarchive then finds no more bytes.
    private func skip(_ count: Int64) -> Int64 {
        let step = max(0, min(count, size - position))
        position += step
        return step
    }

    private func seek(_ offset: Int64, from origin: Int32) -> Int64 {
        let start = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? position : size
        let (target, overflow) = start.addingReportingOverflow(offset)
        guard !overflow, (0...size).contains(target) else { return Int64(ARCHIVE_FATAL) }
        position = target
        return target
    }
}
