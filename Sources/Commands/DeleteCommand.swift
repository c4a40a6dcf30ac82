import ArgumentParser
import FoundationEssentials
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// `domus delete`, xen-delete-image.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete guests: exactly what their records say.", version: Product.version)

    @Argument(help: ArgumentHelp("The guests' names.", valueName: "name"))
    var names: [String] = []

    @Option(help: ArgumentHelp("A guest's name, in the manner of xen-tools; repeatable.", valueName: "name"))
    var hostname: [String] = []

    @Option(help: ArgumentHelp("Refuse a guest that lives elsewhere than in DIR/domains.", valueName: "dir"))
    var dir: String?

    @Option(help: ArgumentHelp("Refuse a guest whose volumes are not in this volume group.", valueName: "group"))
    var lvm: String?

    @Flag(name: .customLong("dry-run"), help: "Show what would be removed, and do nothing.")
    var dryRun = false

    @Flag(help: "Accepted for xen-tools' sake.")
    var verbose = false

    @OptionGroup var shared: SharedOptions

    /// What was removed, for `--json`.
    struct Document: Encodable {
        var guest: String
        var removed: [String]
        var missing: [String]
        /// Devices that it was given.
        var kept: [String]
        var dryRun: Bool
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        let wanted = names + hostname
        guard !wanted.isEmpty else {
            throw OptionError(
                "which guest is to be deleted?", hint: "give its name; domus list shows those that there are")
        }
        // All names are looked at before the first guest goes.
        for name in wanted {
            do throws(ValueError) {
                _ = try Hostname(name)
            } catch {
                throw OptionError(error.message, hint: error.hint)
            }
        }
        guard let store = try shared.existingStore(host) else {
            throw ProvisioningError(
                "there is no guest \"\(wanted[0])\" that Domus made: \(shared.stateDirectory) has no records",
                exit: .noInput, hint: "--state-dir=DIR says where the records are")
        }
        try UnfinishedRuns(host: host, store: store).tell(console)
        let provisioner = Provisioner(host: host, store: store, reporter: console)
        let deletions = try wanted.map(provisioner.deletion(of:))
        for deletion in deletions {
            try GuestPlace(dir: dir, lvm: lvm).check(deletion.record)
            try await provisioner.checkEnded(deletion.record)
            try provisioner.checkRemovable(deletion)
        }
        var documents: [Document] = []
        var text = ""
        for deletion in deletions {
            var paths = deletion.paths
            if !dryRun {
                guard host.system.userID == 0 else {
                    throw ProvisioningError("only root can delete a guest", exit: .noPermission, hint: "run it as root")
                }
                paths = try await provisioner.delete(deletion, run: RandomIdentifier.run(host.random))
            }
            for missing in deletion.missing { console.warn("\(missing); it was left alone") }
            text += paths.map { "\(dryRun ? "Would delete" : "Deleted"): \($0)\n" }.joined()
            if deletion.record.imported == .xl {
                console.note("\(deletion.record.hostname) is forgotten: \(deletion.record.configuration.path) stays")
            }
            for kept in deletion.kept { console.note("\(kept) stays, with what is on it: the guest was given it") }
            documents.append(
                Document(
                    guest: deletion.record.hostname, removed: paths, missing: deletion.missing, kept: deletion.kept,
                    dryRun: dryRun)
            )
        }
        console.result(text, json: documents)
    }
}
