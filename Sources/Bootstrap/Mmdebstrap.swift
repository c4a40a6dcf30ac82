import GuestModel
import LinuxHost
import SystemPackage

/// mmdebstrap(1): apt resolves and fetches for all suites at once, so the guest starts with its security updates, in
/// about half of debootstrap's time.
struct Mmdebstrap: RootInstaller {
    let spec: GuestSpec

    init(_ spec: GuestSpec) {
        self.spec = spec
    }

    var summary: String { "Install \(spec.release.title) with mmdebstrap" }

    var requirements: [(program: String, package: String)] {
        [("mmdebstrap", "mmdebstrap"), ("apt-get", "apt")]
    }

    /// Where mmdebstrap 1.3 and later have the hook that lays out a merged /usr for releases that are so, as debootstrap
    /// does. Without it, apt satisfies `usr-is-merged` by usrmerge, which brings all of perl (45 MB) into every guest.
    static let mergedUsrHook: FilePath = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"

    /// Set by ``install(at:on:)`` where the hook is.
    private(set) var hasMergedUsrHook = false

    func invocation(root: FilePath, keyring: FilePath?) -> Invocation {
        let install = spec.install
        // `important` is what debootstrap installs when it is not told otherwise.
        var arguments = [
            "--mode=root", "--format=directory", "--variant=important", "--architectures=\(spec.architecture)",
        ]
        if hasMergedUsrHook { arguments.append("--hook-directory=\(Self.mergedUsrHook)") }
        if !install.include.isEmpty { arguments.append("--include=\(install.include.joined(separator: ","))") }
        if let proxy = install.proxy { arguments.append("--aptopt=Acquire::http::Proxy \"\(proxy)\"") }
        arguments.append("--aptopt=Acquire::Languages \"none\"")
        if spec.release.isArchived { arguments.append("--aptopt=Acquire::Check-Valid-Until \"false\"") }
        arguments += [spec.release.codename, root.string]
        arguments += sources(keyring)
        return Invocation(
            "mmdebstrap", arguments, environment: ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"],
            timeout: install.timeout)
    }

    /// Lines of sources.list(5): every one says which key must have signed it.
    private func sources(_ keyring: FilePath?) -> [String] {
        let install = spec.install
        let options: String
        switch (install.verification, keyring) {
        case (.required, let keyring?): options = "[signed-by=\(keyring)]"
        default: options = "[trusted=yes]"
        }
        let components = install.components.joined(separator: " ")
        var suites = [(install.mirror, spec.release.codename)]
        if let updates = install.updatesSuite { suites.append((install.mirror, updates)) }
        if let security = install.security { suites.append((security.mirror, security.suite)) }
        return suites.map { "deb \(options) \($0) \($1) \(components)" }
    }

    func install(at site: InstallationSite, on host: Host) async throws {
        try await MirrorProbe(
            mirror: spec.install.mirror, suite: spec.release.codename, proxy: spec.install.proxy
        ).ask(at: site, on: host)
        let keyring = try Keyring.prepare(spec.install, at: site, on: host)
        var command = self
        command.hasMergedUsrHook = try host.files.entry(at: Self.mergedUsrHook) != nil
        let confined = Confinement(helper: site.helper).wrap(command.invocation(root: site.root, keyring: keyring))
        let status = try await host.processes.run(confined, appendingOutputTo: site.log)
        guard status.isSuccess else {
            let tail = try BootstrapLog(site: site, host: host).complaint()
            throw BootstrapError(
                "mmdebstrap could not install \(spec.release.codename) from "
                    + "\(MirrorURL.redacted(spec.install.mirror)): \(tail.text ?? status.description)",
                hint: tail.hint, cause: tail.cause)
        }
    }
}
