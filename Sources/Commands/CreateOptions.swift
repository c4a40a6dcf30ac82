import ArgumentParser

/// The options of `domus create` and xen-create-image: those that every way to a guest has, and its own.
struct CreateOptions: ParsableArguments {
    @OptionGroup var machine: MachineOptions
    @OptionGroup var disks: DiskOptions

    @Option(
        name: [.customLong("image-dev"), .customLong("image_dev")],
        help: ArgumentHelp("The root file system is on this block device, which stays.", valueName: "device"))
    var imageDev: String?

    @Option(
        name: [.customLong("swap-dev"), .customLong("swap_dev")],
        help: ArgumentHelp("The swap area beside --image-dev.", valueName: "device"))
    var swapDev: String?

    @Flag(help: "Keep the file system that --image-dev carries, which must be empty: an ext2, ext3 or ext4.")
    var dontformat = false

    @Option(help: ArgumentHelp("One image a partition, or one partitioned disk: images or disk.", valueName: "kind"))
    var layout: String?

    @Flag(help: "An EFI system partition on the partitioned disk, with GRUB for UEFI.")
    var esp = false

    @OptionGroup var network: NetworkOptions
    @OptionGroup var source: SourceOptions

    @Option(
        name: [.customLong("install-method"), .customLong("install_method")],
        help: ArgumentHelp("native, debootstrap, mmdebstrap, tar or copy.", valueName: "method"))
    var installMethod: String?

    @Option(
        name: [.customLong("install-source"), .customLong("install_source")],
        help: ArgumentHelp("The archive for tar, the directory for copy.", valueName: "path"))
    var installSource: String?

    @Option(
        help: ArgumentHelp(
            "Clone a base, made where there is none: fresh, cached, offline or none (none).",
            valueName: "use"))
    var base: String?

    @Option(help: ArgumentHelp("Write which packages were installed, to the last bit.", valueName: "file"))
    var lock: String?

    @Option(help: ArgumentHelp("Install exactly the packages of such a file.", valueName: "file"))
    var locked: String?

    @OptionGroup var loader: LoaderOptions

    @Option(help: ArgumentHelp("Boot with this kernel of the host (the guest's own).", valueName: "file"))
    var kernel: String?

    @Option(help: ArgumentHelp("The initial ramdisk for --kernel.", valueName: "file"))
    var initrd: String?

    @Option(help: ArgumentHelp("The modules for --kernel.", valueName: "dir"))
    var modules: String?

    @Flag(inversion: .prefixedNo, help: "Boot the guest's own kernel through pygrub.")
    var pygrub: Bool?

    @Option(help: ArgumentHelp("Drivers in the initial RAM disk: virtual or most (virtual).", valueName: "drivers"))
    var initramfs: String?

    @OptionGroup var accounts: AccountOptions

    @Option(help: ArgumentHelp("A role script, or several with commas; repeatable.", valueName: "name"))
    var role: [String] = []

    @Option(help: ArgumentHelp("Where role scripts are (/etc/xen-tools/role.d).", valueName: "dir"))
    var roledir: String?

    @Option(
        name: [.customLong("role-args"), .customLong("role_args")],
        help: ArgumentHelp("Arguments for every role.", valueName: "words"))
    var roleArgs: String?

    @Option(help: ArgumentHelp("Run the hooks: 1 or 0 (1).", valueName: "0|1"))
    var hooks: String?

    @Option(
        name: .customLong("hook-timeout"),
        help: ArgumentHelp("Seconds that a hook or role may take (1800).", valueName: "seconds"))
    var hookTimeout: String?

    @Flag(
        name: .customLong("accounts"), inversion: .prefixedNo, help: "Copy the host's user accounts into the guest.")
    var copiesAccounts: Bool?

    @Flag(
        name: [.customLong("copyhosts"), .customLong("copy-hosts")], inversion: .prefixedNo,
        help: "Copy the host's /etc/hosts into the guest.")
    var copyhosts: Bool?

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var run: RunOptions

    @Flag(inversion: .prefixedNo, help: "Start the guest when it is made.")
    var boot: Bool?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        for group in [
            machine.layer, disks.layer, network.layer, source.layer, loader.layer, accounts.layer, configuration.layer,
            run.layer,
        ] {
            layer.entries += group.entries
        }
        layer.add("image-dev", imageDev)
        layer.add("swap-dev", swapDev)
        layer.add("dontformat", ifSet: dontformat)
        layer.add("layout", layout)
        layer.add("esp", ifSet: esp)
        layer.add("install-method", installMethod)
        layer.add("install-source", installSource)
        layer.add("base", base)
        layer.add("lock", lock)
        layer.add("locked", locked)
        layer.add("kernel", kernel)
        layer.add("initrd", initrd)
        layer.add("modules", modules)
        layer.add("pygrub", pygrub)
        layer.add("initramfs", initramfs)
        layer.add("role", role)
        layer.add("roledir", roledir)
        layer.add("role-args", roleArgs)
        layer.add("hooks", hooks)
        layer.add("hook-timeout", hookTimeout)
        layer.add("accounts", copiesAccounts)
        layer.add("copyhosts", copyhosts)
        layer.add("boot", boot)
        return layer
    }
}
