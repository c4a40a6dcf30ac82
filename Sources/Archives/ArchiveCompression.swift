import CArchive
import SystemPackage

/// How a written archive is compressed.
package enum ArchiveCompression: String, CaseIterable, Sendable {
    case none = ".tar"
    case gzip = ".tar.gz"
    case xz = ".tar.xz"
    case zstd = ".tar.zst"

    /// The compression that a file name asks for by its suffix, `.tgz` and the like included; nil for another suffix.
    package init?(suffixOf path: FilePath) {
        guard let name = path.lastComponent?.string else { return nil }
        let short = [".tgz": Self.gzip, ".txz": .xz, ".tzst": .zstd]
        let found =
            Self.allCases.first { name.hasSuffix($0.rawValue) } ?? short.first { name.hasSuffix($0.key) }?.value
        guard let found else { return nil }
        self = found
    }

    func add(to archive: OpaquePointer) -> Int32 {
        switch self {
        case .none: archive_write_add_filter_none(archive)
        case .gzip: archive_write_add_filter_gzip(archive)
        case .xz: threaded(archive, archive_write_add_filter_xz(archive))
        case .zstd: threaded(archive, archive_write_add_filter_zstd(archive))
        }
    }

    /// As many threads as there are cores, where the library was built for it; it does not know the option elsewhere.
    private func threaded(_ archive: OpaquePointer, _ status: Int32) -> Int32 {
        _ = archive_write_set_filter_option(archive, nil, "threads", "0")
        return status
    }
}
