import GuestModel
import LinuxHost
import Provisioning
import Settings
import Storage
import SystemPackage

/// The guest's disks from the options of xen-tools.
struct StorageBuilder {
    let values: Values
    let host: Host
    let knowledge: HostKnowledge
    let base: FilePath

    func build(of hostname: Hostname) throws -> GuestSpec.Storage {
        let directory = try values.directory("dir", below: base) ?? "/srv/xen"
        let layout = try choice("layout", GuestSpec.Storage.Layout.self) ?? .images
        let allocation = try choice("image", GuestSpec.Storage.Allocation.self) ?? .sparse
        let device = try values.parsed("disk-device") { text throws(ValueError) in
            let name = text.hasPrefix("/dev/") ? String(text.dropFirst(5)) : text
            let valid = ["xvd", "sd"].contains { name.hasPrefix($0) && name.count == $0.count + 1 }
            guard valid, name.last.map({ ("a"..."z").contains($0) }) == true else {
                throw ValueError("\"\(text)\" is not a disk of a guest", hint: "write xvda or sda")
            }
            return name
        }
        let partitions = try partitions()
        for partition in partitions {
            let minimum = FileSystemMaker.minimum(of: partition.content)
            guard partition.size >= minimum else {
                throw OptionError(
                    "partition \(partition.name) is too small: a \(partition.fileSystem?.rawValue ?? "swap") needs "
                        + "\(minimum), and it has \(partition.size)",
                    hint: "give it more with --size, or in the partitions file")
            }
        }
        let storage = GuestSpec.Storage(
            directory: directory, home: try home(layout), layout: layout, allocation: allocation,
            partitions: partitions, diskDevice: device ?? "xvda")
        do throws(ValueError) {
            // Names of volumes are made of the guest's and its partitions'.
            _ = try DiskPlan(storage, of: hostname)
        } catch {
            throw OptionError(error, at: values.given("lvm")?.place ?? values.given("lvm-thin")?.place ?? .builtIn)
        }
        return storage
    }

    /// As in xen-tools, a directory on the command line overrules a volume group in a file; of both in one place the
    /// group counts, and the directory says where the guest's kernel goes.
    private func home(_ layout: GuestSpec.Storage.Layout) throws -> GuestSpec.Storage.Home {
        let wiping = try values.flag("no-wipe") != true
        // In a file it counts as none; on the command line it is a script's variable that was not set, and the guest would
        // land elsewhere than was meant.
        for entry in values.layers.flatMap(\.entries) where ["lvm", "lvm-thin"].contains(entry.key) {
            guard entry.value.isEmpty, case .option = entry.place else { continue }
            throw OptionError("\(entry.place): the name is empty", hint: "leave the option out for image files")
        }
        guard let strongest = values.strongest(of: ["lvm-thin", "lvm", "dir"]), strongest.key != "dir" else {
            return .files
        }
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

    private func partitions() throws -> [Partition] {
        if let strongest = values.strongest(of: ["partitions", "size", "fs", "swap", "noswap"]),
            strongest.key == "partitions"
        {
            return try partitionsFile(strongest.given)
        }
        let kind = try values.parsed("fs", FileSystemKind.init(parsing:)) ?? .ext4
        let size = try values.parsed("size") { text throws(ValueError) in try ByteSize(parsing: text) }
        let options = values.given("\(kind)-options")
        let root: Partition
        do {
            root = try Partition(
                name: "disk", size: Self.wholeBlocks(size ?? .gibibytes(4)),
                content: .fileSystem(kind, mountPoint: "/"),
                mountOptions: options?.value ?? kind.defaultMountOptions)
        } catch {
            throw OptionError(error, at: options?.place ?? .builtIn)
        }
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
