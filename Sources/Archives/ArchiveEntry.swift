import CArchive
import Glibc
import SystemPackage

/// One entry of an archive: what it is called and what it is, without its content.
package struct ArchiveEntry: Equatable, Sendable {
    /// What an entry is. Link targets are as the archive has them, unchecked.
    package enum Kind: Equatable, Sendable {
        case file
        case directory
        case symbolicLink(to: FilePath)
        case hardLink(to: FilePath)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
        case socket
        case unknown
    }

    /// The name as it stands in the archive: it may be absolute or contain `..`, and need not be UTF-8.
    package var path: FilePath
    package var kind: Kind
    /// The permission bits with setuid, setgid and sticky: 0 to 0o7777.
    package var permissions: UInt16
    /// The numeric owner; the owner's name, which the archive may have too, is never used.
    package var owner: Int64
    package var group: Int64
    /// The size of the content in bytes, 0 for what has none.
    package var size: Int64
    /// Seconds since 1970 of the last change of the content.
    package var modificationTime: Int64

    package init(
        path: FilePath,
        kind: Kind = .file,
        permissions: UInt16 = 0o644,
        owner: Int64 = 0,
        group: Int64 = 0,
        size: Int64 = 0,
        modificationTime: Int64 = 0
    ) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.size = size
        self.modificationTime = modificationTime
    }
}

extension ArchiveEntry {
    /// Copies what libarchive's entry says; a name that it cannot give becomes an empty path.
    init(_ entry: OpaquePointer) {
        self.init(
            path: archive_entry_pathname(entry).map { FilePath(platformString: $0) } ?? "",
            kind: Kind(entry),
            permissions: UInt16(truncatingIfNeeded: archive_entry_mode(entry) & 0o7777),
            owner: archive_entry_uid(entry),
            group: archive_entry_gid(entry),
            size: archive_entry_size(entry),
            modificationTime: Int64(archive_entry_mtime(entry))
        )
    }

    /// Fills a cleared libarchive entry.
    func fill(_ entry: OpaquePointer) {
        path.withPlatformString { archive_entry_copy_pathname(entry, $0) }
        archive_entry_set_mode(entry, kind.fileType | mode_t(permissions & 0o7777))
        archive_entry_set_uid(entry, owner)
        archive_entry_set_gid(entry, group)
        archive_entry_set_size(entry, size)
        archive_entry_set_mtime(entry, time_t(modificationTime), 0)
        switch kind {
        case .symbolicLink(let target):
            target.withPlatformString { archive_entry_copy_symlink(entry, $0) }
        case .hardLink(let target):
            target.withPlatformString { archive_entry_copy_hardlink(entry, $0) }
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            archive_entry_set_rdevmajor(entry, dev_t(major))
            archive_entry_set_rdevminor(entry, dev_t(minor))
        default:
            break
        }
    }
}

extension ArchiveEntry.Kind {
    init(_ entry: OpaquePointer) {
        if let target = archive_entry_hardlink(entry) {
            self = .hardLink(to: FilePath(platformString: target))
            return
        }
        switch archive_entry_mode(entry) & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink(to: archive_entry_symlink(entry).map { FilePath(platformString: $0) } ?? "")
        case S_IFCHR: self = .characterDevice(major: Self.major(entry), minor: Self.minor(entry))
        case S_IFBLK: self = .blockDevice(major: Self.major(entry), minor: Self.minor(entry))
        case S_IFIFO: self = .fifo
        case S_IFSOCK: self = .socket
        default: self = .unknown
        }
    }

    private static func major(_ entry: OpaquePointer) -> UInt32 {
        UInt32(truncatingIfNeeded: archive_entry_rdevmajor(entry))
    }

    private static func minor(_ entry: OpaquePointer) -> UInt32 {
        UInt32(truncatingIfNeeded: archive_entry_rdevminor(entry))
    }

    /// The file type bits of a mode. A hard link has those of a file, as tar archives have it.
    fileprivate var fileType: mode_t {
        switch self {
        case .file, .hardLink: S_IFREG
        case .directory: S_IFDIR
        case .symbolicLink: S_IFLNK
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        case .fifo: S_IFIFO
        case .socket: S_IFSOCK
        case .unknown: 0
        }
    }
}
