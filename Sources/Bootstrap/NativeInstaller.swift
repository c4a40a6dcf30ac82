import GuestModel
import LinuxHost
import SystemPackage

/// Domus's own way to install a system; see ``NativeBootstrap``.
struct NativeInstaller: RootInstaller {
    let title: String
    let archive: GuestSpec.Install
    let request: BootstrapRequest

    init(_ request: BootstrapRequest, title: String, from archive: GuestSpec.Install) {
        self.request = request
        self.title = title
        self.archive = archive
    }

    /// A guest's.
    ///
    /// - Parameter hooks: the names of the stock hooks of the phase base that will run.
    init(_ spec: GuestSpec, hooks: Set<String>) {
        var request = BootstrapRequest(spec, anticipated: AnticipatedPackages(of: spec, hooks: hooks))
        // A hook removes them, or somebody wants them.
        request.keepsDigests = !hooks.isEmpty || spec.install.lockFile != nil || spec.install.locked != nil
        self.init(request, title: spec.release.title, from: spec.install)
    }

    var summary: String { "Install \(title) natively" }

    /// What verifies signatures, gpgv(1) or sqv(1), comes with apt.
    var requirements: [(program: String, package: String)] { [("apt-get", "apt")] }

    func install(at site: InstallationSite, on host: Host) async throws {
        let keyring = try Keyring.prepare(archive, at: site, on: host)
        try await NativeBootstrap(request, keyring: keyring, at: site, on: host).run()
    }
}
