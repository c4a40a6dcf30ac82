import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import XenConfig

/// `domus export`.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an xl configuration, whoever made it, as another toolstack reads it.",
        discussion: "domus export web1 >web1.xml\ndomus export --format=xva web1 >web1.xva")

    @Argument(help: ArgumentHelp("A guest that Domus made, or the file of a configuration.", valueName: "guest|file"))
    var name: String

    @Option(help: ArgumentHelp("The form: libvirt, or xva, with the disks (libvirt).", valueName: "form"))
    var format = "libvirt"

    @OptionGroup var xen: XenVersionOption

    @OptionGroup var shared: SharedOptions

    /// What was written, for `--json`.
    struct Document: Encodable {
        var configuration: String
        var format: String
        var text: String
        var notes: [Note]
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        switch format {
        case "libvirt": try writeDomain(host, console)
        case "xva": try await writeAppliance(host, console)
        default:
            throw OptionError(
                "--format: \"\(format)\" is no form of another toolstack",
                hint: "write libvirt or xva; create writes xl and xm")
        }
    }

    private func writeDomain(_ host: Host, _ console: Console) throws {
        let version = try xen.target(host).version
        let path = try configuration(host).path
        let bytes = try host.files.contents(of: path, limit: ConfigurationReading.limit)
        let domain: LibvirtDomain
        do throws(XenConfigError) {
            domain = try LibvirtDomain(
                from: XenConfigFile(parsing: bytes, file: path.string, for: version), for: version)
        } catch {
            throw error.told(of: path.string)
        }
        let notes = try told(domain.notes, of: path, "libvirt", console)
        console.result(
            domain.xml,
            json: Document(configuration: path.string, format: format, text: domain.xml, notes: notes))
    }

    private func writeAppliance(_ host: Host, _ console: Console) async throws {
        guard !shared.json else {
            throw OptionError("--json: the archive itself is standard output", hint: "leave --json out")
        }
        guard !Console.isTerminal(.standardOutput) else {
            throw OptionError(
                "--format=xva: standard output is a terminal, and an archive is no text",
                hint: "domus export --format=xva \(name) >\(FilePath(name).stem ?? name).xva")
        }
        let version = try xen.target(host).version
        let (path, record) = try configuration(host)
        let packing = try AppliancePacking(
            of: path, record: record, store: try shared.existingStore(host), for: version, host: host)
        _ = try told(packing.appliance.notes, of: path, "xapi", console)
        // Standard output is the program's, and the archive closes what it is written to.
        try await packing.write(
            to: FileDescriptor.standardOutput.duplicate(), called: "on standard output", reporter: console)
        guard packing.appliance.hasInterfaces else { return }
        console.note(
            "xe vm-import filename=FILE preserve=true keeps the interfaces' addresses; without it they get new ones")
    }

    /// Says what is lost, and breaks off where the guest would not be one.
    private func told(
        _ problems: [Problem], of path: FilePath, _ toolstack: String, _ console: Console
    ) throws -> [Note] {
        let notes = problems.map { Note($0, file: path.string) }
        for note in notes where note.severity == .warning { console.warn(note.text) }
        let errors = notes.filter { $0.severity == .error }
        guard errors.isEmpty else {
            throw ProvisioningError(
                "\(toolstack) could not have the guest of \(path): " + errors.map(\.text).joined(separator: "; "),
                exit: .configuration, hint: errors.compactMap(\.hint).first)
        }
        return notes
    }

    /// A word with a slash is a file; one without is a guest first.
    private func configuration(_ host: Host) throws -> (path: FilePath, record: GuestRecord?) {
        if !name.contains("/"), let record = try shared.existingStore(host)?.record(named: name) {
            try record.checkInstalled()
            return (FilePath(record.configuration.path), record)
        }
        let path = Invoked.workingDirectory.pushing(FilePath(name)).lexicallyNormalized()
        guard !name.isEmpty, try host.files.entry(at: path) != nil else {
            throw ProvisioningError(
                "there is no guest \"\(name)\" that Domus made, and no such file", exit: .noInput,
                hint: "domus list shows the guests that there are")
        }
        return (path, nil)
    }
}

/// What should be known of a translation, with its place.
struct Note: Encodable {
    let severity: Problem.Severity
    let file: String
    let line: Int?
    let message: String
    let hint: String?

    init(_ problem: Problem, file: String) {
        severity = problem.severity
        self.file = file
        line = problem.position?.line
        message = problem.message
        hint = problem.hint
    }

    var text: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}
