import CLinux
import Glibc
import SystemPackage

extension Kernel {
    /// Removes a directory and what is in it through descriptors, so that a name that changes under us, or a link,
    /// leads nowhere else; a mounted file system in it is refused, not emptied.
    static func removeTree(_ path: FilePath) throws(Errno) {
        var information = stat()
        guard lstat(path.string, &information) == 0 else { throw lastError }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path.string) == 0 else { throw lastError }
            return
        }
        let raw = Glibc.open(path.string, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { throw lastError }
        try empty(FileDescriptor(rawValue: raw), device: information.st_dev)
        guard rmdir(path.string) == 0 else { throw lastError }
    }

    /// Empties a directory. Takes the descriptor over.
    private static func empty(_ directory: FileDescriptor, device: dev_t) throws(Errno) {
        let copy = fcntl(directory.rawValue, F_DUPFD_CLOEXEC, 0)
        defer { try? directory.close() }
        guard copy >= 0 else { throw lastError }
        for name in try rawNames(in: FileDescriptor(rawValue: copy)) {
            if unlinkat(directory.rawValue, name, 0) == 0 { continue }
            guard lastError == .isDirectory || lastError == .notPermitted else {
                if lastError == .noSuchFileOrDirectory { continue }
                throw lastError
            }
            let refusal = lastError
            let raw = openat(directory.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard raw >= 0 else { throw lastError == .notDirectory ? refusal : lastError }
            let child = FileDescriptor(rawValue: raw)
            var information = stat()
            guard fstat(raw, &information) == 0, information.st_dev == device else {
                try? child.close()
                throw .resourceBusy
            }
            try empty(child, device: device)
            guard unlinkat(directory.rawValue, name, AT_REMOVEDIR) == 0 else { throw lastError }
        }
    }

    /// Names as the bytes that they are: a guest's need not be UTF-8.
    private static func rawNames(in directory: FileDescriptor) throws(Errno) -> [[CChar]] {
        guard let stream = fdopendir(directory.rawValue) else {
            let error = lastError
            try? directory.close()
            throw error
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw lastError }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
                }
            }
            if name != [46, 0] && name != [46, 46, 0] { names.append(name) }
        }
    }

    static func usage(of root: FilePath) throws(Errno) -> (bytes: Int64, inodes: Int64) {
        var total: (bytes: Int64, inodes: Int64) = (0, 0)
        var linked: Set<UInt64> = []
        try measure(openTree(root), into: &total, linked: &linked)
        return total
    }

    /// Takes the descriptor over.
    private static func measure(
        _ directory: FileDescriptor, into total: inout (bytes: Int64, inodes: Int64), linked: inout Set<UInt64>
    ) throws(Errno) {
        defer { try? directory.close() }
        let copy = fcntl(directory.rawValue, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw lastError }
        for name in try rawNames(in: FileDescriptor(rawValue: copy)) {
            var information = stat()
            guard fstatat(directory.rawValue, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { throw lastError }
            let isDirectory = information.st_mode & S_IFMT == S_IFDIR
            if information.st_nlink > 1, !isDirectory, !linked.insert(UInt64(information.st_ino)).inserted { continue }
            total.bytes += Int64(information.st_blocks) * 512
            total.inodes += 1
            guard isDirectory else { continue }
            let raw = openat(directory.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard raw >= 0 else { throw lastError }
            try measure(FileDescriptor(rawValue: raw), into: &total, linked: &linked)
        }
    }
}
