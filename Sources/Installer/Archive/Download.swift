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
            guard let path = local(address, scheme) else { return false }
            _ = try host.files.createFile(
                target, contents: try host.files.contents(of: path, limit: Int(limit)), mode: 0o600)
            return true
        }
        let status = try await watched(wget(address, to: target.string), target, limit)
        switch status {
        case .exited(0): return true
        // 8: the server has answered, and has no such file (wget(1)).
        case .exited(8):
            try? host.files.remove(target)
            return false
        // 3: what has come could not be written (wget(1)).
        case .exited(3):
            try? host.files.remove(target)
            throw InstallerError(
                "\(MirrorURL.redacted(address)) cannot be kept in \(target.removingLastComponent()): wget could not write it",
                hint: "there may be no room left on the disk", cause: .cannotCreate)
        default:
            try? host.files.remove(target)
            try Task.checkCancellation()
            throw InstallerError(
                "\(MirrorURL.redacted(address)) cannot be fetched: wget: \(status)",
                hint: "see whether the address is right and the mirror answers; --mirror=URL gives another",
                cause: .unavailable)
        }
    }

    /// A text of at most 1 MiB that may hold secrets: it comes through a pipe, and no file has it.
    ///
    /// - Returns: nil when the server has answered, and has no such file.
    /// - Throws: ``InstallerError``, ``HostError``.
    package func text(_ address: String) async throws -> String? {
        for scheme in ["file:", "copy:"] where address.hasPrefix(scheme) {
            guard let path = local(address, scheme) else { return nil }
            return String(decoding: try host.files.contents(of: path, limit: 1 << 20), as: UTF8.self)
        }
        let fetched = try await said(by: try wget(address, to: "-"), address)
        switch fetched.status {
        case .exited(0): return fetched.output
        case .exited(8): return nil
        default:
            try Task.checkCancellation()
            throw InstallerError(
                "\(MirrorURL.redacted(address)) cannot be fetched: wget: \(fetched.status)",
                hint: "see whether the address is right and the server answers", cause: .unavailable)
        }
    }

    private func said(by wget: Invocation, _ address: String) async throws -> (status: ExitStatus, output: String) {
        do {
            return try await host.processes.capture(wget)
        } catch {
            // In a guard: a pattern of the clause crashes the compiler (6.3.1).
            guard error.errno == .fileTooLarge else { throw error }
            throw InstallerError(
                "\(MirrorURL.redacted(address)) sends more than the 1 MiB that a text may have", cause: .badData)
        }
    }

    /// The file that an address names where it is one of this host; nil where it is none.
    private func local(_ address: String, _ scheme: String) -> FilePath? {
        let path = FilePath("/" + address.dropFirst(scheme.count).drop { $0 == "/" }).lexicallyNormalized()
        guard let entry = try? host.files.entry(at: host.files.resolved(path)), entry.kind == .file else { return nil }
        return path
    }

    private func wget(_ address: String, to document: String) throws(InstallerError) -> Invocation {
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
        return Invocation(
            "wget",
            [
                "--no-verbose", "--output-document=\(document)", "--tries=2", "--timeout=30", "--waitretry=1",
                "--no-config", "--input-file=-",
            ],
            environment: environment, input: .bytes(Array("\(address)\n".utf8)), timeout: 3600)
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
