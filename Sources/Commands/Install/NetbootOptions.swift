import ArgumentParser
import GuestModel
import Installer
import LinuxHost
import Provisioning
import Settings
import SystemPackage

/// Which release's images, and of what archive: the options of `domus netboot fetch`.
struct NetbootOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The release: a codename, a number, or stable, testing, lts ...", valueName: "suite"))
    var dist: String?

    @Option(help: ArgumentHelp("The architecture (this host's).", valueName: "arch"))
    var arch: String?

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var images: ImageOptions

    /// What was said, under xen-tools' names for the keys of its files; a disc says of which release it is.
    func layer(_ host: Host) throws -> Values.Layer {
        var layer = archive.layer
        layer.add("dist", try dist ?? images.codename(host))
        layer.add("arch", arch)
        return layer
    }
}

/// Which images of the installer.
struct ImageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Images made for Xen, or for every machine: xen or generic.", valueName: "kind"))
    var flavour: String?

    @Option(
        help: ArgumentHelp(
            "Where the images are: mirror, package, or an installer's disc image or Debian package that is here.",
            valueName: "place"))
    var from: String?

    @Option(
        help: ArgumentHelp("For a disc image: its SHA256SUMS, with SHA256SUMS.sign beside it.", valueName: "file"))
    var sums: String?

    @Flag(name: .customLong("allow-older"), help: "Take an archive that is older than it was before.")
    var allowOlder = false

    /// How to get them.
    ///
    /// - Throws: ``OptionError``.
    func fetch(_ archive: ArchiveChain.Archive, _ architecture: Architecture, _ host: Host) throws -> NetbootFetch {
        var archive = archive
        archive.allowsOlder = allowOlder
        return NetbootFetch(
            archive, architecture, flavour: try chosenFlavour(), source: try source(host),
            sums: try sums.map { text in
                let path = Invoked.workingDirectory.pushing(FilePath(text)).lexicallyNormalized()
                guard try host.files.entry(at: path) != nil else {
                    throw OptionError("--sums: there is no file \(path)", exit: .noInput)
                }
                return path
            })
    }

    /// The release that a disc says it is of; nil for all else.
    ///
    /// - Throws: ``ProvisioningError`` for a disc that cannot be read.
    func codename(_ host: Host) throws -> String? {
        guard case .disc(let path) = try source(host) else { return nil }
        do {
            return try DiscTitle(of: path).codename
        } catch {
            throw ProvisioningError(error)
        }
    }

    private func chosenFlavour() throws(OptionError) -> NetbootFlavour? {
        guard let flavour else { return nil }
        guard let known = NetbootFlavour(rawValue: flavour) else {
            throw OptionError("--flavour: \"\(flavour)\" is not known", hint: "write xen or generic")
        }
        return known
    }

    private func source(_ host: Host) throws -> NetbootFetch.Source {
        switch from {
        case nil: return .any
        case "mirror": return .mirror
        case "package": return .package
        case let text?:
            let path = Invoked.workingDirectory.pushing(FilePath(text)).lexicallyNormalized()
            guard try host.files.entry(at: path) != nil else {
                throw OptionError(
                    "--from: there is no file \(path)", hint: "write mirror, package, or a file's name", exit: .noInput)
            }
            let head = try host.files.bytes(of: path, at: 0, count: 8)
            return head == Array("!<arch>\n".utf8) ? .packageFile(path) : .disc(path)
        }
    }
}

/// The archive of an installer's images: as that of a guest's packages, but of any architecture, for nothing of it runs here.
struct NetbootArchive {
    let archive: ArchiveChain.Archive
    let architecture: Architecture
    let notes: [String]
    let warnings: [String]

    init(_ wishes: Wishes, host: Host) async throws {
        let (values, knowledge) = (wishes.values, wishes.knowledge)
        let distName = values.given("dist") ?? .init(value: "stable", place: .builtIn)
        let release = try distName.parsed { text throws(ValueError) in
            try knowledge.releases.resolve(text, today: knowledge.today)
        }
        architecture = try values.parsed("arch", Architecture.init(parsing:)) ?? knowledge.architecture
        var notes: [String] = []
        var warnings: [String] = []
        let install = try await ArchiveBuilder(
            values: values, host: host, knowledge: knowledge, base: Invoked.workingDirectory
        ).build(
            release: release, architecture: architecture, installsItself: true, notes: &notes, warnings: &warnings)
        archive = ArchiveChain.Archive(install, of: release)
        self.notes = notes
        self.warnings = warnings
    }
}
