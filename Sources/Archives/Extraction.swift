import CArchive
import SystemPackage

/// Extracts the root file system in an archive into a directory that exists.
///
/// Made for root: numeric owners, setuid bits, times, hard links, extended attributes (file capabilities), ACLs, device
/// nodes, fifos and sparse files come out as the archive has them. What is missing for a plain user ends up as warnings.
///
/// The archive is not trusted: nothing is written, linked or changed outside of `root`, whatever the archive holds.
/// An entry that leads through a symbolic link is refused even if that link stays inside: an archive made from a root
/// directory has no such entry, and resolving the link would mean trusting it. The same holds for an entry that turns a
/// directory into something else. On an error, what has been extracted so far stays for the caller to remove.
///
/// Two notes for callers: setuid files of a stranger lie in the tree, so keep it below a directory of mode 0700; and
/// libarchive sets the process's umask to 0 for moments, so other threads should give modes explicitly.
///
/// - Parameters:
///   - progress: called with the number of bytes read from the (compressed) archive file, at least once per entry.
///   - isCancelled: asked between entries and pieces; `true` ends the extraction with an error of kind `cancelled`.
/// - Throws: `truncated` for an archive that ends too early anywhere, `empty` for one with no files in it.
@discardableResult
package func extract(
    archive: FilePath,
    into root: FilePath,
    progress: ((Int64) -> Void)? = nil,
    isCancelled: () -> Bool = { false }
) throws(ArchiveError) -> ExtractionSummary {
    var reader = try ArchiveReader(path: archive)
    return try reader.extract(into: root, progress: progress, isCancelled: isCancelled)
}

extension ArchiveReader {
    /// Extracts all entries that are left; see `extract(archive:into:)`.
    @discardableResult
    package mutating func extract(
        into root: FilePath,
        progress: ((Int64) -> Void)? = nil,
        isCancelled: () -> Bool = { false }
    ) throws(ArchiveError) -> ExtractionSummary {
        let previous = NameLocale.raw.enter()
        defer { NameLocale.leave(previous) }
        var disk = try DiskWriter(root: root, archiveName: name)
        var summary = ExtractionSummary()
        while true {
            if isCancelled() {
                throw ArchiveError(.cancelled, "stopped while extracting archive \(name)")
            }
            guard let entry = try nextRaw() else { break }
            for warning in takeWarnings() {
                summary.warn(warning)
            }
            if try disk.create(entry, summary: &summary) {
                try copyContent(to: &disk, summary: &summary, progress: progress, isCancelled: isCancelled)
                try disk.finishEntry(summary: &summary)
            }
            progress?(bytesRead)
        }
        try disk.close(summary: &summary)
        summary.archiveBytes = bytesRead
        guard summary.entries > summary.directories else {
            throw ArchiveError(
                .empty,
                "could not extract archive \(name): there are no files in it"
                    + (summary.directories > 0 ? ", only \(summary.directories) directories" : "")
            )
        }
        return summary
    }

    private mutating func copyContent(
        to disk: inout DiskWriter,
        summary: inout ExtractionSummary,
        progress: ((Int64) -> Void)?,
        isCancelled: () -> Bool
    ) throws(ArchiveError) {
        var sinceReport = 0
        while let block = try nextBlock() {
            try disk.write(block.bytes, at: block.offset)
            summary.contentBytes += Int64(block.bytes.count)
            sinceReport += block.bytes.count
            if sinceReport >= 4 << 20 {
                sinceReport = 0
                progress?(bytesRead)
                if isCancelled() {
                    throw ArchiveError(.cancelled, "stopped while extracting archive \(name)")
                }
            }
        }
    }
}
