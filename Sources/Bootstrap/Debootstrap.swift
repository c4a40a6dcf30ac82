import GuestModel
import LinuxHost
import SystemPackage

/// debootstrap(8): Debian's own, for every suite that there ever was.
struct Debootstrap: RootInstaller {
    let release: Release
    let architecture: Architecture
    let archive: GuestSpec.Install
    /// debootstrap's word for a set of packages; nil for its own choice.
    let variant: String?

    init(_ release: Release, _ architecture: Architecture, from archive: GuestSpec.Install, variant: String? = nil) {
        self.release = release
        self.architecture = architecture
        self.archive = archive
        self.variant = variant
    }

    init(_ spec: GuestSpec) {
        self.init(spec.release, spec.architecture, from: spec.install)
    }

    var summary: String { "Install \(release.title) with debootstrap" }

    var requirements: [(program: String, package: String)] {
        var requirements = [("debootstrap", "debootstrap")]
        if archive.verification == .required { requirements.append(("gpgv", "gpgv")) }
        return requirements
    }

    /// The command itself, before it is confined.
    func invocation(root: FilePath, keyring: FilePath?) -> Invocation {
        var arguments = ["--arch=\(architecture)"]
        if let variant { arguments.append("--variant=\(variant)") }
        switch (archive.verification, keyring) {
        case (.required, let keyring?):
            // Without --force-check-gpg debootstrap goes on, unverified, when it finds no keyring.
            arguments += ["--force-check-gpg", "--keyring=\(keyring)"]
        default:
            arguments.append("--no-check-gpg")
        }
        arguments.append("--components=\(archive.components.joined(separator: ","))")
        if !archive.include.isEmpty { arguments.append("--include=\(archive.include.joined(separator: ","))") }
        arguments += [release.codename, root.string, archive.mirror]
        // debootstrap has a script for each suite it knew when it was packaged; all that came later work with sid's.
        if let script = fallbackScript { arguments.append(script) }
        var environment = ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"]
        if let proxy = archive.proxy {
            environment["http_proxy"] = proxy
            environment["https_proxy"] = proxy
        }
        return Invocation("debootstrap", arguments, environment: environment, timeout: archive.timeout)
    }

    /// Set by ``install(at:on:)`` for a suite that the host's debootstrap does not know.
    private(set) var fallbackScript: String?

    func install(at site: InstallationSite, on host: Host) async throws {
        var command = self
        let scripts = FilePath("/usr/share/debootstrap/scripts")
        if try host.files.entry(at: scripts.appending(release.codename)) == nil {
            let common = release.distribution == .debian ? "sid" : "gutsy"
            command.fallbackScript = scripts.appending(common).string
        }
        try await MirrorProbe(
            mirror: archive.mirror, suite: release.codename, proxy: archive.proxy
        ).ask(at: site, on: host)
        let keyring = try Keyring.prepare(archive, at: site, on: host)
        // Its processes and mounts (it mounts /proc and /sys in the tree) die with the helper, whatever happens.
        let confined = Confinement(helper: site.helper).wrap(command.invocation(root: site.root, keyring: keyring))
        let status = try await host.processes.run(confined, appendingOutputTo: site.log)
        guard status.isSuccess else {
            let tail = try BootstrapLog(site: site, host: host).complaint()
            throw BootstrapError(
                "debootstrap could not install \(release.codename) from "
                    + "\(MirrorURL.redacted(archive.mirror)): \(tail.text ?? status.description)",
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
