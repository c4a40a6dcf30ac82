import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import XenConfig

/// `domus check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look for what is wrong with xl configurations, whoever wrote them.",
        discussion: "Says nothing where nothing is wrong.")

    @Argument(help: ArgumentHelp("Configurations; of a directory, its files *.cfg.", valueName: "file"))
    var files: [String]

    @OptionGroup var xen: XenVersionOption

    @Flag(
        inversion: .prefixedNo,
        help: "Look for the files, volumes and bridges on this host (where Xen runs).")
    var host: Bool?

    @Option(
        name: .customLong("output"),
        help: ArgumentHelp(
            "The directory with the configurations of this host's other guests (/etc/xen).", valueName: "dir"))
    var output: String?

    @Flag(help: "Take warnings for errors.")
    var strict = false

    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let machine = Host.ofThisMachine
        let version = try xen.target(machine).version
        let looksAtHost = host ?? XenHost(host: machine).runsXen
        var inspection = ConfigurationInspection(
            host: machine, version: version, looksAtHost: looksAtHost, paths: try paths(machine))
        if looksAtHost { try inspection.addNeighbours(in: directory, isNamed: output != nil) }
        let document = inspection.document(strict: strict)
        let console = Console(json: shared.json)
        guard let error = document.error else {
            return console.result(document.text, json: document)
        }
        throw PartialSuccess(text: document.text, document: document, error: error)
    }

    private var directory: FilePath {
        Invoked.workingDirectory.pushing(FilePath(output ?? "/etc/xen")).lexicallyNormalized()
    }

    /// The files to look at, each as it was named.
    private func paths(_ host: Host) throws -> [String] {
        try files.flatMap { name -> [String] in
            // It would be the working directory.
            guard !name.isEmpty else { throw OptionError("a file's name is empty") }
            let path = Invoked.workingDirectory.pushing(FilePath(name))
            guard try host.files.directory(at: path) != nil else { return [name] }
            return try host.files.names(in: path).filter { $0.hasSuffix(".cfg") && !$0.hasPrefix(".") }.sorted()
                .map { FilePath(name).appending($0).string }
        }
    }
}
