import CArchive
import SystemPackage

/// Reads a tar or cpio archive, compressed or not, entry by entry.
///
/// Compressions: gzip, bzip2, compress, lzma, xz, lzip, lz4, zstd, found by content. Formats: every tar and cpio that
/// libarchive knows, and no other: a root file system needs owners and device nodes, and the archive is a stranger's, so
/// the library's other parsers (rar, 7zip, iso9660 ...; mtree would even read the host's own files) stay out of reach.
///
/// `next` checks what plain tar readers let pass: an archive that stops between two entries is `truncated`, and after the
/// last entry the file is read to its end, so that a damaged tail or a wrong checksum is noticed.
package struct ArchiveReader: ~Copyable {
    /// Harmless oddities met so far, such as an attribute that could not be understood.
    private(set) var warnings: [String] = []

    private let stream: DecompressedStream
    private let format: ArchiveHandle
    private var entryCount = 0
    private var hasCurrentEntry = false
    private var ended = false

    /// Opens an archive file.
    package init(path: FilePath) throws(ArchiveError) {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            let reason = (error as? Errno)?.description ?? "\(error)"
            throw ArchiveError(.unreadable, "could not open archive \(printable(path)): \(reason)")
        }
        try self.init(descriptor: descriptor, ownsDescriptor: true, name: printable(path))
    }

    /// Reads from an open descriptor, from its current position on, and leaves it open. `name` is for messages.
    package init(descriptor: FileDescriptor, name: String) throws(ArchiveError) {
        try self.init(descriptor: descriptor, ownsDescriptor: false, name: name)
    }

    /// Reads a part of a file, wherever the descriptor stands, and leaves it open.
    init(descriptor: FileDescriptor, range: Range<Int64>, name: String) throws(ArchiveError) {
        try self.init(descriptor: descriptor, ownsDescriptor: false, name: name, range: range)
    }

    private init(
        descriptor: FileDescriptor, ownsDescriptor: Bool, name: String, range: Range<Int64>? = nil
    ) throws(ArchiveError) {
        let stream = try DecompressedStream(
            descriptor: descriptor, ownsDescriptor: ownsDescriptor, name: name, range: range)
        let format = try ArchiveHandle(archive_read_new())
        archive_read_support_format_tar(format.raw)
        archive_read_support_format_cpio(format.raw)
        // The stream outlives the reader that calls back: both are properties of this value, and archive_free does not
        // read any more.
        let status = archive_read_open(
            format.raw,
            Unmanaged.passUnretained(stream).toOpaque(),
            nil,
            { _, client, buffer in
                guard let client, let buffer else { return -1 }
                let stream = Unmanaged<DecompressedStream>.fromOpaque(client).takeUnretainedValue()
                guard let chunk = stream.next() else { return -1 }
                buffer.pointee = chunk.baseAddress
                return chunk.count
            },
            nil
        )
        // The format is guessed here already, from the first bytes.
        guard status == ARCHIVE_OK else {
            throw stream.failure
                ?? ArchiveError(
                    .notAnArchive,
                    "could not read archive \(name): it is neither a tar nor a cpio archive",
                    hint: "compressed with gzip, bzip2, xz, lzma, lzip, lz4 or zstd, or not at all"
                )
        }
        self.stream = stream
        self.format = format
    }

    /// The archive's name for messages.
    package var name: String { stream.name }

    /// How many bytes of the (compressed) file have been read: what a progress bar wants.
    package var bytesRead: Int64 { stream.bytesRead }

    /// Goes to the next entry, past the content of this one; nil after the last.
    package mutating func next() throws(ArchiveError) -> ArchiveEntry? {
        let previous = NameLocale.raw.enter()
        defer { NameLocale.leave(previous) }
        return try nextRaw().map { ArchiveEntry($0) }
    }

    /// The content of the current entry, `limit` bytes of it at most.
    package mutating func readContent(limit: Int = 64 << 20) throws(ArchiveError) -> [UInt8] {
        var content: [UInt8] = []
        while content.count < limit, let block = try nextBlock() {
            guard block.offset <= Int64(limit) else { break }
            if content.count < block.offset {  // a hole
                content.append(contentsOf: repeatElement(0, count: Int(block.offset) - content.count))
            }
            content.append(contentsOf: block.bytes.prefix(limit - content.count))
        }
        return content
    }

    /// The next entry as libarchive's own, valid until the call after; run it inside `NameLocale.raw`.
    mutating func nextRaw() throws(ArchiveError) -> OpaquePointer? {
        guard !ended else { return nil }
        if hasCurrentEntry {
            guard archive_read_data_skip(format.raw) == ARCHIVE_OK else { throw failure() }
            hasCurrentEntry = false
        }
        stream.watch(from: archive_filter_bytes(format.raw, 0))
        var entry: OpaquePointer?
        switch archive_read_next_header(format.raw, &entry) {
        case ARCHIVE_OK:
            break
        case ARCHIVE_WARN:
            note(format.errorText)
        case ARCHIVE_EOF:
            ended = true
            try checkEnd()
            return nil
        default:
            throw failure()
        }
        entryCount += 1
        hasCurrentEntry = true
        return entry
    }

    /// The next piece of the current entry's content and its place in the file; valid until the next call.
    mutating func nextBlock() throws(ArchiveError) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        guard hasCurrentEntry else { return nil }
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        switch archive_read_data_block(format.raw, &start, &count, &offset) {
        case ARCHIVE_OK, ARCHIVE_WARN:
            return (UnsafeRawBufferPointer(start: start, count: count), offset)
        case ARCHIVE_EOF:
            return nil
        default:
            throw failure()
        }
    }

    mutating func takeWarnings() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// After the last entry: is the end marker there, and does the rest of the file decompress?
    private func checkEnd() throws(ArchiveError) {
        if let failure = stream.failure { throw failure }
        let isTar = archive_format(format.raw) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR
        if isTar, !stream.sawZeroBlock {
            throw ArchiveError(
                .truncated,
                "could not read archive \(name): it is truncated: it ends after \(entryCount) entries"
                    + " without the marker that ends a tar archive",
                hint: DecompressedStream.fetchAgain
            )
        }
        while !stream.reachedEnd {
            guard stream.next() != nil else { break }
        }
        if let failure = stream.failure { throw failure }
    }

    private mutating func note(_ warning: String) {
        // Said of every name that is not ASCII, see NameLocale: the raw bytes are kept, which is what we want.
        guard !warning.hasSuffix("can't be converted from UTF-8 to current locale.") else { return }
        warnings.append("entry \(entryCount + 1): \(warning)")
    }

    private func failure() -> ArchiveError {
        if let failure = stream.failure { return failure }
        let text = format.errorText
        if stream.reachedEnd {
            let number = hasCurrentEntry ? entryCount : entryCount + 1
            return ArchiveError(
                .truncated,
                "could not read archive \(name): it is truncated in the middle of entry \(number), after \(bytesRead) bytes",
                hint: DecompressedStream.fetchAgain
            )
        }
        return ArchiveError(
            .damaged,
            "could not read archive \(name) after \(entryCount) entries: \(text)",
            hint: DecompressedStream.fetchAgain
        )
    }
}
