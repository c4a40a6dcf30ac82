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
        discussion: "domus export web1 >web1.xml")

    @Argument(help: ArgumentHelp("A guest that Domus made, or the file of a configuration.", valueName: "guest|file"))
    var name: String

    @Option(help: ArgumentHelp("The form: libvirt (libvirt).", valueName: "form"))
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
        guard format == "libvirt" else {
            throw OptionError(
                "--format: \"\(format)\" is no form of another toolstack",
                hint: "write libvirt; create writes xl and xm")
        }
        let version = try xen.target(host).version
        let path = try configuration(host)
        let bytes = try host.files.contents(of: path, limit: ConfigurationReading.limit)
        let domain = try LibvirtDomain(
            from: XenConfigFile(parsing: bytes, file: path.string, for: version), for: version)
        let notes = domain.notes.map { Note($0, file: path.string) }
        for note in notes where note.severity == .warning { console.warn(note.text) }
        let errors = notes.filter { $0.severity == .error }
        guard errors.isEmpty else {
            throw ProvisioningError(
                "libvirt could not have the guest of \(path): " + errors.map(\.text).joined(separator: "; "),
                exit: .configuration, hint: errors.compactMap(\.hint).first)
        }
        console.result(
            domain.xml,
            json: Document(configuration: path.string, format: format, text: domain.xml, notes: notes))
    }

    /// A word with a slash is a file; one without is a guest first.
    private func configuration(_ host: Host) throws -> FilePath {
        if !name.contains("/"), let record = try shared.existingStore(host)?.record(named: name) {
            return FilePath(record.configuration.path)
        }
        let path = Invoked.workingDirectory.pushing(FilePath(name)).lexicallyNormalized()
        guard !name.isEmpty, try host.files.entry(at: path) != nil else {
            throw ProvisioningError(
                "there is no guest \"\(name)\" that Domus made, and no such file", exit: .noInput,
                hint: "domus list shows the guests that there are")
        }
        return path
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
