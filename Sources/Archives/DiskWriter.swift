import CArchive
import Glibc
import SystemPackage

/// Puts entries below a root directory through libarchive's disk writer, after checking what that does not.
///
/// Entries are given absolute paths (root and name), since the alternative, changing the current directory, is one for
/// the whole process. So `SECURE_NOABSOLUTEPATHS` is not used, and names are checked here; `SECURE_SYMLINKS` then looks
/// at the root's own path too, which is why the root is resolved first.
struct DiskWriter: ~Copyable {
    private let disk: ArchiveHandle
    private let archiveName: String
    /// The resolved path of the root, without a slash at its end.
    private let root: [UInt8]
    private var entryName = ""
    private var entryCount = 0
    /// Access and modification time of the root, if the archive has an entry for it: set last, for creating the root's
    /// entries changes it, and libarchive sees to that only for directories that it made.
    private var rootTimes: [timespec]?

    init(root: FilePath, archiveName: String) throws(ArchiveError) {
        let root = try Self.resolve(root, archiveName: archiveName)
        let disk = try ArchiveHandle(archive_write_disk_new())
        archive_write_disk_set_options(
            disk.raw,
            ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_PERM
                | ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR
                | ARCHIVE_EXTRACT_FFLAGS | ARCHIVE_EXTRACT_SPARSE
        )
        // No lookup of owner names is set, so that the numbers count: the guest's users are not this machine's.
        self.archiveName = archiveName
        self.root = root
        self.disk = disk
    }

    private static func resolve(_ root: FilePath, archiveName: String) throws(ArchiveError) -> [UInt8] {
        func failure(_ reason: String) -> ArchiveError {
            ArchiveError(.cannotExtract, "could not extract archive \(archiveName) into \(printable(root)): \(reason)")
        }
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX))
        let found = root.withPlatformString { realpath($0, &resolved) != nil }
        guard found else { throw failure("\(Errno(rawValue: errno))") }
        var status = stat()
        guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw failure("it is not a directory")
        }
        let root = bytes(of: resolved) ?? []
        guard root != [UInt8(ascii: "/")] else {
            throw ArchiveError(
                .unsafe,
                "refused to extract archive \(archiveName) over this machine's own root directory"
            )
        }
        return root
    }

    /// Creates the entry; false if it was passed over with a warning and takes no content.
    mutating func create(_ entry: OpaquePointer, summary: inout ExtractionSummary) throws(ArchiveError) -> Bool {
        entryCount += 1
        let stored = bytes(of: archive_entry_pathname(entry))
        entryName = stored.map { "\"\(printable($0))\"" } ?? "number \(entryCount)"
        let name = try checkedName(stored, role: "it")
        let path = try path(of: name)
        let kind = ArchiveEntry.Kind(entry)
        try checkPlace(path, isRoot: name.isRoot, kind: kind)
        switch kind {
        case .hardLink:
            guard try prepareHardLink(entry, at: path, summary: &summary) else { return false }
        case .symbolicLink(let target):
            guard !target.isEmpty else { throw refusal("it is a symbolic link to nothing") }
            // acl_set_file(3) follows links, and libarchive before 3.5.2 let it (CVE-2021-23177).
            archive_entry_acl_clear(entry)
        case .socket:
            summary.warn("passed over \(entryName): a socket is made by the program that listens on it")
            return false
        case .unknown:
            throw refusal("its type is unknown")
        default:
            break
        }
        dropLockingFlags(entry, summary: &summary)
        if name.isRoot {
            rootTimes = Self.times(of: entry)
        }
        path.withUnsafeBufferPointer { archive_entry_copy_pathname(entry, $0.baseAddress) }

        let status = archive_write_header(disk.raw, entry)
        if status == ARCHIVE_WARN {
            summary.warn("\(entryName): \(disk.errorText)")
        } else if status != ARCHIVE_OK {
            if kind.isDevice, archive_errno(disk.raw) == EPERM {
                summary.warn("passed over device node \(entryName): making it is not permitted here")
                return false
            }
            throw failure()
        }
        count(kind, in: &summary)
        return true
    }

    mutating func write(_ content: UnsafeRawBufferPointer, at offset: Int64) throws(ArchiveError) {
        guard !content.isEmpty else { return }
        // A failed write(2) comes as ARCHIVE_WARN: nothing but OK is good here.
        guard archive_write_data_block(disk.raw, content.baseAddress, content.count, offset) >= ARCHIVE_OK else {
            throw failure()
        }
    }

    /// Sets owner, mode, times and attributes.
    mutating func finishEntry(summary: inout ExtractionSummary) throws(ArchiveError) {
        try settle(archive_write_finish_entry(disk.raw), subject: entryName, summary: &summary)
    }

    /// Sets the modes and times of the directories, which had to wait until all was in them.
    mutating func close(summary: inout ExtractionSummary) throws(ArchiveError) {
        entryName = "the last directories"
        try settle(archive_write_close(disk.raw), subject: "the directories", summary: &summary)
        if let rootTimes, utimensat(AT_FDCWD, root.map(CChar.init(bitPattern:)) + [0], rootTimes, 0) != 0 {
            summary.warn("the root directory: could not set its times: \(Errno(rawValue: errno))")
        }
    }

    private func settle(_ status: Int32, subject: String, summary: inout ExtractionSummary) throws(ArchiveError) {
        if status == ARCHIVE_OK { return }
        let fatal = [ENOSPC, EDQUOT, EIO, EROFS].contains(archive_errno(disk.raw))
        guard status == ARCHIVE_WARN, !fatal else { throw failure() }
        summary.warn("\(subject): \(disk.errorText)")
    }

    // MARK: - What libarchive does not check

    private func checkedName(_ name: [UInt8]?, role: String) throws(ArchiveError) -> EntryName {
        do {
            return try EntryName(name)
        } catch {
            switch error {
            case .climbs: throw refusal("\(role) has \"..\" in its path")
            case .missing: throw refusal("\(role) has no name")
            }
        }
    }

    /// The absolute path with its NUL.
    private func path(of name: EntryName) throws(ArchiveError) -> [CChar] {
        let bytes = name.isRoot ? root : root + [UInt8(ascii: "/")] + name.bytes
        // From PATH_MAX on libarchive would change the process's current directory to get there.
        guard bytes.count < Int(PATH_MAX) else {
            throw ArchiveError(
                .cannotExtract,
                "could not extract an entry of archive \(archiveName): its path is \(bytes.count) bytes long"
                    + " with the directory's, and \(PATH_MAX - 1) is the most that Linux takes: \(entryName)"
            )
        }
        return bytes.map(CChar.init(bitPattern:)) + [0]
    }

    /// Keeps a directory a directory.
    ///
    /// libarchive replaces an empty directory by a file or a link, and a link by a directory. The first would let an
    /// archive exchange a directory, whose mode is to be set at the end, for a link that leads out; the second breaks a
    /// root with a merged /usr. A replaced file is no harm: that is what a second entry of the same name means.
    private func checkPlace(_ path: [CChar], isRoot: Bool, kind: ArchiveEntry.Kind) throws(ArchiveError) {
        if isRoot, kind != .directory {
            throw refusal("it would replace the root directory")
        }
        guard let existing = Self.fileType(path) else { return }
        if kind == .directory {
            guard existing != S_IFLNK else { throw refusal("a directory would replace a symbolic link") }
        } else {
            guard existing != S_IFDIR else { throw refusal("a directory is in its place") }
        }
    }

    /// Points the hard link into the root; false if it links to itself.
    private func prepareHardLink(
        _ entry: OpaquePointer,
        at path: [CChar],
        summary: inout ExtractionSummary
    ) throws(ArchiveError) -> Bool {
        let name = try checkedName(bytes(of: archive_entry_hardlink(entry)), role: "the file that it links to")
        let target = try self.path(of: name)
        guard target != path else {
            summary.warn("passed over \(entryName): it is a hard link to itself")
            return false
        }
        // Some formats give a link the content too. With a symbolic link as the target, libarchive would then apply
        // the entry's mode to whatever that leads to.
        if let type = Self.fileType(target), type != S_IFREG {
            guard type != S_IFDIR else { throw refusal("it is a hard link to a directory") }
            if archive_entry_size(entry) > 0 {
                throw refusal("it is a hard link with content of its own to something that is not a file")
            }
        }
        target.withUnsafeBufferPointer { archive_entry_copy_hardlink(entry, $0.baseAddress) }
        return true
    }

    /// Drops the immutable and append-only flags, which would keep the caller from removing or changing the tree.
    private func dropLockingFlags(_ entry: OpaquePointer, summary: inout ExtractionSummary) {
        var set: UInt = 0
        var clear: UInt = 0
        archive_entry_fflags(entry, &set, &clear)
        let locking: UInt = 0x10 | 0x20  // FS_IMMUTABLE_FL and FS_APPEND_FL of linux/fs.h
        if set & locking != 0 {
            archive_entry_set_fflags(entry, set & ~locking, clear)
            summary.warn("\(entryName): its immutable or append-only flag is not set")
        }
    }

    private static func fileType(_ path: [CChar]) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func times(of entry: OpaquePointer) -> [timespec]? {
        guard archive_entry_mtime_is_set(entry) != 0 else { return nil }
        let changed = timespec(tv_sec: archive_entry_mtime(entry), tv_nsec: archive_entry_mtime_nsec(entry))
        guard archive_entry_atime_is_set(entry) != 0 else { return [changed, changed] }
        return [timespec(tv_sec: archive_entry_atime(entry), tv_nsec: archive_entry_atime_nsec(entry)), changed]
    }

    private func count(_ kind: ArchiveEntry.Kind, in summary: inout ExtractionSummary) {
        switch kind {
        case .file: summary.files += 1
        case .directory: summary.directories += 1
        case .symbolicLink: summary.symbolicLinks += 1
        case .hardLink: summary.hardLinks += 1
        default: summary.specialFiles += 1
        }
    }

    // MARK: - Errors

    private func refusal(_ reason: String) -> ArchiveError {
        ArchiveError(
            .unsafe,
            "refused to extract entry \(entryName) of archive \(archiveName): \(reason)",
            hint: Self.packAgain
        )
    }

    private func failure() -> ArchiveError {
        let text = disk.errorText
        if text.hasPrefix("Cannot extract through symlink") {
            return refusal("it leads through a symbolic link")
        }
        let number = archive_errno(disk.raw)
        let reason = number > 0 ? ": \(Errno(rawValue: number))" : ""
        let isFull = number == ENOSPC || number == EDQUOT
        return ArchiveError(
            isFull ? .noSpace : .cannotExtract,
            "could not extract entry \(entryName) of archive \(archiveName): \(text)\(reason)",
            hint: isFull ? "make room, or give a larger size" : nil
        )
    }

    private static let packAgain =
        "pack the root directory itself: tar --numeric-owner --xattrs -C DIRECTORY -c . (and mistrust this archive)"
}

extension ArchiveEntry.Kind {
    fileprivate var isDevice: Bool {
        switch self {
        case .characterDevice, .blockDevice: true
        default: false
        }
    }
}
