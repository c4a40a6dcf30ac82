import SystemPackage

/// Everything that is wanted of a guest: validated, units resolved, defaults filled.
///
/// Nothing behind it reads an option, an environment variable or a configuration file.
package struct GuestSpec: Sendable {
    package var hostname: Hostname
    package var release: Release
    package var architecture: Architecture
    package var machine: Machine
    package var storage: Storage
    /// The guest's own: its first, eth0 or enX0.
    package var interface: NetworkInterface
    /// Those after it, in the order in which the guest sees them; each with a MAC address of its own.
    package var furtherInterfaces: [NetworkInterface]
    package var install: Install
    package var boot: Boot
    package var tailoring: Tailoring
    package var configuration: Configuration

    package init(
        hostname: Hostname,
        release: Release,
        architecture: Architecture,
        machine: Machine,
        storage: Storage,
        interface: NetworkInterface,
        furtherInterfaces: [NetworkInterface] = [],
        install: Install,
        boot: Boot,
        tailoring: Tailoring,
        configuration: Configuration
    ) {
        self.hostname = hostname
        self.release = release
        self.architecture = architecture
        self.machine = machine
        self.storage = storage
        self.interface = interface
        self.furtherInterfaces = furtherInterfaces
        self.install = install
        self.boot = boot
        self.tailoring = tailoring
        self.configuration = configuration
    }

    /// All of them, in the order in which the guest sees them; there is always one.
    package var interfaces: [NetworkInterface] { [interface] + furtherInterfaces }

    /// Whether the guest's own kernel must be one that every machine and every loader boots, not the slim one for clouds:
    /// that has no driver for an emulated network card, and its compression is none that GRUB for Xen knows in a PV guest.
    package var needsGenericKernel: Bool {
        if storage.layout == .disk || machine.type == .hvm { return true }
        if case .pvgrub = boot.loader { return kernelType == .pv }
        return false
    }

    /// What the guest's kernel is started as: a PVH guest with a shim has a PV kernel in it.
    package var kernelType: GuestType {
        machine.type == .pvh && configuration.settings.hasShim ? .pv : machine.type
    }

    /// The guest's consoles, without `/dev/`, the one of Xen's own first: a disk that boots as every type of guest has the
    /// serial port of an emulated machine, too.
    package var consoles: [String] {
        [boot.serialDevice] + (storage.layout == .disk && boot.serialDevice != "ttyS0" ? ["ttyS0"] : [])
    }

    /// The virtual machine's shape.
    package struct Machine: Sendable, Hashable {
        package var type: GuestType
        package var memory: ByteSize
        /// The ceiling for ballooning; never below `memory`.
        package var maximumMemory: ByteSize?
        /// 1 to 512.
        package var virtualCPUs: Int

        package init(type: GuestType, memory: ByteSize, maximumMemory: ByteSize? = nil, virtualCPUs: Int = 1) {
            self.type = type
            self.memory = memory
            self.maximumMemory = maximumMemory
            self.virtualCPUs = virtualCPUs
        }
    }

    /// Where the disks live and how they are cut.
    package struct Storage: Sendable, Hashable {
        /// The directory that holds `domains/HOST`; absolute.
        package var directory: FilePath
        package var home: Home
        package var layout: Layout
        package var allocation: Allocation
        /// In the order in which the guest sees them; exactly one is mounted at `/`.
        package var partitions: [Partition]
        /// What the guest calls the disk: `xvda` unless the user says otherwise.
        package var diskDevice: String
        /// Whether a partitioned disk has an EFI system partition.
        package var hasEFISystem: Bool
        /// Disks that are there and stay, as xl's own strings (xl-disk-configuration(5)): the guest gets them as they are.
        package var furtherDisks: [String]

        package init(
            directory: FilePath,
            home: Home = .files,
            layout: Layout = .images,
            allocation: Allocation = .sparse,
            partitions: [Partition],
            diskDevice: String = "xvda",
            hasEFISystem: Bool = false,
            furtherDisks: [String] = []
        ) {
            self.directory = directory
            self.home = home
            self.layout = layout
            self.allocation = allocation
            self.partitions = partitions
            self.diskDevice = diskDevice
            self.hasEFISystem = hasEFISystem
            self.furtherDisks = furtherDisks
        }

        /// What the disks are.
        package enum Home: Sendable, Hashable {
            /// Image files in the guest's directory.
            case files
            /// Logical volumes of a group, in a thin pool of it if one is named.
            case volumes(VolumeGroupName, pool: VolumeName?, wiping: Bool)
            /// Block devices that are there and stay: one for the root file system, one for swap. With a UUID the root's is on
            /// its device already, and empty.
            case devices(root: FilePath, swap: FilePath?, wiping: Bool, formatted: String? = nil)

            /// The UUID of the root file system, where it is there already: `--dontformat`.
            package var formatted: String? {
                if case .devices(_, _, _, let uuid) = self { uuid } else { nil }
            }
        }

        /// Whether each partition is an image, or all of them are in one.
        package enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
            /// One image file a partition, as xen-tools lays them.
            case images
            /// One image file with a GUID partition table.
            case disk
        }

        /// Whether an image takes its blocks at once.
        package enum Allocation: String, Sendable, Hashable, Codable, CaseIterable {
            case sparse
            case full
        }

        /// The guest's own directory.
        package func guestDirectory(of hostname: Hostname) -> FilePath {
            directory.appending("domains").appending(hostname.name)
        }
    }

    /// How the root file system comes into being.
    package struct Install: Sendable, Hashable {
        package var method: Method
        /// Whether the guest is made of a base, and which one will do.
        package var base: BaseUse
        package var mirror: String
        /// Components of the archive, for example `main`, `contrib`.
        package var components: [String]
        /// The keyrings of which one must have signed the archive; none only where nothing is verified. An archived
        /// release has two: its keys move from the distribution's keyring to the one of removed keys at some time.
        package var keyrings: [FilePath]
        package var proxy: String?
        package var verification: Verification
        /// Where security updates come from; nil where the release has none.
        package var security: Security?
        /// The suite with the release's updates; nil where it has none.
        package var updatesSuite: String?
        /// Extra packages for debootstrap and mmdebstrap.
        package var include: [String]
        /// The packages that are installed in the place of what the archive has by now: `--locked`.
        package var locked: PackageLock?
        /// Where it is written which packages were installed: `--lock`.
        package var lockFile: FilePath?
        /// Seconds after which an installation that does not end is given up.
        package var timeout: Int

        package init(
            method: Method,
            base: BaseUse = .never,
            mirror: String,
            components: [String],
            keyrings: [FilePath],
            proxy: String? = nil,
            verification: Verification = .required,
            security: Security? = nil,
            updatesSuite: String? = nil,
            include: [String] = [],
            timeout: Int = 3600
        ) {
            self.method = method
            self.base = base
            self.mirror = mirror
            self.components = components
            self.keyrings = keyrings
            self.proxy = proxy
            self.verification = verification
            self.security = security
            self.updatesSuite = updatesSuite
            self.include = include
            self.timeout = timeout
        }

        /// What fills the tree.
        package enum Method: Sendable, Hashable {
            /// By Domus itself, with apt and dpkg.
            case native
            case debootstrap
            case mmdebstrap
            case tar(FilePath)
            case copy(FilePath)

            /// The word of `--install-method`.
            package var name: String {
                switch self {
                case .native: "native"
                case .debootstrap: "debootstrap"
                case .mmdebstrap: "mmdebstrap"
                case .tar: "tar"
                case .copy: "copy"
                }
            }

            /// What a tree is taken from.
            package var source: FilePath? {
                switch self {
                case .native, .debootstrap, .mmdebstrap: nil
                case .tar(let path), .copy(let path): path
                }
            }

            /// Whether it installs packages, so that their own scripts ran; the others bring a tree as it is.
            package var installsPackages: Bool {
                switch self {
                case .native, .debootstrap, .mmdebstrap: true
                case .tar, .copy: false
                }
            }
        }

        /// A base is an installed system that guests are clones of: the half that does not depend on who they are.
        package enum BaseUse: String, Sendable, Hashable, Codable, CaseIterable {
            /// The guest is installed by itself.
            case never = "none"
            /// One that is as new as the archive; where there is none it is made.
            case fresh
            /// The newest that there is, whatever the archive has by now; where there is none it is made.
            case cached
            /// The newest that there is, and none is made.
            case offline
        }

        /// Whether the archive's signature must hold.
        package enum Verification: String, Sendable, Hashable, Codable {
            case required
            /// Asked for in so many words: `--no-verify`.
            case disabled
        }

        /// The archive of security updates.
        package struct Security: Sendable, Hashable {
            package var mirror: String
            package var suite: String

            package init(mirror: String, suite: String) {
                self.mirror = mirror
                self.suite = suite
            }
        }
    }

    /// How the guest's kernel is found at boot.
    package struct Boot: Sendable, Hashable {
        package var loader: Loader
        /// The guest's console, without `/dev/`: `hvc0`.
        package var serialDevice: String
        /// A directory below /lib/modules of the host to copy into the guest.
        package var modules: FilePath?
        /// What the initial RAM disk of the guest's own kernel holds.
        package var drivers: Drivers
        /// The firmware for which a partitioned disk gets a boot loader.
        package var diskLoaders: Set<Firmware>
        /// Words that the kernel is told beside Domus' own; empty for none.
        package var kernelOptions: String

        package init(
            loader: Loader, serialDevice: String = "hvc0", modules: FilePath? = nil, drivers: Drivers = .virtual,
            diskLoaders: Set<Firmware> = [], kernelOptions: String = ""
        ) {
            self.loader = loader
            self.serialDevice = serialDevice
            self.modules = modules
            self.drivers = drivers
            self.diskLoaders = diskLoaders
            self.kernelOptions = kernelOptions
        }

        /// What an emulated machine starts with.
        package enum Firmware: String, Sendable, Hashable, CaseIterable {
            /// SeaBIOS.
            case bios
            /// UEFI, by OVMF.
            case ovmf
        }

        /// The drivers by which the guest finds its root file system.
        package enum Drivers: String, Sendable, Hashable, CaseIterable {
            /// Those of virtual machines: Xen's, and those of other hypervisors.
            case virtual
            /// Nearly all that the kernel has (`MODULES=most` of initramfs.conf(5), Debian's own choice).
            case most
        }

        /// What xl starts.
        package enum Loader: Sendable, Hashable {
            /// A kernel of the host.
            case hostKernel(kernel: FilePath, initrd: FilePath?)
            /// The guest's own kernel, copied out of it beside its images.
            case ownKernel
            /// The guest's own kernel, found by pygrub(8) in dom0.
            case pygrub
            /// The guest's own kernel, found by GRUB for Xen at this path of dom0.
            case pvgrub(FilePath)
            /// The guest's own kernel, found by the boot loader on its disk, which the machine's firmware starts.
            case firmware(Firmware)

            /// The host's kernel that it boots with.
            package var hostKernel: FilePath? {
                if case .hostKernel(let kernel, _) = self { kernel } else { nil }
            }

            /// Whether the guest must bring a kernel of its own.
            package var needsGuestKernel: Bool {
                if case .hostKernel = self { false } else { true }
            }
        }
    }

    /// What is done to the installed tree.
    package struct Tailoring: Sendable {
        package var rootPassword: PasswordChoice
        package var passwordHash: PasswordHash?
        package var copiesAccounts: Bool
        package var copiesHosts: Bool
        /// Lines for root's authorized_keys.
        package var authorizedKeys: [String]
        package var roles: [Role]
        /// Arguments for every role, in xen-tools' manner.
        package var roleArguments: [String]
        package var runsHooks: Bool
        /// Seconds after which a hook or role that does not end is killed.
        package var hookTimeout: Int
        /// Keys of configuration files that Domus does not know, handed to hooks as xen-tools does.
        package var extraVariables: [String: String]
        package var verbose: Bool

        package init(
            rootPassword: PasswordChoice = .unchanged,
            passwordHash: PasswordHash? = nil,
            copiesAccounts: Bool = false,
            copiesHosts: Bool = false,
            authorizedKeys: [String] = [],
            roles: [Role] = [],
            roleArguments: [String] = [],
            runsHooks: Bool = true,
            hookTimeout: Int = 1800,
            extraVariables: [String: String] = [:],
            verbose: Bool = false
        ) {
            self.rootPassword = rootPassword
            self.passwordHash = passwordHash
            self.copiesAccounts = copiesAccounts
            self.copiesHosts = copiesHosts
            self.authorizedKeys = authorizedKeys
            self.roles = roles
            self.roleArguments = roleArguments
            self.runsHooks = runsHooks
            self.hookTimeout = hookTimeout
            self.extraVariables = extraVariables
            self.verbose = verbose
        }

        /// A role script: its name as given and its file.
        package struct Role: Sendable, Hashable {
            package var name: String
            package var path: FilePath

            package init(name: String, path: FilePath) {
                self.name = name
                self.path = path
            }
        }
    }

    /// The xl configuration's place and shape.
    package struct Configuration: Sendable, Hashable {
        /// The directory; absolute.
        package var directory: FilePath
        /// With its dot: `.cfg`; may be empty.
        package var fileExtension: String
        /// The mustache template; nil is the one that Domus brings.
        package var template: FilePath?
        /// The release of Xen that is to read it.
        package var xenVersion: XenVersion
        package var toolstack: Toolstack
        /// What it says beside all that Domus knows a name for; no key twice.
        package var settings: [Setting]

        package init(
            directory: FilePath, fileExtension: String = ".cfg", template: FilePath? = nil,
            xenVersion: XenVersion = .newest, toolstack: Toolstack = .xl, settings: [Setting] = []
        ) {
            self.directory = directory
            self.fileExtension = fileExtension
            self.template = template
            self.xenVersion = xenVersion
            self.toolstack = toolstack
            self.settings = settings
        }

        /// The program that is to read it.
        package enum Toolstack: String, Sendable, Hashable, CaseIterable {
            case xl
            /// xend's, of Xen 4.4 and before.
            case xm
        }

        /// A key, and its value as it stands in the file: a quoted string, a number or a list.
        package struct Setting: Sendable, Hashable {
            package var key: String
            package var value: String

            package init(key: String, value: String) {
                self.key = key
                self.value = value
            }
        }

        /// The file of a guest.
        package func file(of hostname: Hostname) -> FilePath {
            directory.appending(hostname.name + fileExtension)
        }
    }
}

extension [GuestSpec.Configuration.Setting] {
    /// Whether a PVH guest is a shim with a PV guest in it (xl.cfg(5), `pvshim`).
    package var hasShim: Bool { contains { $0.key == "pvshim" && $0.value.filter(\.isNumber) == "1" } }
}
