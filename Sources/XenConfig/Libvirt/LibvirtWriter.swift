import GuestModel

/// Writes the elements of a domain, and notes which keys it has looked at: what is left at the end has no form.
struct LibvirtWriter {
    /// The configuration without the keys that the xl of the release ignores.
    let file: XenConfigFile
    private let whole: XenConfigFile
    let version: XenVersion
    let type: LibvirtGuestType
    private(set) var notes: [Problem] = []
    private var taken: Set<String> = ["type", "builder"]

    init(_ file: XenConfigFile, for version: XenVersion) throws(XenConfigError) {
        whole = file
        self.file = XenConfigFile(
            entries: file.entries.filter { XenConfigKeys.shape(of: $0.key, in: version) != nil })
        self.version = version
        type = try Self.type(of: self.file)
    }

    /// What xl takes the guest for. It compares as many characters as there are, so that "p" is PV and "" is HVM.
    private static func type(of file: XenConfigFile) throws(XenConfigError) -> LibvirtGuestType {
        let named = file["type"]?.text
        let builder = file["builder"]?.text
        let isBuiltAsHVM = builder.map("hvm".hasPrefix)
        if let builder, isBuiltAsHVM == false, !"generic".hasPrefix(builder) {
            throw XenConfigError(
                "\"builder\" is \"\(builder)\", no type of guest", position: file.position(of: "builder"))
        }
        guard let named else { return isBuiltAsHVM == true ? .hvm : .pv }
        guard let type = [LibvirtGuestType.hvm, .pv, .pvh].first(where: { $0.rawValue.hasPrefix(named) }) else {
            throw XenConfigError("\"type\" is \"\(named)\", no type of guest", position: file.position(of: "type"))
        }
        if let isBuiltAsHVM, isBuiltAsHVM != (type == .hvm) || type == .pvh {
            throw XenConfigError(
                "\"builder\" and \"type\" contradict each other", hint: "leave builder out",
                position: file.position(of: "builder"))
        }
        return type
    }

    mutating func domain() throws(XenConfigError) -> XMLElement {
        var content: [XMLElement?] = [try name(), uuid()]
        content += try memory()
        content += processors()
        content += bootloader()
        content += [system(), features(), processor(), clock()]
        content += actions()
        content.append(try devices())
        content.append(securityLabel())
        let arguments = emulatorArguments()
        content.append(arguments)
        noteTheRest()
        return XMLElement(
            "domain", ["type": "xen", "xmlns:xen": arguments == nil ? nil : XMLElement.xenNamespace], content)
    }

    // MARK: keys

    /// Whether a key is there. It is looked at from now on.
    mutating func has(_ key: String) -> Bool {
        taken.insert(key)
        return file[key] != nil
    }

    /// The single value of a key. xl ignores a list where it wants one.
    mutating func text(_ key: String) -> String? {
        taken.insert(key)
        guard let value = file[key] else { return nil }
        if value.text == nil { note("\"\(key)\" is a list; xl wants a single value and ignores it", key) }
        return value.text
    }

    /// The same, and nil for an empty one.
    mutating func filledText(_ key: String) -> String? { text(key).flatMap { $0.isEmpty ? nil : $0 } }

    /// The number of a key. xl ignores what is none.
    mutating func integer(_ key: String) -> Int? {
        guard let text = text(key) else { return nil }
        let number = XenConfigValue.integer(text)
        if number == nil { note("\"\(key)\" is \"\(text)\", no number; xl ignores it", key) }
        return number
    }

    mutating func flag(_ key: String) -> Bool? { integer(key).map { $0 != 0 } }

    /// The strings of a list. xl ignores a single value where it wants a list, and stops at an item that is a list.
    mutating func strings(_ key: String) -> [String] {
        taken.insert(key)
        guard let value = file[key] else { return [] }
        guard let items = value.items else {
            note("\"\(key)\" is a single value; xl wants a list and ignores it", key)
            return []
        }
        let strings = items.prefix { $0.text != nil }.compactMap(\.text)
        if strings.count < items.count {
            note("\"\(key)\" holds a list inside the list, at which xl stops reading it", key)
        }
        return strings
    }

    /// The strings of a key that may be a list or a single value; nil when there is none.
    mutating func oneOrMore(_ key: String) -> [String]? {
        // Some keys may be a list since a later release only.
        let canBeList = XenConfigKeys.shape(of: key, in: version)?.contains(.list) ?? false
        guard file[key]?.items == nil || !canBeList else { return strings(key) }
        return text(key).map { [$0] }
    }

    // MARK: notes

    mutating func note(
        _ message: String, _ key: String, hint: String? = nil, severity: Problem.Severity = .warning
    ) {
        notes.append(
            Problem(severity: severity, message: message, hint: hint, position: file.position(of: key)))
    }

    /// Says that a key, if it is there, has no form.
    ///
    /// - Parameter reason: What is to be said of it, behind its name: `is "x", which ...`.
    mutating func lose(_ key: String, _ reason: String? = nil, hint: String? = nil) {
        guard has(key) else { return }
        note("\"\(key)\" \(reason ?? "has no form in libvirt XML")", key, hint: hint)
    }

    /// What xl does anyway: a key that says no more is none that a guest would miss.
    private static let defaults: [String: String] = [
        "acpi_laptop_slate": "0", "acpi_s3": "1", "acpi_s4": "1", "altp2m": "0", "altp2mhvm": "0",
        "device_model_stubdomain_override": "0", "device_model_version": "qemu-xen", "dm_restrict": "0",
        "driver_domain": "0", "gfx_passthru": "0", "hdtype": "ide", "ms_vm_genid": "none", "nomigrate": "0", "nx": "1",
        "on_soft_reset": "soft-reset", "on_watchdog": "destroy", "oos": "0", "pvshim": "0", "usb": "0",
        "vkb_device": "1",
        "vncviewer": "0", "vpmu": "0", "vpt_align": "1", "xen_platform_pci": "1",
    ]

    /// Keys that mean something to some guests only, each with those that have a form.
    private static let limited: [String: [LibvirtGuestType]] = [
        "acpi": [.hvm], "acpi_firmware": [.hvm], "apic": [.hvm], "bios": [.hvm], "boot": [.hvm],
        "bootloader": [.pv, .pvh],
        "bootloader_args": [.pv, .pvh], "cpuid": [.pvh, .hvm], "device_model_override": [.hvm], "e820_host": [.pv],
        "hap": [.pvh, .hvm], "hpet": [.hvm], "keymap": [.pv, .hvm], "nestedhvm": [.pvh, .hvm], "nographic": [.hvm],
        "pae": [.hvm], "sdl": [.pv, .hvm], "serial": [.hvm], "soundhw": [.hvm], "spice": [.hvm], "stdvga": [.hvm],
        "usbdevice": [.hvm], "vfb": [.pv, .pvh], "vga": [.hvm], "videoram": [.hvm], "viridian": [.hvm],
        "vnc": [.pv, .hvm],
    ]

    private mutating func noteTheRest() {
        var seen: Set<String> = []
        for entry in whole.entries where seen.insert(entry.key).inserted {
            let key = entry.key
            if XenConfigKeys.shape(of: key, in: version) == nil {
                notes.append(
                    Problem(
                        severity: .warning,
                        message:
                            "\"\(key)\" is no key of xl \(version), which ignores it, and has no form in libvirt XML",
                        hint: XenConfigKeys.advice(on: key, in: version), position: whole.position(of: key)))
            } else if taken.contains(key) {
                continue
            } else if let text = file[key]?.text, text == Self.defaults[key] {
                note("\"\(key)\" has no form in libvirt XML; it is \(text) without one, too", key)
            } else if let types = Self.limited[key] {
                let names = types.map(\.name).joined(separator: " and ")
                note("\"\(key)\" has a form in libvirt XML for \(names) guests only", key)
            } else {
                note("\"\(key)\" has no form in libvirt XML", key)
            }
        }
    }
}
