import ArgumentParser
import LinuxHost
import Provisioning
import SystemPackage

/// The options that every command has.
struct SharedOptions: ParsableArguments {
    @Option(
        name: .customLong("state-dir"),
        help: ArgumentHelp("Where the journal and the records of guests are (/var/lib/domus).", valueName: "dir"))
    var stateDir: String?

    @Option(
        name: .customLong("log-dir"), help: ArgumentHelp("Where logs go (/var/log/domus).", valueName: "dir"))
    var logDir: String?

    @Option(
        name: .customLong("config-dir"),
        help: ArgumentHelp("Where xen-tools.conf, roles and hooks are (/etc/xen-tools).", valueName: "dir"))
    var configDir: String?

    @Flag(help: "Give the result as one JSON document.")
    var json = false

    var stateDirectory: FilePath {
        Invoked.workingDirectory.pushing(FilePath(stateDir ?? "/var/lib/domus")).lexicallyNormalized()
    }

    var logDirectory: FilePath {
        Invoked.workingDirectory.pushing(FilePath(logDir ?? "/var/log/domus")).lexicallyNormalized()
    }

    var configurationDirectory: FilePath {
        Invoked.workingDirectory.pushing(FilePath(configDir ?? "/etc/xen-tools")).lexicallyNormalized()
    }

    /// Opens the journal; its directory is made at the first use.
    ///
    /// - Throws: ``ProvisioningError``.
    func store(_ host: Host) throws -> StateStore {
        try Directories.ensure(stateDirectory, mode: 0o700, host)
        do {
            return try StateStore(directory: stateDirectory)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// The journal if there is one: a list, or a dry run, makes none.
    func existingStore(_ host: Host) throws -> StateStore? {
        guard try host.files.entry(at: stateDirectory.appending("state.sqlite")) != nil else { return nil }
        return try store(host)
    }
}

/// The program's own directories, which it makes once and never takes back.
enum Directories {
    static func ensure(_ path: FilePath, mode: UInt32, _ host: Host) throws {
        if try host.files.entry(at: path) != nil { return }
        var parent = path
        if parent.removeLastComponent(), !parent.isEmpty { try ensure(parent, mode: 0o755, host) }
        do throws(HostError) {
            _ = try host.files.createDirectory(path, mode: mode)
        } catch {
            // Another run may have been quicker.
            guard error.errno == .fileExists else { throw ProvisioningError(error) }
        }
    }
}
