import CArchive
import Glibc
import SystemPackage

/// The decompressed bytes of an archive file, as the reader of the archive's format pulls them.
///
/// Two libarchive readers stand behind one another: this one decompresses (its format is "raw"), the next one reads tar
/// or cpio from what this one hands out. One reader would do both, but would stop at tar's end marker: a compressed file
/// cut or damaged behind it would pass, and a tar cut between two entries could not be told from a whole one.
final class DecompressedStream {
    /// The archive's name for messages.
    let name: String
    /// Why decompression failed, once it has; the format's reader only learns that there was an error.
    private(set) var failure: ArchiveError?
    /// Whether the format's reader has asked for bytes behind the last one.
    private(set) var reachedEnd = false

    private let filters: ArchiveHandle
    private let descriptor: FileDescriptor
    private let ownsDescriptor: Bool
    /// The size of a regular file, or of the part of it that is read; nil for a pipe.
    private let fileSize: Int64?
    /// The part of the file that is read; nil for all from the descriptor's position on.
    private let part: FilePart?
    private var gzip = GzipCheck()

    private var chunk = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where the current chunk begins in the decompressed stream.
    private var chunkStart: Int64 = 0
    /// The last bytes before the current chunk.
    private var tail: [UInt8] = []
    private var watched: [UInt8] = []

    /// Opens a file. Only decompressors that are in the library are asked for: `archive_read_support_filter_all` would
    /// also start `lrzip` and other programs when a file's first bytes ask for it.
    ///
    /// - Parameter range: the bytes of the file that are the archive; nil for all from the descriptor's position on.
    init(
        descriptor: FileDescriptor, ownsDescriptor: Bool, name: String, range: Range<Int64>? = nil
    ) throws(ArchiveError) {
        self.name = name
        self.descriptor = descriptor
        self.ownsDescriptor = ownsDescriptor
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else {
            throw ArchiveError(.unreadable, "could not read archive \(name): \(Errno(rawValue: errno))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw ArchiveError(.unreadable, "could not read archive \(name): it is a directory")
        }
        fileSize = range.map { Int64($0.count) } ?? (status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil)
        part = range.map { FilePart(descriptor, $0) }
        filters = try ArchiveHandle(archive_read_new())
        for support in [
            archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_compress,
            archive_read_support_filter_lzma, archive_read_support_filter_xz, archive_read_support_filter_lzip,
            archive_read_support_filter_lz4, archive_read_support_filter_zstd, archive_read_support_format_raw,
            archive_read_support_format_empty,
        ] {
            _ = support(filters.raw)
        }
        let opened =
            part.map { $0.open(filters.raw) } ?? archive_read_open_fd(filters.raw, descriptor.rawValue, 256 * 1024)
        guard opened == ARCHIVE_OK else { throw describeFailure() }
        var entry: OpaquePointer?
        switch archive_read_next_header(filters.raw, &entry) {
        case ARCHIVE_OK, ARCHIVE_WARN:
            break
        case ARCHIVE_EOF where archive_filter_bytes(filters.raw, -1) == 0:
            throw ArchiveError(.empty, "could not read archive \(name): the file is empty")
        case ARCHIVE_EOF:
            throw ArchiveError(.empty, "could not read archive \(name): it is compressed, with nothing inside")
        default:
            throw describeFailure()
        }
    }

    deinit {
        // libarchive does not read in archive_free, so that the descriptor may go first.
        if ownsDescriptor {
            try? descriptor.close()
        }
    }

    /// Whether a decompressor took the file for its own.
    var isCompressed: Bool { archive_filter_code(filters.raw, 0) != ARCHIVE_FILTER_NONE }

    /// How many bytes of the (compressed) file have been read: at the end of gzip data, up to there and no further.
    private(set) var bytesRead: Int64 = 0

    /// The next piece, empty at the end, nil on an error (then `failure` says which). The piece lives until the next call.
    func next() -> UnsafeRawBufferPointer? {
        guard failure == nil else { return nil }
        chunkStart += Int64(chunk.count)
        tail = Array((tail + chunk.suffix(Self.block)).suffix(Self.block))
        chunk = UnsafeRawBufferPointer(start: nil, count: 0)
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        let status = archive_read_data_block(filters.raw, &start, &count, &offset)
        // After an error the library does not know any more.
        bytesRead = max(bytesRead, archive_filter_bytes(filters.raw, -1))
        switch status {
        case ARCHIVE_OK, ARCHIVE_WARN:
            chunk = UnsafeRawBufferPointer(start: start, count: count)
            if archive_filter_code(filters.raw, 0) == ARCHIVE_FILTER_GZIP {
                gzip.add(chunk)
            }
            if watched.count < Self.block {
                watched.append(contentsOf: chunk.prefix(Self.block - watched.count))
            }
            return chunk
        case ARCHIVE_EOF:
            reachedEnd = true
            if archive_filter_code(filters.raw, 0) == ARCHIVE_FILTER_GZIP, archive_filter_count(filters.raw) == 2,
                let fileSize, gzip.contradicts(descriptor, size: part.map { $0.start + bytesRead } ?? fileSize)
            {
                failure = ArchiveError(
                    .damaged,
                    "could not read archive \(name): the checksum of its content is wrong",
                    hint: Self.fetchAgain
                )
                return nil
            }
            return chunk
        default:
            failure = describeFailure()
            return nil
        }
    }

    /// Remembers the 512 bytes from `position` on, where the format's reader stands. It never stands further back than
    /// one block before the current piece: it pulls the next one only when less than a block is left.
    func watch(from position: Int64) {
        let ahead = Int(position - chunkStart)
        watched.removeAll(keepingCapacity: true)
        if ahead < 0 {
            watched.append(contentsOf: tail.suffix(-ahead))
        }
        watched.append(contentsOf: chunk.dropFirst(max(0, ahead)).prefix(Self.block - watched.count))
    }

    /// Whether a whole block of zeros stands where `watch` looked: what ends a tar archive.
    var sawZeroBlock: Bool {
        watched.count == Self.block && watched.allSatisfy { $0 == 0 }
    }

    static let fetchAgain = "fetch or make the archive again, and compare its checksum"
    private static let block = 512

    private func describeFailure() -> ArchiveError {
        let text = filters.errorText
        let position = part?.position ?? Int64(lseek(descriptor.rawValue, 0, SEEK_CUR))
        let read = position < 0 ? bytesRead : position
        // Some decompressors say that the input is cut, some only that they came no further, and some say nothing.
        // They all have it in common that they have eaten the whole file and want more.
        let cut = text.contains("runcated") || text.contains("o progress") || archive_error_string(filters.raw) == nil
        if cut, fileSize.map({ read >= $0 }) ?? true {
            return ArchiveError(
                .truncated,
                "could not read archive \(name): it is truncated: the compressed data stops after \(read) bytes",
                hint: Self.fetchAgain
            )
        }
        return ArchiveError(
            .damaged,
            "could not read archive \(name) after \(read) bytes: \(text)",
            hint: Self.fetchAgain
        )
    }
}

/// A part of a file, as libarchive pulls it.
private final class FilePart {
    let start: Int64
    private let end: Int64
    private let descriptor: FileDescriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    /// How many bytes of it have been read.
    private(set) var position: Int64 = 0

    init(_ descriptor: FileDescriptor, _ range: Range<Int64>) {
        self.descriptor = descriptor
        start = range.lowerBound
        end = range.upperBound
    }

    deinit { buffer.deallocate() }

    /// The part lives as long as the stream, which does not let the library read without it.
    func open(_ archive: OpaquePointer) -> Int32 {
        archive_read_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, client, target in
                guard let client, let target else { return -1 }
                let part = Unmanaged<FilePart>.fromOpaque(client).takeUnretainedValue()
                target.pointee = UnsafeRawPointer(part.buffer.baseAddress)
                return part.fill()
            }, nil)
    }

    private func fill() -> Int {
        let wanted = min(Int64(buffer.count), end - start - position)
        guard wanted > 0 else { return 0 }
        let count = pread(descriptor.rawValue, buffer.baseAddress, Int(wanted), off_t(start + position))
        // archive_set_error is variadic, which Swift does not import: the library then gives no reason.
        guard count >= 0 else { return -1 }
        position += Int64(count)
        return count
    }
}
