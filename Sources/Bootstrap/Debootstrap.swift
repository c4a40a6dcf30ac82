import GuestModel
import LinuxHost
import SystemPackage

/// debootstrap(8): Debian's own, for every suite that there ever was.
struct Debootstrap: RootInstaller {
    let spec: GuestSpec

    init(_ spec: GuestSpec) {
        self.spec = spec
    }

    var summary: String { "Install \(spec.release.title) with debootstrap" }

    var requirements: [(program: String, package: String)] {
        var requirements = [("debootstrap", "debootstrap")]
        if spec.install.verification == .required { requirements.append(("gpgv", "gpgv")) }
        return requirements
    }

    /// The command itself, before it is confined.
    func invocation(root: FilePath, keyring: FilePath?) -> Invocation {
        let install = spec.install
        var arguments = ["--arch=\(spec.architecture)"]
        switch (install.verification, keyring) {
        case (.required, let keyring?):
            // Without --force-check-gpg debootstrap goes on, unverified, when it finds no keyring.
            arguments += ["--force-check-gpg", "--keyring=\(keyring)"]
        default:
            arguments.append("--no-check-gpg")
        }
        arguments.append("--components=\(install.components.joined(separator: ","))")
        if !install.include.isEmpty { arguments.append("--include=\(install.include.joined(separator: ","))") }
        arguments += [spec.release.codename, root.string, install.mirror]
        // debootstrap has a script for each suite it knew when it was packaged; all that came later work with sid's.
        if let script = fallbackScript { arguments.append(script) }
        var environment = ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"]
        if let proxy = install.proxy {
            environment["http_proxy"] = proxy
            environment["https_proxy"] = proxy
        }
        return Invocation("debootstrap", arguments, environment: environment, timeout: install.timeout)
    }

    /// Set by ``install(at:on:)`` for a suite that the host's debootstrap does not know.
    private(set) var fallbackScript: String?

    func install(at site: InstallationSite, on host: Host) async throws {
        var command = self
        let scripts = FilePath("/usr/share/debootstrap/scripts")
        if try host.files.entry(at: scripts.appending(spec.release.codename)) == nil {
            let common = spec.release.distribution == .debian ? "sid" : "gutsy"
            command.fallbackScript = scripts.appending(common).string
        }
        try await MirrorProbe(
            mirror: spec.install.mirror, suite: spec.release.codename, proxy: spec.install.proxy
        ).ask(at: site, on: host)
        let keyring = try Keyring.prepare(spec.install, at: site, on: host)
        // Its processes and mounts (it mounts /proc and /sys in the tree) die with the helper, whatever happens.
        let confined = Confinement(helper: site.helper).wrap(command.invocation(root: site.root, keyring: keyring))
        let status = try await host.processes.run(confined, appendingOutputTo: site.log)
        guard status.isSuccess else {
            let tail = try BootstrapLog(site: site, host: host).complaint()
            throw BootstrapError(
                "debootstrap could not install \(spec.release.codename) from "
                    + "\(MirrorURL.redacted(spec.install.mirror)): \(tail.text ?? status.description)",
                hint: tail.hint, cause: tail.cause)
        }
        try host.files.removeIfPresent(site.root.appending("debootstrap"))
    }
}

extension FileChanging where Self: FileReading {
    /// Removes a tree that may not be there.
    func removeIfPresent(_ path: FilePath) throws(HostError) {
        if try entry(at: path) != nil { try removeTree(path) }
    }
}
