import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Makes the root's file system before there is anything in it: the system is then installed where it stays.
///
/// A tree beside it would be read, written once more and removed, which takes a fourth of an installation's time, and the room
/// of another guest while it does.
struct MakeRoot: Step {
    let slot: DiskPlan.Slot
    let isFull: Bool

    /// Whether a guest is made so; if not, its file systems are written from a tree.
    ///
    /// - Parameter canMount: whether the host has mount namespaces and loop devices.
    static func isFor(_ spec: GuestSpec, _ disks: DiskPlan, canMount: Bool) -> Bool {
        // An archive or a tree may have anything in the place of lost+found.
        guard canMount, [.native, .debootstrap, .mmdebstrap].contains(spec.install.method),
            case .files = spec.storage.home, disks.layout == .images, disks.mounted.isEmpty,
            disks.root.partition.fileSystem == .ext4
        else { return false }
        // What an older system's own tools can read is known once they are there.
        return ExtFeatures.Guest(released: spec.release.released).knowsChecksums
    }

    var summary: String { "Make the root's file system, \(slot.partition.size)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let image = context.workingPath(of: context.disks.drive(slot.drive), findings)
        _ = try context.host.files.createImage(image, size: slot.partition.size, allocated: isFull)
        guard let uuid = context.identifiers[slot.partition.name] else {
            preconditionFailure("each partition has a UUID")
        }
        try await context.makeOnDisk(
            FileSystemMaker(image: image, uuid: uuid).fileSystem(
                .ext4, tree: nil, features: .init(released: context.spec.release.released), keepsAllocation: isFull),
            "the file system of partition \(slot.partition.name) (\(slot.partition.size))")
    }
}

/// Shows the root's file system in the place of the tree, to this process and its programs.
struct MountRoot: Step {
    enum Kind {
        case clone
        /// Of an image that keeps the blocks it has been given, or not.
        case new(isFull: Bool)
    }

    let drive: String
    let kind: Kind

    var summary: String {
        switch kind {
        case .clone: "Mount the clone"
        case .new: "Mount the root's file system"
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let isVolume = findings.volumes[drive] != nil
        // ext4's driver reads all three kinds. Its thread that zeroes inode tables would allocate them in the pool; and what
        // cannot be written is to be the end of it.
        var options = "noinit_itable,errors=remount-ro"
        // An image is synchronized as a whole in the end; a barrier would wait for all of it before.
        if !isVolume { options += ",barrier=0" }
        try context.effects.mount(
            context.workingPath(of: context.disks.drive(drive), findings), through: findings.cloneDevice,
            at: context.paths.root, type: "ext4", options: options, step: summary)
        findings.cloneDevice = nil
        if case .new = kind { findings.isFilledInPlace = true }
    }
}

/// Ends that, all written.
struct UnmountRoot: Step {
    let drive: String
    let kind: MountRoot.Kind

    var summary: String {
        switch kind {
        case .clone: "Unmount the clone"
        case .new: "Unmount the root's file system"
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        // Some script may have gone on without what it could not write.
        if findings.isFilledInPlace, context.isRootFull { throw context.doesNotFit(nil) }
        findings.isFilledInPlace = false
        let wasThere: Bool
        do throws(HostError) {
            let writing = findings.writing.take()
            if let error = await writing?.value { throw error }
            if case .new(isFull: false) = kind {
                // What was removed again is a hole again. Not by the option discard: what ext4 has not come to when it is
                // unmounted, it leaves.
                try await context.host.files.writeOut(context.paths.root)
                context.host.files.trim(context.paths.root)
            }
            wasThere = try context.host.files.unmount(context.paths.root, whatWasWritten: true)
        } catch {
            // To a loop device a full disk is an error like any other.
            guard error.errno == .ioError, context.hasNoRoom else { throw error }
            throw context.noRoom(error.message)
        }
        guard wasThere else {
            throw ProvisioningError(
                "\(context.paths.root) is not mounted any more: somebody else has unmounted it", exit: .temporary)
        }
        let device = context.workingPath(of: context.disks.drive(drive), findings)
        guard try context.host.files.isLeftWhole(ext: device) else {
            let reason = "the kernel could not write all of it to \(device), and gave the file system up"
            guard !context.hasNoRoom else { throw context.noRoom(reason) }
            throw StorageError(
                "what was written into the guest is lost: \(reason)",
                hint: "dmesg tells which disk has failed, or which pool is full")
        }
    }
}

extension RunContext {
    /// Free room below which a disk is as good as full.
    private static let little = ByteSize.mebibytes(16)

    /// Whether the disk that images are on is full.
    fileprivate var hasNoRoom: Bool {
        guard let free = try? host.files.freeSpace(at: paths.base) else { return false }
        return free < Self.little
    }

    fileprivate func noRoom(_ reason: String) -> ProvisioningError {
        ProvisioningError(
            "there is no room left for what was written into the guest: \(reason)", exit: .cannotCreate,
            hint: "free some space in \(spec.storage.directory), or put the guest elsewhere with --dir")
    }

    /// What to say of an error: that the root's own file system is full, which programs say in many ways, or not at all.
    func explained(_ error: any Error, _ findings: Findings) -> any Error {
        guard findings.isFilledInPlace, !Task.isCancelled else { return error }
        let reason = ProvisioningError(error).message
        if hasNoRoom { return noRoom(reason) }
        return isRootFull ? doesNotFit(reason) : error
    }

    /// What only root may still write to counts as full: the system is to run in it.
    fileprivate var isRootFull: Bool {
        guard let free = try? host.files.freeSpace(at: paths.root) else { return false }
        return free < .mebibytes(1)
    }

    fileprivate func doesNotFit(_ reason: String?) -> StorageError {
        let partition = disks.root.partition
        return StorageError(
            "the system does not fit: partition \(partition.name) has \(partition.size), and is full"
                + (reason.map { ": \($0)" } ?? ""),
            hint: "give it more with --size, or in the partitions file")
    }
}
