import GuestModel
import Storage
import SystemPackage

/// The variables that hooks and roles find: those of xen-tools under their old names, and Domus's own.
///
/// What a guest does not have is not set at all: xen-tools' hooks ask with `[ -z "$dhcp" ]`, and an exported
/// `dhcp=0` once gave static guests a DHCP configuration. No password is ever among them.
package struct HookEnvironment: Sendable {
    package let variables: [String: String]

    /// Paths that exist only while a guest is made.
    package struct Paths: Sendable {
        /// The directory of common.sh.
        package var hookDirectory: FilePath
        /// A directory that hooks may write in.
        package var scratch: FilePath
        /// Lines for authorized_keys; nil when there are none.
        package var authorizedKeys: FilePath?
        /// The directory of host keys that are made while other work is done; nil when none are.
        package var hostKeys: FilePath?
        /// /etc/xen-tools/skel, where there is one.
        package var skeleton: FilePath?
        /// The file that a hook writes the guest's own resolv.conf to.
        package var resolverConfiguration: FilePath
        /// The host's resolv.conf, which the guest borrows while hooks run; nil where the host has none.
        package var hostResolver: FilePath?

        package init(
            hookDirectory: FilePath, scratch: FilePath, authorizedKeys: FilePath?, hostKeys: FilePath? = nil,
            skeleton: FilePath?, resolverConfiguration: FilePath, hostResolver: FilePath?
        ) {
            self.hookDirectory = hookDirectory
            self.scratch = scratch
            self.authorizedKeys = authorizedKeys
            self.hostKeys = hostKeys
            self.skeleton = skeleton
            self.resolverConfiguration = resolverConfiguration
            self.hostResolver = hostResolver
        }
    }

    /// - Parameters:
    ///   - identifiers: the file systems' UUIDs, by partition name.
    ///   - base: the base that the guest is a clone of.
    ///   - ownHooks: whether hooks of the administrator's will run.
    package init(
        _ spec: GuestSpec, plan: DiskPlan, identifiers: [String: String], base: String? = nil, ownHooks: Bool = false,
        paths: Paths
    ) {
        var variables: [String: String] = [:]
        for (key, value) in spec.tailoring.extraVariables where Self.isVariableName(key) { variables[key] = value }
        Self.addMachine(spec, to: &variables)
        Self.addNetwork(spec.interface, to: &variables)
        Self.addInterfaces(spec.interfaces, to: &variables)
        Self.addDisks(spec, plan, identifiers, to: &variables)
        Self.addArchive(spec, to: &variables)
        Self.addPaths(paths, to: &variables)
        variables["DOMUS_BASE"] = base
        if ownHooks { variables["DOMUS_OWN_HOOKS"] = "1" }
        variables["DOMUS_SSH_KEYS"] = paths.authorizedKeys?.string
        variables["DOMUS_HOST_KEYS"] = paths.hostKeys?.string
        variables["DOMUS_SKEL"] = paths.skeleton?.string
        self.variables = variables
    }

    /// Those of a base: what every guest that will be made of it has in common.
    ///
    /// - Parameters:
    ///   - spec: any of those guests.
    ///   - root: their root file system.
    ///   - ownHooks: whether hooks of the administrator's will run, in the base or in its clones.
    ///   - paths: nil for what tells one base from another, of which places on the host are no part.
    package init(baseFor spec: GuestSpec, root: FileSystemKind, ownHooks: Bool = false, paths: Paths?) {
        var variables: [String: String] = [:]
        for (key, value) in spec.tailoring.extraVariables where Self.isVariableName(key) { variables[key] = value }
        Self.addSystem(spec, to: &variables)
        Self.addArchive(spec, to: &variables)
        variables["fs"] = root.rawValue
        if ownHooks { variables["DOMUS_OWN_HOOKS"] = "1" }
        // The one kernel that only some can boot; all other guests share a base, whatever their type and loader.
        if spec.needsGenericKernel { Self.addLoader(spec, to: &variables) }
        // A tree from elsewhere gets its lists of packages only if there will be roles, which may want them
        // (base/20-setup-apt); which roles these are is the guests' own.
        if !spec.install.method.installsPackages && !spec.tailoring.roles.isEmpty { variables["role"] = "any" }
        if let paths {
            Self.addPaths(paths, to: &variables)
            if spec.tailoring.verbose { variables["verbose"] = "1" }
        }
        self.variables = variables
    }

    private static func addPaths(_ paths: Paths, to variables: inout [String: String]) {
        variables["DOMUS_HOOK_DIR"] = paths.hookDirectory.string
        variables["DOMUS_RESOLV_CONF"] = paths.resolverConfiguration.string
        variables["TMPDIR"] = paths.scratch.string
        variables["LC_ALL"] = "C"
        variables["LANG"] = "C"
    }

    /// What the installed system depends on.
    private static func addSystem(_ spec: GuestSpec, to variables: inout [String: String]) {
        variables["dist"] = spec.release.codename
        variables["arch"] = spec.architecture.rawValue
        if spec.boot.loader.needsGuestKernel {
            variables["DOMUS_INSTALL_KERNEL"] = "1"
            variables["DOMUS_INITRAMFS"] = spec.boot.drivers.rawValue
        }
    }

    /// Not every kernel boots through every loader: base/80-install-kernel chooses by it.
    private static func addLoader(_ spec: GuestSpec, to variables: inout [String: String]) {
        variables["DOMUS_LOADER"] = Self.name(of: spec.boot.loader)
        variables["DOMUS_BOOT_TYPE"] = spec.machine.type.rawValue
        if spec.needsGenericKernel { variables["DOMUS_GENERIC_KERNEL"] = "1" }
    }

    private static func addMachine(_ spec: GuestSpec, to variables: inout [String: String]) {
        Self.addSystem(spec, to: &variables)
        Self.addLoader(spec, to: &variables)
        variables["hostname"] = spec.hostname.name
        variables["memory"] = "\(spec.machine.memory.mebibytes)"
        variables["maxmem"] = (spec.machine.maximumMemory?.mebibytes).map { "\($0)" }
        variables["vcpus"] = "\(spec.machine.virtualCPUs)"
        variables["modules"] = spec.boot.modules?.string
        variables["type"] = spec.machine.type.rawValue
        variables["serial_device"] = spec.boot.serialDevice
        if !spec.boot.kernelOptions.isEmpty { variables["DOMUS_KERNEL_OPTIONS"] = spec.boot.kernelOptions }
        variables["DOMUS_CONSOLES"] = spec.consoles.joined(separator: " ")
        variables["disk_device"] = spec.storage.diskDevice
        if case .hostKernel(let kernel, let initrd) = spec.boot.loader {
            variables["kernel"] = kernel.string
            variables["initrd"] = initrd?.string
        }
        if spec.boot.loader == .pygrub { variables["pygrub"] = "1" }
        if spec.tailoring.copiesAccounts { variables["accounts"] = "1" }
        if spec.tailoring.copiesHosts { variables["copyhosts"] = "1" }
        // The host's own /etc/hosts is the administrator's: Domus never appends to it.
        variables["nohosts"] = "1"
        if spec.tailoring.verbose { variables["verbose"] = "1" }
        if !spec.tailoring.roles.isEmpty {
            variables["role"] = spec.tailoring.roles.map(\.name).joined(separator: ",")
        }
        if !spec.tailoring.roleArguments.isEmpty {
            variables["role_args"] = spec.tailoring.roleArguments.joined(separator: " ")
        }
    }

    private static func name(of loader: GuestSpec.Boot.Loader) -> String {
        switch loader {
        case .hostKernel: "host"
        case .ownKernel: "own"
        case .pygrub: "pygrub"
        case .pvgrub: "pvgrub"
        case .firmware: "firmware"
        }
    }

    private static func addNetwork(_ interface: NetworkInterface, to variables: inout [String: String]) {
        variables["mac"] = interface.mac.description
        variables["bridge"] = interface.bridge
        variables["vifname"] = interface.vifName
        switch interface.addresses {
        case .dhcp: variables["dhcp"] = "1"
        case .fixed(let addresses):
            variables["ip_count"] = "\(addresses.count)"
            for (index, address) in addresses.enumerated() {
                variables["ip\(index + 1)"] = address.address.description
                variables["prefix\(index + 1)"] = "\(address.prefixLength)"
            }
            variables["netmask"] = addresses.first { $0.address.isIPv4 }?.netmask?.description
            variables["broadcast"] = interface.broadcast?.description
        case .unaddressed: break
        }
        variables["gateway"] = interface.gateway?.description
        variables["gateway6"] = interface.gateway6?.description
        if !interface.nameservers.isEmpty {
            variables["nameserver"] = interface.nameservers.map(\.description).joined(separator: " ")
        }
    }

    /// Every interface, the first included: xen-tools' variables know one only.
    private static func addInterfaces(_ interfaces: [NetworkInterface], to variables: inout [String: String]) {
        func words(_ values: [some CustomStringConvertible]) -> String? {
            values.isEmpty ? nil : values.map(\.description).joined(separator: " ")
        }
        variables["DOMUS_NICS"] = "\(interfaces.count)"
        for (index, interface) in interfaces.enumerated() {
            variables["DOMUS_NIC_MAC\(index + 1)"] = interface.mac.description
            variables["DOMUS_NIC_BRIDGE\(index + 1)"] = interface.bridge
            variables["DOMUS_NIC_VIFNAME\(index + 1)"] = interface.vifName
            variables["DOMUS_NIC_DHCP\(index + 1)"] = interface.usesDHCP ? "1" : nil
            variables["DOMUS_NIC_IPS\(index + 1)"] = words(interface.fixedAddresses)
            variables["DOMUS_NIC_GATEWAYS\(index + 1)"] = words(
                [interface.gateway, interface.gateway6].compactMap(\.self))
        }
    }

    private static func addDisks(
        _ spec: GuestSpec, _ plan: DiskPlan, _ identifiers: [String: String], to variables: inout [String: String]
    ) {
        variables["dir"] = spec.storage.directory.string
        var imageType = "phy:"
        switch spec.storage.home {
        case .files: imageType = "file:"
        case .volumes(let group, let pool, _):
            variables["lvm"] = group.name
            variables["lvm_thin"] = pool?.name
        case .devices: break
        }
        variables["image"] = spec.storage.allocation.rawValue
        variables["size"] = plan.root.partition.size.description
        variables["fs"] = plan.root.partition.fileSystem?.rawValue
        if let swap = plan.slots.first(where: \.partition.isSwap) {
            variables["swap"] = swap.partition.size.description
        } else {
            variables["noswap"] = "1"
        }
        variables["NUMPARTITIONS"] = "\(plan.slots.count)"
        for (index, slot) in plan.slots.enumerated() {
            let partition = slot.partition
            let image = plan.drive(slot.drive).path
            // xen-tools' own order: name:size:type:mountpoint:options:imagetype:image
            variables["PARTITION\(index + 1)"] = [
                partition.name, partition.size.description, partition.fileSystem?.rawValue ?? "swap",
                partition.mountPoint ?? "", partition.mountOptions, imageType, image.string,
            ].joined(separator: ":")
            variables["PARTITION_UUID\(index + 1)"] = identifiers[partition.name]
            variables["PARTITION_DEVICE\(index + 1)"] = slot.device
        }
    }

    private static func addArchive(_ spec: GuestSpec, to variables: inout [String: String]) {
        let install = spec.install
        variables["mirror"] = install.mirror
        variables["apt_proxy"] = install.proxy
        variables["install_method"] = install.method.name
        variables["DOMUS_DISTRIBUTION"] = spec.release.distribution.rawValue
        variables["DOMUS_CODENAME"] = spec.release.codename
        variables["DOMUS_COMPONENTS"] = install.components.joined(separator: " ")
        variables["DOMUS_UPDATES_SUITE"] = install.updatesSuite
        variables["DOMUS_SECURITY_SUITE"] = install.security?.suite
        variables["DOMUS_SECURITY_MIRROR"] = install.security?.mirror
        if spec.release.isArchived { variables["DOMUS_ARCHIVED"] = "1" }
        if install.verification == .disabled { variables["DOMUS_UNVERIFIED"] = "1" }
        if let keyring = install.keyrings.first, install.keyrings.count == 1, !Self.isShipped(keyring) {
            variables["DOMUS_KEYRING"] = keyring.string
        }
    }

    /// Whether a guest of the distribution brings the keyring with its own archive-keyring package.
    private static func isShipped(_ keyring: FilePath) -> Bool {
        ["debian-archive-keyring", "ubuntu-archive-keyring"].contains(keyring.stem ?? "")
    }

    private static func isVariableName(_ key: String) -> Bool {
        let taken = ["PATH", "IFS", "ENV", "BASH_ENV", "TMPDIR", "HOME", "SHELL", "password"]
        return !taken.contains(key) && !key.hasPrefix("LD_") && !key.isEmpty
            && key.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
            } && !(48...57).contains(key.utf8.first ?? 48)
    }
}
