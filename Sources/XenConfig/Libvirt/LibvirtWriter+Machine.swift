/// What the machine of a guest can do, and what becomes of it at its end.
extension LibvirtWriter {
    mutating func features() -> XMLElement? {
        var content: [XMLElement?] = []
        if type == .hvm {
            for key in ["acpi", "apic", "pae"] where flag(key) ?? true { content.append(XMLElement(key)) }
            if flag("pae") == false {
                note("\"pae\" is 0, which libvirt heeds for 32-bit guests only", "pae")
            }
            viridian().map { content.append($0) }
        }
        if type != .pv, let isOn = flag("hap") {
            content.append(XMLElement("hap", ["state": isOn ? "on" : "off"]))
        }
        content.append(xenFeatures())
        return content.contains { $0 != nil } ? XMLElement("features", [:], content) : nil
    }

    private mutating func viridian() -> XMLElement? {
        guard file["viridian"]?.items == nil else {
            lose("viridian", "is a list, which has no form in libvirt XML", hint: "a 1 has one: <viridian/>")
            return nil
        }
        // Its own conversion alone knows it.
        guard flag("viridian") == true else { return nil }
        note("\"viridian\" has a form in libvirt XML that its Xen driver does not heed", "viridian")
        return XMLElement("viridian")
    }

    private mutating func xenFeatures() -> XMLElement? {
        var content: [XMLElement] = []
        if type == .pv {
            // xl turns it on for a guest with PCI devices, whatever the key says (xl_parse.c).
            let isImplied = !(file["pci"]?.items ?? []).isEmpty
            if let isOn = flag("e820_host") ?? (isImplied ? true : nil) {
                content.append(XMLElement("e820_host", ["state": isOn || isImplied ? "on" : "off"]))
            }
        }
        switch text("passthrough") {
        case "enabled": content.append(XMLElement("passthrough", ["state": "on"]))
        case "disabled": content.append(XMLElement("passthrough", ["state": "off"]))
        case let mode? where ["sync_pt", "share_pt"].contains(mode):
            content.append(XMLElement("passthrough", ["state": "on", "mode": mode]))
        case nil, "default": break
        case let other?: note("\"passthrough\" is \"\(other)\", which has no form in libvirt XML", "passthrough")
        }
        return content.isEmpty ? nil : XMLElement("xen", [:], content)
    }

    /// `<cpu>`: `nestedhvm`, `cpuid` and `vnuma`.
    mutating func processor() -> XMLElement? {
        guard type != .pv else { return numa().map { XMLElement("cpu", [:], [$0]) } }
        let nested = flag("nestedhvm")
        var features = processorFeatures()
        if nested != true, nested == false || !features.isEmpty {
            // A processor of its host's kind has what it needs to virtualize, unless it is taken from it.
            for name in LibvirtWords.virtualization where !features.contains(where: { $0.name == name }) {
                features.append((name, "disable"))
            }
        }
        let numa = numa()
        guard nested != nil || !features.isEmpty else { return numa.map { XMLElement("cpu", [:], [$0]) } }
        if nested == true {
            note(
                "\"nestedhvm\" is heeded by libvirt if its own configuration has it, too", "nestedhvm",
                hint: "write nested_hvm = 1 into /etc/libvirt/libxl.conf")
        }
        return XMLElement(
            "cpu", ["mode": "host-passthrough"],
            features.map { XMLElement("feature", ["policy": $0.policy, "name": $0.name]) } + [numa])
    }

    /// What `cpuid` says, in the form that begins with `host` (xen_xl.c, xenParseXLCPUID).
    private mutating func processorFeatures() -> [(name: String, policy: String)] {
        guard file["cpuid"]?.items == nil else {
            lose("cpuid", "is a list of registers, which has no form in libvirt XML", hint: "name the features instead")
            return []
        }
        guard let text = text("cpuid") else { return [] }
        let words = text.split(separator: ",").map(String.init)
        guard words.first == "host" else {
            note("\"cpuid\" does not begin with \"host\"; xl ignores it", "cpuid")
            return []
        }
        var features: [(name: String, policy: String)] = []
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let policies = ["1": "force", "0": "disable", "x": "optional"]
            guard parts.count == 2, let policy = policies[parts[1]] else {
                note("\"\(word)\" of \"cpuid\" has no form in libvirt XML", "cpuid")
                continue
            }
            let name = LibvirtWords.processorFeatures.libvirt(parts[0]) ?? parts[0]
            // libvirt refuses one that is there twice; xl takes the last.
            features.removeAll { $0.name == name }
            features.append((name, policy))
        }
        return features
    }

    /// `vnuma` (xen_xl.c, xenParseXLVnuma). The driver puts each node on the one of the host with its number
    /// (libxl_conf.c, libxlMakeVnumaList).
    private mutating func numa() -> XMLElement? {
        guard has("vnuma") else { return nil }
        guard let nodes = VirtualNode.nodes(of: file["vnuma"]) else {
            note("\"vnuma\" has no form in libvirt XML as it is", "vnuma")
            return nil
        }
        for (index, node) in nodes.enumerated() {
            guard let hostNode = node.hostNode, hostNode != index else { continue }
            note(
                "node \(index) of \"vnuma\" is on the host's node \(hostNode); libvirt puts it on node \(index)",
                "vnuma")
        }
        return nodes.isEmpty
            ? nil : XMLElement("numa", [:], nodes.enumerated().map { $0.element.element(number: $0.offset) })
    }

    mutating func clock() -> XMLElement {
        let isLocal = flag("localtime") ?? false
        let offset = integer("rtc_timeoffset")
        var timers: [XMLElement] = []
        if let mode = tscMode() {
            timers.append(XMLElement("timer", ["name": "tsc", "present": "yes", "mode": mode]))
        }
        if type == .hvm, let isOn = flag("hpet") {
            timers.append(XMLElement("timer", ["name": "hpet", "present": isOn ? "yes" : "no"]))
            if !isOn {
                note("\"hpet\" is 0, which has a form in libvirt XML that its Xen driver does not heed", "hpet")
            }
        }
        let basis = isLocal ? "localtime" : "utc"
        if type == .hvm || offset.map({ $0 != 0 }) == true {
            return XMLElement(
                "clock", ["offset": "variable", "adjustment": String(offset ?? 0), "basis": basis], timers)
        }
        return XMLElement("clock", ["offset": basis, "adjustment": "reset"], timers)
    }

    private mutating func tscMode() -> String? {
        guard let text = text("tsc_mode") else { return nil }
        let modes = LibvirtWords.tscModes
        let number = XenConfigValue.integer(text)
        let word = number.flatMap { modes.ofXL.indices.contains($0) ? modes.ofXL[$0] : nil } ?? text
        guard let mode = modes.libvirt(word) else {
            note("\"tsc_mode\" is \"\(text)\", which has no form in libvirt XML", "tsc_mode")
            return nil
        }
        return mode
    }

    /// `on_poweroff`, `on_reboot` and `on_crash`, each with what xl does if nothing is said (xl_parse.c).
    mutating func actions() -> [XMLElement] {
        [("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "destroy")].map { key, byDefault in
            let known = key == "on_crash" ? LibvirtWords.crashActions : LibvirtWords.actions
            let action = filledText(key) ?? byDefault
            guard !known.contains(action) else { return XMLElement(key, text: action) }
            // What comes nearest: the end of the guest, or its beginning.
            let nearest = action.hasSuffix("destroy") ? "destroy" : "restart"
            note(
                "\"\(key)\" is \"\(action)\", which has no form in libvirt XML: the domain has \(nearest) there", key)
            return XMLElement(key, text: nearest)
        }
    }

    /// The label of Xen's security module (libxl_conf.c, libxlMakeDomCreateInfo).
    mutating func securityLabel() -> XMLElement? {
        filledText("seclabel").map {
            XMLElement(
                "seclabel", ["type": "static", "model": "flask", "relabel": "no"], [XMLElement("label", text: $0)])
        }
    }

    /// What the device model is told beside (libxl_domain.c, libxlDomainDefNamespaceParse).
    mutating func emulatorArguments() -> XMLElement? {
        var arguments = strings("device_model_args")
        switch type {
        case .hvm: arguments += strings("device_model_args_hvm")
        case .pv: arguments += strings("device_model_args_pv")
        case .pvh: break
        }
        guard !arguments.isEmpty else { return nil }
        return XMLElement("xen:commandline", [:], arguments.map { XMLElement("xen:arg", ["value": $0]) })
    }
}
