import GuestModel
import LinuxHost
import SystemPackage

/// Domus's own way to install a guest's system; see ``NativeBootstrap``.
struct NativeInstaller: RootInstaller {
    let spec: GuestSpec
    private let anticipated: AnticipatedPackages
    /// A hook removes them, or somebody wants them.
    private let keepsDigests: Bool

    /// - Parameter hooks: the names of the stock hooks of the phase base that will run.
    init(_ spec: GuestSpec, hooks: Set<String>) {
        self.spec = spec
        anticipated = AnticipatedPackages(of: spec, hooks: hooks)
        keepsDigests = !hooks.isEmpty || spec.install.lockFile != nil || spec.install.locked != nil
    }

    var summary: String { "Install \(spec.release.title) natively" }

    /// What verifies signatures, gpgv(1) or sqv(1), comes with apt.
    var requirements: [(program: String, package: String)] { [("apt-get", "apt")] }

    func install(at site: InstallationSite, on host: Host) async throws {
        let keyring = try Keyring.prepare(spec.install, at: site, on: host)
        var request = BootstrapRequest(spec, anticipated: anticipated)
        request.keepsDigests = keepsDigests
        try await NativeBootstrap(request, keyring: keyring, at: site, on: host).run()
    }
}
