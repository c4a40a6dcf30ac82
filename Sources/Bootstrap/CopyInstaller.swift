import GuestModel
import LinuxHost
import SystemPackage

/// A copy of a directory of the host, by cp(1): it shares blocks where the file system can, and keeps everything.
struct CopyInstaller: RootInstaller {
    let source: FilePath

    var summary: String { "Copy \(source)" }

    var requirements: [(program: String, package: String)] { [("cp", "coreutils")] }

    func install(at site: InstallationSite, on host: Host) async throws {
        guard try host.files.entry(at: source)?.kind == .directory else {
            throw BootstrapError("cannot copy \(source): it is not a directory", cause: .noInput)
        }
        let copy = Invocation(
            "cp", ["-a", "--reflink=auto", "--sparse=auto", "--one-file-system", "--", "\(source)/.", "\(site.root)/"],
            environment: ["LC_ALL": "C"])
        let status = try await host.processes.run(
            Confinement(helper: site.helper).wrap(copy), appendingOutputTo: site.log)
        guard status.isSuccess else {
            let tail = try BootstrapLog(site: site, host: host).complaint()
            throw BootstrapError(
                "cannot copy \(source): \(tail.text ?? "cp ended with \(status)")", hint: tail.hint, cause: tail.cause)
        }
    }
}
