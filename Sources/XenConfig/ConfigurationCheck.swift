import GuestModel
import Templating

/// Looks for what xl would stumble over or silently ignore, in any configuration.
struct ConfigurationCheck {
    let file: XenConfigFile
    let version: XenVersion
    private(set) var problems: [Problem] = []
    /// How many more names are guessed at: each is held against all that there are.
    private var guesses = 8
    private(set) var disks: [DiskSpec] = []
    private(set) var vifs: [VifSpec] = []

    /// Whether the file is all of a configuration; else what it does not say is not known.
    let isWhole: Bool

    /// - Parameter version: of the Xen whose xl is to read it.
    init(_ file: XenConfigFile, for version: XenVersion = .newest, isWhole: Bool = true) {
        self.file = file
        self.version = version
        self.isWhole = isWhole
        problems = file.oddities
        checkKeys()
        checkLists()
        checkWords()
        checkType()
        checkBoot()
        checkNumbers()
        checkValues()
    }

    mutating func add(_ severity: Problem.Severity, _ message: String, key: String? = nil, hint: String? = nil) {
        problems.append(
            Problem(
                severity: severity,
                message: message,
                hint: hint,
                position: key.flatMap(file.position(of:))
            )
        )
    }

    /// The single value of a key; nil when there is none, or a list.
    func text(_ key: String) -> String? { file[key]?.text }

    private mutating func checkKeys() {
        for (key, positions) in file.overridden {
            add(
                .warning,
                "\"\(key)\" is set again; what line \(positions[0].line) says has no effect",
                key: key
            )
        }
        var seen: Set<String> = []
        for entry in file.entries where seen.insert(entry.key).inserted {
            guard let value = file[entry.key] else { continue }
            checkValue(value, of: entry.key)
        }
    }

    private mutating func checkValue(_ value: XenConfigValue, of key: String) {
        // An empty vif is one with xl's defaults, and an empty password or command line is one, too.
        if value.text == "" && mustNotBeEmpty(key) || key == "disk" && value.items?.contains(.string("")) == true {
            add(.error, "\"\(key)\" has an empty value", key: key, hint: "leave the key out")
        }
        // What to do about a type that is unknown is said elsewhere.
        guard let shape = XenConfigKeys.shape(of: key, in: version) else {
            guard key != "type" else { return }
            guesses -= 1
            add(
                .warning, "\"\(key)\" is no key of xl \(version), which ignores it", key: key,
                hint: guesses >= 0 ? XenConfigKeys.advice(on: key, in: version) : nil)
            return
        }
        switch value {
        case .list:
            if !shape.contains(.list) {
                add(.error, "\"\(key)\" is a list; xl wants a single value and ignores it", key: key)
            }
        case .string(let text), .number(let text):
            if shape == .list {
                add(
                    .error,
                    "\"\(key)\" is a single value; xl wants a list and ignores it",
                    key: key,
                    hint: "put it in [ ]"
                )
            } else if shape == .number && value.integer == nil && !text.isEmpty {
                add(
                    .error,
                    "\"\(key)\" is \"\(text)\", no number; xl ignores it",
                    key: key,
                    hint: "yes is 1 and no is 0"
                )
            } else if !shape.contains(.string) && value.isOctal {
                add(
                    .error,
                    "\"\(key)\" is \(text), which xl reads as octal \(value.integer.map(String.init) ?? "nonsense")",
                    key: key,
                    hint: "leave the leading zero out"
                )
            }
        }
    }

    func mustNotBeEmpty(_ key: String) -> Bool {
        [
            "bios", "boot", "bootloader", "builder", "device_model_version", "firmware", "kernel", "name", "pool",
            "ramdisk", "type", "uuid",
        ].contains(key) || XenConfigKeys.actionKeys.contains(key)
            || XenConfigKeys.shape(of: key, in: version) == .number
    }

    private mutating func checkLists() {
        for text in strings(of: "disk") {
            do {
                let disk = try DiskSpec(parsing: text, for: version)
                disks.append(disk)
                if disk.hasDeprecatedPrefix, version >= XenVersion(4, 2) {
                    add(
                        .warning,
                        "the disk \"\(text)\" has a prefix, which xl deprecates",
                        key: "disk",
                        hint: disk.text
                    )
                }
            } catch {
                add(.error, error.message, key: "disk", hint: error.hint)
            }
        }
        for (index, disk) in disks.enumerated() where disks[..<index].contains(where: { $0.vdev == disk.vdev }) {
            add(.error, "two disks are \(disk.vdev)", key: "disk")
        }
        for text in strings(of: "vif") {
            let vif = VifSpec(parsing: text, for: version)
            vifs.append(vif)
            for complaint in vif.complaints { add(.error, "in the vif \"\(text)\": \(complaint)", key: "vif") }
        }
    }

    private mutating func strings(of key: String) -> [String] { allStrings(of: key).filter { !$0.isEmpty } }

    /// The strings of a list, the empty ones too.
    mutating func allStrings(of key: String) -> [String] {
        guard let items = file[key]?.items else { return [] }
        if items.contains(where: { $0.text == nil }) {
            add(.error, "\"\(key)\" holds a list inside the list, at which xl stops reading it", key: key)
        }
        return items.prefix { $0.text != nil }.compactMap(\.text)
    }

    private mutating func checkWords() {
        // xl compares as many characters as there are, so that "p" is pv and "" is hvm.
        checkWord("type", of: ["pv", "pvh", "hvm"])
        checkWord("builder", of: ["generic", "hvm"])
        if text("type") != "hvm" && text("builder") != "hvm" { checkWord("firmware", of: ["pvgrub32", "pvgrub64"]) }
        for key in XenConfigKeys.actionKeys { checkWord(key, of: XenConfigKeys.actions(in: version)) }
        if let uuid = text("uuid"), !GuestConfiguration.isUUID(uuid) {
            add(.error, "\"uuid\" is \"\(uuid)\", no UUID", key: "uuid")
        }
    }

    /// The type that xl takes the guest for: `pv`, `pvh` or `hvm`.
    var type: String {
        let named = knowsTypes ? text("type") : nil
        return named ?? (text("builder") == "hvm" ? "hvm" : "pv")
    }

    private var knowsTypes: Bool { version.hasTypes }

    private mutating func checkType() {
        if let type = text("type"), !knowsTypes {
            switch type {
            case "hvm" where text("builder") != "hvm":
                add(
                    .error, "\"type\" is a key since Xen 4.10: xl \(version) makes a PV guest", key: "type",
                    hint: "write builder = \"hvm\"")
            case "pvh":
                add(
                    .error,
                    "\"type\" is a key since Xen 4.10: xl \(version) makes a PV guest, and can make no PVH guest",
                    key: "type", hint: "make the guest PV or HVM")
            default:
                add(
                    .warning, "\"type\" is a key since Xen 4.10, which xl \(version) ignores", key: "type",
                    hint: "leave it out")
            }
        }
        guard let builder = text("builder"), knowsTypes else { return }
        if let type = text("type"), (type == "hvm") != (builder == "hvm") {
            add(.error, "\"builder\" and \"type\" contradict each other", key: "builder", hint: "leave builder out")
        } else {
            add(.warning, "\"builder\" is deprecated since Xen 4.10", key: "builder", hint: "write type")
        }
    }

    private mutating func checkWord(_ key: String, of known: [String]) {
        guard let word = text(key), !word.isEmpty, !known.contains(word) else { return }
        add(.error, "\"\(key)\" is \"\(word)\"", key: key, hint: "xl knows \(known.joined(separator: ", "))")
    }

    private mutating func checkBoot() {
        checkKernelNames()
        if file["kernel"] != nil {
            for other in ["bootloader", "firmware"] where file[other] != nil {
                add(.error, "both \"kernel\" and \"\(other)\" are given", key: other, hint: "leave one of them out")
            }
        }
        if let loader = text("bootloader"), loader.hasSuffix("/pygrub"), version >= XenVersion(4, 19) {
            add(
                .warning,
                "the path of pygrub is gone since Xen 4.19",
                key: "bootloader",
                hint: "write bootloader = \"pygrub\""
            )
        }
        if file["cmdline"] != nil {
            for other in ["root", "extra"] where file[other] != nil {
                add(.warning, "\"\(other)\" has no effect beside \"cmdline\"", key: other)
            }
        }
        if file["device_model"] != nil {
            add(
                .warning,
                "\"device_model\" is ignored since Xen 4.2",
                key: "device_model",
                hint: "write device_model_override, if it must be"
            )
        }
    }

    /// Looks for what any guest needs. What a certain guest needs is compared with that guest.
    mutating func checkWithoutGuest() {
        checkCommandLine()
        for (index, vif) in vifs.enumerated() {
            if let mac = vif.mac, vifs[..<index].contains(where: { $0.mac == mac }) {
                add(.error, "two interfaces have the MAC address \(mac)", key: "vif")
            }
        }
        if file["name"] == nil { add(.error, "there is no \"name\", without which xl refuses it") }
        if type != "hvm", ["kernel", "bootloader", "firmware"].allSatisfy({ text($0) == nil }) {
            add(
                .error, "there is no \"kernel\" and no \"bootloader\", of which a \(type.uppercased()) guest needs one",
                hint: "GRUB for Xen is a kernel, too, and reads the guest's own configuration")
        }
    }

    private mutating func checkKernelNames() {
        if let kernel = text("kernel"), kernel.split(separator: "/").last?.hasPrefix("pv-grub-") == true,
            version >= XenVersion(4, 16)
        {
            add(
                .warning, "PV-GRUB is not built by default since Xen 4.16", key: "kernel",
                hint: "use GRUB for Xen, grub-x86_64-xen.bin, which reads grub.cfg")
        }
        if let model = text("device_model_version"), model == "qemu-xen-traditional", version >= XenVersion(4, 16) {
            add(
                version >= XenVersion(4, 21) ? .error : .warning,
                "qemu-xen-traditional is "
                    + (version >= XenVersion(4, 21) ? "gone since Xen 4.21" : "not built by default since Xen 4.16"),
                key: "device_model_version", hint: "leave the key out")
        }
    }

    private mutating func checkNumbers() {
        if let cpus = file["vcpus"]?.integer, let maximum = file["maxvcpus"]?.integer, maximum < cpus {
            add(.error, "\"maxvcpus\" is \(maximum), below the \(cpus) of \"vcpus\"", key: "maxvcpus")
        }
        for entry in file.entries
        where entry.operation == .add && XenConfigKeys.shape(of: entry.key, in: version) == .number
            && file.position(of: entry.key) == entry.position
        {
            add(.error, "\"\(entry.key)\" is a number, which xl ignores behind +=", key: entry.key, hint: "write =")
        }
        if let memory = file["memory"]?.integer, let maximum = file["maxmem"]?.integer, maximum < memory {
            add(.error, "\"maxmem\" is \(maximum), below the memory of \(memory)", key: "maxmem")
        }
        for key in ["memory", "maxmem", "vcpus"] {
            if let value = file[key]?.integer, value < 1 { add(.error, "\"\(key)\" is \(value)", key: key) }
        }
    }
}
