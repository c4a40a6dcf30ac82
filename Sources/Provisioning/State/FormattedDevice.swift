import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// A device whose file system the guest gets as it is: `--dontformat`. It is data, for the journal.
///
/// It must be empty, so that what a failed run has put into it can be taken out again; and an ext2, ext3 or ext4, which
/// debugfs(8) reads without mounting it, that is without writing.
package struct FormattedDevice: Codable, Hashable, Sendable {
    package let path: String
    /// In lower case.
    package let uuid: String

    package init(path: FilePath, uuid: String) {
        self.path = path.string
        self.uuid = uuid
    }

    static var requirements: [(program: String, package: String)] {
        ["debugfs", "e2fsck"].map { ($0, "e2fsprogs") } + ["cp", "touch", "ls", "rm"].map { ($0, "coreutils") }
            + [("find", "findutils")]
    }

    private static let ownName = "lost+found"

    /// The name of a run's mark, in its root directory.
    static func mark(of run: String) -> String { ".domus-\(run)" }

    /// - Throws: ``ProvisioningError`` for one that is not the one that was meant, not whole, or not empty.
    func check(on host: Host) async throws {
        guard try kind(on: host) != nil else {
            throw ProvisioningError(
                "the file system on \(path) is not the one that it was", exit: .temporary, hint: "see what is on it now"
            )
        }
        let check = try await host.processes.capture(
            Invocation("e2fsck", ["-f", "-n", path], environment: Self.environment, timeout: 3600))
        guard check.status.isSuccess else {
            throw ProvisioningError(
                "the file system on \(path) is not whole: e2fsck ended with \(check.status)", exit: .badData,
                hint: "e2fsck -f \(path) mends it; without --dontformat a new one is made")
        }
        let others =
            try await names(in: "/", on: host).filter { $0 != Self.ownName }
            + names(in: "/\(Self.ownName)", on: host).map { "\(Self.ownName)/\($0)" }
        guard others.isEmpty else {
            throw ProvisioningError(
                "the file system on \(path) is not empty: " + others.prefix(5).joined(separator: ", "),
                exit: .cannotCreate, hint: "--dontformat keeps a file system, not what is in it: empty it first")
        }
    }

    /// What is in a directory, read without mounting.
    private func names(in directory: String, on host: Host) async throws -> [String] {
        let list = try await host.processes.capture(
            Invocation("debugfs", ["-R", "ls -p \(directory)", path], environment: Self.environment, timeout: 600))
        guard list.status.isSuccess else {
            throw ProvisioningError(
                "cannot tell what is in the file system on \(path): debugfs ended with \(list.status)",
                exit: .unavailable)
        }
        // /INODE/MODE/UID/GID/NAME/SIZE/
        return list.output.split(whereSeparator: \.isNewline).compactMap { line -> String? in
            let fields = line.split(separator: "/", omittingEmptySubsequences: false)
            return fields.count > 5 && fields[1] != "0" ? String(fields[5]) : nil
        }.filter { $0 != "." && $0 != ".." }
    }

    /// Puts a run's mark into it: from here on what is in it is that run's, which may take it out again.
    ///
    /// - Parameter mountPoint: a directory that is there; in the helper's namespace alone something else is.
    func mark(_ mark: String, at mountPoint: FilePath, helper: FilePath, on host: Host) async throws(HostError) {
        let touch = Invocation(
            "touch", [mountPoint.appending(mark).string], environment: Self.environment, timeout: 600)
        guard let kind = try kind(on: host) else { throw HostError("the file system on \(path) is gone") }
        try await run(touch, kind, at: mountPoint, helper, on: host, to: "mark the file system on \(path)")
    }

    /// Takes out again what a run has put in, its mark the last; without the mark nothing.
    ///
    /// - Returns: whether there was anything to do.
    func empty(
        marked mark: String, at mountPoint: FilePath, helper: FilePath, on host: Host
    ) async throws(HostError) -> Bool {
        guard let kind = try markedKind(on: host) else { return false }
        // Through a mount, which replays the journal that a power failure has left.
        let names = try await run(
            Invocation("ls", ["-A", mountPoint.string], environment: Self.environment, timeout: 600), kind,
            at: mountPoint,
            helper, on: host, to: "see what is on \(path)")
        guard names.split(whereSeparator: \.isNewline).contains(mark[...]) else { return false }
        func find(_ words: [String]) -> Invocation {
            Invocation(
                "find", [mountPoint.string, "-xdev", "-mindepth", "1"] + words, environment: Self.environment,
                timeout: 3600)
        }
        let own = mountPoint.appending(mark).string
        try await run(
            find(["-not", "-path", "\(mountPoint)/\(Self.ownName)", "-not", "-path", own, "-delete"]), kind,
            at: mountPoint, helper, on: host, to: "take out again what was put on \(path)")
        try await unmark(mark, kind, at: mountPoint, helper, on: host)
        return true
    }

    /// Takes the mark away: what is in it is the guest's.
    ///
    /// - Returns: whether it could still be there.
    func release(
        marked mark: String, at mountPoint: FilePath, helper: FilePath, on host: Host
    ) async throws(HostError) -> Bool {
        guard let kind = try markedKind(on: host) else { return false }
        try await unmark(mark, kind, at: mountPoint, helper, on: host)
        return true
    }

    private func unmark(
        _ mark: String, _ kind: FileSystemKind, at mountPoint: FilePath, _ helper: FilePath, on host: Host
    ) async throws(HostError) {
        try await run(
            Invocation("rm", ["-f", mountPoint.appending(mark).string], environment: Self.environment, timeout: 600),
            kind,
            at: mountPoint, helper, on: host, to: "take the mark away from \(path)")
    }

    private func markedKind(on host: Host) throws(HostError) -> FileSystemKind? {
        guard try host.files.entry(at: FilePath(path)) != nil, let kind = try kind(on: host) else { return nil }
        guard try !DevicePreflight.isInUse(FilePath(path), on: host) else {
            throw HostError(
                "\(path) is in use, and is left as it is", hint: "lsblk shows by whom; or a guest runs on it")
        }
        return kind
    }

    @discardableResult
    private func run(
        _ program: Invocation, _ kind: FileSystemKind, at mountPoint: FilePath, _ helper: FilePath, on host: Host,
        to task: String
    ) async throws(HostError) -> String {
        var confinement = Confinement(helper: helper)
        confinement.loopMounts = [.init(FilePath(path), at: mountPoint, type: kind.rawValue)]
        let outcome = try await host.processes.capture(confinement.wrap(program))
        guard outcome.status.isSuccess else {
            throw HostError("cannot \(task): \(program.executable) ended with \(outcome.status)")
        }
        return outcome.output
    }

    private func kind(on host: Host) throws(HostError) -> FileSystemKind? {
        let found = Superblock(try host.files.bytes(of: FilePath(path), at: 0, count: Superblock.length))
        guard let found, found.uuid == uuid, case .fileSystem(let kind) = found.content else { return nil }
        return kind
    }

    private static let environment = ["LC_ALL": "C.UTF-8"]
}
