import CArchive
import SystemPackage

/// Owns a `struct archive` of whatever kind (reader, writer, disk writer), and frees it.
struct ArchiveHandle: ~Copyable {
    let raw: OpaquePointer

    /// Takes what `archive_read_new` and its like return; nil means that memory ran out.
    init(_ raw: OpaquePointer?) throws(ArchiveError) {
        guard let raw else { throw ArchiveError(.unreadable, "could not start libarchive: out of memory") }
        self.raw = raw
    }

    deinit {
        archive_free(raw)
    }

    /// The library's own words for its last error, if it left any (it does not always).
    var errorText: String {
        guard let text = bytes(of: archive_error_string(raw)), !text.isEmpty else {
            return "libarchive gives no reason"
        }
        // It says what failed, and only the number says why.
        let number = archive_errno(raw)
        let isPlain = text.elementsEqual("Write error".utf8) || text.elementsEqual("Read error".utf8)
        return printable(text) + (isPlain && number > 0 ? ": \(Errno(rawValue: number))" : "")
    }
}
