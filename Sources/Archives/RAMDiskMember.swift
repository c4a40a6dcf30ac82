import CArchive
import SystemPackage

/// Files that are added to an initial RAM disk of Linux: an archive of their own, behind those that are there.
///
/// The kernel unpacks one archive after the other into the same tree, so that what is there stays as it is, to the byte. The
/// archive is cpio in the new format, packed with gzip; the same files make the same bytes. All files are root's.
package struct RAMDiskMember: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        enum Content: Sendable, Equatable {
            case bytes([UInt8])
            case link(to: String)
        }

        /// Relative to the root: `preseed.cfg`.
        package let path: String
        let content: Content
        /// 0 to 0o7777.
        let mode: UInt16

        package init(path: String, contents: [UInt8], mode: UInt16 = 0o644) {
            self.path = path
            content = .bytes(contents)
            self.mode = mode & 0o7777
        }

        /// A symbolic link.
        package init(path: String, linkTo target: String) {
            self.path = path
            content = .link(to: target)
            mode = 0o777
        }
    }

    /// What goes into the archive, in its order.
    let entries: [(entry: ArchiveEntry, content: [UInt8])]

    package static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { $0 == $1 }
    }

    /// - Parameters:
    ///   - files: in this order; of two archives that have the same name, the kernel takes the later one's.
    ///   - existing: what the disk has already (``InitialRAMDisk/names``). Directories that are missing are made, with mode 0755;
    ///     one of these never is: where it is a link to a directory, as `lib` may be, the kernel would put the new directory in
    ///     the link's place, and all behind it would be gone.
    ///   - modificationTime: of all of them, in seconds since 1970.
    /// - Throws: `unsafe` for what the kernel would not unpack, or would unpack somewhere else.
    package init(
        _ files: [File], existing: some Sequence<String> = [], modificationTime: Int64 = 0
    ) throws(ArchiveError) {
        // Its header has 32 bits for it.
        let time = max(0, min(modificationTime, Int64(UInt32.max)))
        var entries: [(ArchiveEntry, [UInt8])] = []
        let existing = Set(existing.map { FilePath($0) })
        // Paths are compared by their bytes, as the kernel does; texts are not.
        var directories: Set<FilePath> = []
        var taken: Set<FilePath> = []
        for file in files {
            try Self.check(file)
            let path = FilePath(file.path)
            var directory = FilePath()
            for part in path.removingLastComponent().components {
                directory.append(part)
                guard !taken.contains(directory) else {
                    throw Self.refusal(file.path, "\(directory) is a file")
                }
                guard !existing.contains(directory), directories.insert(directory).inserted else { continue }
                let entry = ArchiveEntry(
                    path: directory, kind: .directory, permissions: 0o755, modificationTime: time)
                entries.append((entry, []))
            }
            guard taken.insert(path).inserted, !directories.contains(path) else {
                throw Self.refusal(file.path, "there are two of that name")
            }
            var entry = ArchiveEntry(path: path, permissions: file.mode, modificationTime: time)
            switch file.content {
            case .bytes(let bytes):
                entry.size = Int64(bytes.count)
                entries.append((entry, bytes))
            case .link(let target):
                entry.kind = .symbolicLink(to: FilePath(target))
                entries.append((entry, []))
            }
        }
        self.entries = entries
    }

    /// The archive's bytes.
    package func archive() throws(ArchiveError) -> [UInt8] {
        let output = Output()
        // archive_free may write, too: the writer has gone when this is left.
        defer { withExtendedLifetime(output) {} }
        try write(to: output)
        return output.bytes
    }

    private func write(to output: Output) throws(ArchiveError) {
        let archive = try ArchiveHandle(archive_write_new())
        func check(_ status: Int32) throws(ArchiveError) {
            guard status == ARCHIVE_OK else { throw Self.failure(archive) }
        }
        let previous = NameLocale.utf8.enter()
        defer { NameLocale.leave(previous) }
        try check(archive_write_set_format_cpio_newc(archive.raw))
        try check(archive_write_add_filter_gzip(archive.raw))
        // That of its making would make other bytes each time.
        try check(archive_write_set_filter_option(archive.raw, "gzip", "timestamp", nil))
        try check(archive_write_set_bytes_in_last_block(archive.raw, 1))
        try check(
            archive_write_open(
                archive.raw, Unmanaged.passUnretained(output).toOpaque(), nil,
                { _, client, bytes, count in
                    guard let client else { return -1 }
                    Unmanaged<Output>.fromOpaque(client).takeUnretainedValue().bytes
                        .append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
                    return count
                }, nil))
        for (number, (entry, content)) in entries.enumerated() {
            guard let raw = archive_entry_new() else {
                throw ArchiveError(.cannotWrite, "could not make an archive for the initial RAM disk: out of memory")
            }
            defer { archive_entry_free(raw) }
            entry.fill(raw)
            archive_entry_set_ino64(raw, Int64(number + 1))
            archive_entry_set_nlink(raw, entry.kind == .directory ? 2 : 1)
            try check(archive_write_header(archive.raw, raw))
            guard
                content.withUnsafeBytes({ archive_write_data(archive.raw, $0.baseAddress, $0.count) }) == content.count
            else { throw Self.failure(archive) }
        }
        try check(archive_write_close(archive.raw))
    }

    /// Adds the archive at the end of an initial RAM disk, after zeros up to a multiple of four bytes: what the kernel's buffer
    /// format allows between archives, and older kernels need where the one before was not packed.
    ///
    /// - Parameter disk: a regular file. When writing fails, a part may have been added.
    /// - Returns: where in the file it begins.
    @discardableResult
    package func append(to disk: FileDescriptor) throws(ArchiveError) -> Int64 {
        let bytes = try archive()
        do {
            let end = try disk.seek(offset: 0, from: .end)
            let padding = [UInt8](repeating: 0, count: Int((4 - end % 4) % 4))
            _ = try disk.writeAll(padding + bytes)
            return end + Int64(padding.count)
        } catch {
            let code = error as? Errno
            throw ArchiveError(
                code == .noSpace ? .noSpace : .cannotWrite,
                "could not add to the initial RAM disk: \(code?.description ?? "\(error)")",
                hint: code == .noSpace ? "make room" : nil)
        }
    }

    // MARK: - Rules

    /// Longer ones, init/initramfs.c passes over without a word (PATH_MAX), and the file system refuses (NAME_MAX).
    private static let longestPath = 4095
    private static let longestPart = 255

    private static func check(_ file: File) throws(ArchiveError) {
        let path = file.path
        guard !path.isEmpty, !path.utf8.contains(0) else { throw refusal(path, "it is no name of a file") }
        guard !path.hasPrefix("/") else { throw refusal(path, "it is not relative to the root") }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw refusal(path, "it has an empty part, \".\" or \"..\"")
        }
        guard path.utf8.count <= longestPath, parts.allSatisfy({ $0.utf8.count <= longestPart }) else {
            throw refusal(path, "it is too long")
        }
        // By this name, an archive ends.
        guard path != "TRAILER!!!" else { throw refusal(path, "the kernel would take it for the archive's end") }
        switch file.content {
        case .bytes(let bytes):
            guard bytes.count <= Int(UInt32.max) else { throw refusal(path, "it has 4 GiB or more") }
        case .link(let target):
            guard !target.isEmpty, target.utf8.count <= longestPath, !target.utf8.contains(0) else {
                throw refusal(path, "it leads nowhere")
            }
        }
    }

    private static func failure(_ archive: borrowing ArchiveHandle) -> ArchiveError {
        ArchiveError(.cannotWrite, "could not make an archive for the initial RAM disk: \(archive.errorText)")
    }

    private static func refusal(_ path: String, _ reason: String) -> ArchiveError {
        ArchiveError(
            .unsafe,
            "could not add \"\(printable(Array(path.utf8)))\" to the initial RAM disk: \(printable(Array(reason.utf8)))"
        )
    }

    /// What libarchive writes, as it comes.
    private final class Output {
        var bytes: [UInt8] = []
    }
}
