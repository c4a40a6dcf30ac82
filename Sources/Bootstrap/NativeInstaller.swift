import GuestModel
import LinuxHost
import SystemPackage

/// Domus's own way to install a guest's system; see ``NativeBootstrap``.
struct NativeInstaller: RootInstaller {
    let spec: GuestSpec
    let anticipated: AnticipatedPackages

    /// - Parameter hooks: the names of the stock hooks of the phase base that will run.
    init(_ spec: GuestSpec, hooks: Set<String>) {
        self.spec = spec
        anticipated = AnticipatedPackages(of: spec, hooks: hooks)
    }

    var summary: String { "Install \(spec.release.title) natively" }

    /// What verifies signatures, gpgv(1) or sqv(1), comes with apt.
    var requirements: [(program: String, package: String)] { [("apt-get", "apt")] }

    func install(at site: InstallationSite, on host: Host) async throws {
        let keyring = try Keyring.prepare(spec.install, at: site, on: host)
        try await NativeBootstrap(
            BootstrapRequest(spec, anticipated: anticipated), keyring: keyring, at: site, on: host
        ).run()
    }
}
