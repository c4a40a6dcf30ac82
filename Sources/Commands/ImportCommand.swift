import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import XenConfig

/// `domus import`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a guest known that another tool made: its xl configuration or libvirt domain.",
        discussion: "domus import /etc/xen/old.cfg")

    @Argument(
        help: ArgumentHelp("An xl configuration, which stays where it is, or a libvirt domain.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("Where the configuration of a libvirt domain goes (/etc/xen).", valueName: "dir"))
    var output: String?

    @OptionGroup var xen: XenVersionOption

    @Flag(name: .customLong("dry-run"), help: "Show what would be noted and written, and do nothing.")
    var dryRun = false

    @OptionGroup var shared: SharedOptions

    /// What was noted, for `--json`.
    struct Document: Encodable {
        var guest: String
        var type: String
        var configuration: String
        /// What was written there; nil where it was there already.
        var text: String?
        var disks: [String]
        var notes: [Note]
        var dryRun: Bool
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        guard !file.isEmpty else { throw OptionError("a file's name is empty") }
        let version = try xen.target(host).version
        let source = Invoked.workingDirectory.pushing(FilePath(file)).lexicallyNormalized()
        guard try host.files.entry(at: source) != nil else {
            throw ProvisioningError("there is no file \(source)", exit: .noInput)
        }
        let directory = Invoked.workingDirectory.pushing(FilePath(output ?? "/etc/xen")).lexicallyNormalized()
        let store: StateStore
        if dryRun {
            store = try shared.existingStore(host) ?? StateStore.inMemory()
        } else {
            guard host.system.userID == 0 else {
                throw ProvisioningError("only root can make a guest known", exit: .noPermission, hint: "run it as root")
            }
            store = try shared.store(host)
            try UnfinishedRuns(host: host, store: store).tell(console)
        }
        let provisioner = Provisioner(host: host, store: store, reporter: console)
        let work = try provisioner.importing(source, for: version) { directory.appending("\($0.name).cfg") }
        let notes = work.problems.map { Note($0, file: source.string) }
        for note in notes { console.warn(note.severity == .error ? "an error in it: \(note.text)" : note.text) }
        // What would lack a disk is not the guest that it was.
        if work.text != nil, let error = notes.first(where: { $0.severity == .error }) {
            throw ProvisioningError(
                "xl could not have the guest of \(source): \(error.text)", exit: .configuration, hint: error.hint)
        }
        if !dryRun { try await provisioner.perform(work, run: RandomIdentifier.run(host.random)) }
        let record = work.record
        var text = "\(dryRun ? "Would import" : "Imported") \(record.hostname), a guest of type \(record.type)\n"
        if work.text != nil {
            text += "\(dryRun ? "Would write" : "Wrote") \(record.configuration.path)\n"
        }
        console.result(
            text,
            json: Document(
                guest: record.hostname, type: record.type, configuration: record.configuration.path, text: work.text,
                disks: record.images.map(\.path), notes: notes, dryRun: dryRun))
    }
}
