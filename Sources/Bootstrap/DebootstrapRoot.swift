import Archives
import GuestModel
import LinuxHost
import SystemPackage

/// A root for nobody in particular by debootstrap(8), of a release that is too old for ``NativeBootstrap``, or on a host
/// without apt; left as that one leaves it.
struct DebootstrapRoot: RootInstaller {
    private let request: BootstrapRequest
    private let tool: Debootstrap

    /// - Throws: ``BootstrapError`` for what debootstrap cannot do.
    init(_ request: BootstrapRequest, release: Release, from archive: GuestSpec.Install) throws(BootstrapError) {
        let variant: String?
        switch request.variant {
        case .minbase: variant = "minbase"
        case .important: variant = nil
        case .essential, .standard:
            throw BootstrapError(
                "debootstrap, by which \(release.title) is installed, has no variant \(request.variant.rawValue)",
                hint: "it has minbase and important", cause: .unavailable)
        }
        if let versioned = request.include.first(where: { BootstrapRequest.name(in: $0) != $0 }) {
            throw BootstrapError(
                "debootstrap, by which \(release.title) is installed, takes no version or architecture: \(versioned)",
                hint: "name the package alone", cause: .unavailable)
        }
        self.request = request
        var archive = archive
        archive.include = request.include
        tool = Debootstrap(release, request.architecture, from: archive, variant: variant)
    }

    var summary: String { tool.summary }
    var requirements: [(program: String, package: String)] { tool.requirements }

    func install(at site: InstallationSite, on host: Host) async throws {
        try await tool.install(at: site, on: host)
        do {
            let tree = try PackageTree(root: site.root)
            // What debootstrap copies from the host, its log, and its packages.
            var left = ["etc/hostname", "etc/resolv.conf", "var/log/bootstrap.log"]
            let archives = "var/cache/apt/archives"
            for name in try host.files.names(in: "/\(archives)", inTree: site.root) where name.hasSuffix(".deb") {
                left.append("\(archives)/\(name)")
            }
            for name in left { try tree.remove(name) }
            try TreeSkeleton(tree: tree, request: request).finish(automatic: [])
        } catch let error as ArchiveError {
            throw BootstrapError(error)
        }
    }
}
