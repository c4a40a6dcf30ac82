import GuestModel
import LinuxHost
import SystemPackage

/// What dpkg has installed in a tree, with the digests of the archives that it came from.
package struct InstalledPackages: Sendable {
    /// Where a bootstrap leaves the digests, for as long as the guest is made.
    static let digestFile = "var/lib/domus/packages"

    /// Digests by `name version architecture`.
    private var digests: [String: String] = [:]

    package init() {}

    private static func key(_ name: String, _ version: String, _ architecture: String) -> String {
        "\(name) \(version) \(architecture)"
    }

    /// The lines of the file.
    static func text(_ packages: [NativePackage]) -> String {
        packages.map { "\(key($0.name, $0.version, $0.architecture)) \($0.digest)\n" }.joined()
    }

    /// Takes the digests that the bootstrap has left; none is no error.
    package mutating func readDigests(inTree root: FilePath, _ files: any GuestTreeAccess) throws {
        let bytes = try files.contents(of: "/" + Self.digestFile, inTree: root, limit: 16 << 20) ?? []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 4 { digests[Self.key(words[0], words[1], words[2])] = words[3] }
        }
    }

    /// What is installed.
    ///
    /// - Parameter ask: what the guest's own apt shows of these packages, each with its version (apt-cache(8)): of those that
    ///   came later than the bootstrap.
    /// - Throws: ``BootstrapError`` for a package whose digest nobody knows.
    package func lock(
        of spec: GuestSpec, inTree root: FilePath, _ files: any GuestTreeAccess,
        asking ask: ([String]) async throws -> String
    ) async throws -> PackageLock {
        let status = try files.contents(of: "/var/lib/dpkg/status", inTree: root, limit: 64 << 20) ?? []
        let installed = Self.stanzas(String(decoding: status, as: UTF8.self))
            .filter { $0.stanza["status"]?.hasSuffix(" installed") == true }
        var digests = digests
        let later = installed.filter { digests[$0.key] == nil && PackageLock.isPackage($0.name, $0.version) }
        if !later.isEmpty {
            for shown in Self.stanzas(try await ask(later.map { "\($0.name)=\($0.version)" })) {
                digests[shown.key] = shown.stanza["sha256"]
            }
        }
        let unknown = installed.filter { digests[$0.key] == nil }.map { "\($0.name) \($0.version)" }
        guard unknown.isEmpty else {
            throw BootstrapError(
                "cannot tell the archives of \(PackageLock.list(unknown)): the guest's lists of packages do not have them",
                hint: "only what comes from the archive can be locked", cause: .failed)
        }
        let states = try files.contents(of: "/var/lib/apt/extended_states", inTree: root, limit: 16 << 20) ?? []
        let automatic = Set(
            String(decoding: states, as: UTF8.self).split(separator: "\n\n").map { Stanza($0) }
                .filter { $0["auto-installed"] == "1" }.compactMap { $0["package"] })
        return PackageLock(
            distribution: spec.release.distribution.rawValue, codename: spec.release.codename,
            architecture: spec.architecture.rawValue,
            packages: installed.compactMap { one in
                digests[one.key].map {
                    .init(
                        name: one.name, version: one.version, architecture: one.architecture, sha256: $0,
                        automatic: automatic.contains(one.name))
                }
            })
    }

    private struct Named {
        let stanza: Stanza
        let name: String
        let version: String
        let architecture: String
        var key: String { InstalledPackages.key(name, version, architecture) }
    }

    private static func stanzas(_ text: String) -> [Named] {
        text.split(separator: "\n\n").compactMap { paragraph in
            let stanza = Stanza(paragraph)
            guard let name = stanza["package"], let version = stanza["version"],
                let architecture = stanza["architecture"]
            else { return nil }
            return Named(stanza: stanza, name: name, version: version, architecture: architecture)
        }
    }
}
