import GuestModel
import LinuxHost
import Partitions
import Storage
import SystemPackage

/// Making a partition of a guest larger: everything looked up, and nothing changed yet.
package struct Resize: Sendable {
    package let record: GuestRecord
    /// The partition's name, and what the guest calls it.
    package let partition: String
    package let device: String
    /// `ext4`, `swap` ...
    package let content: String
    /// The drive: an image, or a volume's device.
    package let path: FilePath
    /// Bytes of the drive, now and then. A volume may become a little larger, since it has whole extents.
    package let oldSize: ByteSize
    package let newSize: ByteSize
    /// Whether the guest runs, so that it has to make its file system larger itself.
    package let isRunning: Bool
    /// What will work less well than it could.
    package let warnings: [String]
    let drive: GuestDrive
    let target: GuestPartition
    let superblock: Superblock
    /// Where the partitions of its drive begin, if it has a table, in bytes.
    let starts: [Int64]
    /// Loop devices through which a running guest has its image.
    let loops: [FilePath]
    let zeroes: Bool

    /// In the order in which they are done.
    enum Stage: Sendable, Hashable {
        case check, growDrive, zero, growTable, growContent, tellLoops, publish
    }

    var stages: [Stage] {
        var stages: [Stage] = []
        if !isRunning, case .fileSystem(let kind) = superblock.content, kind.isExt { stages.append(.check) }
        stages.append(.growDrive)
        if zeroes { stages.append(.zero) }
        if isRunning {
            if !loops.isEmpty { stages.append(.tellLoops) }
        } else {
            if target.number != nil { stages.append(.growTable) }
            stages.append(.growContent)
        }
        return stages + [.publish]
    }

    func summary(of stage: Stage) -> String {
        switch stage {
        case .check: "Check the file system on \(device)"
        case .growDrive: "Make \(path) \(newSize) large"
        case .zero: "Zero what is added"
        case .growTable: "Give partition \(device) the room"
        case .growContent: superblock.isSwap ? "Make the swap area anew" : "Grow the \(content) on \(device)"
        case .tellLoops: "Tell the guest's loop device"
        case .publish: "Note it in the record"
        }
    }

    /// One line for each step.
    package var summaries: [String] { stages.map(summary) }

    /// What is to be run in a running guest, so that it uses what it has got.
    package var commandsInGuest: [String] {
        guard isRunning else { return [] }
        var label = ""
        if case .swap(let text?) = superblock.content { label = " -L \(Invocation.quoted(text))" }
        var commands: [String] = []
        if let number = target.number { commands.append("growpart /dev/\(drive.device) \(number)") }
        switch superblock.content {
        case .fileSystem(.xfs): commands.append("xfs_growfs $(findmnt -no TARGET /dev/\(device))")
        case .fileSystem(.btrfs): commands.append("btrfs filesystem resize max $(findmnt -fno TARGET /dev/\(device))")
        case .fileSystem: commands.append("resize2fs /dev/\(device)")
        case .swap:
            commands.append(
                "swapoff /dev/\(device) && mkswap -U \(superblock.uuid)\(label) /dev/\(device) && swapon /dev/\(device)"
            )
        }
        return commands
    }
}

/// Looks up what a resize takes, and refuses what cannot go well.
struct ResizePlanner {
    let host: Host
    let record: GuestRecord

    /// What the user said.
    struct Wish {
        var added: ByteSize
        var partition: String?
        /// `--online`: also while the guest runs.
        var online: Bool
        /// Not with `--no-wipe`.
        var wiping: Bool
    }

    func plan(_ wish: Wish) async throws -> Resize {
        guard host.system.userID == 0 else {
            throw ProvisioningError(
                "only root can make a guest's disk larger", exit: .noPermission, hint: "run it as root")
        }
        let disks = try GuestDisks(of: record, host: host)
        let target = try disks.partition(wish.partition, of: record.hostname)
        let drive = disks.drives[target.drive]
        let domain = try await XenHost(host: host).domain(named: record.hostname)
        if let domain, !wish.online {
            throw ProvisioningError(
                "the guest \(record.hostname) is running (domain \(domain)); nothing of it is changed",
                exit: .temporary,
                hint: "\(XenHost.hint(toEnd: record.hostname)); with --online its disk grows under it")
        }
        guard let superblock = target.content else {
            throw ProvisioningError(
                "partition \(target.name) of \(record.hostname) carries nothing that Domus can make larger",
                exit: .noInput,
                hint: "it can do that with ext2, ext3, ext4, xfs, btrfs and swap areas")
        }
        guard superblock.size <= target.size.bytes else {
            throw ProvisioningError(
                "the \(superblock.content) on partition \(target.name) of \(record.hostname) is said to be "
                    + "\(ByteSize(bytes: superblock.size).rounded) large, and the partition has \(target.size.rounded)",
                exit: .badData, hint: "look at it with the tools of its file system first")
        }
        guard target.isLast else {
            let last = disks.partitions.first { $0.drive == target.drive && $0.isLast }
            throw ProvisioningError(
                "partition \(target.name) of \(record.hostname) cannot grow: others lie behind it on its disk",
                exit: .noInput, hint: last.map { "the last one can: \($0.description)" })
        }
        // libext2fs takes what is behind a question mark for options, and the helper's fields end with a colon.
        guard !drive.path.string.contains("?"), !drive.path.string.contains(":") else {
            throw ProvisioningError(
                "a path with a question mark or colon cannot be used: \(drive.path)", exit: .noInput)
        }
        if domain == nil { try checkPrograms(superblock.content, inTable: target.number != nil) }
        try checkSaved()
        let size = try newSize(of: drive, target, wish.added)
        if domain == nil { try checkUndoRoom(superblock.content, added: size.bytes - drive.size) }
        let loops = try await checkUse(of: drive, isRunning: domain != nil)
        var warnings: [String] = []
        let isThick = try await checkRoom(for: drive, added: size.bytes - drive.size, wiping: wish.wiping, &warnings)
        guard domain == nil || !isThick || !wish.wiping else {
            throw ProvisioningError(
                "\(drive.path) is not in a thin pool: a running guest could read what former volumes left on its new "
                    + "extents before they are zeroed",
                exit: .temporary, hint: "\(XenHost.hint(toEnd: record.hostname)); --no-wipe accepts it")
        }
        return Resize(
            record: record, partition: target.name, device: target.device, content: "\(superblock.content)",
            path: drive.path, oldSize: ByteSize(bytes: drive.size), newSize: size, isRunning: domain != nil,
            warnings: warnings, drive: drive, target: target, superblock: superblock,
            starts: disks.starts[target.drive] ?? [], loops: loops,
            zeroes: isThick && wish.wiping)
    }

    /// A guest that was put to sleep still has its file systems mounted.
    private func checkSaved() throws {
        let saved = FilePath("/var/lib/xen/save").appending(record.hostname)
        guard try host.files.entry(at: saved) != nil else { return }
        throw ProvisioningError(
            "the guest \(record.hostname) is saved in \(saved), with its disk as it is", exit: .temporary,
            hint: "restore it, and shut it down; or remove \(saved) if it is of no use any more")
    }

    /// What is written over is kept meanwhile.
    private func checkUndoRoom(_ content: Superblock.Content, added: Int64) throws {
        guard case .fileSystem(let kind) = content, kind.isExt else { return }
        let directory = FilePath(record.directory.path).removingLastComponent()
        let (free, needed) = (
            try host.files.freeSpace(at: directory).bytes, FileSystemGrower.undoRoom(kind, adding: added)
        )
        guard free < needed else { return }
        throw ProvisioningError(
            "there is no room in \(directory) for what is written over in the \(kind) meanwhile, which may take "
                + "\(ByteSize(bytes: needed).rounded): \(ByteSize(bytes: free).rounded) are free",
            exit: .cannotCreate, hint: "free some space, or add less")
    }

    private func checkPrograms(_ content: Superblock.Content, inTable: Bool) throws {
        let missing = FileSystemGrower.requirements(for: content).filter { host.processes.find($0.program) == nil }
        guard missing.isEmpty else {
            throw ProvisioningError(
                "\(missing.map(\.program).joined(separator: ", ")): not on this host, and making the \(content) larger "
                    + "needs it", exit: .unavailable, hint: "apt-get install \(missing[0].package)")
        }
        let isExt = if case .fileSystem(let kind) = content { kind.isExt } else { false }
        let needsLoop = FileSystemGrower.growsMounted(content) || inTable && isExt
        if needsLoop, try host.files.entry(at: "/dev/loop-control") == nil {
            throw ProvisioningError(
                "the \(content) cannot be made larger: that needs a loop device, and this host has none",
                exit: .unavailable)
        }
    }

    /// Of the drive: whole mebibytes in a partition table, whole blocks of 4096 bytes without one.
    private func newSize(of drive: GuestDrive, _ target: GuestPartition, _ added: ByteSize) throws -> ByteSize {
        let unit: Int64 = target.number == nil ? 4096 : 1 << 20
        let (sum, overflow) = drive.size.addingReportingOverflow(added.bytes)
        guard !overflow, sum < Int64.max - unit else {
            throw ProvisioningError(
                "\(drive.path) cannot become larger by \(added): no disk is so large", exit: .usage)
        }
        guard added.bytes >= unit else {
            throw ProvisioningError(
                "\(added) is too little to add: disks grow by \(ByteSize(bytes: unit)) at least", exit: .usage)
        }
        return ByteSize(bytes: (sum + unit - 1) / unit * unit)
    }

    /// Nobody may have the disk but a guest that runs, and may grow with it.
    ///
    /// - Returns: the loop devices through which such a guest has its image.
    private func checkUse(of drive: GuestDrive, isRunning: Bool) async throws -> [FilePath] {
        guard let mark = drive.mark(of: record, offset: 0) else {
            throw ProvisioningError(
                "\(drive.path) is a device that \(record.hostname) was given: it is not Domus that can make it larger",
                exit: .noInput, hint: "make it larger with what made it, and then what is on it")
        }
        guard isRunning else {
            try await mark.checkNow(on: host)
            return []
        }
        guard case .file = drive.place else { return [] }
        let loops = try LoopDevices.over(drive.path, host)
        guard !loops.isEmpty else {
            throw ProvisioningError(
                "\(drive.path) cannot grow while \(record.hostname) runs: QEMU serves it, and does not look how large "
                    + "it is", exit: .temporary, hint: XenHost.hint(toEnd: record.hostname))
        }
        return loops
    }

    /// - Returns: whether the drive is a volume whose new extents may hold what others left there.
    private func checkRoom(
        for drive: GuestDrive, added: Int64, wiping: Bool, _ warnings: inout [String]
    ) async throws -> Bool {
        let named = ByteSize(bytes: added).rounded
        switch drive.place {
        case .device: return false
        case .file(let entry):
            let free = try host.files.freeSpace(at: drive.path)
            guard free.bytes < added else { return false }
            guard entry.allocated < entry.size else {
                throw ProvisioningError(
                    "there is no room to make \(drive.path) larger by \(named): \(free.rounded) are free",
                    exit: .cannotCreate,
                    hint: "free some space, or add less")
            }
            warnings.append(
                "\(drive.path) grows by \(named), and only \(free.rounded) are free below it: the guest will fail to write when "
                    + "that is used up")
            return false
        case .volume(let owned, let volume):
            let room = VolumeRoom(
                host: host, groupName: try VolumeGroupName(owned.group),
                poolName: try volume.pool.map { name throws(ValueError) in try VolumeName(name) })
            let group = try room.group()
            let volumes = try host.volumes.volumes(in: room.groupName)
            if let pool = try room.pool(volumes) {
                try room.checkFill(pool, for: "\(owned.path) to grow")
                if wiping { try room.checkZeroing(pool) }
                warnings += await room.warnings(pool, volumes, adding: added, free: group.free)
                return false
            }
            let needed = (added + group.extentSize - 1) / group.extentSize * group.extentSize
            guard needed <= group.free else {
                throw ProvisioningError(
                    "there is no room in the volume group \(owned.group) to make \(owned.path) larger by "
                        + "\(ByteSize(bytes: needed).rounded): \(ByteSize(bytes: group.free).rounded) are free, and "
                        + "\(ByteSize(bytes: needed - group.free).rounded) are missing",
                    exit: .cannotCreate, hint: "add less, or make the group larger with vgextend(8)")
            }
            return true
        }
    }
}

/// What the kernel says of loop devices (sysfs).
enum LoopDevices {
    /// Those over a file.
    static func over(_ path: FilePath, _ host: Host) throws(HostError) -> [FilePath] {
        let root = FilePath("/sys/block")
        guard try host.files.entry(at: root) != nil else { return [] }
        let path = try host.files.resolved(path)
        var found: [FilePath] = []
        for name in try host.files.names(in: root) where name.hasPrefix("loop") {
            let file = root.appending(name).pushing("loop/backing_file")
            // It may go away while we look.
            guard try host.files.entry(at: file) != nil,
                let text = try? host.files.contents(of: file, limit: 1 << 16),
                String(decoding: text, as: UTF8.self).hasPrefix("\(path)\n")
            else { continue }
            found.append(FilePath("/dev").appending(name))
        }
        return found
    }
}
