import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Writes the tree into a file system that is just large enough, on a thin volume of the run's own.
struct MakeBase: Step {
    let reference: BaseReference
    let fileSystem: FileSystemKind
    let uuid: String

    /// What findings call it.
    static let drive = "base"

    var summary: String { "Write the base in the thin pool \(reference.group)/\(reference.pool)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let usage = try context.host.files.usage(of: context.paths.root)
        let path = try DiskPlan.workingVolume(of: Self.drive, in: reference.group, run: context.effects.run)
        let size = FileSystemMaker.size(forBytes: usage.bytes, inodes: usage.inodes)
        // For nobody's sake but this guest's, so far.
        try BaseRecord.checkRoom(
            for: context.spec.hostname, context.disks.root.partition.size, base: reference.id, takes: size.bytes)
        let volume = try context.effects.createOwnVolumes(
            [.init(path: path, size: size)], in: reference.group,
            pool: reference.pool, tag: VolumeTags.of(base: reference.id), step: summary
        ).first
        guard let volume else { preconditionFailure("one was asked for") }
        findings.volumes[Self.drive] = volume
        let maker = FileSystemMaker(image: FilePath(volume.path.device), uuid: uuid)
        let invocation = Confinement(helper: context.locations.helper).wrap(
            maker.fileSystem(
                fileSystem, tree: context.paths.root, features: findings.features, keepsAllocation: true,
                grows: true))
        let status = try await context.run(invocation)
        guard status.isSuccess else {
            throw StorageError(
                "cannot make the file system of the base \(reference.id): mke2fs ended with \(status)"
                    + context.saying(invocation))
        }
        try context.host.files.synchronize(FilePath(volume.path.device))
    }
}

/// Makes the base known under its name, for nobody to write to: the moment from which a killed run is finished, not undone.
struct PublishBase: Step {
    let reference: BaseReference
    let shape: BaseShape
    let state: ArchiveState

    var summary: String { "Publish the base \(reference.id)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let volume = findings.volumes[MakeBase.drive], let workingDirectory = findings.workingDirectory else {
            preconditionFailure("the steps before this one make them")
        }
        let path = try BasePlan.volume(of: reference)
        let effects = context.effects
        try context.host.volumes.seal(volume.path)
        try effects.publish(volume, as: path, step: summary)
        let spec = context.spec
        let record = BaseRecord(
            id: reference.id, shape: shape.key, state: state.digest, distribution: spec.release.distribution.rawValue,
            codename: spec.release.codename, architecture: spec.architecture.rawValue,
            installMethod: spec.install.method.name, fileSystem: shape.fileSystem.rawValue,
            volume: .init(group: path.group.name, name: path.volume.name, uuid: volume.uuid), pool: reference.pool.name,
            size: volume.size, created: context.host.clock.seconds, madeBy: Product.version)
        let superseded = try superseded(in: context)
        // One of that number whose volume somebody has taken away is forgotten.
        let lost = try effects.store.bases().filter { $0.id == reference.id }
        try effects.store.commit(
            run: effects.run, savingBase: record, removingBases: (superseded + lost).map(\.volume.uuid),
            tidying: [.removeTree(path: context.paths.base.string, identity: workingDirectory)]
                + superseded.map { old in
                    .removeVolume(
                        group: old.volume.group, name: old.volume.name, uuid: old.volume.uuid, tag: VolumeTags.all)
                })
    }

    /// Seconds: somebody may have chosen a younger one, and not come to its clone yet.
    private static let youth: Int64 = 3600

    /// Older bases of the shape; none while somebody else makes a guest or a base, perhaps of one of them.
    private func superseded(in context: RunContext) throws -> [BaseRecord] {
        let this = context.host.system.thisProcess
        guard
            try !context.effects.store.runs().contains(where: {
                ["create", "base"].contains($0.command) && $0.process != this
            })
        else { return [] }
        let now = context.host.clock.seconds
        return try context.effects.store.bases().filter { base in
            base.shape == shape.key && base.created <= now - Self.youth && base.volume.group == reference.group.name
                && base.pool == reference.pool.name
        }
    }
}

/// Makes the guest's volumes: for its root a snapshot of the base's, as large as it is to be.
struct CloneBase: Step {
    let base: BaseReference
    let disks: DiskPlan

    var summary: String {
        "Clone the base \(base.id)" + (disks.drives.count > 1 ? ", and carve \(disks.drives.count - 1) more" : "")
    }

    var details: [String] {
        disks.slots.map { slot in
            "\(disks.drive(slot.drive).path): \(slot.partition.size)"
                + (slot == disks.root ? ", of \(base.group)/\(base.pool)" : "")
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let record = try context.effects.store.bases().first { $0.id == base.id }
        guard let record, try context.host.volumes.volumes(in: base.group).contains(where: record.isOn) else {
            throw ProvisioningError(
                "the base \(base.id) is not there any more in \(base.group)", exit: .temporary,
                hint: "try again: it is made anew")
        }
        try record.checkRoom(for: context.spec.hostname, disks.root.partition.size)
        let origin = try VolumePath(base.group, VolumeName(record.volume.name))
        let wanted = try disks.drives.map { drive in
            Effects.WantedVolume(
                path: try DiskPlan.workingVolume(of: drive.name, in: base.group, run: context.effects.run),
                size: try disks.size(of: drive),
                origin: drive.name == disks.root.drive ? (path: origin, size: record.size) : nil)
        }
        let volumes = try context.effects.createOwnVolumes(
            wanted, in: base.group, pool: base.pool, tag: VolumeTags.of(guest: context.spec.hostname), step: summary)
        for (drive, volume) in zip(disks.drives, volumes) { findings.volumes[drive.name] = volume }
    }
}

extension BaseRecord {
    /// - Throws: ``ProvisioningError`` for a guest that is smaller.
    func checkRoom(for guest: Hostname, _ size: ByteSize) throws(ProvisioningError) {
        try Self.checkRoom(for: guest, size, base: id, takes: self.size)
    }

    static func checkRoom(
        for guest: Hostname, _ size: ByteSize, base id: String, takes bytes: Int64
    ) throws(ProvisioningError) {
        guard size.bytes < bytes else { return }
        throw ProvisioningError(
            "the base \(id) takes \(ByteSize(bytes: bytes)), and the root of \(guest) is to have \(size)",
            exit: .cannotCreate, hint: "give it more with --size, or leave --base out")
    }
}

/// Makes sure that the clone is whole, and makes it a file system of its own that fills its volume.
struct RenewClone: Step {
    let partition: Partition
    let drive: String

    var summary: String { "Check the clone and make it \(partition.size)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let volume = findings.volumes[drive], let uuid = context.identifiers[partition.name] else {
            preconditionFailure("it was cloned before")
        }
        let renewal = CloneRenewal(device: FilePath(volume.path.device), uuid: uuid)
        for invocation in renewal.invocations {
            let confined = Confinement(helper: context.locations.helper).wrap(invocation)
            let status = try await context.run(confined)
            guard !status.isSuccess else { continue }
            throw StorageError(
                "cannot use the clone of the base for partition \(partition.name): \(invocation.executable) ended with "
                    + "\(status)" + context.saying(confined),
                hint: "if the base itself is damaged, domus base remove makes room for a new one")
        }
    }
}

/// Shows the clone in the place of the tree, to this process and its programs.
struct MountClone: Step {
    let drive: String

    var summary: String { "Mount the clone" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let volume = findings.volumes[drive] else { preconditionFailure("it was cloned before") }
        // ext4's driver reads all three kinds. Its thread that zeroes inode tables would allocate them in the pool; and what
        // cannot be written is to be the end of it.
        try context.effects.mount(
            FilePath(volume.path.device), at: context.paths.root, type: "ext4",
            options: "noinit_itable,errors=remount-ro", step: summary)
    }
}

/// Ends that, all written.
struct UnmountClone: Step {
    var summary: String { "Unmount the clone" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard try context.host.files.unmount(context.paths.root, whatWasWritten: true) else {
            throw ProvisioningError(
                "\(context.paths.root) is not mounted any more: somebody else has unmounted it", exit: .temporary)
        }
    }
}

extension RunContext {
    /// The last lines that a program wrote, for the end of a sentence.
    func saying(_ invocation: Invocation) -> String {
        let tail = logTail(of: invocation, lines: 3)
        return tail.isEmpty ? "" : ":\n\(tail)"
    }
}
