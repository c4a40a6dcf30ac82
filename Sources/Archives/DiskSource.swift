import CLinux
import Glibc
import SystemPackage

/// A disk that is read from one end to the other, and must stay as it is meanwhile.
final class DiskSource {
    private let path: FilePath
    private let file: FileDescriptor
    private let length: Int64
    private let before: stat
    private var isDevice: Bool { before.st_mode & S_IFMT == S_IFBLK }

    /// - Parameter length: its bytes, as they were counted before.
    init(_ path: FilePath, length: Int64) throws(ArchiveError) {
        let file: FileDescriptor
        do {
            // Not blocking: what has become a pipe meanwhile would be waited for.
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch {
            throw ArchiveError(.unreadable, "could not read \(printable(path)): \(error)")
        }
        self.path = path
        self.file = file
        self.length = length
        before = try Self.status(of: file, path)
        guard [S_IFREG, S_IFBLK].contains(before.st_mode & S_IFMT) else {
            throw ArchiveError(.unreadable, "could not read \(printable(path)): it is no file and no block device")
        }
        try checkLength()
    }

    deinit { try? file.close() }

    private static func status(of file: FileDescriptor, _ path: FilePath) throws(ArchiveError) -> stat {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else {
            throw ArchiveError(.unreadable, "could not read \(printable(path)): \(Errno(rawValue: errno))")
        }
        return status
    }

    private var changed: ArchiveError {
        ArchiveError(
            .changed, "\(printable(path)) was changed while it was read", hint: "try again when nobody uses it")
    }

    private func checkLength() throws(ArchiveError) {
        guard lseek(file.rawValue, 0, SEEK_END) == length else { throw changed }
    }

    /// That it is, as far as the system tells, what it was when it was opened: of a file its length and the times of its last
    /// change, of a device its length alone.
    func checkUnchanged() throws(ArchiveError) {
        try checkLength()
        guard !isDevice else { return }
        let now = try Self.status(of: file, path)
        func times(_ status: stat) -> [Int] {
            [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
        guard times(now) == times(before) else { throw changed }
    }

    /// Where data begins, at or behind a place; the greatest number where there is none, and nil where holes are not known.
    func data(from start: Int64) -> Int64? {
        let found = lseek(file.rawValue, off_t(start), CLINUX_SEEK_DATA)
        guard found < 0 else { return Int64(found) }
        return errno == ENXIO ? Int64.max : nil
    }

    /// - Returns: whether there is anything but zeros.
    func fill(_ buffer: inout [UInt8], at start: Int64) throws(ArchiveError) -> Bool {
        do {
            return try buffer.withUnsafeMutableBytes { bytes in
                var filled = 0
                while filled < bytes.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                    let count = try file.read(fromAbsoluteOffset: start + Int64(filled), into: rest)
                    guard count > 0 else { break }
                    filled += count
                }
                guard filled == max(0, min(Int64(bytes.count), length - start)) else { throw changed }
                if filled < bytes.count {
                    UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]).initializeMemory(
                        as: UInt8.self, repeating: 0)
                }
                guard let base = bytes.baseAddress else { return false }
                // Each byte is the one before it, and the first is zero.
                return bytes[0] != 0 || memcmp(base, base + 1, bytes.count - 1) != 0
            }
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw ArchiveError(.unreadable, "could not read \(printable(path)): \(error)")
        }
    }
}
