import GuestModel
import LinuxHost
import SystemPackage

/// Asks a mirror for a suite's release file before anything is installed from it: the bootstrap tools wait for a
/// silent mirror for many minutes, and say little about why.
package struct MirrorProbe: Sendable {
    package var mirror: String
    package var suite: String
    package var proxy: String?
    /// apt's configuration, which then has the proxy too.
    var settings: FilePath?

    package init(mirror: String, suite: String, proxy: String?) {
        self.mirror = mirror
        self.suite = suite
        self.proxy = proxy
    }

    /// apt's own downloader, so that every scheme, proxy and certificate that apt knows works here too.
    package static let requirement = (program: "/usr/lib/apt/apt-helper", package: "apt")

    /// Whether the suite is there: a question that leaves nothing behind. wget comes with debootstrap.
    package func answers(on host: Host) async -> Bool {
        for file in ["InRelease", "Release"] {
            let question = Invocation(
                "wget", ["--quiet", "--spider", "--tries=1", "--timeout=15", address(of: file)],
                environment: environment, timeout: 60)
            if let answer = try? await host.processes.capture(question), answer.status.isSuccess { return true }
        }
        return false
    }

    /// Those of all suites that a guest's packages come from.
    package static func all(of spec: GuestSpec) -> [MirrorProbe] {
        let install = spec.install
        var probes = [MirrorProbe(mirror: install.mirror, suite: spec.release.codename, proxy: install.proxy)]
        if let suite = install.updatesSuite {
            probes.append(MirrorProbe(mirror: install.mirror, suite: suite, proxy: install.proxy))
        }
        if let security = install.security {
            probes.append(MirrorProbe(mirror: security.mirror, suite: security.suite, proxy: install.proxy))
        }
        return probes
    }

    /// The text of the suite's release file, as it is now: nobody has verified it, and it is good only for being told from
    /// another.
    ///
    /// - Throws: ``BootstrapError`` when the mirror does not give it.
    package func release(on host: Host) async throws -> String {
        for file in ["InRelease", "Release"] {
            if base.hasPrefix("file:"), let path = base.firstRange(of: "/") {
                let local = FilePath(String(base[path.lowerBound...])).lexicallyNormalized()
                    .appending("dists/\(suite)/\(file)")
                guard let bytes = try? host.files.contents(of: local, limit: 16 << 20) else { continue }
                return String(decoding: bytes, as: UTF8.self)
            }
            let question = Invocation(
                // The address on its input: it may hold a password, and arguments are for all to see.
                "wget", ["--quiet", "--output-document=-", "--tries=1", "--timeout=15", "--input-file=-"],
                environment: environment, input: .bytes(Array("\(address(of: file))\n".utf8)), timeout: 60)
            guard host.processes.find(question.executable) != nil else {
                throw BootstrapError(
                    "wget: not on this host, and the mirror is asked by it whether the archive has moved on",
                    hint: "apt-get install wget; with a base that is there, --base=cached asks nobody",
                    cause: .unavailable)
            }
            let answer = try await host.processes.capture(question)
            if answer.status.isSuccess { return answer.output }
            // 8: the server has answered, and has no such file (wget(1)).
            if answer.status != .exited(8) { break }
        }
        throw refusal
    }

    /// The download of one file of the suite.
    package func invocation(of file: String, to target: FilePath) -> Invocation {
        var options = [
            "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15",
            "-o", "APT::Sandbox::User=root",
        ]
        if let proxy, settings == nil {
            options += ["-o", "Acquire::http::Proxy=\(proxy)", "-o", "Acquire::https::Proxy=\(proxy)"]
        }
        return Invocation(
            Self.requirement.program, options + ["download-file", address(of: file), target.string],
            environment: settings.map { ["LC_ALL": "C.UTF-8", "APT_CONFIG": $0.string] } ?? ["LC_ALL": "C.UTF-8"],
            timeout: 60)
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
        throw refusal
    }

    /// What is said when it does not.
    var refusal: BootstrapError {
        BootstrapError(
            "the mirror \(MirrorURL.redacted(mirror)) does not give \(suite): "
                + "neither dists/\(suite)/InRelease nor Release can be had from it",
            hint: "see whether the address is right and the suite is on it; --mirror=URL gives another",
            cause: .unavailable)
    }

    private var environment: [String: String] {
        var environment = ["LC_ALL": "C.UTF-8"]
        if let proxy {
            environment["http_proxy"] = proxy
            environment["https_proxy"] = proxy
        }
        return environment
    }

    private func address(of file: String) -> String { "\(base)/dists/\(suite)/\(file)" }

    private var base: String {
        var base = mirror
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }
}
