import CLinux
import Glibc
import SystemPackage

/// System calls with typed errors; the rest of the room is made of these.
enum Kernel {
    static let pathOnly = CLINUX_O_PATH

    /// The error of the call just made.
    static var lastError: Errno { Errno(rawValue: errno) }

    /// A file had more bytes than the reader was ready to take.
    struct TooLarge: Error {}

    static func status(of directory: Int32, _ path: String, flags: Int32) throws(Errno) -> FileEntry {
        var status = clinux_file_status()
        guard clinux_statx(directory, path, flags | CLINUX_AT_NO_AUTOMOUNT, &status) == 0 else { throw lastError }
        let kind: FileEntry.Kind =
            switch status.mode & 0o170000 {
            case 0o100000: .file
            case 0o040000: .directory
            case 0o120000: .symbolicLink
            case 0o060000: .blockDevice
            default: .other
            }
        let birth =
            status.has_birth == 0 ? nil : status.birth_seconds * 1_000_000_000 + Int64(status.birth_nanoseconds)
        return FileEntry(
            kind: kind, identity: FileIdentity(device: status.device, inode: status.inode, birth: birth),
            mode: status.mode & 0o7777, size: Int64(status.size), allocated: Int64(status.blocks) * 512,
            changed: status.changed_seconds * 1_000_000_000 + Int64(status.changed_nanoseconds))
    }

    static func openTree(_ root: FilePath) throws(Errno) -> FileDescriptor {
        let raw = Glibc.open(root.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw lastError }
        return FileDescriptor(rawValue: raw)
    }

    /// Opens a path of a guest as the guest would see it: absolute links and `..` stay below the root.
    static func open(_ path: String, inRoot root: FileDescriptor, flags: Int32) throws(Errno) -> FileDescriptor {
        let raw = clinux_openat2(
            root.rawValue, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), 0,
            CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_MAGICLINKS)
        guard raw >= 0 else { throw lastError }
        return FileDescriptor(rawValue: raw)
    }

    /// A file to be written to past the page cache; nil where its file system cannot.
    static func openDirectly(_ path: FilePath) -> FileDescriptor? {
        let raw = clinux_open_directly(path.string)
        return raw < 0 ? nil : FileDescriptor(rawValue: raw)
    }

    /// - Throws: ``TooLarge``, or `Errno`.
    static func readAll(_ file: FileDescriptor, limit: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { return result }
            guard result.count + count <= limit else { throw TooLarge() }
            result.append(contentsOf: buffer[..<count])
        }
    }

    /// The names in a directory, sorted. Takes the descriptor over.
    static func names(in directory: FileDescriptor) throws(Errno) -> [String] {
        guard let stream = fdopendir(directory.rawValue) else {
            let error = lastError
            try? directory.close()
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw lastError }
                return names.sorted()
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    static func renameWithoutReplacing(_ path: String, to target: String) throws(Errno) {
        if clinux_renameat2(AT_FDCWD, path, AT_FDCWD, target, CLINUX_RENAME_NOREPLACE) == 0 { return }
        guard lastError == .invalidArgument || lastError == .noFunction else { throw lastError }
        // The file system cannot do both at once (NFS); between the look and the rename there is a gap.
        var information = stat()
        guard lstat(target, &information) != 0 else { throw .fileExists }
        guard Glibc.rename(path, target) == 0 else { throw lastError }
    }

    /// Copies data and leaves holes where the source has them; shares blocks where the file system can.
    static func copySparse(from input: FileDescriptor, to output: FileDescriptor, at offset: Int64) throws {
        if offset == 0, clinux_clone_file(output.rawValue, input.rawValue) == 0 { return }
        let end = try input.seek(offset: 0, from: .end)
        var position: Int64 = 0
        while position < end {
            let data = Int64(lseek(input.rawValue, off_t(position), CLINUX_SEEK_DATA))
            if data < 0 {
                guard lastError == .noSuchAddressOrDevice else { throw lastError }
                return
            }
            var hole = Int64(lseek(input.rawValue, off_t(data), CLINUX_SEEK_HOLE))
            if hole < 0 { hole = end }
            try input.seek(offset: data, from: .start)
            try output.seek(offset: offset + data, from: .start)
            try copyBytes(Int(hole - data), from: input, to: output)
            position = hole
        }
    }

    private static func copyBytes(_ count: Int, from input: FileDescriptor, to output: FileDescriptor) throws {
        var left = count
        while left > 0 {
            let copied = clinux_copy_file_range(input.rawValue, output.rawValue, min(left, 1 << 30))
            if copied > 0 {
                left -= copied
                continue
            }
            if copied == 0 { return }
            let error = lastError
            if error == .interrupted { continue }
            guard [.improperLink, .invalidArgument, .noFunction, .notSupported].contains(error) else { throw error }
            var buffer = [UInt8](repeating: 0, count: min(left, 1 << 20))
            let read = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
            if read == 0 { return }
            try output.writeAll(buffer[..<read])
            left -= read
        }
    }

    /// Gives the directory a new place outside and leaves an empty one with its mode and owner.
    static func swapForEmptyDirectory(_ name: String, in parent: FileDescriptor, to target: FilePath) throws {
        var information = stat()
        guard fstatat(parent.rawValue, name, &information, AT_SYMLINK_NOFOLLOW) == 0,
            clinux_renameat2(parent.rawValue, name, AT_FDCWD, target.string, CLINUX_RENAME_NOREPLACE) == 0,
            mkdirat(parent.rawValue, name, 0o755) == 0,
            fchownat(parent.rawValue, name, information.st_uid, information.st_gid, AT_SYMLINK_NOFOLLOW) == 0,
            fchmodat(parent.rawValue, name, information.st_mode & 0o7777, 0) == 0
        else { throw lastError }
    }
}
