import GuestModel

/// What makes another toolstack's document of an xl configuration: it reads the values as xl reads them, notes which keys it
/// has looked at (what is left at the end has no form there), and says what is lost.
protocol Translation {
    /// The configuration without the keys that the xl of the release ignores.
    var file: XenConfigFile { get }
    var version: XenVersion { get }
    /// The configuration as it was given.
    var whole: XenConfigFile { get }
    /// The keys that have been looked at.
    var taken: Set<String> { get set }
    var notes: [Problem] { get set }
    /// What the other toolstack's document is called: `libvirt XML`.
    static var form: String { get }
    /// Keys that mean something to some guests only, each with those that have a form.
    static var limited: [String: [XlGuestType]] { get }
}

extension Translation {
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
        note("\"\(key)\" \(reason ?? "has no form in \(Self.form)")", key, hint: hint)
    }

    /// Says of each key that nobody has looked at that it has no form.
    mutating func noteTheRest() {
        var seen: Set<String> = []
        for entry in whole.entries where seen.insert(entry.key).inserted {
            let key = entry.key
            if XenConfigKeys.shape(of: key, in: version) == nil {
                notes.append(
                    Problem(
                        severity: .warning,
                        message:
                            "\"\(key)\" is no key of xl \(version), which ignores it, and has no form in \(Self.form)",
                        hint: XenConfigKeys.advice(on: key, in: version), position: whole.position(of: key)))
            } else if taken.contains(key) {
                continue
            } else if let text = file[key]?.text, text == TranslationDefaults.values[key] {
                note("\"\(key)\" has no form in \(Self.form); it is \(text) without one, too", key)
            } else if let types = Self.limited[key] {
                let names = types.map(\.name).joined(separator: " and ")
                note("\"\(key)\" has a form in \(Self.form) for \(names) guests only", key)
            } else {
                note("\"\(key)\" has no form in \(Self.form)", key)
            }
        }
    }
}

extension XenConfigFile {
    /// Without the keys that the xl of a release ignores.
    func known(to version: XenVersion) -> XenConfigFile {
        XenConfigFile(entries: entries.filter { XenConfigKeys.shape(of: $0.key, in: version) != nil })
    }
}

/// What xl does anyway: a key that says no more is none that a guest would miss.
private enum TranslationDefaults {
    static let values: [String: String] = [
        "acpi_laptop_slate": "0", "acpi_s3": "1", "acpi_s4": "1", "altp2m": "0", "altp2mhvm": "0",
        "device_model_stubdomain_override": "0", "device_model_version": "qemu-xen", "dm_restrict": "0",
        "driver_domain": "0", "gfx_passthru": "0", "hdtype": "ide", "ms_vm_genid": "none", "nomigrate": "0", "nx": "1",
        "on_soft_reset": "soft-reset", "on_watchdog": "destroy", "oos": "0", "pvshim": "0", "usb": "0",
        "vkb_device": "1",
        "vncviewer": "0", "vpmu": "0", "vpt_align": "1", "xen_platform_pci": "1",
    ]
}
