import GuestModel

/// The values of keys that have a grammar of their own: what xl refuses in them, and what it drops or reads otherwise.
extension ConfigurationCheck {
    mutating func checkValues() {
        checkEnumerations()
        checkModes()
        checkRanges()
        checkResources()
        checkProcessors()
        checkDevices()
        if isReadBy(.hvm) { checkMachine() }
        if isWhole {
            checkTogether()
            checkEffects()
        }
    }

    /// Whether the xl of the release knows a key.
    func isKnown(_ key: String) -> Bool { XenConfigKeys.shape(of: key, in: version) != nil }

    /// Whether the guest is of one of these types, as far as that is known.
    func isReadBy(_ types: GuestTypes) -> Bool { !isWhole || types.contains(guestType) }

    // MARK: words

    /// An enumeration: who reads it, and its words. Each may have the release it is since behind it.
    private struct Enumeration {
        let types: GuestTypes
        /// Whether the words must be written as they stand here (strcmp); else large letters do as well, and so does
        /// "unknown" (libxl_..._from_string).
        let isExact: Bool
        let words: [(word: String, since: XenVersion)]
    }

    // From tools/xl/xl_parse.c and libxl_types.idl at the tags RELEASE-4.2.0 to RELEASE-4.22.0.
    private static let enumerations: [(key: String, Enumeration)] = """
        bios hvm any rombios seabios ovmf
        device_model_version all exact qemu-xen qemu-xen-traditional none:4.7
        gic_version all any default v2 v3
        hdtype hvm any ide ahci
        ms_vm_genid hvm exact generate none
        passthrough all any default disabled enabled sync_pt share_pt
        sve all any hw disabled 128 256 384 512 640 768 896 1024 1152 1280 1408 1536 1664 1792 1920 2048
        tee all any none optee ffa:4.18
        vendor_device hvm any none xenserver
        vga hvm exact stdvga cirrus none:4.5 qxl:4.6
        vuart all any sbsa_uart
        """.split(separator: "\n").map { row in
            let columns = row.split(separator: " ")
            let words = columns[3...].map { column in
                let parts = column.split(separator: ":")
                return (String(parts[0]), parts.count == 2 ? XenVersion(parts[1]) ?? .oldest : .oldest)
            }
            return (
                String(columns[0]),
                Enumeration(types: columns[1] == "hvm" ? .hvm : .all, isExact: columns[2] == "exact", words: words)
            )
        }

    private mutating func checkEnumerations() {
        for (key, enumeration) in Self.enumerations where isKnown(key) && isReadBy(enumeration.types) {
            guard let text = text(key), !text.isEmpty || !mustNotBeEmpty(key) else { continue }
            var known = enumeration.words.filter { $0.since <= version }.map(\.word)
            // It went again with PVH's first form.
            if key == "device_model_version", version >= XenVersion(4, 10) { known.removeAll { $0 == "none" } }
            let word = enumeration.isExact ? text : text.lowercased()
            guard !known.contains(word), enumeration.isExact || word != "unknown" else { continue }
            let since = enumeration.words.first { $0.word == word && $0.since > version }?.since
            add(
                .error, "\"\(key)\" is \"\(text)\"" + (since.map { ", which xl knows since Xen \($0)" } ?? ""),
                key: key, hint: "xl knows \(known.joined(separator: ", "))")
        }
        // Beside its type xl looks into nothing (parse_arm_sci_config).
        if isKnown("arm_sci"), let text = text("arm_sci") {
            for word in text.split(separator: ",") where word.hasPrefix("type=") {
                let type = word.dropFirst("type=".count).lowercased()
                guard type != "none", type != "scmi_smc" else { continue }
                add(.error, "the type in \"arm_sci\" is \"\(type)\"", key: "arm_sci", hint: "xl knows none, scmi_smc")
            }
        }
    }

    /// Keys whose words once were numbers, and still may be.
    static let modes: [(key: String, words: [String])] = [
        ("altp2m", ["disabled", "mixed", "external", "limited"]),
        (
            "timer_mode",
            [
                "delay_for_missed_ticks", "no_delay_for_missed_ticks", "no_missed_ticks_pending",
                "one_missed_tick_pending",
            ]
        ),
        ("tsc_mode", ["default", "always_emulate", "native", "native_paravirt"]),
    ]

    private mutating func checkModes() {
        for (key, words) in Self.modes where XenConfigKeys.shape(of: key, in: version)?.contains(.string) == true {
            guard let text = text(key) else { continue }
            // Nobody but an HVM guest had one until 4.10.
            if key == "timer_mode", version < XenVersion(4, 10), !isReadBy(.hvm) { continue }
            if let number = file[key]?.integer {
                guard !words.indices.contains(number) else { continue }
            } else if words.contains(text.lowercased()) || key == "timer_mode" && text.lowercased() == "unknown" {
                continue
            }
            add(.error, "\"\(key)\" is \"\(text)\"", key: key, hint: "xl knows \(words.joined(separator: ", "))")
        }
        let takesWords = XenConfigKeys.shape(of: "gfx_passthru", in: version)?.contains(.string) == true
        if takesWords, isReadBy(.hvm), let text = text("gfx_passthru"), file["gfx_passthru"]?.integer == nil,
            !["default", "igd"].contains(text.lowercased())
        {
            add(.error, "\"gfx_passthru\" is \"\(text)\"", key: "gfx_passthru", hint: "xl knows 0, 1, default, igd")
        }
    }

    // MARK: numbers

    private mutating func checkRanges() {
        // libxl's schedulers refuse another weight (sched_credit_domain_set and its like); -1 is none to them.
        checkRange("cpu_weight", 1...65535, orIs: -1)
        checkRange("altp2m_count", 0...65535)
        if version >= XenVersion(4, 13) {
            for key in ["max_grant_frames", "max_maptrack_frames", "max_grant_version"] {
                checkRange(key, 0...Int(Int32.max))
            }
        }
        // From the end of what a machine needs below 4 GiB to where that begins: HVM_BELOW_4G_MMIO_LENGTH and _START.
        if isReadBy(.hvm) { checkRange("mmio_hole", 256...3840) }
    }

    private mutating func checkRange(_ key: String, _ range: ClosedRange<Int>, orIs other: Int? = nil) {
        guard isKnown(key), let number = file[key]?.integer, !range.contains(number), number != other else { return }
        add(
            .error, "\"\(key)\" is \(number)", key: key,
            hint: "xl takes \(range.lowerBound) to \(range.upperBound)")
    }
}
