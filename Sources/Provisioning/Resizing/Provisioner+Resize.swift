import GuestModel
import LinuxHost
import Partitions
import Storage
import SystemPackage

extension Provisioner {
    /// What became of it.
    package struct Resized: Sendable {
        package var resize: Resize
        /// Bytes of the drive, as it is in the end.
        package var size: ByteSize
    }

    /// Looks up what making a guest's partition larger takes, without changing anything.
    ///
    /// - Parameters:
    ///   - partition: its name, or what the guest calls it; nil for the only one that is no swap area.
    ///   - online: whether it may be done while the guest runs, which then has to make its file system larger itself.
    ///   - wiping: whether what is added to a volume outside a thin pool is zeroed.
    /// - Throws: ``ProvisioningError`` for the first thing that is wrong.
    package func resize(
        of name: String, adding added: ByteSize, partition: String?, online: Bool, wiping: Bool
    ) async throws(ProvisioningError) -> Resize {
        do {
            guard let record = try store.record(named: name) else {
                throw ProvisioningError(
                    "there is no guest \"\(name)\" that Domus made", exit: .noInput,
                    hint: "domus list shows those that there are")
            }
            try record.checkInstalled()
            guard record.imported == nil else {
                throw ProvisioningError(
                    "\(name) was made by another tool, and so were its disks: they are not Domus' to change",
                    exit: .unavailable, hint: "\(record.images.map(\.path).joined(separator: ", "))")
            }
            // What is on the disk is not to be understood while another run works on it, or since it was killed.
            if let run = try store.runs().first(where: { $0.guest == name }) {
                throw host.system.isRunning(run.process) ? StateError.busy(run) : StateError.unfinished(run)
            }
            return try await ResizePlanner(host: host, record: record).plan(
                .init(added: added, partition: partition, online: online, wiping: wiping))
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Makes the partition larger. When something fails, all is as it was before, but for what e2fsck has mended.
    ///
    /// - Parameters:
    ///   - run: the run's number.
    ///   - log: begins the log, once the guest is this run's.
    ///   - helper: the executable domus-chroot.
    /// - Throws: ``ProvisioningError``.
    package func resize(
        _ resize: Resize, run: String, helper: FilePath, log: () throws -> FilePath?
    ) async throws(ProvisioningError) -> Resized {
        let name = resize.record.hostname
        try begin("resize", on: name, run: run)
        var file: FilePath?
        do {
            file = try log()
        } catch {
            throw await failure(error, step: nil, run: run, log: nil, keeps: false)
        }
        var work = ResizeWork(
            resize: resize, effects: Effects(host: host, store: store, run: run), helper: helper, log: file,
            reporter: reporter)
        var current: String? = "Make \(resize.device) of \(name) larger"
        do {
            guard try store.record(named: name) == resize.record else {
                throw ProvisioningError(
                    "\(name) has been changed or deleted by another run in between", exit: .temporary,
                    hint: "domus list shows what there is now")
            }
            let stages = resize.stages
            try await work.prepare()
            for (index, stage) in stages.enumerated() {
                try Task.checkCancellation()
                let summary = resize.summary(of: stage)
                current = summary
                let began = host.clock.monotonic
                reporter.began(summary, number: index + 1, of: stages.count)
                try await work.perform(stage)
                reporter.finished(summary, seconds: host.clock.monotonic - began)
            }
        } catch {
            if let current { reporter.failed(current) }
            var failure = await failure(error, step: current, run: run, log: file, keeps: false)
            if work.size != resize.oldSize, !work.hasWayBack {
                failure.left.append(
                    "\(resize.path), which is \(work.size.rounded) large now, as is well: it can be used so")
            }
            throw failure
        }
        let outcome = await completed(run: run)
        for complaint in outcome.left { reporter.warn("\(complaint); domus recover tries again") }
        return Resized(resize: resize, size: work.size)
    }
}

/// The stages of a resize, with what one finds out and the next needs.
struct ResizeWork {
    let resize: Resize
    let effects: Effects
    let helper: FilePath
    let log: FilePath?
    let reporter: any Reporter
    /// The drive's size, as it is now.
    private(set) var size: ByteSize
    /// Where the partition is on it, as it is now.
    private var range: Range<Int64>
    private let directory: FilePath
    private var directoryIdentity: FileIdentity?
    /// What the journal has beside that directory.
    private var wayBack: [(entry: Int64, undo: Undo, step: String)] = []

    private var host: Host { effects.host }

    /// Whether the drive gets its size back when something fails now.
    var hasWayBack: Bool { !wayBack.isEmpty }

    init(resize: Resize, effects: Effects, helper: FilePath, log: FilePath?, reporter: any Reporter) {
        self.resize = resize
        self.effects = effects
        self.helper = helper
        self.log = log
        self.reporter = reporter
        size = resize.oldSize
        range = resize.target.range
        // Beside the guest's directory, as everything that a run makes.
        directory = FilePath(resize.record.directory.path).removingLastComponent().appending(".domus-\(effects.run)")
    }

    /// Makes the directory in which the way back is kept. A guest that runs has seen its larger disk: there is no way back.
    mutating func prepare() async throws {
        guard !resize.isRunning else { return }
        directoryIdentity = try effects.createOwnDirectory(directory, mode: 0o700, step: "Prepare the way back")
        if let window { _ = try host.files.createFile(window, contents: [], mode: 0o600) }
        if resize.stages.contains(.check) {
            // What is kept is on the disk before what it was kept from is written over: a power failure must not leave only
            // the one. Not every file system knows that, and this is no reason to do nothing.
            _ = try await run(FileSystemGrower.keepingInOrder(directory))
        }
    }

    mutating func perform(_ stage: Resize.Stage) async throws {
        switch stage {
        case .check: try await check()
        case .growDrive: try await growDrive()
        case .zero: try zero()
        case .growTable: try await growTable()
        case .growContent: try await growContent()
        case .tellLoops: try await tellLoops()
        case .publish: try publish()
        }
    }

    private var grower: FileSystemGrower {
        FileSystemGrower(image: resize.path, range: range, window: window, helper: helper)
    }

    private var window: FilePath? { resize.target.number == nil ? nil : directory.appending("partition") }

    private func check() async throws {
        // It mends, so that it is the first that writes.
        try await checkUnused()
        let invocation = grower.check()
        let status = try await run(invocation)
        guard FileSystemGrower.checked(status) else {
            throw ProvisioningError(
                "the file system on \(resize.device) of \(resize.record.hostname) has faults that e2fsck does not mend by "
                    + "itself: it ended with \(status)" + tail(of: invocation),
                exit: .badData,
                hint:
                    "e2fsck -f \(range.lowerBound == 0 ? "\(resize.path)" : "'\(resize.path)?offset=\(range.lowerBound)'") "
                    + "asks about each of them")
        }
    }

    private mutating func growDrive() async throws {
        let summary = resize.summary(of: .growDrive)
        let (old, new) = (resize.oldSize.bytes, resize.newSize)
        try await checkUnused()
        guard try currentSize() == old else { throw changed }
        if !resize.isRunning, let disk { try intend(.shrink(disk, size: old), step: summary) }
        switch resize.drive.place {
        case .device: throw changed
        case .file(let entry):
            // One that has all its blocks is to have them all.
            try host.files.resize(resize.path, to: new, allocated: entry.allocated >= entry.size)
        case .volume(let owned, _):
            let path = try VolumePath(VolumeGroupName(owned.group), VolumeName(owned.name))
            guard try host.volumes.extend(path, to: new, uuid: owned.uuid) else { throw changed }
        }
        guard let made = try currentSize() else { throw changed }
        size = ByteSize(bytes: made)
        if resize.target.number == nil { range = 0..<size.bytes }
    }

    /// nil when it is not the one that it was.
    private func currentSize() throws -> Int64? {
        switch resize.drive.place {
        case .device: return nil
        case .file(let entry):
            let now = try host.files.entry(at: resize.path)
            return now?.identity == entry.identity ? now?.size : nil
        case .volume: return try disk?.size(on: host)
        }
    }

    private var changed: ProvisioningError {
        ProvisioningError(
            "\(resize.path) has been changed by somebody else in between", exit: .temporary,
            hint: "see what it is now, and try again")
    }

    private func zero() throws {
        try Zeroing(host: host, reporter: reporter).zero([(resize.path, resize.oldSize.bytes..<size.bytes)])
    }

    private mutating func growTable() async throws {
        guard let number = resize.target.number else { preconditionFailure("it is in a table") }
        let summary = resize.summary(of: .growTable)
        try await checkUnused()
        // The table, and its copies: where the disk ended until now, and where the table says that its copy is, which need
        // not be there.
        let length: Int64 = 64 << 10
        let copy = try Parted.copyOfTable(on: resize.path)
        for (name, offset) in [
            ("head", 0), ("tail", resize.oldSize.bytes - length), ("copy", max(0, copy + 4096 - length)),
        ] { try keep(offset, Int(length), as: name, step: summary) }
        let grown = try Parted.growLast(number, on: resize.path)
        range = grown.startByte..<(grown.startByte + grown.lengthBytes)
    }

    private mutating func growContent() async throws {
        let summary = resize.summary(of: .growContent)
        try await checkUnused()
        switch resize.superblock.content {
        case .swap(let label):
            let area = directory.appending("swap")
            _ = try host.files.createImage(
                area, size: ByteSize(bytes: range.upperBound - range.lowerBound), allocated: false)
            try await succeed(
                Confinement(helper: helper).wrap(
                    FileSystemGrower.swap(in: area, uuid: resize.superblock.uuid, label: label)))
            try keep(range.lowerBound, FileSystemGrower.swapHeader, as: "swap-header", step: summary)
            try host.files.overwrite(
                resize.path, at: range.lowerBound,
                with: host.files.bytes(of: area, at: 0, count: FileSystemGrower.swapHeader))
        case .fileSystem(let kind) where kind.isExt:
            let undoFile = directory.appending("growth.e2undo")
            guard let disk else { throw changed }
            let stamp = try Superblock.Stamp(
                host.files.bytes(of: resize.path, at: range.lowerBound, count: Superblock.length))
            try intend(
                .revertGrowth(
                    Growth(
                        disk: disk, size: resize.superblock.size, stamp: stamp, undoFile: undoFile.string,
                        window: window?.string, helper: helper.string)), step: summary)
            try await succeed(grower.growExt(undoFile: undoFile))
            if case .file = resize.drive.place, try host.files.entry(at: resize.path)?.size != size.bytes {
                try host.files.resize(resize.path, to: size, allocated: false)
            }
        case .fileSystem(let kind):
            try await growMounted(kind)
        }
        try checkGrowth()
    }

    /// Once the kernel has begun, only the file system's own log knows how far it is: were this process killed, nobody may
    /// make the disk smaller under it. So there is no way back as long as it is mounted.
    private mutating func growMounted(_ kind: FileSystemKind) async throws {
        let mountPoint = directory.appending("mount")
        _ = try host.files.createDirectory(mountPoint, mode: 0o700)
        let former = wayBack
        wayBack = []
        // In this order what is left of them at each moment does no harm: at last a copy of a table where it was.
        for step in former { try effects.store.forget(step.entry) }
        do {
            try await succeed(grower.growMounted(kind, at: mountPoint))
            try checkGrowth()
        } catch {
            // Unmounted, and as large as it was: it has not grown, and will not.
            if try await isFree(), try superblock() == resize.superblock {
                for step in former { try intend(step.undo, step: step.step) }
            }
            throw error
        }
    }

    private var disk: DiskMark? { resize.drive.mark(of: resize.record, offset: resize.target.range.lowerBound) }

    /// Once more: what went before may have taken its time.
    private func checkUnused() async throws {
        if !resize.isRunning { try await disk?.checkNow(on: host) }
    }

    /// Whether nobody has it open; what udev looks into for a moment is waited for.
    private func isFree() async throws -> Bool {
        switch resize.drive.place {
        case .device: return try !host.files.isTaken(device: resize.path)
        case .file:
            return try await host.clock.wait(upTo: DiskMark.patience) { () throws(HostError) in
                try LoopDevices.over(resize.path, host).isEmpty
            }
        case .volume(let owned, _):
            let group = try VolumeGroupName(owned.group)
            return try await host.clock.wait(upTo: DiskMark.patience) { () throws(HostError) in
                try !host.volumes.volumes(in: group).contains { $0.uuid == owned.uuid && $0.isOpen }
            }
        }
    }

    private func superblock() throws -> Superblock? {
        Superblock(try host.files.bytes(of: resize.path, at: range.lowerBound, count: Superblock.length))
    }

    private mutating func intend(_ undo: Undo, step: String) throws {
        wayBack.append((try effects.store.intend(undo, step: step, run: effects.run), undo, step))
    }

    private func checkGrowth() throws {
        try host.files.synchronize(resize.path)
        let after = try superblock()
        guard let after, after.size > resize.superblock.size, after.size <= range.upperBound - range.lowerBound else {
            throw ProvisioningError(
                "the \(resize.content) on \(resize.device) has not grown: it has "
                    + "\(after.map { ByteSize(bytes: $0.size).description } ?? "no superblock any more")",
                exit: .failed)
        }
    }

    /// Keeps bytes that are about to be written over.
    private mutating func keep(_ offset: Int64, _ length: Int, as name: String, step: String) throws {
        let saved = directory.appending(name)
        let bytes = try host.files.bytes(of: resize.path, at: offset, count: length)
        _ = try host.files.createFile(saved, contents: bytes, mode: 0o600)
        guard let disk else { throw changed }
        try intend(
            .writeBack(disk, offset: offset, from: saved.string, partitions: resize.starts), step: step)
    }

    private func tellLoops() async throws {
        for loop in resize.loops {
            try await succeed(
                Invocation("losetup", ["--set-capacity", loop.string], environment: ["LC_ALL": "C.UTF-8"]))
        }
    }

    private func publish() throws {
        var record = resize.record
        for index in record.images.indices where record.images[index].path == resize.path.string {
            record.images[index].size = size.bytes
        }
        try effects.store.commit(
            run: effects.run, saving: record,
            tidying: directoryIdentity.map { [.removeTree(path: directory.string, identity: $0)] } ?? [])
    }

    // MARK: Programs

    private func run(_ invocation: Invocation) async throws -> ExitStatus {
        if let log { try host.files.append("+ \(invocation.commandLine)\n", to: log) }
        let status = try await host.processes.run(invocation, appendingOutputTo: log)
        try Task.checkCancellation()
        return status
    }

    private func succeed(_ invocation: Invocation) async throws {
        let status = try await run(invocation)
        guard status.isSuccess else {
            let program = invocation.arguments.drop { $0 != "--" }.dropFirst().first ?? invocation.executable
            throw ProvisioningError(
                "cannot make the \(resize.content) on \(resize.device) of \(resize.record.hostname) larger: \(program) ended "
                    + "with \(status)" + tail(of: invocation), exit: .failed)
        }
    }

    private func tail(of invocation: Invocation) -> String {
        guard let log else { return "" }
        let tail = LogTail(log: log, host: host).of(invocation, lines: 3)
        return tail.isEmpty ? "" : ":\n\(tail)"
    }
}
