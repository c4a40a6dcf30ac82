import ArgumentParser

/// The options of `domus create` and xen-create-image. What a value must be is said, and checked, elsewhere: the same
/// values come from files.
struct CreateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The guest's name, fully qualified or not.", valueName: "name"))
    var hostname: String?

    @Option(help: ArgumentHelp("The release: a codename, a number, or stable, testing, lts ...", valueName: "suite"))
    var dist: String?

    // MARK: Machine

    @Option(help: ArgumentHelp("How Xen runs the guest: pv, pvh, hvm or pvhvm (pv).", valueName: "type"))
    var type: String?

    @Option(help: ArgumentHelp("Memory; a plain number is MiB (512M).", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("The most memory that the guest may grow to.", valueName: "size"))
    var maxmem: String?

    @Option(help: ArgumentHelp("Virtual CPUs (1).", valueName: "n"))
    var vcpus: String?

    @OptionGroup var settings: SettingOptions

    // MARK: Disks

    @Option(help: ArgumentHelp("Where guests live: images go to DIR/domains/NAME (/srv/xen).", valueName: "dir"))
    var dir: String?

    @Option(help: ArgumentHelp("Disks are volumes of this LVM volume group.", valueName: "group"))
    var lvm: String?

    @Option(
        name: [.customLong("lvm_thin"), .customLong("lvm-thin")],
        help: ArgumentHelp("They are in this thin pool of the group: POOL or GROUP/POOL.", valueName: "pool"))
    var lvmThin: String?

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

    @Option(help: ArgumentHelp("One image a partition, or one partitioned disk: images or disk.", valueName: "kind"))
    var layout: String?

    @Option(
        help: ArgumentHelp(
            "One more disk, which is there already, as xl writes it: PATH,raw,xvdb,rw; repeatable.", valueName: "spec"))
    var disk: [String] = []

    @Flag(help: "An EFI system partition on the partitioned disk, with GRUB for UEFI.")
    var esp = false

    @Option(help: ArgumentHelp("A file, or a name in partitions.d, that lists the partitions.", valueName: "file"))
    var partitions: String?

    @Option(
        name: [.customLong("disk_device"), .customLong("disk-device")],
        help: ArgumentHelp("What the guest calls its disk (xvda).", valueName: "name"))
    var diskDevice: String?

    // MARK: Network

    @Flag(inversion: .prefixedNo, help: "The guest asks for its address.")
    var dhcp: Bool?

    @Option(
        help: ArgumentHelp(
            "A fixed address, IPv4 or IPv6, with /PREFIX or --netmask; repeatable.", valueName: "address"))
    var ip: [String] = []

    @Option(
        name: [.customLong("ip-pool"), .customLong("ip_pool")],
        help: ArgumentHelp("The addresses of --ip=auto: 192.0.2.10-192.0.2.99/24.", valueName: "range"))
    var ipPool: String?

    @Option(help: ArgumentHelp("The router; once for IPv4 and once for IPv6.", valueName: "address"))
    var gateway: [String] = []

    @Option(help: ArgumentHelp("The network mask of IPv4 addresses.", valueName: "mask"))
    var netmask: String?

    @Option(help: ArgumentHelp("The broadcast address.", valueName: "address"))
    var broadcast: String?

    @Option(help: ArgumentHelp("A name server; repeatable.", valueName: "address"))
    var nameserver: [String] = []

    @Option(help: ArgumentHelp("The bridge of dom0 that the guest is on.", valueName: "name"))
    var bridge: String?

    @Option(help: ArgumentHelp("The name of the guest's interface in dom0.", valueName: "name"))
    var vifname: String?

    @Option(help: ArgumentHelp("The guest's Ethernet address (made from its name).", valueName: "address"))
    var mac: String?

    @Flag(help: "A random Ethernet address.")
    var randommac = false

    @Option(
        help: ArgumentHelp(
            "More of the first interface: model=, rate=, script=, backend=, vlan= ..., with commas.", valueName: "spec")
    )
    var vif: String?

    @Option(
        help: ArgumentHelp(
            "One more interface: bridge=, mac=, vifname=, ip=, gateway=, dhcp, and what --vif has; repeatable.",
            valueName: "spec"))
    var nic: [String] = []

    // MARK: Installation

    @Option(
        name: [.customLong("install-method"), .customLong("install_method")],
        help: ArgumentHelp("native, debootstrap, mmdebstrap, tar or copy.", valueName: "method"))
    var installMethod: String?

    @Option(
        name: [.customLong("install-source"), .customLong("install_source")],
        help: ArgumentHelp("The archive for tar, the directory for copy.", valueName: "path"))
    var installSource: String?

    @Option(help: ArgumentHelp("Write which packages were installed, to the last bit.", valueName: "file"))
    var lock: String?

    @Option(help: ArgumentHelp("Install exactly the packages of such a file.", valueName: "file"))
    var locked: String?

    @Option(
        help: ArgumentHelp(
            "Clone a base, made where there is none: fresh, cached, offline or none (none).",
            valueName: "use"))
    var base: String?

    @Option(help: ArgumentHelp("The distribution's archive (the one that this host uses).", valueName: "url"))
    var mirror: String?

    @Option(
        name: .customLong("security-mirror"),
        help: ArgumentHelp("The archive of security updates, or none.", valueName: "url"))
    var securityMirror: String?

    @Option(help: ArgumentHelp("Components of the archive, with commas.", valueName: "list"))
    var components: String?

    @Option(help: ArgumentHelp("The keyring that must have signed the archive.", valueName: "file"))
    var keyring: String?

    @Flag(name: .customLong("no-verify"), help: "Install from an archive whose signature nobody checks.")
    var noVerify = false

    @Option(
        name: [.customLong("apt_proxy"), .customLong("apt-proxy")],
        help: ArgumentHelp("The proxy for packages, now and in the guest.", valueName: "url"))
    var aptProxy: String?

    @Option(help: ArgumentHelp("The guest's architecture (this host's).", valueName: "arch"))
    var arch: String?

    // MARK: Boot

    @Option(help: ArgumentHelp("Boot with this kernel of the host (the guest's own).", valueName: "file"))
    var kernel: String?

    @Option(help: ArgumentHelp("The initial ramdisk for --kernel.", valueName: "file"))
    var initrd: String?

    @Option(help: ArgumentHelp("The modules for --kernel.", valueName: "dir"))
    var modules: String?

    @Flag(inversion: .prefixedNo, help: "Boot the guest's own kernel through pygrub.")
    var pygrub: Bool?

    @Flag(help: "Boot the guest's own kernel through GRUB for Xen.")
    var pvgrub = false

    @Option(help: ArgumentHelp("More words for the kernel's command line.", valueName: "words"))
    var cmdline: String?

    @Option(help: ArgumentHelp("hvm, pvhvm: what the machine starts with, bios or ovmf (bios).", valueName: "kind"))
    var firmware: String?

    @Option(
        name: [.customLong("serial_device"), .customLong("serial-device")],
        help: ArgumentHelp("The guest's console (hvc0).", valueName: "name"))
    var serialDevice: String?

    @Option(help: ArgumentHelp("Drivers in the initial RAM disk: virtual or most (virtual).", valueName: "drivers"))
    var initramfs: String?

    // MARK: Tailoring

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

    @Option(
        help: ArgumentHelp(
            "Root's password. Others on this host can see it: better --password-file.", valueName: "word"))
    var password: String?

    @Option(
        name: .customLong("password-file"),
        help: ArgumentHelp("A file whose first line is root's password.", valueName: "file"))
    var passwordFile: String?

    @Option(help: ArgumentHelp("Make up a password for root: 1 or 0 (1).", valueName: "0|1"))
    var genpass: String?

    @Option(
        name: [.customLong("genpass-len"), .customLong("genpass_len")],
        help: ArgumentHelp("The length of that password (23).", valueName: "n"))
    var genpassLen: String?

    @Option(
        name: [.customLong("hash_method"), .customLong("hash-method")],
        help: ArgumentHelp("md5, sha256 or sha512 (the guest's own default).", valueName: "method"))
    var hashMethod: String?

    @Flag(inversion: .prefixedNo, help: "Copy the host's user accounts into the guest.")
    var accounts: Bool?

    @Flag(
        name: [.customLong("copyhosts"), .customLong("copy-hosts")], inversion: .prefixedNo,
        help: "Copy the host's /etc/hosts into the guest.")
    var copyhosts: Bool?

    @Option(
        name: .customLong("ssh-key"),
        help: ArgumentHelp("A file of public keys for root; repeatable.", valueName: "file"))
    var sshKey: [String] = []

    // MARK: Configuration

    @Option(help: ArgumentHelp("Where the xl configuration goes (/etc/xen).", valueName: "dir"))
    var output: String?

    @Option(name: .customLong("extension"), help: ArgumentHelp("The extension of its name (.cfg).", valueName: "text"))
    var fileExtension: String?

    @Option(help: ArgumentHelp("A mustache template for it.", valueName: "file"))
    var template: String?

    @Option(
        name: .customLong("xen-version"),
        help: ArgumentHelp(
            "The Xen that is to read it (the one that runs here, else the newest known).", valueName: "version"))
    var xenVersion: String?

    @Option(help: ArgumentHelp("What is to read it: xl, or xm of Xen before 4.5 (xl).", valueName: "toolstack"))
    var format: String?

    // MARK: The run

    @Option(help: ArgumentHelp("One more configuration file; the command line wins over it.", valueName: "file"))
    var config: String?

    @Flag(inversion: .prefixedNo, help: "Start the guest when it is made.")
    var boot: Bool?

    @Flag(inversion: .prefixedNo, help: "Replace a guest of that name.")
    var force: Bool?

    @Option(
        name: .customLong("force-volume"),
        help: ArgumentHelp(
            "Replace this volume, which Domus did not make, with what is on it; repeatable.", valueName: "group/name"))
    var forceVolume: [String] = []

    @Flag(inversion: .prefixedNo, help: "When it fails, keep what was made.")
    var keep: Bool?

    @Flag(name: .customLong("dry-run"), help: "Show what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Show the values that all files and options come to, and do nothing.")
    var dumpconfig = false

    @Flag(inversion: .prefixedNo, help: "Show what the programs say that do the work.")
    var verbose: Bool?
}
