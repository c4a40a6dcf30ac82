import Archives
import GuestModel
import LinuxHost
import SystemPackage

/// A root file system from an archive, in any format and compression that libarchive(3) knows.
struct TarInstaller: RootInstaller {
    let archive: FilePath

    var summary: String { "Unpack \(archive)" }

    var requirements: [(program: String, package: String)] { [] }

    func install(at site: InstallationSite, on host: Host) async throws {
        do {
            let summary = try extract(archive: archive, into: site.root, isCancelled: { Task.isCancelled })
            if let log = site.log, !summary.warnings.isEmpty {
                try host.files.append(summary.warnings.map { "archive: \($0)\n" }.joined(), to: log)
            }
        } catch let error as ArchiveError {
            throw BootstrapError(error)
        }
    }
}
