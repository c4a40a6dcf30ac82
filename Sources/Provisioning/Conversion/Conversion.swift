import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

/// How the configuration of a guest becomes that of another type, its disks being as they are. Pure: what it needs of the
/// host is found before.
package struct Conversion: Sendable {
    let record: GuestRecord
    let type: GuestType
    let version: XenVersion
    /// What the user says of the way in which it boots; nil where the guest decides.
    var wish: Wish?
    /// GRUB for Xen, where the host has it, by the type of guest that it is for.
    let loaders: [GuestType: FilePath]
    /// What files say of themselves that xl would load, by their paths: the kernel that the guest was made with, and the one
    /// that its configuration names; none for what is gone.
    let kernels: [String: KernelImage]

    /// Why not.
    private struct Refusal: Error {
        let reason: String
        var hint: String?

        init(_ reason: String, hint: String? = nil) {
            self.reason = reason
            self.hint = hint
        }
    }

    /// How a guest is to boot.
    package enum Wish: Sendable, Hashable {
        case pygrub, pvgrub
        case firmware(GuestSpec.Boot.Firmware)
    }

    /// Changes the document.
    ///
    /// - Returns: what should be known.
    /// - Throws: ``ProvisioningError`` for a type that the guest cannot be.
    func apply(to document: inout XenConfigDocument) throws -> [String] {
        do {
            return try change(&document)
        } catch let refusal as Refusal {
            throw ProvisioningError(
                "\(record.hostname) cannot become a guest of type \(type): \(refusal.reason)", exit: .unavailable,
                hint: refusal.hint)
        }
    }

    private func change(_ document: inout XenConfigDocument) throws -> [String] {
        guard version >= XenVersion(4, 2) else {
            throw Refusal(
                "Xen \(version) reads disks in other words than those that are in its configuration",
                hint: "make it anew for that release with --force")
        }
        guard document.file["name"]?.text == record.hostname else {
            throw Refusal(
                "\(record.configuration.path) is the configuration of "
                    + (document.file["name"]?.text.map { "\"\($0)\"" } ?? "a guest without a name"),
                hint: "see what has become of the guest's own")
        }
        guard let boot = record.boot else {
            throw Refusal(
                "Domus did not note with what it boots when it made it (\(record.madeBy))",
                hint: "make it anew with --force; or change its configuration by hand, and ask domus check")
        }
        let hasShim = type == .pvh && document.file["pvshim"]?.integer == 1
        if type == .pvh {
            if !version.hasTypes {
                throw Refusal(
                    "there are no PVH guests before Xen 4.10, and this is for \(version)",
                    hint: "--xen-version says which Xen it is for")
            }
            if !hasShim, !KernelImage.canBePVH(release: boot.kernelVersion ?? "") {
                throw Refusal("its kernel is Linux \(boot.kernelVersion ?? ""), and PVH came to guests with 4.11")
            }
        }
        // Before the keys that tell are gone.
        let former = Former(document.file)
        try setType(in: &document)
        try setInterfaces(in: &document)
        return type.hasFirmware
            ? try setFirmware(boot, former: former, in: &document) : try setLoader(boot, in: &document)
    }

    /// What it was before, for what is to stay so.
    private struct Former {
        let isMachine: Bool
        let hasUEFI: Bool

        init(_ file: XenConfigFile) {
            isMachine = GuestSummary(from: file).type == GuestType.hvm.xlName
            hasUEFI = Conversion.hasUEFI(file)
        }
    }

    /// Whether an emulated machine starts with UEFI, under either of xl's words for it.
    static func hasUEFI(_ file: XenConfigFile) -> Bool {
        ["firmware", "bios"].contains { ["ovmf", "uefi"].contains(file[$0]?.text) }
    }

    private func setType(in document: inout XenConfigDocument) throws {
        if version.hasTypes {
            try document.set("type", to: .string(type.xlName), after: ["builder", "uuid", "name"])
            try document.remove("builder")
        } else {
            try document.remove("type")
            if type.hasFirmware {
                try document.set("builder", to: .string(type.xlName), after: ["uuid", "name"])
            } else {
                try document.remove("builder")
            }
        }
    }

    /// What only an emulated machine has an emulated interface for.
    private func setInterfaces(in document: inout XenConfigDocument) throws {
        for (index, item) in (document.file["vif"]?.items ?? []).enumerated() {
            guard let text = item.text else { continue }
            var words = text.split(separator: ",").map { $0.drop { $0 == " " } }
            words.removeAll { $0.hasPrefix("type=") }
            switch type {
            case .pv, .pvh: words.removeAll { $0.hasPrefix("model=") }
            case .hvm:
                words.append("type=ioemu")
                if !words.contains(where: { $0.hasPrefix("model=") }) { words.append("model=e1000") }
            case .pvhvm:
                words.removeAll { $0.hasPrefix("model=") }
                words.append("type=vif")
            }
            let changed = words.joined(separator: ",")
            let isSame =
                changed.split(separator: ",").sorted()
                == text.split(separator: ",").map { $0.drop { $0 == " " } }.sorted()
            if !isSame { try document.replaceItem(index, of: "vif", with: changed) }
        }
    }

    private static let loaderKeys = ["kernel", "ramdisk", "cmdline", "root", "extra", "bootloader", "bootloader_args"]

    private func setFirmware(
        _ boot: GuestRecord.Boot, former: Former, in document: inout XenConfigDocument
    ) throws -> [String] {
        let loaders = boot.diskLoaders
        guard boot.hasOwnKernel else {
            throw Refusal("it has no kernel of its own, which an emulated machine starts from its disk")
        }
        guard !loaders.isEmpty else {
            throw Refusal(
                "its disk has no boot loader for an emulated machine",
                hint: "a guest made with --layout=disk has one, where the host has grub-pc-bin")
        }
        let firmware: GuestSpec.Boot.Firmware
        switch wish {
        case .firmware(let wanted):
            guard loaders.contains(wanted.rawValue) else {
                throw Refusal("its disk has a boot loader for \(loaders.joined(separator: " and ")) only")
            }
            firmware = wanted
        case .pygrub, .pvgrub: throw Refusal("an emulated machine starts from its own disk", hint: "leave --pvgrub out")
        case nil: firmware = former.hasUEFI && loaders.contains("ovmf") || !loaders.contains("bios") ? .ovmf : .bios
        }
        for key in Self.loaderKeys + ["pvshim"] { try document.remove(key) }
        let key = version.hasTypes ? "firmware" : "bios"
        for other in ["firmware", "bios"] where other != key || firmware == .bios { try document.remove(other) }
        if firmware == .ovmf { try document.set(key, to: .string(firmware.rawValue), after: ["type", "builder"]) }
        // In the order of a new file's.
        var anchors = ["vcpus", "maxmem", "memory"]
        for (setting, value) in GuestConfiguration.machineSettings(type) {
            // The disks and interfaces are what the type is about; the rest may have been chosen otherwise.
            if setting == "xen_platform_pci" || !former.isMachine && document.file[setting] == nil {
                try document.set(setting, to: value, after: anchors)
            }
            anchors.insert(setting, at: 0)
        }
        return []
    }

    private func setLoader(_ boot: GuestRecord.Boot, in document: inout XenConfigDocument) throws -> [String] {
        if case .firmware = wish { throw Refusal("it has no firmware then", hint: "leave --firmware out") }
        for key in ["firmware", "bios", "xen_platform_pci"] { try document.remove(key) }
        // What Domus wrote because there was a machine; what somebody chose otherwise does no harm.
        for (key, value) in [("serial", "pty"), ("vnc", "0"), ("sdl", "0")] where document.file[key]?.text == value {
            try document.remove(key)
        }
        if type == .pv { try document.remove("pvshim") }
        let choice = try choice(boot, document.file)
        if let keys = choice.keys {
            for key in Self.loaderKeys where !keys.contains(where: { $0.key == key }) { try document.remove(key) }
            var anchors = ["type", "builder", "uuid", "name"]
            for (key, value) in keys {
                try document.set(key, to: .string(value), after: anchors)
                anchors.insert(key, at: 0)
            }
        }
        return choice.note.map { [$0] } ?? []
    }

    /// The way in which it is to boot.
    private struct Choice {
        /// In their order; nil where they stay as they are.
        var keys: [(key: String, value: String)]?
        var note: String?

        static let pygrub = Choice(keys: [("bootloader", "pygrub")])
    }

    private func choice(_ boot: GuestRecord.Boot, _ file: XenConfigFile) throws -> Choice {
        // A shim has a PV kernel in it.
        let kernelType = type == .pvh && file["pvshim"]?.integer == 1 ? .pv : type
        let isOnPVGrub = file["kernel"]?.text.map(XenConfigFile.isGRUBForXen) ?? false
        switch wish {
        case .pygrub:
            guard boot.hasOwnKernel else { throw Refusal("it has no kernel of its own that pygrub could find") }
            return .pygrub
        case .pvgrub: return Choice(keys: [("kernel", try pvgrub(boot, kernelType))])
        default: break
        }
        if file["bootloader"] != nil { return Choice() }
        if isOnPVGrub { return Choice(keys: [("kernel", try pvgrub(boot, kernelType))]) }
        if let path = file["kernel"]?.text, path != boot.kernel {
            try check(kernels[path], at: path, kernelType)
            return Choice(note: "its kernel \(path) is not the one that it was made with: it stays")
        }
        if let path = boot.kernel, let commandLine = boot.commandLine, let kernel = kernels[path] {
            try check(kernel, at: path, kernelType)
            // What the administrator has made of it counts, as long as it names that kernel.
            let text = file.kernelCommandLine ?? commandLine
            return Choice(
                keys: [("kernel", path)] + (boot.initrd.map { [("ramdisk", $0)] } ?? [])
                    + version.keys(ofCommandLine: text))
        }
        guard boot.hasOwnKernel else {
            throw Refusal("the kernel that it was made with, \(boot.kernel ?? ""), is gone")
        }
        do {
            return Choice(keys: [("kernel", try pvgrub(boot, kernelType))])
        } catch {
            return Choice(
                keys: Choice.pygrub.keys,
                note: "it boots through pygrub, which reads the guest's disk in dom0: \(error.reason)")
        }
    }

    private func check(_ kernel: KernelImage?, at path: String, _ type: GuestType) throws(Refusal) {
        guard let kernel else { return }
        if type == .pvh, !kernel.canBePVH {
            throw Refusal("\(path) is Linux \(kernel.release ?? ""), and PVH came to guests with 4.11")
        }
        guard kernel.isUnpacked(by: version) else {
            throw Refusal(
                "Xen \(version) cannot unpack \(path), which is compressed with \(kernel.compression?.rawValue ?? "")")
        }
    }

    private func pvgrub(_ boot: GuestRecord.Boot, _ type: GuestType) throws(Refusal) -> String {
        guard boot.hasOwnKernel else { throw Refusal("it has no kernel of its own that GRUB for Xen could load") }
        guard record.imported == nil || type == .pvh || boot.bootsUnderPVGrub else {
            throw Refusal("whether GRUB for Xen boots its kernel as a PV guest is not known", hint: "--pygrub does")
        }
        guard type == .pvh || boot.bootsUnderPVGrub else {
            throw Refusal(
                "GRUB for Xen cannot boot its kernel \(boot.kernelVersion ?? "") as a PV guest, for the way it is compressed",
                hint: "--pygrub does, or --type=pvh")
        }
        guard let path = loaders[type] else {
            throw Refusal("this host has no GRUB for Xen", hint: "apt-get install grub-xen-host")
        }
        return path.string
    }
}
