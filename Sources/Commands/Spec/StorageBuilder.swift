import GuestModel
import LinuxHost
import Provisioning
import Settings
import Storage
import SystemPackage
import XenConfig

/// The guest's disks from the options of xen-tools.
struct StorageBuilder {
    let values: Values
    let host: Host
    let knowledge: HostKnowledge
    let base: FilePath
    let type: GuestType
    let version: XenVersion

    func build(of hostname: Hostname) throws -> GuestSpec.Storage {
        let directory = try values.directory("dir", below: base) ?? "/srv/xen"
        let layout = try layout()
        let hasEFISystem = try hasEFISystem(layout)
        let allocation = try choice("image", GuestSpec.Storage.Allocation.self) ?? .sparse
        let device = try values.parsed("disk-device") { text throws(ValueError) in
            let name = text.hasPrefix("/dev/") ? String(text.dropFirst(5)) : text
            let valid = ["xvd", "sd"].contains { name.hasPrefix($0) && name.count == $0.count + 1 }
            guard valid, name.last.map({ ("a"..."z").contains($0) }) == true else {
                throw ValueError("\"\(text)\" is not a disk of a guest", hint: "write xvda or sda")
            }
            return name
        }
        let home = try home(layout)
        let partitions = try partitions(home)
        for partition in partitions {
            let minimum = FileSystemMaker.minimum(of: partition.content)
            guard partition.size >= minimum else {
                throw OptionError(
                    "partition \(partition.name) is too small: a \(partition.fileSystem?.rawValue ?? "swap") needs "
                        + "\(minimum), and it has \(partition.size)",
                    hint: isGiven(home) ? "use a larger device" : "give it more with --size, or in the partitions file")
            }
        }
        let storage = GuestSpec.Storage(
            directory: directory, home: home, layout: layout, allocation: allocation,
            partitions: partitions, diskDevice: device ?? "xvda", hasEFISystem: hasEFISystem,
            furtherDisks: try furtherDisks())
        do throws(ValueError) {
            // Names of volumes are made of the guest's and its partitions'.
            _ = try DiskPlan(storage, of: hostname)
        } catch {
            throw OptionError(error, at: values.given("lvm")?.place ?? values.given("lvm-thin")?.place ?? .builtIn)
        }
        return storage
    }

    /// Disks that are there already, in xl's own words.
    private func furtherDisks() throws(OptionError) -> [String] {
        var disks: [String] = []
        for given in values.list("disk") {
            do throws(XenConfigError) {
                let disk = try GuestConfiguration.FurtherDisk(parsing: given.value, for: version)
                // An empty drive has none, and what a script makes of it only the script knows.
                if let target = disk.spec.target, disk.spec.script == nil, disk.spec.backend == nil {
                    let path = FilePath(target)
                    let entry = try? host.files.entry(at: (try? host.files.resolved(path)) ?? path)
                    guard path.isAbsolute, let entry, [.file, .blockDevice].contains(entry.kind) else {
                        throw XenConfigError(
                            "\(target) is no image and no block device here", hint: "give the path of one")
                    }
                }
                disks.append(given.value)
            } catch {
                throw OptionError("\(given.place): \(error.message)", hint: error.hint, exit: given.place.exit)
            }
        }
        return disks
    }

    /// An emulated machine has whole disks only, and starts from the boot sector of the first.
    private func layout() throws -> GuestSpec.Storage.Layout {
        let layout = try choice("layout", GuestSpec.Storage.Layout.self)
        guard type.hasFirmware else { return layout ?? .images }
        if layout == .images, case .option? = values.given("layout")?.place {
            throw OptionError(
                "an image that is one partition is no disk from which a guest of type \(type) could boot",
                hint: "leave --layout=images out: it gets one partitioned disk")
        }
        return .disk
    }

    private func hasEFISystem(_ layout: GuestSpec.Storage.Layout) throws -> Bool {
        if values.given("firmware")?.value == GuestSpec.Boot.Firmware.ovmf.rawValue, layout == .disk { return true }
        guard try values.flag("esp") == true else { return false }
        guard knowledge.architecture == .amd64 || knowledge.architecture == .i386 else {
            throw OptionError("--esp: GRUB for UEFI is put on disks of x86 only", hint: "leave it out")
        }
        guard layout == .disk else {
            guard case .option? = values.given("esp")?.place else { return false }
            throw OptionError(
                "--esp: only a partitioned disk has an EFI system partition", hint: "add --layout=disk")
        }
        return true
    }

    private func isGiven(_ home: GuestSpec.Storage.Home) -> Bool { if case .devices = home { true } else { false } }

    /// As in xen-tools, a directory on the command line overrules a volume group in a file; of both in one place the
    /// group counts, and the directory says where the guest's kernel goes.
    private func home(_ layout: GuestSpec.Storage.Layout) throws -> GuestSpec.Storage.Home {
        let wiping = try values.flag("no-wipe") != true
        let strongest = values.strongest(of: ["image-dev", "lvm-thin", "lvm", "dir"])
        if let swap = values.given("swap-dev"), case .option = swap.place, strongest?.key != "image-dev" {
            throw OptionError("\(swap.place): it belongs to --image-dev", hint: "give --image-dev=DEVICE too")
        }
        if let given = values.given("dontformat"), case .option = given.place, try given.parsed(Values.parseFlag),
            strongest?.key != "image-dev"
        {
            throw OptionError(
                "--dontformat: what is made for the guest has no file system yet",
                hint: "it belongs to --image-dev=DEVICE")
        }
        guard let strongest, strongest.key != "dir" else { return .files }
        if strongest.key == "image-dev" { return try devices(strongest.given, layout, wiping: wiping) }
        var group = try values.parsed("lvm", VolumeGroupName.init)
        var pool: VolumeName?
        // A pool in a file does not overrule a group on the command line; a group in a file is what a pool may need.
        if let thin = values.given("lvm-thin"), strongest.key == "lvm-thin" {
            let parts = thin.value.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let path = parts.count == 2 ? try thin.parsed(VolumePath.init(parsing:)) : nil
            if let path, let named = group, named != path.group, case .option = values.given("lvm")?.place {
                throw OptionError(
                    "\(thin.place): the pool \(path) is not in the volume group \(named) of --lvm",
                    hint: "name the group once")
            }
            group = path?.group ?? group
            pool = try path?.volume ?? thin.parsed(VolumeName.init)
        }
        guard let group else {
            throw OptionError(
                "\(strongest.given.place): the thin pool \(strongest.given.value) is in no volume group",
                hint: "name the group with --lvm=GROUP, or write --lvm_thin=GROUP/POOL")
        }
        guard wiping || pool != nil || layout != .disk else {
            throw OptionError(
                "\(values.given("no-wipe")?.place ?? .builtIn): a partitioned disk is written around what is empty, and "
                    + "what a former volume left there would be taken for file systems",
                hint: "leave --no-wipe or --layout=disk out")
        }
        return .volumes(group, pool: pool, wiping: wiping)
    }

    /// Devices that are there: the guest gets them as they are, and they stay when it goes.
    private func devices(
        _ root: Values.Given, _ layout: GuestSpec.Storage.Layout, wiping: Bool
    ) throws -> GuestSpec.Storage.Home {
        func isOption(_ given: Values.Given) -> Bool { if case .option = given.place { true } else { false } }
        // What a file says is only a default, which gives way.
        for key in ["lvm", "lvm-thin", "partitions", "size", "swap"] {
            guard let other = values.given(key), isOption(other), isOption(root) else { continue }
            throw OptionError(
                "\(other.place): with --image-dev the disks are the devices, as large as they are",
                hint: "leave one of the two out")
        }
        guard layout == .images else {
            throw OptionError(
                "a device that is given carries a file system, not a partition table",
                hint: type.hasFirmware ? "a guest of type pv or pvh can have it" : "leave --layout=disk out")
        }
        let none = try values.given("noswap").map { try $0.parsed(Values.parseFlag) } ?? false
        let swap = values.given("swap-dev")
        if let swap, none, let given = values.given("noswap"), isOption(given), isOption(swap) {
            throw OptionError(
                "--noswap: there is to be swap on \(swap.value)", hint: "give --swap-dev or --noswap, not both")
        }
        guard swap != nil || none else {
            throw OptionError(
                "\(root.place): where is the guest to have its swap area?", hint: "say --swap-dev=DEVICE, or --noswap")
        }
        let path = try device(root)
        return .devices(
            root: path, swap: try none && swap.map(isOption) != true ? nil : swap.map(device), wiping: wiping,
            formatted: try values.flag("dontformat") == true ? fileSystem(on: path).uuid : nil)
    }

    /// What is on a device that is not to be formatted.
    private func fileSystem(on device: FilePath) throws -> (uuid: String, kind: FileSystemKind, size: Int64) {
        let found = Superblock(try host.files.bytes(of: device, at: 0, count: Superblock.length))
        guard let found, case .fileSystem(let kind) = found.content, [.ext2, .ext3, .ext4].contains(kind) else {
            throw OptionError(
                "--dontformat: there is no ext2, ext3 or ext4 on \(device)"
                    + (found.map { ", but \($0.content)" } ?? ""),
                hint: "leave it out, and one is made", exit: .noInput)
        }
        return (found.uuid, kind, found.size)
    }

    private func device(_ given: Values.Given) throws -> FilePath {
        let path = base.pushing(FilePath(given.value)).lexicallyNormalized()
        // As for directories: hooks' variables and the xl configuration could not hold it.
        guard
            path.string.unicodeScalars.allSatisfy({
                $0.value > 32 && $0.value != 127 && !":,".unicodeScalars.contains($0)
            })
        else {
            throw OptionError(
                "\(given.place): \"\(given.value)\" holds a colon, a comma or a space",
                hint: "name the device by another of its links: ls -l /dev/disk/by-*", exit: given.place.exit)
        }
        guard try host.files.entry(at: path) != nil else {
            throw OptionError("\(given.place): there is no device \(path)", exit: .noInput)
        }
        guard let device = try host.files.blockDevice(at: path) else {
            throw OptionError("\(given.place): \(path) is no block device", exit: .noInput)
        }
        guard !device.isReadOnly else {
            throw OptionError("\(given.place): the device \(path) cannot be written", exit: .noInput)
        }
        return path
    }

    /// The partitions that fill the devices.
    private func partitions(on root: FilePath, swap: FilePath?, isFormatted: Bool) throws -> [Partition] {
        func size(_ device: FilePath) throws -> ByteSize {
            ByteSize(bytes: (try host.files.blockDevice(at: device)?.size.bytes ?? 0) / 4096 * 4096)
        }
        let kind = try values.parsed("fs", FileSystemKind.init(parsing:))
        var partitions: [Partition] = []
        if let swap {
            partitions.append(try Partition(name: "swap", size: size(swap), content: .swap, mountOptions: "sw"))
        }
        if isFormatted {
            let found = try fileSystem(on: root)
            if let kind, kind != found.kind, case .option = values.given("fs")?.place {
                throw OptionError(
                    "--fs: \(root) carries an \(found.kind.rawValue), which is not to be formatted",
                    hint: "leave one of --fs and --dontformat out")
            }
            partitions.append(try self.root(found.kind, ByteSize(bytes: found.size / 4096 * 4096)))
        } else {
            partitions.append(try self.root(kind ?? .ext4, size(root)))
        }
        return partitions
    }

    private func root(_ kind: FileSystemKind, _ size: ByteSize) throws -> Partition {
        let options = values.given("\(kind)-options")
        do {
            return try Partition(
                name: "disk", size: size, content: .fileSystem(kind, mountPoint: "/"),
                mountOptions: options?.value ?? kind.defaultMountOptions)
        } catch {
            throw OptionError(error, at: options?.place ?? .builtIn)
        }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Choice.Type
    ) throws(OptionError) -> Choice? where Choice.RawValue == String {
        try values.parsed(key) { text throws(ValueError) in
            guard let choice = Choice(rawValue: text) else {
                throw ValueError(
                    "\"\(text)\" is not known",
                    hint: "write \(Choice.allCases.map(\.rawValue).joined(separator: " or "))")
            }
            return choice
        }
    }

    private func partitions(_ home: GuestSpec.Storage.Home) throws -> [Partition] {
        if case .devices(let root, let swap, _, let formatted) = home {
            return try partitions(on: root, swap: swap, isFormatted: formatted != nil)
        }
        if let strongest = values.strongest(of: ["partitions", "size", "fs", "swap", "noswap"]),
            strongest.key == "partitions"
        {
            return try partitionsFile(strongest.given)
        }
        let kind = try values.parsed("fs", FileSystemKind.init(parsing:)) ?? .ext4
        let size = try values.parsed("size") { text throws(ValueError) in try ByteSize(parsing: text) }
        let root = try root(kind, Self.wholeBlocks(size ?? .gibibytes(4)))
        if let swapping = values.strongest(of: ["noswap", "swap"]), swapping.key == "noswap",
            try swapping.given.parsed(Values.parseFlag)
        {
            return [root]
        }
        let swap = try values.parsed("swap") { text throws(ValueError) in
            try Partition(
                name: "swap", size: Self.wholeBlocks(ByteSize(parsing: text)), content: .swap, mountOptions: "sw")
        }
        // Swap first, as xen-tools numbers them.
        let plain = try? Partition(name: "swap", size: .mebibytes(512), content: .swap, mountOptions: "sw")
        return [swap ?? plain, root].compactMap(\.self)
    }

    private func partitionsFile(_ given: Values.Given) throws -> [Partition] {
        // On the command line one of the two is a mistake; a file's sizes are only defaults that give way.
        for key in ["size", "fs", "swap", "noswap"] {
            guard let other = values.given(key), case .option = other.place, case .option = given.place else {
                continue
            }
            throw OptionError(
                "\(other.place): the partitions file \(given.value) says how large the disks are",
                hint: "give --partitions or --\(key), not both")
        }
        let path: FilePath
        if given.value.contains("/") {
            path = base.pushing(FilePath(given.value))
        } else {
            let directory =
                values.given("partitionsdir").map { base.pushing(FilePath($0.value)) }
                ?? knowledge.configurationDirectory.appending("partitions.d")
            path = directory.appending(given.value)
        }
        guard let text = try HostKnowledge.text(path, host) else {
            throw OptionError("\(given.place): there is no partitions file \(path)", exit: .noInput)
        }
        do {
            return try PartitionsFile(text).partitions
        } catch {
            throw OptionError(error)
        }
    }

    /// File systems and Xen count in blocks of 4096 bytes.
    private static func wholeBlocks(_ size: ByteSize) -> ByteSize { ByteSize(bytes: (size.bytes + 4095) / 4096 * 4096) }
}
