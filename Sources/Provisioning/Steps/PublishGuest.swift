import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Gives the finished directory and configuration their names, and makes the guest known: the moment from which a
/// killed run is finished, not undone.
struct PublishGuest: Step {
    let directory: FilePath
    let configuration: FilePath
    let disks: DiskPlan
    /// What it is a clone of.
    let base: String?
    /// Volumes of somebody else's that give way to it.
    let forcedVolumes: [VolumePath]

    var summary: String { "Publish \(directory) and \(configuration)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let text = findings.configuration, let guestDirectory = findings.guestDirectory,
            let workingDirectory = findings.workingDirectory
        else { preconditionFailure("the steps before this one make them") }
        let effects = context.effects
        let files = context.host.files
        let configurationDirectory = configuration.removingLastComponent()
        // Before anything has its name. TakeKernel's copies have been on their way to the disk since.
        for path in [findings.kernel?.path, findings.kernel?.initrd] {
            guard let path, path.removingLastComponent() == directory, let name = path.lastComponent else { continue }
            try files.synchronize(context.paths.guest.appending(name))
        }
        try effects.ensureSharedDirectory(configurationDirectory, mode: 0o755, step: summary)

        // Beside its final place, so that the rename is one step and nobody sees half a file.
        let temporary = configurationDirectory.appending(".domus-\(effects.run).new")
        let configurationIdentity = try effects.createOwnFile(
            temporary, contents: Array(text.utf8), mode: 0o644, step: summary)

        var tidying: [Undo] = [.removeTree(path: context.paths.base.string, identity: workingDirectory)]
        if let uuid = context.spec.storage.home.formatted {
            // First, while there is a directory to mount it on.
            tidying.insert(
                .releaseFileSystem(
                    FormattedDevice(path: disks.drive(disks.root.drive).path, uuid: uuid),
                    mark: FormattedDevice.mark(of: effects.run), mountPoint: context.paths.base.string,
                    helper: context.locations.helper.string), at: 0)
        }
        if context.replacesExisting {
            // Once more: the installation took its time, and one of a fleet has waited for the others.
            try await Preflight.checkReplaceable(context.spec, host: context.host, store: effects.store)
            if let old = try files.entry(at: directory) {
                try effects.setAside(directory, as: context.paths.replaced, identity: old.identity, step: summary)
                tidying.append(.removeTree(path: context.paths.replaced.string, identity: old.identity))
            }
            if let old = try files.entry(at: configuration) {
                let aside = configurationDirectory.appending(".domus-\(effects.run).old")
                try effects.setAside(configuration, as: aside, identity: old.identity, step: summary)
                tidying.append(.removeFile(path: aside.string, identity: old.identity))
            }
            let old = try effects.store.record(named: context.spec.hostname.name)
                .map { try OwnedVolumes(of: $0, host: context.host) }
            // Once more: the installation took its time.
            try old?.checkRemovable()
            for missing in old?.missing ?? [] { context.reporter.warn("\(missing); it was left alone") }
            for (number, old) in (old?.present ?? []).enumerated() {
                let aside = "domus-\(effects.run)-old\(number)"
                try effects.setAside(old, as: aside, step: summary)
                tidying.append(
                    .removeVolume(group: old.group, name: aside, uuid: old.uuid, tag: VolumeTags.all))
            }
        }
        for (number, path) in forcedVolumes.enumerated() {
            // Once more: the installation took its time.
            let stranger = try ForeignVolume(
                path, for: context.spec.hostname, on: context.host, store: effects.store)
            guard let volume = stranger else { continue }
            let aside = "domus-\(effects.run)-foreign\(number)"
            try effects.setAside(volume.owned, as: aside, step: summary)
            tidying.append(.removeForeignVolume(group: path.group.name, name: aside, uuid: volume.owned.uuid))
        }
        // Its installer writes on them next; those of other guests were looked at when they were written.
        if findings.netboot != nil { try context.checkVolumes(findings) }
        var volumes: [GuestRecord.OwnedVolume] = []
        for drive in disks.drives {
            guard case .volume(let path) = drive.place, let made = findings.volumes[drive.name] else { continue }
            if made.path != path { try effects.publish(made, as: path, step: summary) }
            volumes.append(.init(group: path.group.name, name: path.volume.name, uuid: made.uuid))
        }
        try effects.publish(
            context.paths.guest, as: directory, identity: guestDirectory, isDirectory: true, step: summary)
        try effects.publish(
            temporary, as: configuration, identity: configurationIdentity, isDirectory: false, step: summary)
        try files.synchronize(directory)
        try files.synchronize(directory.removingLastComponent())
        try files.synchronize(configurationDirectory)

        var record = record(findings, guestDirectory, volumes, configurationIdentity, context)
        record.installation = try installation(findings, context)
        try effects.store.commit(run: effects.run, saving: record, tidying: tidying)
    }

    /// Of a guest that is to install itself: which files that takes, as they were made.
    private func installation(_ findings: Findings, _ context: RunContext) throws -> GuestRecord.Installation? {
        guard let images = findings.netboot else { return nil }
        let names = InstallerFiles(in: directory)
        let files = try names.all.map { path in
            guard let entry = try context.host.files.entry(at: path) else {
                throw ProvisioningError("\(path) was made, and is gone again", exit: .temporary)
            }
            return GuestRecord.OwnedFile(path: path, identity: entry.identity)
        }
        return GuestRecord.Installation(
            configuration: names.configuration.string, files: files, images: images.id,
            timeout: context.spec.install.timeout,
            console: context.spec.machine.type.hasFirmware ? context.spec.configuration.settings.serialFile : nil)
    }

    private func record(
        _ findings: Findings, _ guestDirectory: FileIdentity, _ volumes: [GuestRecord.OwnedVolume],
        _ configurationIdentity: FileIdentity, _ context: RunContext
    ) -> GuestRecord {
        let spec = context.spec
        return GuestRecord(
            hostname: spec.hostname.name, distribution: spec.release.distribution.rawValue,
            codename: spec.release.codename, architecture: spec.architecture.rawValue,
            type: spec.machine.type.rawValue, memoryMiB: spec.machine.memory.mebibytes,
            virtualCPUs: spec.machine.virtualCPUs, mac: spec.interface.mac.description,
            addresses: spec.interface.fixedAddresses.map(\.description), bridge: spec.interface.bridge,
            furtherInterfaces: spec.furtherInterfaces.map(GuestRecord.Interface.init),
            installMethod: spec.install.method.name, base: base,
            directory: .init(path: directory, identity: guestDirectory), images: findings.images,
            volumes: volumes,
            configuration: .init(path: configuration, identity: configurationIdentity),
            boot: GuestRecord.Boot(
                kernelVersion: findings.kernel?.version, kernel: findings.kernel?.path?.string,
                initrd: findings.kernel?.initrd?.string, commandLine: findings.kernel?.commandLine,
                hasOwnKernel: spec.boot.loader.needsGuestKernel,
                bootsUnderPVGrub: findings.kernel?.image?.bootsUnderPVGrub ?? false,
                diskLoaders: spec.boot.diskLoaders.map(\.rawValue).sorted()),
            created: context.host.clock.seconds, madeBy: Product.version)
    }
}

/// This program.
package enum Product {
    package static let version = "0.1.0"
}
