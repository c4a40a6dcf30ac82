import GuestModel

/// What only an HVM guest has: the machine that QEMU makes for it.
extension ConfigurationCheck {
    mutating func checkMachine() {
        checkBootOrder()
        checkSerial()
        checkViridian()
        checkSMBIOS()
        for capability in file["mca_caps"]?.items ?? [] where isKnown("mca_caps") && capability.text != "lmce" {
            add(
                .error, "\"mca_caps\" holds \(capability.text.map { "\"\($0)\"" } ?? "a list")", key: "mca_caps",
                hint: "xl knows lmce")
        }
        // Beside one of the two others libxl does not look at it.
        if isKnown("usbversion"), file["usb"]?.integer ?? 0 == 0, file["usbdevice"] == nil,
            let number = file["usbversion"]?.integer, !(0...3).contains(number)
        {
            add(.error, "\"usbversion\" is \(number)", key: "usbversion", hint: "write 1, 2 or 3")
        }
        // Before 4.17 the word went to QEMU, which knew some more.
        let cards = ["ac97", "adlib", "cs4231a", "es1370", "gus", "hda", "sb16"]
        if version >= XenVersion(4, 17), let card = text("soundhw"), !cards.contains(card.lowercased()) {
            add(.error, "\"soundhw\" is \"\(card)\"", key: "soundhw", hint: "xl knows \(cards.joined(separator: ", "))")
        }
        checkRDM()
    }

    /// QEMU refuses another order (set_boot_dev of hw/i386/pc.c, validate_bootdevices).
    private mutating func checkBootOrder() {
        guard let order = text("boot"), !order.isEmpty else { return }
        let hint = "write up to three of c for disks, d for CDs, n for the network"
        if let letter = order.unicodeScalars.first(where: { !"abcdn".unicodeScalars.contains($0) }) {
            add(.error, "\"boot\" is \"\(order)\", and QEMU knows no \"\(letter)\"", key: "boot", hint: hint)
        } else if order.utf8.count > 3 || Set(order.utf8).count < order.utf8.count {
            add(.error, "\"boot\" is \"\(order)\", which QEMU refuses", key: "boot", hint: hint)
        }
    }

    /// Words that QEMU has for a place of a serial port, beside those with a colon and paths (qemu_chr_parse_compat).
    private static let serialWords: Set<String> = [
        "braille", "msmouse", "none", "null", "pty", "stdio", "testdev", "vc", "wctablet",
    ]

    private mutating func checkSerial() {
        let ports = file["serial"]?.text.map { [$0] } ?? file["serial"]?.items?.compactMap(\.text) ?? []
        for port in ports
        where !port.isEmpty && !port.contains(":") && !port.contains("/") && !Self.serialWords.contains(port) {
            add(
                .error, "\"serial\" is \"\(port)\", of which QEMU makes no serial port", key: "serial",
                hint: "write serial = \"pty\"")
        }
    }

    private static let enlightenments: [(word: String, since: XenVersion)] = [
        ("base", XenVersion(4, 5)), ("freq", XenVersion(4, 5)), ("time_ref_count", XenVersion(4, 5)),
        ("reference_tsc", XenVersion(4, 6)), ("hcall_remote_tlb_flush", XenVersion(4, 7)),
        ("apic_assist", XenVersion(4, 7)), ("crash_ctl", XenVersion(4, 9)), ("synic", XenVersion(4, 13)),
        ("stimer", XenVersion(4, 13)), ("hcall_ipi", XenVersion(4, 13)), ("ex_processor_masks", XenVersion(4, 15)),
        ("no_vp_limit", XenVersion(4, 15)), ("cpu_hotplug", XenVersion(4, 15)),
    ]

    private mutating func checkViridian() {
        guard XenConfigKeys.shape(of: "viridian", in: version)?.contains(.list) == true else { return }
        if let text = text("viridian"), file["viridian"]?.integer == nil, !text.isEmpty {
            add(
                .error, "\"viridian\" is \"\(text)\", no number; xl ignores it", key: "viridian",
                hint: "write viridian = [\"\(text)\"], or 1")
        }
        let known = Self.enlightenments.filter { $0.since <= version }.map(\.word)
        for item in file["viridian"]?.items ?? [] {
            guard let text = item.text else {
                add(.error, "\"viridian\" holds a list inside the list, at which xl crashes", key: "viridian")
                continue
            }
            let word = text.hasPrefix("!") ? text.dropFirst().lowercased() : text.lowercased()
            guard text != "all", text != "defaults", !known.contains(word) else { continue }
            let since = Self.enlightenments.first { $0.word == word }?.since
            add(
                .error, "\"viridian\" holds \"\(text)\"" + (since.map { ", which xl knows since Xen \($0)" } ?? ""),
                key: "viridian", hint: "xl knows all, defaults, \(known.joined(separator: ", "))")
        }
    }

    private static let smbiosTypes: Set<String> = [
        "bios_vendor", "bios_version", "system_manufacturer", "system_product_name", "system_version",
        "system_serial_number", "baseboard_manufacturer", "baseboard_product_name", "baseboard_version",
        "baseboard_serial_number", "baseboard_asset_tag", "baseboard_location_in_chassis", "enclosure_manufacturer",
        "enclosure_serial_number", "enclosure_asset_tag", "battery_manufacturer", "battery_device_name", "oem",
    ]

    private mutating func checkSMBIOS() {
        guard isKnown("smbios") else { return }
        let texts = allStrings(of: "smbios")
        for text in texts {
            let word = text.prefix { $0 != "=" }
            if word.endIndex == text.endIndex || text.index(after: word.endIndex) == text.endIndex {
                add(.error, "in the smbios \"\(text)\": it has no value", key: "smbios")
            } else if !Self.smbiosTypes.contains(word.lowercased()) {
                add(
                    .error, "in the smbios \"\(text)\": \"\(word)\" is not a parameter of smbios", key: "smbios",
                    hint: "xl knows \(Self.smbiosTypes.sorted().joined(separator: ", "))")
            }
        }
        let count = texts.count { $0.lowercased().hasPrefix("oem=") }
        if count > 99 { add(.error, "\"smbios\" has \(count) oem strings; xl takes 99", key: "smbios") }
    }

    /// xlu_rdm_parse, after whose failure xl goes on without a word.
    private mutating func checkRDM() {
        guard isKnown("rdm"), let text = text("rdm") else { return }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            (key: part.prefix { $0 != "=" }, value: part.drop { $0 != "=" }.dropFirst())
        }
        let complaint: String?
        if let part = parts.first(where: { $0.key != "strategy" && $0.key != "policy" }) {
            complaint = "\"\(part.key)\" is not a parameter of rdm"
        } else if let part = parts.first(where: { $0.key == "strategy" && $0.value != "host" }) {
            complaint = "strategy is \"\(part.value)\"; xl knows host"
        } else if let part = parts.first(where: { $0.key == "policy" && !["strict", "relaxed"].contains($0.value) }) {
            complaint = "policy is \"\(part.value)\"; xl knows strict, relaxed"
        } else if version < XenVersion(4, 14), parts.map(\.key) != ["strategy", "policy"] {
            complaint = "it wants strategy=host,policy=strict or strategy=host,policy=relaxed"
        } else {
            complaint = nil
        }
        if let complaint {
            add(.error, "\"rdm\" is \"\(text)\", which xl ignores: \(complaint)", key: "rdm")
        } else if version >= XenVersion(4, 15), parts.contains(where: { $0.key == "policy" }) {
            // parse_rdm_policy gives 0 for what it understands, and its caller takes that for a failure.
            add(
                .error, "\"rdm\" is \"\(text)\", and xl since Xen 4.15 ignores one with a policy", key: "rdm",
                hint: "leave the policy out, and write rdm_policy=strict to the devices that need it")
        }
    }
}
