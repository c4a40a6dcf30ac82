import ArgumentParser
import FoundationEssentials
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// `domus resize`, xen-resize-guest.
struct ResizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Make a guest's disk larger, and what is on it.",
        discussion: "domus resize web1 --add=2G", version: Product.version)

    @Argument(help: ArgumentHelp("The guest's name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The guest's name, in the manner of xen-tools.", valueName: "name"))
    var hostname: String?

    @Option(help: ArgumentHelp("How much larger: a number and a unit, such as 512M or 2G.", valueName: "size"))
    var add: String?

    @Option(help: ArgumentHelp("Which partition: its name, or what the guest calls it.", valueName: "name"))
    var partition: String?

    @Flag(help: "Also while the guest runs, which then grows its file system itself.")
    var online = false

    @Flag(name: .customLong("no-wipe"), help: "Leave on what a volume gets what former volumes left there.")
    var noWipe = false

    @Option(help: ArgumentHelp("Refuse a guest that lives elsewhere than in DIR/domains.", valueName: "dir"))
    var dir: String?

    @Option(help: ArgumentHelp("Refuse a guest whose volumes are not in this volume group.", valueName: "group"))
    var lvm: String?

    @Flag(name: .customLong("dry-run"), help: "Show what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Accepted for xen-tools' sake: nothing is asked.")
    var force = false

    @Flag(help: "Show what the programs say that do the work.")
    var verbose = false

    @OptionGroup var shared: SharedOptions

    /// What was done, for `--json`.
    struct Document: Encodable {
        var guest: String
        var partition: String
        var device: String
        var content: String
        var path: String
        /// Bytes of the image or volume, before and after.
        var from: Int64
        var to: Int64
        var isRunning: Bool
        /// What is still to be run in a running guest.
        var commandsInGuest: [String]
        var steps: [String]
        var dryRun: Bool
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json, verbose: verbose)
        let name = try wanted()
        let added = try size()
        guard let store = try shared.existingStore(host) else {
            throw ProvisioningError(
                "there is no guest \"\(name)\" that Domus made: \(shared.stateDirectory) has no records",
                exit: .noInput, hint: "--state-dir=DIR says where the records are")
        }
        try UnfinishedRuns(host: host, store: store).tell(console)
        if let record = try store.record(named: name) { try GuestPlace(dir: dir, lvm: lvm).check(record) }
        let provisioner = Provisioner(host: host, store: store, reporter: console)
        let resize = try await provisioner.resize(
            of: name, adding: added, partition: partition, online: online, wiping: !noWipe)
        for warning in resize.warnings { console.warn(warning) }
        var size = resize.newSize
        if !dryRun {
            let helper = try Invoked.locations(host, userConfiguration: shared.configurationDirectory).helper
            size = try await provisioner.resize(resize, run: RandomIdentifier.run(host.random), helper: helper) {
                let log = try GuestLog(directory: shared.logDirectory, guest: name, host: host).begin("resize")
                console.follow(log: log, host: host)
                return log
            }.size
            console.close()
        }
        let document = Document(
            guest: name, partition: resize.partition, device: resize.device, content: resize.content,
            path: resize.path.string, from: resize.oldSize.bytes, to: size.bytes, isRunning: resize.isRunning,
            commandsInGuest: resize.commandsInGuest, steps: resize.summaries, dryRun: dryRun)
        console.result(text(resize, size), json: document)
    }

    private func text(_ resize: Resize, _ size: ByteSize) -> String {
        let what =
            "\(resize.path) (\(resize.device), \(resize.content)) from \(resize.oldSize) to \(size)"
        var lines: [String] = []
        if dryRun {
            lines.append("Would grow \(what), in these steps; none was done:")
            lines += resize.summaries.enumerated().map { "  \($0.offset + 1). \($0.element)" }
        } else {
            lines.append("Grown: \(what)")
        }
        if !resize.commandsInGuest.isEmpty {
            lines += ["", "\(resize.record.hostname) runs: it has the room to use when there is run in it", ""]
            lines += resize.commandsInGuest.map { "    \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func wanted() throws(OptionError) -> String {
        guard let wanted = name ?? hostname, name == nil || hostname == nil || name == hostname else {
            throw OptionError(
                name == nil
                    ? "which guest is to be made larger?" : "two guests are named: \(name ?? ""), \(hostname ?? "")",
                hint: "give one name; domus list shows those that there are")
        }
        do throws(ValueError) {
            return try Hostname(wanted).name
        } catch {
            throw OptionError(error.message, hint: error.hint)
        }
    }

    private func size() throws(OptionError) -> ByteSize {
        guard let add else { throw OptionError("how much larger?", hint: "say it with --add=SIZE, such as --add=2G") }
        guard !add.hasPrefix("-") else {
            throw OptionError(
                "--add: \"\(add)\" would make it smaller, and what is on it would be lost",
                hint: "disks only grow; make a smaller guest, and copy what it is to have")
        }
        do throws(ValueError) {
            return try ByteSize(parsing: add)
        } catch {
            throw OptionError("--add: \(error.message)", hint: error.hint)
        }
    }
}
