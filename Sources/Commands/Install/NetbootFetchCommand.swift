import ArgumentParser
import GuestModel
import Installer
import LinuxHost
import Provisioning
import SystemPackage

extension NetbootCommand {
    /// `domus netboot fetch`.
    struct Fetch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fetch", abstract: "Get the installer's kernel and initial RAM disk, proven.",
            discussion: "domus netboot fetch --dist=bookworm")

        @OptionGroup var options: NetbootOptions

        @Option(help: ArgumentHelp("Copy them to this directory, as vmlinuz and initrd.gz.", valueName: "dir"))
        var output: String?

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            guard host.system.userID == 0 else {
                throw ProvisioningError(
                    "only root can keep images of the installer", exit: .noPermission, hint: "run it as root")
            }
            let wishes = try await Wishes(options.layer(host), config: nil, shared: shared, host, console)
            let archive = try await NetbootArchive(wishes, host: host)
            for note in archive.notes { console.note(note) }
            for warning in archive.warnings { console.warn(warning) }
            let fetch = try options.images.fetch(archive.archive, archive.architecture, host)
            let target = try output.map { try NetbootCommand.directory($0, host) }
            let state = try shared.store(host)
            try UnfinishedRuns(host: host, store: state).tell(console)
            let run = RandomIdentifier.run(host.random)
            let store = shared.netboot(host)
            let log = try GuestLog(
                directory: shared.logDirectory, guest: "netboot-\(archive.archive.suite)", host: host
            )
            .begin("netboot")
            let set = try await Provisioner(host: host, store: state, reporter: console).fetch(
                fetch, into: store, run: run, log: log)
            console.close()
            if let target { try await copy(set, from: store, to: target, host) }
            console.tell(of: set)
            let document = Document(set, in: store)
            console.result(document.text, json: document)
        }

        private func copy(_ set: NetbootSet, from store: NetbootStore, to target: FilePath, _ host: Host) async throws {
            for (name, digest) in [("vmlinuz", set.kernel), ("initrd.gz", set.initrd)] {
                let path = target.appending(name)
                do throws(HostError) {
                    let bytes = try host.files.contents(of: store.object(digest), limit: 1 << 30)
                    _ = try host.files.createFile(path, contents: bytes, mode: 0o644)
                } catch {
                    throw ProvisioningError(error)
                }
            }
        }
    }

    /// A directory in which none of the two files is yet.
    fileprivate static func directory(_ text: String, _ host: Host) throws -> FilePath {
        let path = Invoked.workingDirectory.pushing(FilePath(text)).lexicallyNormalized()
        guard try host.files.directory(at: path) != nil else {
            throw OptionError("--output: there is no directory \(path)", exit: .noInput)
        }
        for name in ["vmlinuz", "initrd.gz"] where try host.files.entry(at: path.appending(name)) != nil {
            throw OptionError("--output: \(path.appending(name)) is there already", exit: .cannotCreate)
        }
        return path
    }
}

extension Console {
    /// What images mean for a guest of Xen's.
    func tell(of set: NetbootSet) {
        if set.xen?.knowsXen == false {
            note(
                "their kernel, Linux \(set.kernelRelease ?? "?"), was built without Xen: they install guests of type hvm, and no "
                    + "others")
        }
        if set.signer == nil { warn("nothing proves these images: --no-verify was given") }
        if set.hasModulesInArchive == false {
            warn(
                "the archive has no modules of the installer for Linux \(set.kernelRelease ?? "?") any more: it has moved on, "
                    + "and an installation with these images finds neither disks nor file systems")
        } else if set.flavour == .generic, set.xen?.knowsXen != false {
            note(
                "these images were not made for Xen: the installer loads the driver for Xen's disks from the mirror, "
                    + "with its other modules")
        }
    }
}
