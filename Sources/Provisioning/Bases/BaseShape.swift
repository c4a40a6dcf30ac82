import Bootstrap
import Crypto
import FoundationEssentials
import GuestModel
import LinuxHost
import SystemPackage
import Tailoring

/// Everything that shapes a base but the archive's own state: guests of one shape can be clones of one base.
package struct BaseShape: Sendable, Hashable {
    /// A digest of it, in hexadecimal digits.
    package let key: String
    /// The one file system that a base is.
    package let fileSystem: FileSystemKind

    /// Of a base that another host has made.
    package init(key: String, fileSystem: FileSystemKind) {
        self.key = key
        self.fileSystem = fileSystem
    }

    /// - Parameters:
    ///   - spec: any of the guests.
    ///   - hooks: those of the run; the ones for guests do not count.
    ///   - locations: where the stock hooks are, whose parts they read too.
    package init(
        of spec: GuestSpec, fileSystem: FileSystemKind, hooks: HookSet?, locations: Locations, files: any FileReading
    ) throws(HostError) {
        self.fileSystem = fileSystem
        let install = spec.install
        var scripts: [String: String] = [:]
        if let hooks {
            var paths = hooks.hooks.filter { $0.phase == .base }.map { (name: "base/\($0.name)", path: $0.path) }
            paths.append((name: "common.sh", path: locations.hooks.appending("common.sh")))
            let copied = locations.hooks.appending("files")
            if try files.directory(at: copied) != nil {
                for name in try files.names(in: copied) { paths.append((name: name, path: copied.appending(name))) }
            }
            // What they copy from the host: base/95-configure-locales, base/20-setup-apt.
            for path in [FilePath("/etc/locale.gen")] + install.keyrings where try files.entry(at: path) != nil {
                paths.append((name: path.string, path: path))
            }
            for (name, path) in paths {
                scripts[name] = SHA256.hash(data: try files.contents(of: path, limit: 64 << 20)).hexadecimal
            }
        }
        let parts = Parts(
            format: 2, method: install.method.name, source: install.method.source?.string, include: install.include,
            keyrings: install.keyrings.map(\.string), verification: install.verification.rawValue,
            kernel: spec.boot.loader.hostKernel?.lastComponent?.string,
            locked: install.locked,
            variables: HookEnvironment(
                baseFor: spec, root: fileSystem,
                // Only with those of a base does what it has depend on them.
                ownHooks: install.method == .native && hooks?.hasOwn ?? false, paths: nil
            ).variables,
            scripts: hooks == nil ? nil : scripts)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            key = SHA256.hash(data: try encoder.encode(parts)).hexadecimal
        } catch {
            throw HostError("cannot tell the base of \(spec.hostname) from others: \(error)")
        }
    }

    private struct Parts: Encodable {
        /// Raised when bases are made otherwise than before.
        var format: Int
        var method: String
        var source: String?
        var include: [String]
        var keyrings: [String]
        var verification: String
        /// The host's that boots it: it decides what the file system may use.
        var kernel: String?
        var locked: PackageLock?
        var variables: [String: String]
        var scripts: [String: String]?
    }
}

/// What the archive has at a time, as a digest: the release files of its suites, or the bytes of a tar.
package struct ArchiveState: Sendable, Hashable {
    package let digest: String

    package init(digest: String) {
        self.digest = digest
    }

    /// Asks.
    ///
    /// - Throws: ``BootstrapError``, `HostError`.
    package init(of spec: GuestSpec, on host: Host) async throws {
        if let source = spec.install.method.source {
            digest = try Self.digest(of: source, host.files)
            return
        }
        // Nothing else is taken from it, whatever it has by now.
        if spec.install.locked != nil {
            digest = "locked"
            return
        }
        var texts: [String] = []
        for probe in MirrorProbe.all(of: spec) {
            // The lines of digests only: a release file is signed anew, with another date, when nothing in it has changed.
            texts += try await probe.release(on: host).split(whereSeparator: \.isNewline).filter { $0.hasPrefix(" ") }
                .map(String.init)
        }
        digest = SHA256.hash(data: Array(texts.joined(separator: "\n").utf8)).hexadecimal
    }

    static func digest(of file: FilePath, _ files: any FileReading) throws -> String {
        var hash = SHA256()
        var offset: Int64 = 0
        while true {
            try Task.checkCancellation()
            let bytes = try files.bytes(of: file, at: offset, count: 4 << 20)
            if bytes.isEmpty { return hash.finalize().hexadecimal }
            hash.update(data: bytes)
            offset += Int64(bytes.count)
        }
    }
}

/// The base's own number: of its shape, of what the archive had, and of its place.
package func baseID(shape: BaseShape, state: ArchiveState, home: BaseHome) -> String {
    String(SHA256.hash(data: Array("\(shape.key) \(state.digest) \(home.key)".utf8)).hexadecimal.prefix(12))
}
