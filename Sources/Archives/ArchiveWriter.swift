import CArchive
import Glibc
import SystemPackage

/// Writes a tar archive in the pax format, compressed or not.
///
/// Without `finish` the file stays without its end marker, so that half an archive is never taken for a whole one.
package struct ArchiveWriter: ~Copyable {
    let archive: ArchiveHandle
    let name: String
    private let descriptor: FileDescriptor
    private var finished = false

    /// Creates the file, or empties it if it exists. Its mode is 0600: a root file system has secrets in it.
    ///
    /// - Parameter compression: nil takes it from the file name's suffix.
    package init(to path: FilePath, compression: ArchiveCompression? = nil) throws(ArchiveError) {
        let name = printable(path)
        guard let compression = compression ?? ArchiveCompression(suffixOf: path) else {
            throw ArchiveError(
                .cannotWrite,
                "could not write archive \(name): its suffix names no format",
                hint: "use one of " + ArchiveCompression.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        let archive = try ArchiveHandle(archive_write_new())
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
        } catch {
            let reason = (error as? Errno)?.description ?? "\(error)"
            throw ArchiveError(.cannotWrite, "could not write archive \(name): \(reason)")
        }
        try self.init(archive, to: descriptor, name: name, compression) { raw in
            // "Restricted" pax is plain ustar wherever that can hold the entry.
            archive_write_set_format_pax_restricted(raw)
        }
    }

    /// Writes plain ustar, not compressed, and not a byte behind its end: for readers that know no more, and take what follows
    /// for something else.
    ///
    /// - Parameters:
    ///   - stream: is closed at the end. It may be a pipe.
    ///   - name: as errors call it.
    package init(streamingTo stream: FileDescriptor, name: String) throws(ArchiveError) {
        try self.init(ArchiveHandle(archive_write_new()), to: stream, name: name, .none) { raw in
            min(archive_write_set_format_ustar(raw), archive_write_set_bytes_in_last_block(raw, 1))
        }
    }

    private init(
        _ archive: consuming ArchiveHandle, to descriptor: FileDescriptor, name: String,
        _ compression: ArchiveCompression,
        format: (OpaquePointer) -> Int32
    ) throws(ArchiveError) {
        guard format(archive.raw) == ARCHIVE_OK, compression.add(to: archive.raw) == ARCHIVE_OK,
            archive_write_open_fd(archive.raw, descriptor.rawValue) == ARCHIVE_OK
        else {
            try? descriptor.close()
            throw ArchiveError(.cannotWrite, "could not write archive \(name): \(archive.errorText)")
        }
        self.name = name
        self.descriptor = descriptor
        self.archive = archive
    }

    deinit {
        if !finished {
            // Else archive_free would write the end marker.
            archive_write_fail(archive.raw)
            try? descriptor.close()
        }
    }

    /// Adds an entry. The size that counts is the content's.
    package mutating func add(_ entry: ArchiveEntry, content: [UInt8] = []) throws(ArchiveError) {
        let previous = NameLocale.utf8.enter()
        defer { NameLocale.leave(previous) }
        guard let raw = archive_entry_new() else {
            throw ArchiveError(.cannotWrite, "could not write archive \(name): out of memory")
        }
        defer { archive_entry_free(raw) }
        entry.fill(raw)
        archive_entry_set_size(raw, Int64(content.count))
        try writeHeader(raw)
        try content.withUnsafeBytes { bytes in
            Result { () throws(ArchiveError) in try writeContent(bytes) }
        }.get()
    }

    /// Writes the end marker and closes the file.
    package mutating func finish() throws(ArchiveError) {
        guard !finished else { return }
        let status = archive_write_close(archive.raw)
        let text = archive.errorText
        finished = true
        do {
            try descriptor.close()
        } catch {
            throw ArchiveError(.cannotWrite, "could not write archive \(name): \(error)")
        }
        guard status == ARCHIVE_OK else {
            throw ArchiveError(.cannotWrite, "could not write archive \(name): \(text)")
        }
    }

    func writeHeader(_ entry: OpaquePointer) throws(ArchiveError) {
        let status = archive_write_header(archive.raw, entry)
        // A name that is not UTF-8 brings a warning, and is stored as it is.
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else {
            let subject = printable(bytes(of: archive_entry_pathname(entry)) ?? [])
            throw ArchiveError(.cannotWrite, "could not write \"\(subject)\" to archive \(name): \(archive.errorText)")
        }
    }

    func writeContent(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = archive_write_data(
                archive.raw,
                UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                rest.count
            )
            guard written > 0 else {
                throw ArchiveError(.cannotWrite, "could not write archive \(name): \(archive.errorText)")
            }
            rest = rest.dropFirst(written)
        }
    }
}
