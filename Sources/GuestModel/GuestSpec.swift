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

}
