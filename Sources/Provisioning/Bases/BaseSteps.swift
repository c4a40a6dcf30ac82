import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Writes the tree into a file system that is just large enough, on a thin volume or in a file of the run's own.
struct MakeBase: Step {
    let reference: BaseReference
    let fileSystem: FileSystemKind
    let uuid: String
    /// Whether the guest for whose sake it is made must have room for it.
    var isForGuest = true

    /// What findings call it.
    static let drive = "base"

    var summary: String { "Write the base in \(reference.home)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let usage = try context.host.files.usage(of: context.paths.root)
        let size = FileSystemMaker.size(forBytes: usage.bytes, inodes: usage.inodes)
        if isForGuest {
            // For nobody else's sake, so far.
            try BaseRecord.checkRoom(
                for: context.spec.hostname, context.disks.root.partition.size, base: reference.id, takes: size.bytes)
        }
        let disk = try makeDisk(size, &findings, in: context)
        let maker = FileSystemMaker(image: disk, uuid: uuid)
        let isVolume = if case .pool = reference.home { true } else { false }
        let invocation = Confinement(helper: context.locations.helper).wrap(
            maker.fileSystem(
                fileSystem, tree: context.paths.root, features: findings.features, keepsAllocation: isVolume,
                grows: true))
        let status = try await context.run(invocation)
        guard status.isSuccess else {
            throw StorageError(
                "cannot make the file system of the base \(reference.id): mke2fs ended with \(status)"
                    + context.saying(invocation))
        }
        try context.host.files.synchronize(disk)
        findings.base = (try await context.host.files.digest(ofImage: disk), size.bytes)
    }

    private func makeDisk(
        _ size: ByteSize, _ findings: inout Findings, in context: RunContext
    ) throws -> FilePath {
        switch reference.home {
        case .directory:
            let image = context.paths.baseImage
            _ = try context.host.files.createImage(image, size: size, allocated: false)
            return image
        case .pool(let group, let pool):
            let path = try DiskPlan.workingVolume(of: Self.drive, in: group, run: context.effects.run)
            let volume = try context.effects.createOwnVolumes(
                [.init(path: path, size: size)], in: group, pool: pool, tag: VolumeTags.of(base: reference.id),
                step: summary
            ).first
            guard let volume else { preconditionFailure("one was asked for") }
            findings.volumes[Self.drive] = volume
            return FilePath(volume.path.device)
        }
    }
}

/// Makes sure that what was unpacked is what was held against the manifest.
struct CheckArchive: Step {
    let archive: FilePath?
    let stamp: FileStamp

    var summary: String { "See that the archive is still the same" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let archive, try context.host.files.entry(at: archive)?.stamp == stamp else {
            throw ProvisioningError(
                "\(archive?.string ?? "the archive") was changed while it was unpacked", exit: .temporary,
                hint: "try again when nobody writes to it")
        }
    }
}

/// Makes the base known under its name, for nobody to write to: the moment from which a killed run is finished, not undone.
struct PublishBase: Step {
    let reference: BaseReference
    let shape: BaseShape
    let state: ArchiveState
    /// `--install-method` of its system.
    let method: String

    var summary: String { "Publish the base \(reference.id)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let made = findings.base, let workingDirectory = findings.workingDirectory else {
            preconditionFailure("the steps before this one make them")
        }
        let effects = context.effects
        let place = try publish(findings, in: context)
        let now = context.host.clock.seconds
        var verified: BaseRecord.Verification?
        if case .image(let file) = place, let entry = try context.host.files.entry(at: FilePath(file.path)) {
            verified = BaseRecord.Verification(stamp: entry.stamp, time: now)
        }
        let spec = context.spec
        let record = BaseRecord(
            id: reference.id, shape: shape.key, state: state.digest, distribution: spec.release.distribution.rawValue,
            codename: spec.release.codename, architecture: spec.architecture.rawValue,
            installMethod: method, fileSystem: shape.fileSystem.rawValue,
            place: place, digest: made.digest, verified: verified,
            size: findings.volumes[MakeBase.drive]?.size ?? made.size, created: now, madeBy: Product.version)
        var superseded: [BaseRecord] = []
        var removals: [Undo] = []
        for base in try self.superseded(in: context) {
            do {
                if let removal = try await base.removal(on: context.host) { removals.append(removal) }
                superseded.append(base)
            } catch let error as ProvisioningError where error.exit == .temporary {
                // Somebody has it open: it stays until the next one.
                context.reporter.note(error.message)
            }
        }
        // One of that number whose volume or file somebody has taken away is forgotten.
        let lost = try effects.store.bases().filter { $0.id == reference.id }
        try effects.store.commit(
            run: effects.run, savingBase: record, removingBases: (superseded + lost).map(\.place.key),
            tidying: [.removeTree(path: context.paths.base.string, identity: workingDirectory)]
                + removals)
    }

    private func publish(_ findings: Findings, in context: RunContext) throws -> BaseRecord.Place {
        let effects = context.effects
        let files = context.host.files
        switch reference.home {
        case .pool(_, let pool):
            guard let volume = findings.volumes[MakeBase.drive], let path = try reference.home.volume(of: reference.id)
            else { preconditionFailure("it was made before") }
            try context.host.volumes.seal(volume.path)
            try effects.publish(volume, as: path, step: summary)
            return .volume(
                .init(group: path.group.name, name: path.volume.name, uuid: volume.uuid), pool: pool.name)
        case .directory(let directory):
            let path = try reference.home.path(of: reference.id)
            let image = context.paths.baseImage
            guard let entry = try files.entry(at: image) else { throw HostError("\(image) is gone") }
            try effects.ensureSharedDirectory(directory, mode: 0o755, step: summary)
            try effects.publish(image, as: path, identity: entry.identity, isDirectory: false, step: summary)
            try files.synchronize(directory)
            try files.synchronize(directory.removingLastComponent())
            return .image(.init(path: path, identity: entry.identity))
        }
    }

    /// Seconds: somebody may have chosen a younger one, and not come to its clone yet.
    private static let youth: Int64 = 3600

    /// Older bases of the shape; none while somebody else makes a guest or a base, perhaps of one of them.
    private func superseded(in context: RunContext) throws -> [BaseRecord] {
        let this = context.host.system.thisProcess
        guard
            try !context.effects.store.runs().contains(where: {
                $0.mayUseBases && $0.process != this
            })
        else { return [] }
        let now = context.host.clock.seconds
        return try context.effects.store.bases().filter { base in
            base.shape == shape.key && base.lastUse <= now - Self.youth && base.isIn(reference.home)
                && base.id != reference.id
        }
    }
}

/// Makes the guest's volumes, for its root a snapshot of the base's; or, of a base in a file, a copy of that which shares
/// its blocks where the file system can. It is as large as the root is to be.
struct CloneBase: Step {
    let base: BaseReference
    let disks: DiskPlan
    /// Whether others are made beside this one. Their copies would take more memory than a dom0 has, and displace what is read
    /// again for each, the base itself first; and while one waits for the disk another computes.
    let isOneOfMany: Bool

    var summary: String {
        "Clone the base \(base.id)" + (disks.drives.count > 1 ? ", and carve \(disks.drives.count - 1) more" : "")
    }

    var details: [String] {
        disks.slots.map { slot in
            "\(disks.drive(slot.drive).path): \(slot.partition.size)"
                + (slot == disks.root ? ", of the base in \(base.home)" : "")
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let record = try context.effects.store.bases().first { $0.id == base.id }
        guard let record else { throw isGone }
        try record.checkRoom(for: context.spec.hostname, disks.root.partition.size)
        switch record.place {
        case .volume(let volume, _): try snapshot(volume, of: record, &findings, in: context)
        case .image(let image):
            guard try record.isThere(on: context.host) else { throw isGone }
            try await copy(FilePath(image.path), of: record, &findings, in: context)
        }
    }

    private var isGone: ProvisioningError {
        ProvisioningError(
            "the base \(base.id) is not there any more in \(base.home)", exit: .temporary,
            hint: "try again: it is made anew")
    }

    private func snapshot(
        _ volume: GuestRecord.OwnedVolume, of record: BaseRecord, _ findings: inout Findings, in context: RunContext
    ) throws {
        guard case .pool(let group, let pool) = base.home else { preconditionFailure("a volume is in a pool") }
        let origin = try VolumePath(group, VolumeName(volume.name))
        let wanted = try disks.drives.map { drive in
            Effects.WantedVolume(
                path: try context.workingVolume(of: drive, in: group), size: try disks.size(of: drive),
                origin: drive.name == disks.root.drive ? (path: origin, base: record) : nil)
        }
        let volumes: [Findings.WorkingVolume]
        do {
            volumes = try context.effects.createOwnVolumes(
                wanted, in: group, pool: pool, tag: VolumeTags.of(guest: context.spec.hostname), step: summary)
        } catch {
            // To ask only now spares a look at all disks.
            guard let isThere = try? record.isThere(on: context.host), !isThere else { throw error }
            throw isGone
        }
        for (drive, volume) in zip(disks.drives, volumes) { findings.volumes[drive.name] = volume }
    }

    /// What is copied is read for its digest too, unless that was done within a day and the file has not been changed since:
    /// a base that is damaged is not used.
    private func copy(
        _ image: FilePath, of record: BaseRecord, _ findings: inout Findings, in context: RunContext
    ) async throws {
        let files = context.host.files
        let clone = context.workingPath(of: disks.drive(disks.root.drive), findings)
        let isFull = context.spec.storage.allocation == .full
        findings.cloneDevice = try files.createMountableImage(
            clone, size: disks.root.partition.size, allocated: isFull)
        let now = context.host.clock.seconds
        let stamp = try files.entry(at: image)?.stamp
        let isKnown = record.verified?.holds(stamp, at: now) ?? false
        let digest = try await files.copyImage(
            image, to: clone, shares: !isFull, digests: !isKnown, bypassesCache: isOneOfMany)
        guard isKnown || digest == record.digest else {
            try context.effects.store.note(nil, ofBaseAt: record.place)
            throw record.damaged
        }
        guard let stamp, try files.entry(at: image)?.stamp == stamp else {
            throw ProvisioningError("somebody has written to \(image) while it was copied", exit: .temporary)
        }
        // What a disk has taken into its cache is written by it only when that is asked for, and takes as long as the copy did.
        // Of many, others compute meanwhile.
        if !isOneOfMany { findings.writeOut(clone, by: files) }
        if !isKnown {
            try context.effects.store.note(BaseRecord.Verification(stamp: stamp, time: now), ofBaseAt: record.place)
        }
    }
}

extension BaseRecord {
    /// What is thrown when it does not hold any more what it held.
    var damaged: ProvisioningError {
        ProvisioningError(
            "the base \(id) is damaged: \(place.text) does not hold any more what was written to it", exit: .badData,
            hint: "see to the disk; domus base remove \(id) makes room for a new one")
    }

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

/// Makes the clone a file system of its own that fills its volume or image. That of a volume is looked over before; a copy is
/// known to be whole by its digest.
struct RenewClone: Step {
    let partition: Partition
    let drive: String

    var summary: String { "Check the clone and make it \(partition.size)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let uuid = context.identifiers[partition.name] else { preconditionFailure("each partition has a UUID") }
        let isVolume = findings.volumes[drive] != nil
        let renewal = CloneRenewal(
            device: context.workingPath(of: context.disks.drive(drive), findings), uuid: uuid, isChecked: !isVolume)
        var confinement = Confinement(helper: context.locations.helper)
        // All that was copied would be waited for here; it goes to the disk meanwhile, and is waited for in the end.
        confinement.ignoresSynchronization = !isVolume
        for invocation in renewal.invocations {
            let confined = confinement.wrap(invocation)
            let status = try await context.run(confined)
            guard !status.isSuccess else { continue }
            throw StorageError(
                "cannot use the clone of the base for partition \(partition.name): \(invocation.executable) ended with "
                    + "\(status)" + context.saying(confined),
                hint: "if the base itself is damaged, domus base remove makes room for a new one")
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
