import Archives
import Bootstrap
import GuestModel
import LinuxHost
import Storage
import SystemPackage

extension Provisioner {
    /// Makes a root file system for nobody in particular. As with a guest it is there as a whole, or nothing is left.
    ///
    /// - Parameters:
    ///   - uuid: the file system's, for an image.
    /// - Throws: ``ProvisioningError``.
    package func bootstrap(
        by installer: any RootInstaller, to target: BootstrapTarget, run: String,
        uuid: String, log: FilePath?, helper: FilePath, keepsFailed: Bool
    ) async throws(ProvisioningError) {
        try begin("bootstrap", on: "bootstrap:\(target.path)", run: run, log: log)
        let effects = Effects(host: host, store: store, run: run)
        let base = target.path.removingLastComponent().appending(".domus-\(run)")
        var current: String?
        do {
            let prepare = "Make a working directory beside \(target.path)"
            current = prepare
            // Once more, under the journal.
            try Self.checkIsFree(target, on: host)
            let identity = try effects.createOwnDirectory(base, mode: 0o700, step: prepare)
            let reporter = reporter
            let site = InstallationSite(
                root: base.appending("root"), scratch: base.appending("scratch"), log: log, helper: helper,
                progress: { reporter.progressed($0) })
            _ = try host.files.createDirectory(site.root, mode: 0o755)
            _ = try host.files.createDirectory(site.scratch, mode: 0o700)

            try await step(installer.summary, 1, &current) {
                try await installer.install(at: site, on: host)
                try Task.checkCancellation()
            }
            try await step(target.summary, 2, &current) {
                try await finish(target, site, base, uuid: uuid, effects)
            }
            try host.files.synchronize(target.path.removingLastComponent())
            try store.commit(run: run, tidying: [.removeTree(path: base.string, identity: identity)])
        } catch {
            throw await failure(error, step: current, run: run, log: log, keeps: keepsFailed)
        }
        await tidy(run: run, ends: true)
    }

    private func step(
        _ summary: String, _ number: Int, _ current: inout String?, _ body: () async throws -> Void
    ) async throws {
        current = summary
        let began = host.clock.monotonic
        reporter.began(summary, number: number, of: 2)
        do {
            try await body()
        } catch {
            reporter.failed(summary)
            throw error
        }
        reporter.finished(summary, seconds: host.clock.monotonic - began)
    }

    /// An empty directory may be there, which the new one takes the place of.
    package static func checkIsFree(_ target: BootstrapTarget, on host: Host) throws {
        let path = target.path
        guard let entry = try host.files.entry(at: path) else { return }
        guard case .directory = target, entry.kind == .directory, try host.files.names(in: path).isEmpty else {
            throw ProvisioningError(
                "\(path) exists already", exit: .cannotCreate, hint: "remove it, or choose another name")
        }
        let parent = try host.files.entry(at: path.removingLastComponent())
        guard parent?.identity.device == entry.identity.device else {
            throw ProvisioningError(
                "\(path) is where a file system is mounted, and the tree is put in place as a whole",
                exit: .cannotCreate, hint: "choose a name below it: \(path)/root")
        }
    }

    private func finish(
        _ target: BootstrapTarget, _ site: InstallationSite, _ base: FilePath, uuid: String, _ effects: Effects
    ) async throws {
        let files = host.files
        let summary = target.summary
        switch target {
        case .directory(let path):
            guard let entry = try files.entry(at: site.root) else { throw HostError("the tree is gone") }
            if let empty = try files.entry(at: path) {
                try effects.setAside(path, as: base.appending("empty"), identity: empty.identity, step: summary)
            }
            try effects.publish(site.root, as: path, identity: entry.identity, isDirectory: true, step: summary)
        case .archive(let path):
            // The suffix says how it is compressed.
            let made = base.appending(path.lastComponent?.string ?? "root.tar")
            try pack(tree: site.root, to: made, isCancelled: { Task.isCancelled })
            try publish(made, as: path, effects, step: summary)
        case .image(let path, let size):
            let made = base.appending("image")
            let usage = try files.usage(of: site.root)
            let needed = FileSystemMaker.size(forBytes: usage.bytes, inodes: usage.inodes)
            if let size, size < needed {
                throw ProvisioningError(
                    "the system needs a file system of \(needed), and \(size) were asked for", exit: .cannotCreate,
                    hint: "leave --size out for one that is just large enough")
            }
            _ = try files.createImage(made, size: size ?? needed, allocated: false)
            let maker = FileSystemMaker(image: made, uuid: uuid)
            let invocation = Confinement(helper: site.helper).wrap(
                maker.fileSystem(
                    .ext4, tree: site.root, features: .init(), keepsAllocation: false, grows: true))
            let status = try await host.processes.run(invocation, appendingOutputTo: site.log)
            guard status.isSuccess else {
                throw StorageError("cannot make the file system \(path): mke2fs ended with \(status)")
            }
            try publish(made, as: path, effects, step: summary)
        }
    }

    private func publish(_ made: FilePath, as path: FilePath, _ effects: Effects, step: String) throws {
        guard let entry = try host.files.entry(at: made) else { throw HostError("\(made) is gone") }
        try host.files.synchronize(made)
        try effects.publish(made, as: path, identity: entry.identity, isDirectory: false, step: step)
    }
}
