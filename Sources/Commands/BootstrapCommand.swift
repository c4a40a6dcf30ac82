import ArgumentParser
import Bootstrap
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// `domus bootstrap`: a root file system alone, called as mmdebstrap(1) is.
struct BootstrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap", abstract: "Make a root file system: a directory, a tar archive or an image.",
        discussion: "domus bootstrap --variant=minbase bookworm /srv/bookworm.tar.zst")

    @Argument(help: ArgumentHelp("The release: a codename, a number, or stable, testing, lts ...", valueName: "suite"))
    var suite: String

    @Argument(
        help: ArgumentHelp(
            "What is made: a directory, or by its suffix a .tar, .tar.gz, .tar.xz, .tar.zst or .img.",
            valueName: "target"))
    var target: String

    @Argument(help: ArgumentHelp("Where the packages come from, and only this.", valueName: "mirror"))
    var mirror: String?

    @Option(help: ArgumentHelp("essential, minbase, important or standard (important).", valueName: "variant"))
    var variant: String?

    @Option(help: ArgumentHelp("Further packages, separated by commas.", valueName: "packages"))
    var include: [String] = []

    @Option(help: ArgumentHelp("Components of the archive (main).", valueName: "names"))
    var components: String?

    @Option(help: ArgumentHelp("The architecture (the host's).", valueName: "architecture"))
    var arch: String?

    @Option(help: ArgumentHelp("The keyring by which the archive must be signed.", valueName: "file"))
    var keyring: String?

    @Option(name: .customLong("apt-proxy"), help: ArgumentHelp("A proxy for the packages.", valueName: "url"))
    var aptProxy: String?

    @Flag(name: .customLong("no-verify"), help: "Install what nobody has signed.")
    var noVerify = false

    @Option(help: ArgumentHelp("An image's size (as large as it must be).", valueName: "size"))
    var size: String?

    @Flag(help: "Leave what a failing run made.")
    var keep = false

    @Flag(help: "Show the programs' output.")
    var verbose = false

    @OptionGroup var shared: SharedOptions

    /// What was made, for `--json`.
    struct Document: Encodable {
        var path: String
        var distribution: String
        var codename: String
        var architecture: String
        var variant: String
        var log: String
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json, verbose: verbose)
        // A variable that was not set would mean the working directory, or another mirror.
        for (name, value) in [("suite", suite), ("target", target), ("mirror", mirror ?? "-")] where value.isEmpty {
            throw OptionError("the \(name) is empty")
        }
        let knowledge = try await HostKnowledge(host: host, configurationDirectory: shared.configurationDirectory)
        let values = Values(layers: [layer])
        let given = Values.Given(value: suite, place: .argument("suite"))
        let release = try given.parsed { text throws(ValueError) in
            try knowledge.releases.resolve(text, today: knowledge.today)
        }
        let architecture = try values.parsed("arch", Architecture.init(parsing:)) ?? knowledge.architecture
        guard knowledge.architecture.executes(architecture) else {
            throw OptionError(
                "--arch: this host (\(knowledge.architecture)) cannot run the programs of \(architecture), which "
                    + "installing them needs")
        }
        try knowledge.checkVsyscall(of: release, architecture, on: host)
        var notes: [String] = []
        var warnings: [String] = []
        let install = try await ArchiveBuilder(
            values: values, host: host, knowledge: knowledge, base: Invoked.workingDirectory
        ).build(release: release, architecture: architecture, notes: &notes, warnings: &warnings)
        let target = try destination(host)
        for note in notes { console.note(note) }
        for warning in warnings { console.warn(warning) }
        guard host.system.userID == 0 else {
            throw ProvisioningError(
                "only root can make a root file system: its files belong to many users", exit: .noPermission,
                hint: "run it as root")
        }
        guard try host.files.entry(at: target.path.removingLastComponent())?.kind == .directory else {
            throw ProvisioningError(
                "there is no directory \(target.path.removingLastComponent())", exit: .noInput, hint: "make it first")
        }
        try Provisioner.checkIsFree(target, on: host)
        let variant = try chosenVariant()
        var sources = [BootstrapRequest.Source(mirror: install.mirror, suite: release.codename)]
        if mirror == nil {
            if let updates = install.updatesSuite { sources.append(.init(mirror: install.mirror, suite: updates)) }
            if let security = install.security {
                sources.append(.init(mirror: security.mirror, suite: security.suite))
            }
        }
        let request = BootstrapRequest(
            variant: variant, architecture: architecture, sources: sources, components: install.components,
            include: try packages(), proxy: install.proxy, isArchived: release.isArchived, timeout: install.timeout)
        let installer = try RootInstallers.installer(for: request, release: release, from: install)
        try Preflight.checkPrograms(installer.requirements, of: "this root", on: host)

        let store = try shared.store(host)
        try UnfinishedRuns(host: host, store: store).tell(console)
        let log = try GuestLog(
            directory: shared.logDirectory, guest: "bootstrap-\(target.path.lastComponent?.string ?? "root")",
            host: host
        ).begin("bootstrap")
        console.follow(log: log, host: host)
        let provisioner = Provisioner(
            host: host, store: store, reporter: LoggingReporter(reporter: console, log: log, host: host))
        try await provisioner.bootstrap(
            by: installer, to: target, run: RandomIdentifier.run(host.random), uuid: RandomIdentifier.uuid(host.random),
            log: log,
            helper: Invoked.locations(host, userConfiguration: shared.configurationDirectory).helper,
            keepsFailed: keep)
        console.close()
        console.result(
            "\(release.title) is in \(target.path)\n",
            json: Document(
                path: target.path.string, distribution: release.distribution.rawValue, codename: release.codename,
                architecture: architecture.rawValue, variant: variant.rawValue, log: log.string))
    }

    /// Under the names that `domus create` has for them.
    private var layer: Values.Layer {
        var layer = Values.Layer()
        func add(_ key: String, _ value: String?, _ place: Place) {
            if let value { layer.entries.append((key: key, value: value, place: place)) }
        }
        add("mirror", mirror, .argument("mirror"))
        // As mmdebstrap; what a guest may need beyond it is not for everybody.
        add("components", components ?? "main", .option("components"))
        add("arch", arch, .option("arch"))
        add("keyring", keyring, .option("keyring"))
        add("apt-proxy", aptProxy, .option("apt-proxy"))
        if noVerify { add("no-verify", "1", .option("no-verify")) }
        add("install-method", "native", .builtIn)
        return layer
    }

    private func destination(_ host: Host) throws -> BootstrapTarget {
        var path = Invoked.workingDirectory.pushing(FilePath(target)).lexicallyNormalized()
        guard let name = path.lastComponent, !Invoked.workingDirectory.starts(with: path) else {
            throw OptionError(
                "\"\(target)\" is the working directory, or one that it is in: it would be replaced",
                hint: "change to another directory, or choose a name in this one")
        }
        // It becomes a part of options of other programs.
        guard !path.string.unicodeScalars.contains(where: { ":\"\\".unicodeScalars.contains($0) || $0.value < 32 })
        else {
            throw OptionError("target: \"\(target)\" has a colon, a quotation mark or a control character in it")
        }
        // A link to a directory is as good as it.
        let parent = path.removingLastComponent()
        if try host.files.entry(at: parent) != nil { path = try host.files.resolved(parent).appending(name) }
        let size: ByteSize?
        do throws(ValueError) {
            size = try self.size.map { text throws(ValueError) in try ByteSize(parsing: text, bare: .mebibytes) }
        } catch {
            throw OptionError(error, at: .option("size"))
        }
        do throws(ValueError) {
            return try BootstrapTarget(path: path, size: size)
        } catch {
            throw OptionError(error, at: .argument("target"))
        }
    }

    private func chosenVariant() throws(OptionError) -> BootstrapRequest.Variant {
        guard let text = variant else { return .important }
        // mmdebstrap's and debootstrap's words for the same.
        let other: [String: BootstrapRequest.Variant] = [
            "required": .minbase, "debootstrap": .important, "-": .important,
        ]
        guard let variant = BootstrapRequest.Variant(rawValue: text) ?? other[text] else {
            throw OptionError(
                "--variant: \"\(text)\" is not a set of packages",
                hint: "known are \(BootstrapRequest.Variant.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return variant
    }

    /// Names of packages, which become words of apt's command line.
    private func packages() throws(OptionError) -> [String] {
        var names: [String] = []
        for word in include.flatMap({ $0.split { $0 == "," || $0.isWhitespace } }) {
            guard BootstrapRequest.isPackage(word) else {
                throw OptionError("--include: \"\(word)\" is not a package", hint: "write name, or name=version")
            }
            names.append(String(word))
        }
        return names
    }
}
