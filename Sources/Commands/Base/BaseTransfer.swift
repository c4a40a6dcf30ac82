import Archives
import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import Storage
import SystemPackage

extension BaseCommand {
    /// `domus base export`.
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write a base into an archive, for another host.",
            discussion: "domus base export 1f0c5a9b2d3e /srv/bookworm.tar.zst")

        @Argument(help: ArgumentHelp("The base, by its number.", valueName: "base"))
        var base: String

        @Argument(
            help: ArgumentHelp("A .tar, .tar.gz, .tar.xz or .tar.zst, which must not be there.", valueName: "archive"))
        var archive: String

        @OptionGroup var shared: SharedOptions

        /// What was written, for `--json`.
        struct Document: Encodable {
            var base: String
            var archive: String
            var manifest: String
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            try BaseCommand.requireRoot(host, to: "export a base")
            let path = Invoked.workingDirectory.pushing(FilePath(archive)).lexicallyNormalized()
            guard !archive.isEmpty, ArchiveCompression(suffixOf: path) != nil else {
                throw OptionError(
                    "\"\(archive)\" is no name for an archive", hint: "it ends in .tar, .tar.gz, .tar.xz or .tar.zst")
            }
            let store = try shared.existingStore(host)
            let meant = try BaseCommand.named([base], store)
            guard let store, let record = meant.first else { preconditionFailure("it was found") }
            try UnfinishedRuns(host: host, store: store).tell(console)
            try await Provisioner(host: host, store: store, reporter: console).export(
                record, to: path, run: RandomIdentifier.run(host.random))
            let manifest = BaseManifest.path(of: path).string
            console.result(
                "Exported: \(record.id) to \(path), with \(manifest)\n",
                json: Document(base: record.id, archive: path.string, manifest: manifest))
        }
    }

    /// `domus base import`.
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Make a base of what another host has exported.",
            discussion: "domus base import /srv/bookworm.tar.zst --dir=/srv/xen")

        @Argument(help: ArgumentHelp("The archive; its .json is beside it.", valueName: "archive"))
        var archive: String

        @Option(help: ArgumentHelp("Where guests in image files live.", valueName: "dir"))
        var dir: String?

        @Option(help: ArgumentHelp("The volume group of guests on volumes.", valueName: "group"))
        var lvm: String?

        @Option(name: .customLong("lvm_thin"), help: ArgumentHelp("Its thin pool.", valueName: "pool"))
        var lvmThin: String?

        @Flag(name: .customLong("dry-run"), help: "Show what would be done, and do nothing.")
        var dryRun = false

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            try BaseCommand.requireRoot(host, to: "import a base")
            let path = Invoked.workingDirectory.pushing(FilePath(archive)).lexicallyNormalized()
            // Before it is read: whoever changes it afterwards is noticed.
            let stamp = try host.files.entry(at: path)?.stamp
            let manifest = try BaseManifest(of: path, on: host)
            guard let stamp, let fileSystem = FileSystemKind(rawValue: manifest.fileSystem),
                CloneRenewal.renews(fileSystem)
            else {
                throw ProvisioningError(
                    "a base cannot be a \(manifest.fileSystem): \(BaseManifest.path(of: path))", exit: .badData)
            }
            let wishes = try await Wishes(
                layer(of: manifest, path), config: nil, certainties: BaseCommand.anyGuest, shared: shared, host, console
            )
            let built = try await wishes.built(on: host)
            guard let home = BaseHome(of: built.spec.storage) else {
                throw OptionError("on volumes, a base is in a thin pool", hint: "add --lvm_thin=POOL")
            }
            let store = dryRun ? try shared.existingStore(host) : try shared.store(host)
            if let store { try UnfinishedRuns(host: host, store: store).tell(console) }
            switch try Provisioner.base(of: manifest, fileSystem: fileSystem, home: home, host: host, store: store) {
            case .there(let reference):
                console.note("there is that base already")
                if let record = reference.record { try console.show(record, on: host, store) }
            case .missing(let reference, _):
                let run = RandomIdentifier.run(host.random)
                let plan = try BasePlan(
                    importing: manifest, stamp: stamp, reference, for: built.spec, fileSystem: fileSystem, run: run,
                    locations: Invoked.locations(host, userConfiguration: shared.configurationDirectory),
                    uuid: RandomIdentifier.uuid(host.random))
                guard !dryRun else {
                    console.result("Would import: \(reference.id) into \(home)\n", json: ["base": reference.id])
                    return
                }
                let record = try await BaseCommand.make(
                    plan, run: run, keeps: false, shared, host, console)
                try console.show(record, on: host, store)
            }
        }

        /// What a guest would say that is installed from the archive.
        private func layer(of manifest: BaseManifest, _ path: FilePath) -> Values.Layer {
            var layer = Values.Layer()
            let own = [("dir", dir), ("lvm", lvm), ("lvm-thin", lvmThin)]
            for (key, value) in own { if let value { layer.entries.append((key, value, .option(key))) } }
            let given = [
                ("dist", manifest.codename), ("arch", manifest.architecture), ("fs", manifest.fileSystem),
                ("install-method", "tar"), ("install-source", path.string),
            ]
            layer.entries += given.map { ($0.0, $0.1, .option($0.0)) }
            return layer
        }
    }
}
