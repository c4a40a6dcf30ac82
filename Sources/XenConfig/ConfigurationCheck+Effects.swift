import GuestModel

/// What has no effect for the guest, and what does not go together.
extension ConfigurationCheck {
    var guestType: GuestTypes { type == "hvm" ? .hvm : type == "pvh" ? .pvh : .pv }

    // Keys that xl reads for some guests only, or libxl uses for them only, and until which release or since which that
    // was otherwise. From parse_config_data of tools/xl/xl_parse.c at the tags RELEASE-4.1.0 to RELEASE-4.22.0.
    private static let readers: [(types: GuestTypes, keys: String)] = [
        (
            .hvm,
            """
            acpi_firmware acpi_laptop_slate acpi_s3 acpi_s4 altp2mhvm bios bios_path_override boot firmware_override
            gfx_passthru hdtype hpet hvm_pirq mca_caps mmio_hole ms_vm_genid nographic nx pae rdm rdm_mem_boundary
            serial smbios smbios_firmware soundhw spice spice_clipboard_sharing spice_image_compression
            spice_streaming_video spiceagent_mouse spicedisable_ticketing spicehost spicepasswd spiceport spicetls_port
            spiceusbredirection spicevdagent stdvga usb usbdevice usbversion vendor_device vga viridian vkb_device
            vpt_align xen_platform_pci xen_platform_pci_bar_uc
            """
        ),
        // In libxl, "not a PV/PVH domain, skipping bootloader", and libxl__dm_vnc.
        ([.pv, .pvh], "bootloader bootloader_args bootloader_restrict bootloader_user vfb"),
        ([.pv, .hvm], "display keymap opengl sdl vnc vncdisplay vnclisten vncpasswd vncunused xauthority"),
        (.pv, "e820_host"),
        (.pvh, "pvshim pvshim_cmdline pvshim_extra pvshim_path"),
    ]

    /// Keys that only HVM guests had before a release.
    private static let onceHVM: [(key: String, until: XenVersion)] = [
        ("acpi", XenVersion(4, 5)), ("nestedhvm", XenVersion(4, 10)), ("opengl", XenVersion(4, 5)),
        ("sdl", XenVersion(4, 5)), ("timer_mode", XenVersion(4, 10)),
    ]

    mutating func checkEffects() {
        var types: [String: GuestTypes] = [:]
        for row in Self.readers {
            for key in row.keys.split(whereSeparator: \.isWhitespace) { types[String(key)] = row.types }
        }
        for (key, until) in Self.onceHVM where version < until { types[key] = .hvm }
        // One release had it for all of them.
        if version != XenVersion(4, 10) { types["apic"] = .hvm }
        for (key, types) in types.sorted(by: { $0.key < $1.key })
        where !types.contains(guestType) && isKnown(key) && saysSomething(key) {
            let hint: String? =
                switch key {
                case "vfb": "write vnc = 1 and the like"
                case "bootloader": "an HVM guest boots from its disks"
                default: nil
                }
            add(.warning, "\"\(key)\" has no effect for \(guest) guest", key: key, hint: hint)
        }
    }

    private var guest: String { guestType == .hvm ? "an HVM" : guestType == .pvh ? "a PVH" : "a PV" }

    // What turns off something that the guest cannot have is as good as nothing.
    private func saysSomething(_ key: String) -> Bool {
        guard let value = file[key] else { return false }
        return value.integer != 0 && value.text != "" && value.items?.isEmpty != true
    }

    private func isSet(_ key: String) -> Bool { isKnown(key) && file[key]?.integer ?? 0 != 0 }

    // MARK: what does not go together

    mutating func checkTogether() {
        checkDeprecated()
        if guestType == .pv, version >= XenVersion(4, 10), file["timer_mode"] != nil {
            add(.error, "\"timer_mode\" is not for PV guests, of which xl refuses one with it", key: "timer_mode")
        }
        checkCap()
        switch guestType {
        case .hvm: checkScreens()
        case .pv: checkFrameBuffer()
        default: break
        }
    }

    private mutating func checkDeprecated() {
        for (key, words) in Self.modes where key != "altp2m" && isKnown(key) && version >= XenVersion(4, 2) {
            guard key == "tsc_mode" || saysSomethingOfTimer, let number = file[key]?.integer,
                words.indices.contains(number)
            else { continue }
            add(
                .warning, "\"\(key)\" is a number, which xl deprecates", key: key,
                hint: "write \(key) = \"\(words[number])\"")
        }
        if file["bootloader_args"]?.text != nil, version >= XenVersion(4, 2), guestType != .hvm {
            add(
                .warning, "\"bootloader_args\" is a string, which xl deprecates", key: "bootloader_args",
                hint: "write a list of the arguments")
        }
        if guestType == .hvm, file["altp2mhvm"] != nil, version >= XenVersion(4, 9) {
            add(.warning, "\"altp2mhvm\" is deprecated since Xen 4.9", key: "altp2mhvm", hint: "write altp2m")
        }
        if saysSomething("vncviewer"), version >= XenVersion(4, 5) {
            add(
                .warning, "\"vncviewer\" is ignored since Xen 4.5", key: "vncviewer",
                hint: "call xl create with the option -V")
        }
    }

    private var saysSomethingOfTimer: Bool {
        guestType == .hvm || guestType == .pvh && version >= XenVersion(4, 10)
    }

    /// Both credit schedulers refuse a cap beyond all of the guest's processors; -1 is none to them.
    private mutating func checkCap() {
        guard isKnown("cap"), let cap = file["cap"]?.integer, cap != -1, file["vnuma"] == nil else { return }
        let processors = max(file["maxvcpus"]?.integer ?? 0, file["vcpus"]?.integer ?? 0, 1)
        guard cap < 0 || cap / 100 > processors || cap > processors.multipliedReportingOverflow(by: 100).partialValue
        else { return }
        add(
            .error, "\"cap\" is \(cap)", key: "cap",
            hint: "it is in percent of a processor: 0 to \(processors) hundred, and 0 is none")
    }

    private mutating func checkFrameBuffer() {
        let keys = ["vnc", "vnclisten", "vncdisplay", "vncunused", "vncpasswd", "sdl", "opengl", "keymap"]
        if file["vfb"]?.items?.isEmpty == false {
            for key in keys where isKnown(key) && saysSomething(key) {
                add(.warning, "\"\(key)\" has no effect beside \"vfb\"", key: key, hint: "write it into the vfb")
            }
        } else if isSet("sdl"), !isSet("vnc"), version >= XenVersion(4, 5) {
            add(
                .warning, "\"sdl\" has no effect for a PV guest without \"vnc\"", key: "sdl",
                hint: "write vfb = [\"sdl=1\"]")
        }
    }

    private mutating func checkScreens() {
        if version >= XenVersion(4, 3), let listen = text("vnclisten"), listen.contains(":"), isSet("vncdisplay") {
            add(
                .error, "\"vnclisten\" is \"\(listen)\", and there is a \"vncdisplay\", too", key: "vncdisplay",
                hint: "xl takes a colon for the beginning of the display")
        }
        checkKernelOfMachine()
        if file["vga"]?.text != nil, isKnown("vga"), isKnown("stdvga"), file["stdvga"] != nil {
            add(.warning, "\"stdvga\" has no effect beside \"vga\"", key: "stdvga")
        }
        // What libxl does with another device model is not known here.
        guard (text("device_model_version") ?? "qemu-xen") == "qemu-xen" else { return }
        if isSet("spice") {
            // dm_spice_options
            if !isSet("spiceport"), !isSet("spicetls_port") {
                add(
                    .error, "there is neither a \"spiceport\" nor a \"spicetls_port\", of which spice needs one",
                    key: "spice")
            }
            if !isSet("spicedisable_ticketing"), (text("spicepasswd") ?? "").isEmpty {
                add(
                    .error, "there is no \"spicepasswd\", without which libxl refuses spice", key: "spice",
                    hint: "write one, or spicedisable_ticketing = 1 to let anyone see it")
            }
        }
        checkVideoMemory()
    }

    /// libxl__domain_build_info_setdefault.
    private mutating func checkVideoMemory() {
        guard version >= XenVersion(4, 4), let mebibytes = file["videoram"]?.integer, mebibytes >= 0 else { return }
        let card = text("vga") ?? (isSet("stdvga") ? "stdvga" : "cirrus")
        guard let least = ["qxl": 128, "stdvga": 16, "cirrus": 8][card], mebibytes < least else { return }
        add(
            .error, "\"videoram\" is \(mebibytes), and libxl wants \(least) at least for \(card)", key: "videoram",
            hint: "leave it out")
    }

    private mutating func checkKernelOfMachine() {
        // To xl 4.1, as to xm, it was the firmware.
        guard version >= XenVersion(4, 2), let kernel = text("kernel"), !kernel.isEmpty else { return }
        let hint = "leave it out; firmware_override is for another hvmloader"
        if kernel == "hvmloader" || kernel.hasSuffix("/hvmloader") {
            add(.warning, "\"kernel\" is the HVM guest's firmware, which xl ignores", key: "kernel", hint: hint)
        } else if version < XenVersion(4, 5) {
            add(
                .error, "\"kernel\" is ignored by xl \(version) for an HVM guest, which boots from its disks",
                key: "kernel", hint: hint)
        }
    }
}
