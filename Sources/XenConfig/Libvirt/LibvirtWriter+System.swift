/// What a guest is called, has and boots.
extension LibvirtWriter {
    mutating func name() throws(XenConfigError) -> XMLElement {
        guard let name = filledText("name") else {
            throw XenConfigError("there is no \"name\", without which there is no domain")
        }
        // domain_conf.c, virDomainDefPostParseCheck..., and the schema's domainName.
        guard !name.contains("/"), !name.unicodeScalars.contains("\n") else {
            throw XenConfigError(
                "no libvirt domain can be called \"\(name)\"", hint: "a slash and a line break cannot be in its name",
                position: file.position(of: "name"))
        }
        return XMLElement("name", text: name)
    }

    mutating func uuid() -> XMLElement? {
        guard let uuid = text("uuid") else { return nil }
        guard GuestConfiguration.isUUID(uuid) else {
            note("\"uuid\" is \"\(uuid)\", no UUID", "uuid", severity: .error)
            return nil
        }
        return XMLElement("uuid", text: uuid)
    }

    /// What a guest may have is `memory` to libvirt, and what it starts with is `currentMemory` (xen_common.c,
    /// xenParseMem).
    mutating func memory() throws(XenConfigError) -> [XMLElement] {
        let memory = integer("memory")
        // The nodes together are the memory that the guest may have (xl_parse.c, parse_vnuma_config).
        let nodes = VirtualNode.nodes(of: file["vnuma"]) ?? []
        let maximum = integer("maxmem") ?? (nodes.isEmpty ? nil : nodes.reduce(0) { $0 + $1.mebibytes })
        let current = memory ?? maximum ?? 32
        if memory == nil, maximum == nil {
            note("there is no \"memory\"; xl gives the guest 32 MiB", "memory")
        }
        return [
            XMLElement(
                "memory", ["unit": "KiB"],
                text: try kibibytes(maximum ?? current, file["maxmem"] == nil ? "memory" : "maxmem")),
            XMLElement("currentMemory", ["unit": "KiB"], text: try kibibytes(current, "memory")),
        ]
    }

    private func kibibytes(_ mebibytes: Int, _ key: String) throws(XenConfigError) -> String {
        guard (1...1 << 40).contains(mebibytes) else {
            throw XenConfigError(
                "\"\(key)\" is \(mebibytes), which no guest can have", position: file.position(of: key))
        }
        return String(mebibytes << 10)
    }

    /// `<vcpu>` and `<cputune>`.
    ///
    /// libvirt's own conversion has a single set of `cpus` as `cpuset`, which its Xen driver never looks at: that knows
    /// only what each processor is pinned to (libxl_conf.c, libxlSetVcpuAffinities). So the set is in both places.
    mutating func processors() -> [XMLElement?] {
        let count = max(1, integer("vcpus") ?? 1)
        let nodes = VirtualNode.nodes(of: file["vnuma"]) ?? []
        let inNodes = nodes.reduce(0) { $0 + $1.processors.count }
        let maximum = max(count, integer("maxvcpus") ?? inNodes)
        var common: String?
        var pins: [String?] = []
        if let sets = oneOrMore("cpus") {
            let parsed = sets.map { CPUSet(parsing: $0)?.text }
            if zip(sets, parsed).contains(where: { $0 != "all" && $1 == nil }) {
                note(
                    "\"cpus\" has no form in libvirt XML where it is no list of numbers and ranges", "cpus",
                    hint: "write the numbers of the processors")
            } else if file["cpus"]?.items != nil {
                pins = Array(parsed.prefix(maximum))
                if parsed.count > maximum {
                    note("\"cpus\" has \(parsed.count) sets for \(maximum) processors; the rest has no effect", "cpus")
                }
            } else if let text = parsed.first ?? nil {
                common = text
                // No guest of Xen has more than 512.
                pins = Array(repeating: text, count: min(maximum, 512))
            }
        }
        if pins.dropFirst(count).contains(where: { $0 != nil }) {
            // domain_postparse.c, virDomainDefRemoveOfflineVcpuPin.
            note(
                "\"cpus\" is heeded by libvirt for those processors only that are there from the start: \(count) of \(maximum)",
                "cpus")
        }
        let weight = integer("cpu_weight").map { XMLElement("shares", text: String($0)) }
        let tune =
            [weight]
            + pins.enumerated().map { index, set in
                set.map { XMLElement("vcpupin", ["vcpu": String(index), "cpuset": $0]) }
            }
        return [
            XMLElement(
                "vcpu",
                ["placement": "static", "cpuset": common, "current": count < maximum ? String(count) : nil],
                text: String(maximum)),
            tune.contains { $0 != nil } ? XMLElement("cputune", [:], tune) : nil,
        ]
    }

    // MARK: booting

    mutating func bootloader() -> [XMLElement] {
        guard type != .hvm else { return [] }
        var elements: [XMLElement] = []
        if let bootloader = filledText("bootloader") {
            elements.append(XMLElement("bootloader", text: bootloader))
        }
        let arguments = oneOrMore("bootloader_args") ?? []
        if !arguments.isEmpty {
            elements.append(XMLElement("bootloader_args", text: arguments.joined(separator: " ")))
            if file["bootloader_args"]?.items != nil ? arguments.count > 1 : arguments[0].contains(" ") {
                // g_strsplit(" \t\n") splits at these three together, which no one writes.
                note(
                    "\"bootloader_args\" are several, which libvirt hands to the boot loader as one", "bootloader_args"
                )
            }
        }
        return elements
    }

    /// `<os>`.
    mutating func system() -> XMLElement {
        let words = type.words
        var content: [XMLElement?] = [XMLElement("type", ["machine": words.machine], text: words.system)]
        var firmware: String?
        if type == .hvm {
            let (loader, kind) = self.firmware()
            firmware = kind
            content.append(loader)
        }
        content.append(kernel())
        if let ramdisk = filledText("ramdisk") { content.append(path(ramdisk, of: "ramdisk", as: "initrd")) }
        content.append(commandLine().map { XMLElement("cmdline", text: $0) })
        if type == .hvm {
            content += bootOrder()
            content.append(
                filledText("acpi_firmware").map {
                    XMLElement("acpi", [:], [XMLElement("table", ["type": "slic"], text: $0)])
                })
        } else if let name = text("firmware") {
            note(
                "\"firmware\" is \"\(name)\", a kernel that xl finds by this name; libvirt takes paths only",
                "firmware",
                hint: "write the path of that kernel as kernel", severity: .error)
        }
        return XMLElement("os", ["firmware": firmware], content)
    }

    private mutating func kernel() -> XMLElement? {
        guard let kernel = filledText("kernel"), !isLoader(kernel) else { return nil }
        return path(kernel, of: "kernel", as: "kernel")
    }

    private mutating func path(_ path: String, of key: String, as name: String) -> XMLElement {
        if !path.hasPrefix("/") {
            note(
                "\"\(key)\" is \"\(path)\", which xl looks for in its own directories; libvirt's schema takes absolute "
                    + "paths only", key)
        }
        return XMLElement(name, text: path)
    }

    // Configurations of Xen 3 name the firmware as the kernel of an HVM guest, which xl leaves at that.
    private func isLoader(_ kernel: String) -> Bool { type == .hvm && kernel.split(separator: "/").last == "hvmloader" }

    /// What xl makes of the keys for the kernel's command line (xl_parse.c, parse_cmdline).
    private mutating func commandLine() -> String? {
        let root = text("root").map { "root=\($0)" }
        let extra = text("extra")
        if let line = text("cmdline") {
            for key in ["root", "extra"] where file[key] != nil {
                note("\"\(key)\" has no effect beside \"cmdline\", and no form in libvirt XML", key)
            }
            return line
        }
        let parts = [root, extra].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// `<loader>`, and what `<os>` says of the firmware.
    ///
    /// libvirt's own conversion names the file of OVMF, which since libvirt 11 the driver hands to libxl
    /// (system_firmware): a path that is wrong on this host ends the start. `firmware='efi'` lets the host choose.
    private mutating func firmware() -> (loader: XMLElement?, kind: String?) {
        let path = filledText("bios_path_override")
        let named = filledText("firmware")
        var bios = filledText("bios")
        switch named {
        case nil, "bios": break
        case "uefi", "ovmf": bios = "ovmf"
        case "seabios", "rombios": bios = named
        case let other?:
            note("\"firmware\" is \"\(other)\", which has no form in libvirt XML", "firmware")
        }
        switch bios {
        case "ovmf":
            guard let path else { return (nil, "efi") }
            note("\"bios_path_override\" is heeded by libvirt since its release 11 only", "bios_path_override")
            return (XMLElement("loader", ["readonly": "yes", "type": "pflash"], text: path), nil)
        case let bios?:
            if bios != "seabios" { note("\"bios\" is \"\(bios)\", which has no form in libvirt XML", "bios") }
        case nil: break
        }
        if path != nil { note("\"bios_path_override\" has a form in libvirt XML for OVMF only", "bios_path_override") }
        let loader = file["kernel"]?.text.flatMap { isLoader($0) ? $0 : nil }
        return (XMLElement("loader", ["type": "rom"], text: loader ?? Self.loader), nil)
    }

    /// Where Xen installs the firmware of HVM guests, and libvirt's documentation names it. The Xen driver takes
    /// libxl's own anyway.
    private static let loader = "/usr/lib/xen/boot/hvmloader"

    private mutating func bootOrder() -> [XMLElement] {
        // What libxl takes (libxl_create.c); libvirt would take the disk alone.
        let letters = filledText("boot") ?? "cda"
        var devices: [String] = []
        for letter in letters {
            guard let device = LibvirtWords.bootDevices.libvirt(String(letter)) else {
                note("\"boot\" has \"\(letter)\", which has no form in libvirt XML", "boot")
                continue
            }
            if !devices.contains(device) { devices.append(device) }
        }
        return devices.map { XMLElement("boot", ["dev": $0]) }
    }
}
