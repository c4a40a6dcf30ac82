import GuestModel
import LinuxHost
import SystemPackage

/// Asks a mirror for a suite's release file before anything is installed from it: the bootstrap tools wait for a
/// silent mirror for many minutes, and say little about why.
package struct MirrorProbe: Sendable {
    package var mirror: String
    package var suite: String
    package var proxy: String?

    package init(mirror: String, suite: String, proxy: String?) {
        self.mirror = mirror
        self.suite = suite
        self.proxy = proxy
    }

    /// apt's own downloader, so that every scheme, proxy and certificate that apt knows works here too.
    package static let requirement = (program: "/usr/lib/apt/apt-helper", package: "apt")

    /// Whether the suite is there: a question that leaves nothing behind. wget comes with debootstrap.
    package func answers(on host: Host) async -> Bool {
        var environment = ["LC_ALL": "C.UTF-8"]
        if let proxy {
            environment["http_proxy"] = proxy
            environment["https_proxy"] = proxy
        }
        for file in ["InRelease", "Release"] {
            let question = Invocation(
                "wget", ["--quiet", "--spider", "--tries=1", "--timeout=15", "\(base)/dists/\(suite)/\(file)"],
                environment: environment, timeout: 60)
            if let answer = try? await host.processes.capture(question), answer.status.isSuccess { return true }
        }
        return false
    }

    /// The download of one file of the suite.
    package func invocation(of file: String, to target: FilePath) -> Invocation {
        var options = [
            "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15",
            "-o", "APT::Sandbox::User=root",
        ]
        if let proxy { options += ["-o", "Acquire::http::Proxy=\(proxy)", "-o", "Acquire::https::Proxy=\(proxy)"] }
        return Invocation(
            Self.requirement.program, options + ["download-file", "\(base)/dists/\(suite)/\(file)", target.string],
            environment: ["LC_ALL": "C.UTF-8"], timeout: 60)
    }

    /// - Throws: ``BootstrapError`` when the suite is not there or the mirror does not answer.
    package func ask(at site: InstallationSite, on host: Host) async throws {
        guard host.processes.find(Self.requirement.program) != nil else { return }
        // Old archives have a detached signature and no InRelease.
        for file in ["InRelease", "Release"] {
            let target = site.scratch.appending("probe-\(file)")
            let status = try await host.processes.run(
                invocation(of: file, to: target), appendingOutputTo: site.log)
            if status.isSuccess { return }
            if case .timedOut = status { break }
        }
        throw BootstrapError(
            "the mirror \(MirrorURL.redacted(mirror)) does not give \(suite): "
                + "neither dists/\(suite)/InRelease nor Release can be had from it",
            hint: "see whether the address is right and the suite is on it; --mirror=URL gives another",
            cause: .unavailable)
    }

    private var base: String {
        var base = mirror
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }
}
