import CArchive
import SystemPackage

/// One way through a disc image's entries, in the order of their places on it: what libarchive can do without going back.
struct DiscImagePass: ~Copyable {
    /// What libarchive said of the image first, where it could go on.
    private(set) var warning: String?

    private let name: String
    private let source: DiscImageSource
    private let format: ArchiveHandle
    private let descriptors: VolumeDescriptors
    private var count = 0

    private static let mostEntries = 250_000
    /// The kernel's PATH_MAX.
    private static let longestName = 4096

    init(_ file: FileDescriptor, size: Int64, name: String, descriptors: VolumeDescriptors) throws(ArchiveError) {
        let source = DiscImageSource(file, size: size)
        // The source outlives the reader that calls back: both are properties of this value, and archive_free does not
        // read any more.
        let format = try ArchiveHandle(archive_read_new())
        archive_read_support_format_iso9660(format.raw)
        guard source.open(format.raw) == ARCHIVE_OK else {
            throw source.flaw.map { ArchiveError(.damaged, "could not read disc image \(name): \($0)") }
                ?? Self.notAnImage(name)
        }
        self.name = name
        self.source = source
        self.format = format
        self.descriptors = descriptors
    }

    static func notAnImage(_ name: String) -> ArchiveError {
        ArchiveError(
            .notAnArchive, "could not read disc image \(name): it is no ISO 9660 image",
            hint: "give an installer's .iso file, as the distribution publishes it")
    }

    /// How many bytes of the image have been read.
    var bytesRead: Int64 { source.bytesRead }

    /// The next entry, with its name relative to the image's root; nil after the last.
    ///
    /// The root itself is none, and an entry that libarchive can tell nothing of is passed over with a warning.
    mutating func next() throws(ArchiveError) -> ArchiveEntry? {
        let previous = NameLocale.utf8.enter()
        defer { NameLocale.leave(previous) }
        while true {
            source.phase = .directories
            var entry: OpaquePointer?
            let status = archive_read_next_header(format.raw, &entry)
            switch status {
            case ARCHIVE_OK: break
            case ARCHIVE_WARN: if warning == nil { warning = format.errorText }
            case ARCHIVE_EOF: return nil
            default: throw failure()
            }
            count += 1
            guard count <= Self.mostEntries else {
                throw damaged("it has more than \(Self.mostEntries) entries")
            }
            // After a warning not all of it is set.
            guard status == ARCHIVE_OK, let entry else { continue }
            if let found = try read(entry) { return found }
        }
    }

    /// Hands out the current entry's content piece by piece.
    mutating func content(
        of entry: ArchiveEntry, _ use: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        source.phase = .content
        var count: Int64 = 0
        while true {
            var start: UnsafeRawPointer?
            var length = 0
            var offset: Int64 = 0
            switch archive_read_data_block(format.raw, &start, &length, &offset) {
            case ARCHIVE_OK: break
            case ARCHIVE_EOF:
                guard count == entry.size else {
                    throw damaged("\(printable(entry.path)) has \(count) bytes, and should have \(entry.size)")
                }
                return
            default: throw failure()
            }
            guard offset == count, Int64(length) <= entry.size - count else {
                throw damaged("\(printable(entry.path)) has other bytes than the \(entry.size) that it should have")
            }
            count += Int64(length)
            try use(UnsafeRawBufferPointer(start: start, count: length))
        }
    }

    private func read(_ entry: OpaquePointer) throws(ArchiveError) -> ArchiveEntry? {
        var found = ArchiveEntry(entry)
        guard let path = try self.path(bytes(of: archive_entry_pathname(entry))) else { return nil }
        found.path = path
        if let target = archive_entry_hardlink(entry) {
            guard let target = try self.path(bytes(of: target)) else { return nil }
            found.kind = .hardLink(to: target)
        }
        return found
    }

    /// A name relative to the root; nil for the root.
    ///
    /// Where the image has neither Rock Ridge nor Joliet, names are in capitals, and Linux shows them in small letters
    /// (isofs, `map=normal` of mount(8)).
    private func path(_ name: [UInt8]?) throws(ArchiveError) -> FilePath? {
        guard (name?.count ?? 0) <= Self.longestName else {
            throw damaged("it has a name of more than \(Self.longestName) bytes")
        }
        let checked: EntryName
        do {
            checked = try EntryName(name)
        } catch {
            let reason = error == .climbs ? "\"\(printable(name ?? []))\" climbs with \"..\"" : "it has no name"
            throw ArchiveError(.unsafe, "refused disc image \(self.name): entry \(count): \(reason)")
        }
        guard !checked.isRoot else { return nil }
        let isPlain = archive_format(format.raw) != ARCHIVE_FORMAT_ISO9660_ROCKRIDGE && !descriptors.hasJoliet
        return FilePath(bytes: isPlain ? checked.bytes.map(\.inSmallLetters) : checked.bytes)
    }

    private func damaged(_ reason: String) -> ArchiveError {
        ArchiveError(
            .damaged, "could not read disc image \(name): \(reason)", hint: DecompressedStream.fetchAgain)
    }

    private func failure() -> ArchiveError {
        damaged(source.flaw ?? format.errorText)
    }
}

extension UInt8 {
    fileprivate var inSmallLetters: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self + 32 : self
    }
}

extension FilePath {
    /// Bytes without a NUL, as the kernel gives and takes them.
    init(bytes: [UInt8]) {
        self = (bytes + [0]).withUnsafeBytes { FilePath(platformString: $0.bindMemory(to: CChar.self).baseAddress!) }
    }
}
