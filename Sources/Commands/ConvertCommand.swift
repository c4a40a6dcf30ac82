import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// `domus convert`.
struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Make a guest one of another type, its disks being as they are.",
        discussion: "domus convert web1 --type=pvh")

    @Argument(help: ArgumentHelp("The guest's name.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("What it is to be: pv, pvh, hvm or pvhvm.", valueName: "type"))
    var type: String

    @Flag(help: "Boot the guest's own kernel through pygrub.")
    var pygrub = false

    @Flag(help: "Boot the guest's own kernel through GRUB for Xen.")
    var pvgrub = false

    @Option(help: ArgumentHelp("hvm, pvhvm: what the machine starts with, bios or ovmf (bios).", valueName: "kind"))
    var firmware: String?

    @OptionGroup var xen: XenVersionOption

    @Flag(name: .customLong("dry-run"), help: "Show what would be changed, and change nothing.")
    var dryRun = false

    @OptionGroup var shared: SharedOptions

    /// What was changed, for `--json`.
    struct Document: Encodable {
        var guest: String
        var type: String
        var configuration: String
        /// The lines that went and those that came, each behind a minus or a plus.
        var changes: [String]
        var notes: [String]
        var dryRun: Bool
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        let wanted: GuestType
        do throws(ValueError) {
            wanted = try GuestType(parsing: type)
        } catch {
            throw OptionError(error, at: .option("type"))
        }
        let target = try xen.target(host)
        guard let store = try shared.existingStore(host) else {
            throw ProvisioningError(
                "there is no guest \"\(name)\" that Domus made: \(shared.stateDirectory) has no records",
                exit: .noInput, hint: "--state-dir=DIR says where the records are")
        }
        try UnfinishedRuns(host: host, store: store).tell(console)
        let provisioner = Provisioner(host: host, store: store, reporter: console)
        let converted = try await provisioner.conversion(of: name, to: wanted, wish: try wish(), for: target.version)
        if let architecture = Architecture(rawValue: converted.record.architecture) {
            try target.check(wanted, architecture)
        }
        if !dryRun, converted.isChanged {
            guard host.system.userID == 0 else {
                throw ProvisioningError("only root can change a guest", exit: .noPermission, hint: "run it as root")
            }
            try await provisioner.convert(converted, run: RandomIdentifier.run(host.random))
        }
        var notes = converted.notes
        if converted.isChanged, !dryRun, let domain = try await XenHost(host: host).domain(named: name) {
            notes.append(
                "\(name) is running (domain \(domain)): it becomes one of type \(wanted) when it is started anew")
        }
        for note in notes { console.note(note) }
        let changes = Self.changes(from: converted.before, to: converted.after)
        let text =
            converted.isChanged
            ? ([dryRun ? "Would change \(converted.configuration):" : "Changed \(converted.configuration):"]
                + changes.map { "    \($0)" }).joined(separator: "\n") + "\n"
            : "\(name) is a guest of type \(wanted) already.\n"
        console.result(
            text,
            json: Document(
                guest: name, type: wanted.rawValue, configuration: converted.configuration.string, changes: changes,
                notes: notes, dryRun: dryRun))
    }

    private func wish() throws -> Conversion.Wish? {
        if pygrub && pvgrub {
            throw OptionError("--pygrub and --pvgrub are two ways to boot one guest", hint: "give one of them")
        }
        if let firmware {
            guard let known = GuestSpec.Boot.Firmware(rawValue: firmware) else {
                throw OptionError("--firmware: \"\(firmware)\" is no firmware", hint: "write bios or ovmf")
            }
            guard !pygrub, !pvgrub else {
                throw OptionError("--firmware goes with no other loader", hint: "give one of them")
            }
            return .firmware(known)
        }
        return pygrub ? .pygrub : pvgrub ? .pvgrub : nil
    }

    /// The lines that differ, in the order in which they stand.
    static func changes(from before: [UInt8], to after: [UInt8]) -> [String] {
        func lines(_ bytes: [UInt8]) -> [String] {
            String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
        }
        let (old, new) = (lines(before), lines(after))
        let difference = new.difference(from: old)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var result: [String] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, removed.contains(i) {
                result.append("- \(old[i])")
                i += 1
            } else if j < new.count, inserted.contains(j) {
                result.append("+ \(new[j])")
                j += 1
            } else {
                i += 1
                j += 1
            }
        }
        return result.map(Console.printable)
    }
}
