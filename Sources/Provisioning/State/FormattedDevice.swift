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
        ["debugfs", "e2fsck"].map { ($0, "e2fsprogs") } + [("cp", "coreutils")]
    }

    private static let ownName = "lost+found"

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
        let list = try await host.processes.capture(
            Invocation("debugfs", ["-R", "ls -p /", path], environment: Self.environment, timeout: 600))
        guard list.status.isSuccess else {
            throw ProvisioningError(
                "cannot tell what is in the file system on \(path): debugfs ended with \(list.status)",
                exit: .unavailable)
        }
        // /INODE/MODE/UID/GID/NAME/SIZE/
        let names = list.output.split(whereSeparator: \.isNewline).compactMap { line -> String? in
            let fields = line.split(separator: "/", omittingEmptySubsequences: false)
            return fields.count > 5 && fields[1] != "0" ? String(fields[5]) : nil
        }
        let others = names.filter { ![".", "..", Self.ownName].contains($0) }
        guard names.contains("."), others.isEmpty else {
            throw ProvisioningError(
                "the file system on \(path) is not empty: " + others.prefix(5).joined(separator: ", "),
                exit: .cannotCreate, hint: "--dontformat keeps a file system, not what is in it: empty it first")
        }
    }

    /// Takes out again what a run has put in.
    ///
    /// - Parameter mountPoint: a directory that is there; in the helper's namespace alone something else is.
    /// - Returns: whether there was anything to do.
    func empty(at mountPoint: FilePath, helper: FilePath, on host: Host) async throws(HostError) -> Bool {
        guard try host.files.entry(at: FilePath(path)) != nil, let kind = try kind(on: host) else { return false }
        guard try !host.files.isTaken(device: FilePath(path)) else {
            throw HostError("\(path) is in use, and is not emptied", hint: "lsblk shows by whom")
        }
        // It was empty, so that this is all ours.
        let find = Invocation(
            "find",
            [
                mountPoint.string, "-xdev", "-mindepth", "1", "-not", "-path", "\(mountPoint)/\(Self.ownName)",
                "-delete",
            ], environment: Self.environment, timeout: 3600)
        var confinement = Confinement(helper: helper)
        confinement.loopMounts = [.init(FilePath(path), at: mountPoint, type: kind.rawValue)]
        let outcome = try await host.processes.capture(confinement.wrap(find))
        guard outcome.status.isSuccess else {
            throw HostError("cannot take out again what was put on \(path): find ended with \(outcome.status)")
        }
        return true
    }

    private func kind(on host: Host) throws(HostError) -> FileSystemKind? {
        let found = Superblock(try host.files.bytes(of: FilePath(path), at: 0, count: Superblock.length))
        guard let found, found.uuid == uuid, case .fileSystem(let kind) = found.content else { return nil }
        return kind
    }

    private static let environment = ["LC_ALL": "C.UTF-8"]
}
