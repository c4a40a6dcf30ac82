import CLinux
import Glibc

/// The guest's tree, open. Names in it are resolved as after chroot, so no link in it leads out of it: the tree may
/// come from anywhere.
struct GuestRoot {
    let path: String
    let descriptor: Int32
    /// Where a missing directory may be made without a trace in the tree: the tmpfs on its /run.
    var scratchDevice: dev_t?
    /// Empty files that had to be made to mount on, to be removed again.
    var placeholders: [Placeholder] = []

    /// An empty file made as a mount point.
    struct Placeholder {
        let directory: Int32
        let name: String
        let mount: Mount
        let inode: ino_t
    }

    init(path: String) throws(Failure) {
        self.path = path
        descriptor = open(path, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("open the tree", path) }
    }

    /// A directory at the top of the tree, for a kernel file system. No link is followed at all: in no system is one
    /// of these a link, so a link here is an attack or a broken tree.
    ///
    /// - Parameter create: whether to make it where it is missing, as in a tree that has no package yet.
    /// - Returns: nil when it is missing and was not to be made.
    func topDirectory(_ name: String, create: Bool) throws(Failure) -> Int32? {
        let flags = UInt64(CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        let resolve = CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_SYMLINKS
        var found = clinux_openat2(descriptor, name, flags, 0, resolve)
        if found < 0 && errno == ENOENT {
            guard create else { return nil }
            guard mkdirat(descriptor, name, 0o755) == 0 else { throw Failure("make the directory", "\(path)/\(name)") }
            found = clinux_openat2(descriptor, name, flags, 0, resolve)
        }
        guard found >= 0 else { throw Failure("mount on", "\(path)/\(name)") }
        return found
    }

    /// Mounts at a path of the tree, whose links are followed inside the tree.
    ///
    /// Where the path (or what its last link points at) is missing, an empty file or directory is made to mount on;
    /// directories leading to it only on the fresh /run, never in the tree itself. An empty file that was made is
    /// removed again by ``removePlaceholders()``.
    mutating func attach(_ mount: Mount, at inside: String, isDirectory: Bool) throws(Failure) {
        let shown = path + inside
        var location = inside
        // What is missing may be the target of a link in the last place: that is followed by hand, textually, and
        // every directory on the way still by the kernel.
        for _ in 0..<40 {
            let target = clinux_openat2(
                descriptor,
                location,
                UInt64(CLINUX_O_PATH | O_CLOEXEC),
                0,
                CLINUX_RESOLVE_IN_ROOT
            )
            if target >= 0 { return try mount.attach(to: target, path: shown) }
            guard errno == ENOENT else { throw Failure("resolve", shown) }

            let (directory, name) = Self.split(location)
            guard !name.isEmpty, name != ".", name != ".." else { throw Failure("resolve", shown, code: ENOENT) }
            let parent = try self.directory(directory, for: shown)
            if let link = Self.link(name, in: parent) {
                location = link.hasPrefix("/") ? link : "\(directory)/\(link)"
                continue
            }
            try make(name, in: parent, isDirectory: isDirectory, mounting: mount, shown: shown)
            return
        }
        throw Failure("resolve", shown, code: ELOOP)
    }

    /// Takes the empty files away that ``attach(_:at:isDirectory:)`` made, unless something was written to them.
    /// After the command: a failure leaves an empty file, which is not worth the command's result.
    func removePlaceholders() {
        for placeholder in placeholders.reversed() {
            umount2("/proc/self/fd/\(placeholder.mount.descriptor)", Int32(MNT_DETACH))
            var information = stat()
            guard fstatat(placeholder.directory, placeholder.name, &information, AT_SYMLINK_NOFOLLOW) == 0,
                information.st_ino == placeholder.inode, information.st_size == 0
            else { continue }
            unlinkat(placeholder.directory, placeholder.name, 0)
        }
    }

    private mutating func make(
        _ name: String,
        in parent: Int32,
        isDirectory: Bool,
        mounting mount: Mount,
        shown: String
    ) throws(Failure) {
        if isDirectory {
            guard mkdirat(parent, name, 0o755) == 0 else { throw Failure("make the mount point", shown) }
        } else {
            let file = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw Failure("make the mount point", shown) }
            close(file)
        }
        let target = openat(parent, name, CLINUX_O_PATH | O_NOFOLLOW | O_CLOEXEC)
        var information = stat()
        guard target >= 0, fstat(target, &information) == 0 else { throw Failure("open the mount point", shown) }
        try mount.attach(to: target, path: shown)
        if !isDirectory {
            placeholders.append(
                Placeholder(directory: parent, name: name, mount: mount, inode: information.st_ino)
            )
        }
    }

    /// An open directory of the tree; where it is missing it is made, if that can be done on the fresh /run.
    private func directory(_ location: String, for shown: String) throws(Failure) -> Int32 {
        let flags = UInt64(CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        let found = clinux_openat2(descriptor, location, flags, 0, CLINUX_RESOLVE_IN_ROOT)
        if found >= 0 { return found }
        guard errno == ENOENT else { throw Failure("resolve", shown) }

        let (upper, name) = Self.split(location)
        guard !name.isEmpty, name != ".", name != ".." else { throw Failure("resolve", shown, code: ENOENT) }
        let parent = try directory(upper, for: shown)
        var information = stat()
        guard fstat(parent, &information) == 0 else { throw Failure("resolve", shown) }
        guard let scratchDevice, information.st_dev == scratchDevice else {
            throw Failure("find the directory of the mount point", shown, code: ENOENT)
        }
        guard mkdirat(parent, name, 0o755) == 0 else { throw Failure("make the directory of", shown) }
        let made = openat(parent, name, CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard made >= 0 else { throw Failure("open the directory of", shown) }
        return made
    }

    /// "/a/b/c" is "/a/b" and "c"; "/a" is "/" and "a".
    private static func split(_ location: String) -> (directory: String, name: String) {
        let parts = location.split(separator: "/")
        guard let name = parts.last else { return ("/", "") }
        return ("/" + parts.dropLast().joined(separator: "/"), String(name))
    }

    private static func link(_ name: String, in directory: Int32) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(directory, name, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
