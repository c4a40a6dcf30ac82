import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Writes the tree into the guest's images.
///
/// The file systems are made from directories, not by mounting: it needs no loop device, so that it works in a
/// container, and it is what makes the features that only the finished tree tells (``ExtFeatures``) possible. Where neither
/// matters ``MakeRoot`` is quicker.
struct MakeImages: Step {
    let disks: DiskPlan
    let storage: GuestSpec.Storage
    /// The drive that has its file system already, with all that is in it.
    var filled: String?

    private var slots: [DiskPlan.Slot] { disks.slots.filter { $0.drive != filled } }

    var summary: String {
        let what =
            switch storage.home {
            case .files: "image"
            case .volumes: "volume"
            case .devices: "device"
            }
        if slots.isEmpty { return "Synchronize the \(what)" }
        return disks.layout == .disk
            ? "Write the disk's \(what)" : "Write \(slots.count) \(what)\(slots.count == 1 ? "" : "s")"
    }

    var details: [String] {
        slots.map { slot in
            "\(slot.device): \(slot.partition.size) \(slot.partition.fileSystem?.rawValue ?? "swap")"
                + (slot.partition.mountPoint.map { " at \($0)" } ?? "")
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let files = context.host.files
        if !slots.isEmpty { try context.checkVolumes(findings) }
        var trees = [disks.root.partition.name: context.paths.root]
        for slot in disks.mounted {
            guard let mountPoint = slot.partition.mountPoint else { continue }
            let directory = context.paths.split.appending(slot.partition.name)
            try files.detach(mountPoint, ofTree: context.paths.root, to: directory)
            trees[slot.partition.name] = directory
        }
        switch disks.layout {
        case .images:
            for slot in disks.slots {
                let drive = disks.drive(slot.drive)
                let image = context.workingPath(of: drive, findings)
                if case .file = drive.place, slot.drive != filled {
                    try create(image, size: slot.partition.size, context)
                }
                if slot.drive == filled {
                    try files.synchronize(image)
                } else {
                    try await write(slot, to: image, tree: trees[slot.partition.name], findings, context)
                }
                findings.images.append(
                    .init(
                        path: drive.path.string,
                        size: findings.volumes[drive.name]?.size ?? slot.partition.size.bytes, device: drive.device))
            }
        case .disk:
            let drive = disks.drive("disk")
            let size = try await writeDisk(drive, trees: trees, findings, context)
            findings.images.append(
                .init(
                    path: drive.path.string, size: findings.volumes[drive.name]?.size ?? size.bytes,
                    device: drive.device))
        }
    }

    private func create(_ image: FilePath, size: ByteSize, _ context: RunContext) throws {
        _ = try context.host.files.createImage(image, size: size, allocated: storage.allocation == .full)
    }

    /// One file system, or swap area, in an image or on a volume of its own.
    private func write(
        _ slot: DiskPlan.Slot, to image: FilePath, tree: FilePath?, _ findings: Findings, _ context: RunContext
    ) async throws {
        let partition = slot.partition
        // A volume's blocks are its own, and what was zeroed is to stay so: a discarded block may read as anything.
        let keepsAllocation = if case .files = storage.home { storage.allocation == .full } else { true }
        if let tree { try await checkFit(partition, tree: tree, context) }
        guard let uuid = context.identifiers[partition.name] else { preconditionFailure("each partition has a UUID") }
        let maker = FileSystemMaker(image: image, uuid: uuid)
        switch partition.content {
        case .swap: try await make(maker.swap(), partition, context)
        case .fileSystem(let kind, _):
            let isThere = slot == disks.root && storage.home.formatted != nil
            let direct = FileSystemMaker.writesFromDirectory(kind) && !isThere
            if !isThere {
                try await make(
                    maker.fileSystem(
                        kind, tree: direct ? tree : nil, features: findings.features,
                        keepsAllocation: keepsAllocation), partition, context)
            }
            if !direct, let tree {
                let mountPoint = context.paths.scratch.appending("mount-\(partition.name)")
                _ = try context.host.files.createDirectory(mountPoint, mode: 0o700)
                try await make(
                    maker.fill(from: tree, at: mountPoint, kind: kind, helper: context.locations.helper), partition,
                    context)
            }
        }
        try context.host.files.synchronize(image)
    }

    private func make(_ invocation: Invocation, _ partition: Partition, _ context: RunContext) async throws {
        try await context.makeOnDisk(invocation, "the file system of partition \(partition.name) (\(partition.size))")
    }

    /// Says beforehand, in numbers, what the file system's maker would say after a while, in its own words.
    private func checkFit(_ partition: Partition, tree: FilePath, _ context: RunContext) async throws {
        let usage = try context.host.files.usage(of: tree)
        // Journal, inode tables and reserved blocks of ext4 take about a fifteenth.
        guard usage.bytes > partition.size.bytes / 100 * 94 else { return }
        throw StorageError(
            "the system does not fit: what belongs on \(partition.mountPoint ?? partition.name) takes "
                + "\(ByteSize(bytes: usage.bytes).rounded), and partition \(partition.name) has \(partition.size)",
            hint: "give it more with --size, or in the partitions file")
    }

    private func writeDisk(
        _ drive: DiskPlan.Drive, trees: [String: FilePath], _ findings: Findings, _ context: RunContext
    ) async throws -> ByteSize {
        let image = context.workingPath(of: drive, findings)
        let table = try PartitionedDisk(disks)
        if case .file = drive.place { try create(image, size: table.size, context) }
        let offsets = try table.write(to: image)
        for slot in disks.slots {
            guard let offset = offsets[slot.number] else { preconditionFailure("each slot is in the table") }
            let part = context.paths.scratch.appending("part-\(slot.partition.name).img")
            try create(part, size: slot.partition.size, context)
            try await write(slot, to: part, tree: trees[slot.partition.name], findings, context)
            try context.host.files.copyRange(from: part, to: image, at: offset)
            try context.host.files.remove(part)
        }
        try context.host.files.synchronize(image)
        return table.size
    }
}
