import Glibc
import SystemPackage

/// One entry of a tree that a fixture writes into a directory, a tar archive or a package. Owner is root unless said.
package struct TreeEntry: Sendable {
    /// What it is.
    package enum Content: Sendable {
        case directory
        case file([UInt8])
        /// A copy of a file of this machine, links followed.
        case copy(FilePath)
        case link(String)
        case characterDevice(major: UInt32, minor: UInt32)
        /// Another name of an entry that came before.
        case hardLink(String)
        case fifo
    }

    /// Relative to the root of the tree, `"etc/passwd"`.
    package var path: String
    package var content: Content
    package var mode: mode_t
    package var owner: uid_t = 0
    package var group: gid_t = 0

    package static func directory(_ path: String, mode: mode_t = 0o755) -> TreeEntry {
        TreeEntry(path: path, content: .directory, mode: mode)
    }

    package static func file(_ path: String, _ text: String, mode: mode_t = 0o644) -> TreeEntry {
        TreeEntry(path: path, content: .file(Array(text.utf8)), mode: mode)
    }

    package static func file(_ path: String, bytes: [UInt8], mode: mode_t = 0o644) -> TreeEntry {
        TreeEntry(path: path, content: .file(bytes), mode: mode)
    }

    package static func link(_ path: String, to target: String) -> TreeEntry {
        TreeEntry(path: path, content: .link(target), mode: 0o777)
    }

    package static func hardLink(_ path: String, to target: String) -> TreeEntry {
        TreeEntry(path: path, content: .hardLink(target), mode: 0o644)
    }

    package static func fifo(_ path: String, mode: mode_t = 0o644) -> TreeEntry {
        TreeEntry(path: path, content: .fifo, mode: mode)
    }

    package static func copy(_ path: String, of source: FilePath, mode: mode_t = 0o755) -> TreeEntry {
        TreeEntry(path: path, content: .copy(source), mode: mode)
    }

    /// Writes the entries below `root`; an entry replaces what was there (directories stay), and directories above it
    /// are made. Owners and device nodes are written by root only.
    static func write(_ entries: [TreeEntry], below root: FilePath) throws {
        try makeDirectories(root)
        for entry in entries {
            let path = root.pushing(FilePath(entry.path))
            try makeDirectories(path.removingLastComponent())
            switch entry.content {
            case .directory:
                try makeDirectories(path)
                chmod(path.string, entry.mode)
            case .file(let bytes):
                unlink(path.string)
                try writeFile(path, bytes, mode: entry.mode)
            case .copy(let source):
                unlink(path.string)
                try writeFile(path, readFile(source), mode: entry.mode)
            case .link(let target):
                unlink(path.string)
                guard symlink(target, path.string) == 0 else {
                    throw TestSupportError("cannot make link \(path): \(Errno(rawValue: errno))")
                }
            case .hardLink(let target):
                unlink(path.string)
                guard Glibc.link(root.pushing(FilePath(target)).string, path.string) == 0 else {
                    throw TestSupportError("cannot link \(path): \(Errno(rawValue: errno))")
                }
                continue
            case .fifo:
                unlink(path.string)
                guard mkfifo(path.string, entry.mode) == 0 else {
                    throw TestSupportError("cannot make \(path): \(Errno(rawValue: errno))")
                }
                chmod(path.string, entry.mode)
            case .characterDevice(let major, let minor):
                guard geteuid() == 0 else { continue }
                unlink(path.string)
                // The C library's makedev for numbers below 256 is this; it is a macro that Swift does not see.
                guard mknod(path.string, S_IFCHR | entry.mode, dev_t(major << 8 | minor)) == 0 else {
                    throw TestSupportError("cannot make device \(path): \(Errno(rawValue: errno))")
                }
            }
            guard geteuid() == 0, entry.owner != 0 || entry.group != 0 else { continue }
            lchown(path.string, entry.owner, entry.group)
            // A change of owner takes these bits away.
            if entry.mode & 0o7000 != 0 { chmod(path.string, entry.mode) }
        }
    }
}
