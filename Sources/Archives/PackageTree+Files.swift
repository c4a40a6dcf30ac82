import CLinux
import Glibc
import SystemPackage

/// Files of the tree that no package has: dpkg's own.
extension PackageTree {
    /// Opens a directory by its name without a slash at the beginning, links resolved inside the tree.
    ///
    /// - Returns: -1 when there is no such directory.
    func openDirectory(_ name: [UInt8]) throws(ArchiveError) -> Int32 {
        let path = TreeName.cString(name.isEmpty ? Array(".".utf8) : name)
        while true {
            let found = clinux_openat2(
                descriptor, path, UInt64(UInt32(bitPattern: CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)), 0,
                CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_MAGICLINKS)
            if found >= 0 { return found }
            // A rename elsewhere, while `..` was resolved (openat2(2)).
            if errno == EAGAIN || errno == EINTR { continue }
            guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else {
                throw failure(name, "open")
            }
            return -1
        }
    }

    /// Makes a directory and those that lead to it, of mode 0755, where they are not there.
    package func makeDirectories(_ name: String) throws(ArchiveError) { try makeDirectories(Array(name.utf8)) }

    func makeDirectories(_ name: [UInt8]) throws(ArchiveError) {
        var made: [UInt8] = []
        for part in name.split(separator: UInt8(ascii: "/")) {
            let parent = try openDirectory(made)
            guard parent >= 0 else { throw failure(made, "find") }
            defer { Glibc.close(parent) }
            let leaf = TreeName.cString(part)
            if mkdirat(parent, leaf, 0o755) == 0 {
                // Whatever the umask.
                guard fchmodat(parent, leaf, 0o755, 0) == 0 else { throw failure(made, "set the mode of") }
                var status = stat()
                // A package that has it gives it its mode.
                if fstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0 {
                    noteDirectory(UInt64(status.st_ino), by: Int.max)
                }
            } else if errno != EEXIST {
                throw failure(made, "make a directory in")
            }
            if !made.isEmpty { made.append(UInt8(ascii: "/")) }
            made += part
        }
    }

    /// Notes that the root's mode is that of the first package which has one.
    package func adoptRoot() {
        var status = stat()
        if fstat(descriptor, &status) == 0 { noteDirectory(UInt64(status.st_ino), by: Int.max) }
    }

    package func makeLink(_ name: String, to target: String) throws(ArchiveError) {
        guard symlinkat(target, descriptor, name) == 0 else { throw failure(Array(name.utf8), "make the link") }
    }

    /// Makes a device node that every program needs.
    package func makeCharacterDevice(_ name: String, major: UInt32, minor: UInt32) throws(ArchiveError) {
        let parts = split(name)
        let parent = try openDirectory(parts.directory)
        guard parent >= 0 else { throw failure(Array(name.utf8), "find the directory of") }
        defer { Glibc.close(parent) }
        let leaf = TreeName.cString(parts.leaf)
        guard mknodat(parent, leaf, S_IFCHR | 0o666, dev_t(clinux_makedev(major, minor))) == 0,
            fchmodat(parent, leaf, 0o666, 0) == 0
        else { throw failure(Array(name.utf8), "make the device") }
    }

    /// Writes a file, in the place of one that is there; its directory must exist.
    ///
    /// - Parameter modificationTime: seconds since 1970; nil for now.
    package func write(
        _ content: [UInt8], to name: String, permissions: UInt16 = 0o644, modificationTime: Int64? = nil,
        appending: Bool = false
    ) throws(ArchiveError) {
        let bytes = Array(name.utf8)
        let parts = split(name)
        let parent = try openDirectory(parts.directory)
        guard parent >= 0 else { throw failure(bytes, "find the directory of") }
        defer { Glibc.close(parent) }
        let leaf = TreeName.cString(parts.leaf)
        let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC)
        let file = openat(parent, leaf, flags, 0o600)
        guard file >= 0 else { throw failure(bytes, "make") }
        defer { Glibc.close(file) }
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(bytes, "write") }
            rest = rest.dropFirst(count)
        }
        guard fchmod(file, mode_t(permissions)) == 0 else { throw failure(bytes, "set the mode of") }
        if let modificationTime {
            let times = [
                timespec(tv_sec: 0, tv_nsec: Int(CLINUX_UTIME_NOW)),
                timespec(tv_sec: Int(modificationTime), tv_nsec: 0),
            ]
            guard futimens(file, times) == 0 else { throw failure(bytes, "set the time of") }
        }
    }

    /// Gives a file the owner and mode that somebody has set for it, if it is there.
    package func apply(_ override: UnpackRules.Override, to name: [UInt8]) throws(ArchiveError) {
        let parts = TreeName.split(name)
        let parent = try openDirectory(parts.directory)
        guard parent >= 0 else { return }
        defer { Glibc.close(parent) }
        let leaf = TreeName.cString(parts.leaf)
        var status = stat()
        guard fstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT != S_IFLNK else {
            return
        }
        guard fchownat(parent, leaf, override.owner, override.group, AT_SYMLINK_NOFOLLOW) == 0,
            fchmodat(parent, leaf, mode_t(override.permissions), 0) == 0
        else { throw failure(name, "set the mode of") }
    }

    /// Removes a file, if there is one.
    package func remove(_ name: String) throws(ArchiveError) { try remove(name, flags: 0, passingOver: [ENOENT]) }

    /// Removes a directory, if it is there and nothing is in it.
    package func removeIfEmpty(_ name: String) throws(ArchiveError) {
        try remove(name, flags: AT_REMOVEDIR, passingOver: [ENOENT, ENOTEMPTY, EEXIST])
    }

    /// Removes a directory in which there are only files.
    package func removeDirectory(_ name: String) throws(ArchiveError) {
        let directory = try openDirectory(Array(name.utf8))
        guard directory >= 0 else { return }
        defer { Glibc.close(directory) }
        guard let leaves = TreeName.all(in: directory) else { throw failure(Array(name.utf8), "list") }
        for leaf in leaves where unlinkat(directory, TreeName.cString(leaf), 0) != 0 {
            throw failure(Array(name.utf8), "empty")
        }
        try remove(name, flags: AT_REMOVEDIR, passingOver: [])
    }

    private func remove(_ name: String, flags: Int32, passingOver codes: [Int32]) throws(ArchiveError) {
        let parts = split(name)
        let parent = try openDirectory(parts.directory)
        guard parent >= 0 else { return }
        defer { Glibc.close(parent) }
        guard unlinkat(parent, TreeName.cString(parts.leaf), flags) == 0 || codes.contains(errno) else {
            throw failure(Array(name.utf8), "remove")
        }
    }

    /// A file's bytes; nil when there is none. Links are resolved inside the tree.
    package func contents(of name: String) throws(ArchiveError) -> [UInt8]? {
        let file = clinux_openat2(
            descriptor, name, UInt64(UInt32(bitPattern: O_RDONLY | O_CLOEXEC)), 0,
            CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_MAGICLINKS)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure(Array(name.utf8), "open")
        }
        defer { Glibc.close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(Array(name.utf8), "read") }
            if count == 0 { return content }
            content += buffer[..<count]
        }
    }

    private func split(_ name: String) -> (directory: [UInt8], leaf: [UInt8]) { TreeName.split(Array(name.utf8)) }

    private func failure(_ name: [UInt8], _ what: String) -> ArchiveError {
        .afterCall { "could not \(what) /\(printable(name)) in \(printable(root)): \($0)" }
    }
}
