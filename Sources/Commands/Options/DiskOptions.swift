import ArgumentParser

/// Where the guest's disks are, and how large they are. What a value must be is said, and checked, elsewhere: the same values come from files.
struct DiskOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where guests live: images go to DIR/domains/NAME (/srv/xen).", valueName: "dir"))
    var dir: String?

    @Option(help: ArgumentHelp("Disks are volumes of this LVM volume group.", valueName: "group"))
    var lvm: String?

    @Option(
        name: [.customLong("lvm_thin"), .customLong("lvm-thin")],
        help: ArgumentHelp("They are in this thin pool of the group: POOL or GROUP/POOL.", valueName: "pool"))
    var lvmThin: String?

    @Flag(
        name: .customLong("no-wipe"),
        help: "Leave on devices, and on volumes outside thin pools, what was there; faster, and readable by the guest.")
    var noWipe = false

    @Option(help: ArgumentHelp("The root file system's size (4G).", valueName: "size"))
    var size: String?

    @Option(help: ArgumentHelp("The swap area's size (512M).", valueName: "size"))
    var swap: String?

    @Flag(help: "No swap area.")
    var noswap = false

    @Option(help: ArgumentHelp("The root file system: ext2, ext3, ext4, xfs or btrfs (ext4).", valueName: "kind"))
    var fs: String?

    @Option(help: ArgumentHelp("Images that are sparse, or full from the beginning (sparse).", valueName: "kind"))
    var image: String?

    @Option(
        help: ArgumentHelp(
            "One more disk, which is there already, as xl writes it: PATH,raw,xvdb,rw; repeatable.", valueName: "spec"))
    var disk: [String] = []

    @Option(help: ArgumentHelp("A file, or a name in partitions.d, that lists the partitions.", valueName: "file"))
    var partitions: String?

    @Option(
        name: [.customLong("disk_device"), .customLong("disk-device")],
        help: ArgumentHelp("What the guest calls its disk (xvda).", valueName: "name"))
    var diskDevice: String?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("dir", dir)
        layer.add("lvm", lvm)
        layer.add("lvm-thin", lvmThin)
        layer.add("no-wipe", ifSet: noWipe)
        layer.add("size", size)
        layer.add("swap", swap)
        layer.add("noswap", ifSet: noswap)
        layer.add("fs", fs)
        layer.add("image", image)
        layer.add("disk", disk)
        layer.add("partitions", partitions)
        layer.add("disk-device", diskDevice)
        return layer
    }
}
