import GuestModel
import LinuxHost
import SystemPackage

/// What is known of a guest that Domus made: enough to list it, and to delete exactly what belongs to it.
package struct GuestRecord: Codable, Sendable, Hashable {
    package var hostname: String
    /// For example `debian`.
    package var distribution: String
    package var codename: String
    package var architecture: String
    package var type: String
    package var memoryMiB: Int64
    package var virtualCPUs: Int
    /// Of the first interface, as the next two are.
    package var mac: String
    /// Fixed addresses with their prefix; empty with DHCP.
    package var addresses: [String]
    package var bridge: String?
    /// Those after the first; nil in a record of a guest that has but one.
    package var furtherInterfaces: [Interface]?
    package var installMethod: String
    /// The base that it was made of; nil for one that was installed by itself.
    package var base: String?
    /// The directory that holds the images and the kernel.
    package var directory: OwnedFile
    package var images: [Image]
    /// The volumes that the images are; nil where they are files.
    package var volumes: [OwnedVolume]?
    package var configuration: OwnedFile
    /// What it can boot with; nil in a record of before it was noted.
    package var boot: Boot?
    /// Of a guest that installs itself, until it has; nil for all others.
    package var installation: Installation?
    /// What it was read from, where another tool made the guest; nil for one of Domus' own. Its disks, and the directory, are
    /// not Domus', and neither is its configuration, unless that was written from another form.
    package var imported: Source?
    /// Seconds since 1970.
    package var created: Int64
    /// The version of Domus that made it.
    package var madeBy: String

    package init(
        hostname: String, distribution: String, codename: String, architecture: String, type: String, memoryMiB: Int64,
        virtualCPUs: Int, mac: String, addresses: [String], bridge: String?,
        furtherInterfaces: [Interface] = [], installMethod: String,
        base: String? = nil, directory: OwnedFile, images: [Image], volumes: [OwnedVolume] = [],
        configuration: OwnedFile, boot: Boot? = nil, created: Int64,
        madeBy: String
    ) {
        self.hostname = hostname
        self.distribution = distribution
        self.codename = codename
        self.architecture = architecture
        self.type = type
        self.memoryMiB = memoryMiB
        self.virtualCPUs = virtualCPUs
        self.mac = mac
        self.addresses = addresses
        self.bridge = bridge
        self.furtherInterfaces = furtherInterfaces.isEmpty ? nil : furtherInterfaces
        self.installMethod = installMethod
        self.base = base
        self.directory = directory
        self.images = images
        self.volumes = volumes.isEmpty ? nil : volumes
        self.configuration = configuration
        self.boot = boot
        self.created = created
        self.madeBy = madeBy
    }

    /// Those of its images that are neither files of the guest's directory nor volumes of Domus's.
    package var givenDevices: [String] {
        if imported != nil { return images.map(\.path) }
        return images.map(\.path).filter { path in
            !path.hasPrefix(directory.path + "/") && !(volumes ?? []).contains { "/dev/\($0.path)" == path }
        }
    }

    /// All interfaces, the first included.
    package var interfaces: [Interface] {
        [Interface(mac: mac, bridge: bridge, dhcp: addresses.isEmpty, addresses: addresses)] + (furtherInterfaces ?? [])
    }

    /// What an imported guest's configuration was.
    package enum Source: String, Codable, Sendable, Hashable {
        case xl, libvirt
    }

    /// What tells which types of guest it can become.
    package struct Boot: Codable, Sendable, Hashable {
        /// Of the kernel that it boots: `6.1.0-37-amd64`; nil where its name does not tell.
        package var kernelVersion: String?
        /// The kernel that xl loads, its initial RAM disk, and its whole command line; nil where something in the guest does.
        package var kernel: String?
        package var initrd: String?
        package var commandLine: String?
        /// Whether it has a kernel of its own, and the configuration of a boot loader that names it.
        package var hasOwnKernel: Bool
        /// Whether GRUB for Xen boots that kernel in a PV guest.
        package var bootsUnderPVGrub: Bool
        /// The firmware for which its disk has a boot loader: `bios`, `ovmf`.
        package var diskLoaders: [String]

        package init(
            kernelVersion: String?, kernel: String?, initrd: String?, commandLine: String?, hasOwnKernel: Bool,
            bootsUnderPVGrub: Bool, diskLoaders: [String]
        ) {
            self.kernelVersion = kernelVersion
            self.kernel = kernel
            self.initrd = initrd
            self.commandLine = commandLine
            self.hasOwnKernel = hasOwnKernel
            self.bootsUnderPVGrub = bootsUnderPVGrub
            self.diskLoaders = diskLoaders
        }
    }

    /// An installation that has not been seen to end well.
    package struct Installation: Codable, Sendable, Hashable {
        /// The configuration that starts it, in the guest's directory.
        package var configuration: String
        /// The files that only it needs, in the guest's directory: they hold what nobody else may read.
        package var files: [OwnedFile]
        /// Which images it is done with.
        package var images: String
        /// Seconds that it may take, once it is started.
        package var timeout: Int
        /// The file that its serial port is written to, of an emulated machine; nil where xenconsoled has what it says.
        package var console: String?

        package init(
            configuration: String, files: [OwnedFile], images: String, timeout: Int, console: String? = nil
        ) {
            self.configuration = configuration
            self.files = files
            self.images = images
            self.timeout = timeout
            self.console = console
        }
    }

    /// A network interface, as lists show it.
    package struct Interface: Codable, Sendable, Hashable {
        package var mac: String?
        /// nil where the toolstack chooses.
        package var bridge: String?
        package var dhcp: Bool
        /// Fixed addresses with their prefix.
        package var addresses: [String]

        package init(mac: String?, bridge: String?, dhcp: Bool, addresses: [String]) {
            self.mac = mac
            self.bridge = bridge
            self.dhcp = dhcp
            self.addresses = addresses
        }

        package init(_ interface: NetworkInterface) {
            self.init(
                mac: interface.mac.description, bridge: interface.bridge, dhcp: interface.usesDHCP,
                addresses: interface.fixedAddresses.map(\.description))
        }
    }

    /// A file or directory that Domus made, by name and by identity.
    package struct OwnedFile: Codable, Sendable, Hashable {
        package var path: String
        package var identity: FileIdentity

        package init(path: FilePath, identity: FileIdentity) {
            self.path = path.string
            self.identity = identity
        }
    }

    /// A logical volume that Domus made, by name and by identity.
    package struct OwnedVolume: Codable, Sendable, Hashable {
        package var group: String
        package var name: String
        package var uuid: String

        package init(group: String, name: String, uuid: String) {
            self.group = group
            self.name = name
            self.uuid = uuid
        }

        package var path: String { "\(group)/\(name)" }
    }

    /// One disk image.
    package struct Image: Codable, Sendable, Hashable {
        package var path: String
        /// Bytes, as the guest sees it.
        package var size: Int64
        /// What the guest calls it: `xvda2`.
        package var device: String

        package init(path: String, size: Int64, device: String) {
            self.path = path
            self.size = size
            self.device = device
        }
    }
}
