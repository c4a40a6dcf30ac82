import Bootstrap
import GuestModel
import LinuxHost
import SystemPackage

/// Fills the tree with a root file system.
struct InstallSystem: Step {
    let installer: any RootInstaller

    /// - Parameter hooks: the names of the stock hooks of the phase base that will run on what is installed.
    init(_ spec: GuestSpec, hooks: Set<String> = []) {
        guard let installer = RootInstallers.installer(for: spec, hooks: hooks) else {
            preconditionFailure("a guest that installs itself has a plan of its own")
        }
        self.installer = installer
    }

    var summary: String { installer.summary }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let reporter = context.reporter
        // The one directory of a new ext file system is no package's, and only root looks into it.
        let staging = findings.isFilledInPlace ? context.paths.root.appending("lost+found") : nil
        let site = InstallationSite(
            root: context.paths.root, scratch: context.paths.scratch, staging: staging, log: context.log,
            helper: context.locations.helper, progress: { reporter.progressed($0) })
        if let log = context.log { try context.host.files.append("+ \(summary)\n", to: log) }
        try await installer.install(at: site, on: context.host)
        try Task.checkCancellation()
        // Whatever made the tree: one without a shell is no system, and every later step would fail more darkly.
        guard try context.host.files.entry(of: "/bin/sh", inTree: context.paths.root)?.kind == .file else {
            throw BootstrapError(
                "what was installed is not a root file system: it has no /bin/sh",
                hint: "an archive must hold the system at its top, not in a directory of its own", cause: .badData)
        }
        try findFeatures(&findings, in: context)
        if findings.isFilledInPlace {
            // Most of what there will be, while hooks compute: what waits for the disk in the end is little.
            findings.writeOut(context.paths.root, by: context.host.files)
        }
    }

    /// What the guest's own tools can read decides what its file systems may use.
    private func findFeatures(_ findings: inout Findings, in context: RunContext) throws {
        findings.features.released = context.spec.release.released
        guard
            let status = try context.host.files.contents(
                of: "/var/lib/dpkg/status", inTree: context.paths.root, limit: 64 << 20)
        else { return }
        findings.features.e2fsprogs = PackageStatus.version(of: "e2fsprogs", in: status)
    }
}

/// The little that is read from dpkg's status file.
enum PackageStatus {
    /// The upstream version of an installed package as numbers: `1.47.0-2` is [1, 47, 0]; nil when it is not there.
    static func version(of package: String, in status: [UInt8]) -> [Int]? {
        let text = String(decoding: status, as: UTF8.self)
        guard
            let start = text.hasPrefix("Package: \(package)\n")
                ? text.startIndex : text.firstRange(of: "\nPackage: \(package)\n")?.lowerBound
        else { return nil }
        let stanza = text[start...].drop(while: \.isNewline)
        let end = stanza.firstRange(of: "\n\n")?.lowerBound ?? stanza.endIndex
        for line in stanza[..<end].split(separator: "\n") where line.hasPrefix("Version: ") {
            var version = line.dropFirst("Version: ".count)
            if let epoch = version.firstIndex(of: ":") { version = version[version.index(after: epoch)...] }
            return VersionNumbers.leading(in: version)
        }
        return nil
    }
}

/// Dotted numbers at the beginning of a version.
enum VersionNumbers {
    static func leading(in text: some StringProtocol) -> [Int] {
        text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }.split(separator: ".").compactMap { Int($0) }
    }

    /// All numbers in a version, for an order of kernels: `6.1.0-37-cloud-amd64` is [6, 1, 0, 37, 64].
    static func all(in text: some StringProtocol) -> [Int] {
        text.split { !($0.isASCII && $0.isNumber) }.compactMap { Int($0) }
    }
}
