import GuestModel
import LinuxHost
import SystemPackage

/// Fetches files of an archive: by wget(1), which knows proxies and certificates, or by reading them where the archive is a
/// directory of this host.
///
/// Nothing that it brings is proven.
package struct Downloads: Sendable {
    package let host: Host
    package var proxy: String?
    package var log: FilePath?
    /// Is told how many bytes of a file are there.
    package var progress: (@Sendable (Int64) -> Void)?

    package static let requirement = (program: "wget", package: "wget")

    package init(host: Host, proxy: String? = nil, log: FilePath? = nil) {
        self.host = host
        self.proxy = proxy
        self.log = log
    }

    /// - Parameters:
    ///   - address: may hold a password: it is never an argument, which all of the host can see.
    ///   - target: a file that must not exist.
    ///   - limit: bytes; a server that sends more is not listened to any longer.
    /// - Returns: false when the server has answered, and has no such file.
    /// - Throws: ``InstallerError``, ``HostError``.
    package func fetch(_ address: String, to target: FilePath, limit: Int64) async throws -> Bool {
        for scheme in ["file:", "copy:"] where address.hasPrefix(scheme) {
            let path = FilePath("/" + address.dropFirst(scheme.count).drop { $0 == "/" }).lexicallyNormalized()
            guard let entry = try? host.files.entry(at: host.files.resolved(path)), entry.kind == .file else {
                return false
            }
            _ = try host.files.createFile(
                target, contents: try host.files.contents(of: path, limit: Int(limit)), mode: 0o600)
            return true
        }
        guard host.processes.find(Self.requirement.program) != nil else {
            throw InstallerError(
                "wget: not on this host, and files are fetched from mirrors by it", hint: "apt-get install wget",
                cause: .unavailable)
        }
        var environment = ["LC_ALL": "C.UTF-8"]
        if let proxy {
            environment["http_proxy"] = proxy
            environment["https_proxy"] = proxy
        }
        let wget = Invocation(
            "wget",
            [
                "--no-verbose", "--output-document=\(target)", "--tries=2", "--timeout=30", "--waitretry=1",
                "--no-config",
                "--input-file=-",
            ],
            environment: environment, input: .bytes(Array("\(address)\n".utf8)), timeout: 3600)
        let status = try await watched(wget, target, limit)
        switch status {
        case .exited(0): return true
        // 8: the server has answered, and has no such file (wget(1)).
        case .exited(8):
            try? host.files.remove(target)
            return false
        default:
            try? host.files.remove(target)
            try Task.checkCancellation()
            throw InstallerError(
                "\(MirrorURL.redacted(address)) cannot be fetched: wget: \(status)",
                hint: "see whether the address is right and the mirror answers; --mirror=URL gives another",
                cause: .unavailable)
        }
    }

    private func watched(_ wget: Invocation, _ target: FilePath, _ limit: Int64) async throws -> ExitStatus {
        let (host, log, progress) = (host, log, progress)
        return try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
            group.addTask { try await host.processes.run(wget, appendingOutputTo: log) }
            group.addTask {
                while !Task.isCancelled {
                    do { try await host.clock.pause(0.25) } catch { return nil }
                    guard let size = try? host.files.entry(at: target)?.size else { continue }
                    progress?(size)
                    guard size <= limit else {
                        throw InstallerError(
                            "the mirror sends more than the \(limit) bytes that the file can have", cause: .badData)
                    }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }
}
