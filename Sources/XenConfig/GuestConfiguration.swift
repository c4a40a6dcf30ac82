import GuestModel
import SystemPackage

/// The xl configuration of a guest as a value: everything Domus writes of one (xl.cfg(5)).
///
/// What exists can be expressed: no empty value, no character that xl could not read back.
package struct GuestConfiguration: Hashable, Sendable {
    package let name: Hostname
    /// Eight, four, four, four and twelve hexadecimal digits; nil lets xl make one at each start.
    package let uuid: String?
    package let type: GuestType
    /// Whole mebibytes.
    package let memory: ByteSize
    /// Whole mebibytes, not below `memory`; nil where the guest cannot grow.
    package let maximumMemory: ByteSize?
    package let virtualCPUs: Int
    package let boot: BootMethod
    /// In the order in which they are written; exactly one holds the root file system.
    package let disks: [DiskEntry]
    /// Behind them: disks that Domus did not make, as they were given.
    package let furtherDisks: [FurtherDisk]
    package let interfaces: [NetworkInterface]
    package let onPowerOff: ShutdownAction
    package let onReboot: ShutdownAction
    package let onCrash: ShutdownAction
    /// What it says beside all this; none of these keys is one that is written for another reason.
    package let settings: [Setting]
    /// The release of Xen that reads it, and by which program.
    package let version: XenVersion
    package let toolstack: GuestSpec.Configuration.Toolstack

    /// - Throws: ``XenConfigError`` for a value that xl could not read back, or a combination that cannot boot.
    package init(
        name: Hostname,
        uuid: String? = nil,
        type: GuestType,
        memory: ByteSize,
        maximumMemory: ByteSize? = nil,
        virtualCPUs: Int = 1,
        boot: BootMethod,
        disks: [DiskEntry],
        furtherDisks: [FurtherDisk] = [],
        interfaces: [NetworkInterface] = [],
        onPowerOff: ShutdownAction = .destroy,
        onReboot: ShutdownAction = .restart,
        onCrash: ShutdownAction = .restart,
        settings: [Setting] = [],
        version: XenVersion = .newest,
        toolstack: GuestSpec.Configuration.Toolstack = .xl
    ) throws(XenConfigError) {
        self.name = name
        self.uuid = uuid
        self.type = type
        self.memory = memory
        self.maximumMemory = maximumMemory
        self.virtualCPUs = virtualCPUs
        self.boot = boot
        self.disks = disks
        self.furtherDisks = furtherDisks
        self.interfaces = interfaces
        self.onPowerOff = onPowerOff
        self.onReboot = onReboot
        self.onCrash = onCrash
        let given = Set(settings.map(\.key))
        self.settings = Self.defaults(type, boot, version).filter { !given.contains($0.key) } + settings
        self.version = version
        self.toolstack = toolstack
        try check()
        try checkRelease()
    }

    /// How the guest's kernel comes into memory.
    package enum BootMethod: Hashable, Sendable {
        /// xl loads a kernel of dom0. The command line is the whole of it: `root=UUID=... ro console=hvc0`.
        case directKernel(kernel: FilePath, ramdisk: FilePath?, commandLine: String)
        /// pygrub(8) in dom0 reads the guest's boot loader configuration.
        case pygrub
        /// GRUB for Xen, a file of dom0, runs in the guest and reads its boot loader configuration.
        case pvgrub(FilePath)
        /// The firmware of an emulated machine starts what is on its first disk.
        case firmware(GuestSpec.Boot.Firmware)
    }

    /// A disk in xl's own words, which may be more than a ``DiskSpec`` knows.
    package struct FurtherDisk: Hashable, Sendable {
        package let spec: DiskSpec
        package let text: String

        /// - Throws: ``XenConfigError`` where xl could not read it.
        package init(parsing text: String, for version: XenVersion) throws(XenConfigError) {
            spec = try DiskSpec(parsing: text, for: max(version, .oldest))
            self.text = text
        }
    }

    /// A key that has no place of its own in a ``GuestConfiguration``, with its value.
    package struct Setting: Hashable, Sendable {
        package let key: String
        package let value: XenConfigValue

        package init(_ key: String, _ value: XenConfigValue) {
            self.key = key
            self.value = value
        }
    }

    /// What xl does when the guest stops.
    package enum ShutdownAction: String, Hashable, Sendable, Codable, CaseIterable {
        case destroy, restart, preserve
        case renameRestart = "rename-restart"
        case coredumpDestroy = "coredump-destroy"
        case coredumpRestart = "coredump-restart"
        case softReset = "soft-reset"
    }

    /// The disk that holds the root file system.
    package var rootDisk: DiskEntry {
        // One exists, or init had thrown.
        disks.first(where: \.isRoot) ?? disks[0]
    }

    /// The strings of the `vif` list.
    package var vifs: [VifSpec] {
        interfaces.map { interface in
            var vif = VifSpec()
            vif.mac = interface.mac
            vif.bridge = interface.bridge
            vif.vifName = interface.vifName
            // With DHCP nobody knows them yet; given, they let the hotplug script forbid the guest all others.
            vif.addresses = interface.fixedAddresses.map(\.address.description)
            switch type {
            case .pv, .pvh: break
            case .hvm:
                // The default, rtl8139, is the slower one.
                (vif.type, vif.model) = ("ioemu", "e1000")
            // No emulated one that the kernel would have to unplug.
            case .pvhvm: vif.type = "vif"
            }
            for parameter in interface.parameters {
                let parts = parameter.split(separator: "=", maxSplits: 1).map(String.init)
                switch parts.first {
                case "type": vif.type = parts.last
                case "model":
                    vif.model = parts.last
                    // Which asks for an emulated one, unless the type is given, too.
                    if type == .pvhvm, !interface.parameters.contains(where: { $0.hasPrefix("type=") }) {
                        vif.type = "ioemu"
                    }
                case "script": vif.script = parts.last
                default: vif.others.append(parameter)
                }
            }
            return vif
        }
    }

    private func check() throws(XenConfigError) {
        func fail(_ message: String, hint: String? = nil) -> XenConfigError {
            XenConfigError("the configuration of \(name) cannot be made: \(message)", hint: hint)
        }
        if let uuid, !Self.isUUID(uuid) { throw fail("\"\(uuid)\" is not a UUID") }
        guard memory.mebibytes >= 1 else { throw fail("\(memory) of memory is less than 1 MiB") }
        if let maximumMemory, maximumMemory < memory {
            throw fail("the maximum of \(maximumMemory) is below the memory of \(memory)")
        }
        guard (1...512).contains(virtualCPUs) else { throw fail("\(virtualCPUs) virtual CPUs; 1 to 512 can be") }
        switch boot {
        case .directKernel(let kernel, let ramdisk, let commandLine):
            try Self.checkPath(kernel, of: "the kernel")
            if let ramdisk { try Self.checkPath(ramdisk, of: "the ramdisk") }
            guard !commandLine.isEmpty else {
                throw fail("the kernel's command line is empty", hint: "it must at least name the root device")
            }
            // The kernel would take a line break for the end, and one of 2048 bytes or more is cut (COMMAND_LINE_SIZE).
            guard commandLine.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
                throw fail("the kernel's command line holds a control character")
            }
            guard commandLine.utf8.count < 2048 else {
                throw fail("the kernel's command line has \(commandLine.utf8.count) bytes; the kernel reads 2047")
            }
        case .pygrub: break
        case .pvgrub(let loader): try Self.checkPath(loader, of: "GRUB for Xen")
        case .firmware: break
        }
        guard disks.count(where: \.isRoot) == 1 else {
            throw fail("\(disks.count(where: \.isRoot)) of \(disks.count) disks hold the root; it must be one")
        }
        for (index, disk) in disks.enumerated() {
            if let twin = disks[..<index].first(where: { $0.vdev == disk.vdev }) {
                throw fail("\(twin.target) and \(disk.target) are both to be \(disk.vdev)")
            }
        }
        for (index, disk) in furtherDisks.enumerated() {
            let others = disks.map(\.vdev) + furtherDisks[..<index].map(\.spec.vdev)
            if others.contains(disk.spec.vdev) { throw fail("two disks are to be \(disk.spec.vdev)") }
            // The first four of each kind are the same emulated drives (xen-vbd-interface(7)).
            guard type.hasFirmware, let letter = Self.driveLetter(disk.spec.vdev) else { continue }
            if let twin = others.first(where: { Self.driveLetter($0) == letter }) {
                throw fail("\(twin) and \(disk.spec.vdev) are the same drive of an emulated machine")
            }
        }
        for (index, interface) in interfaces.enumerated() {
            guard !interfaces[..<index].contains(where: { $0.mac == interface.mac }) else {
                throw fail("two interfaces have the MAC address \(interface.mac)")
            }
            do {
                if let bridge = interface.bridge { try NetworkInterface.checkInterfaceName(bridge, what: "bridge") }
                if let vif = interface.vifName { try NetworkInterface.checkInterfaceName(vif, what: "vif") }
            } catch {
                throw XenConfigError("the configuration of \(name) cannot be made: \(error)", hint: error.hint)
            }
        }
    }

    private static func driveLetter(_ vdev: String) -> Character? {
        guard let kind = ["xvd", "hd"].first(where: vdev.hasPrefix) else { return nil }
        let rest = vdev.dropFirst(kind.count)
        return rest.count == 1 ? rest.first.flatMap { ("a"..."d").contains($0) ? $0 : nil } : nil
    }

    static func isUUID(_ text: String) -> Bool {
        text.split(separator: "-", omittingEmptySubsequences: false).map(\.utf8.count) == [8, 4, 4, 4, 12]
            && text.allSatisfy { $0 == "-" || $0.isASCII && $0.isHexDigit }
    }

    /// The path as xl can take it.
    ///
    /// - Throws: ``XenConfigError`` for one that is not absolute, or holds what its text cannot express.
    static func checkPath(_ path: FilePath, of what: String) throws(XenConfigError) {
        guard let text = String(validating: path) else {
            throw XenConfigError("the path of \(what), \(path), is not valid UTF-8")
        }
        guard path.isAbsolute else {
            throw XenConfigError(
                "the path of \(what), \(path), is not absolute",
                hint: "xl would look for it where it is started"
            )
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            throw XenConfigError("the path of \(what) holds a control character")
        }
    }
}
