import GuestModel

/// The record of the guest itself (datamodel_vm.ml). A field that xapi has no default for is there even where it says nothing:
/// one that is missing ends an import.
extension XAPIWriter {
    mutating func machine() throws(XenConfigError) -> [(name: String, value: XAPIValue)] {
        guard let name = filledText("name") else {
            throw XenConfigError("there is no \"name\", without which there is no guest")
        }
        let boot = try boot()
        return [
            ("name_label", .text(name)), ("name_description", .text("")), ("power_state", .text("Halted")),
            ("user_version", .number(1)), ("is_a_template", .flag(false)), ("is_default_template", .flag(false)),
            ("suspend_VDI", Self.nothing), ("resident_on", Self.nothing), ("affinity", Self.nothing),
        ] + (try memory()) + processors() + actions() + boot + [
            ("PCI_bus", .text("")), ("other_config", .none), ("domid", .number(-1)), ("domarch", .text("")),
            ("last_boot_CPU_flags", .none), ("is_control_domain", .flag(false)), ("metrics", Self.nothing),
            ("guest_metrics", Self.nothing), ("recommendations", .text("")), ("parent", Self.nothing),
            ("has_vendor_device", .flag(false)), ("domain_type", .text(type.rawValue)),
        ]
    }

    private mutating func memory() throws(XenConfigError) -> [(name: String, value: XAPIValue)] {
        let memory = integer("memory")
        let maximum = integer("maxmem")
        if memory == nil, maximum == nil {
            note("there is no \"memory\"; xl gives the guest 32 MiB", "memory")
        }
        var current = try bytes(memory ?? maximum ?? 32, "memory")
        let most = max(current, try bytes(maximum ?? 0, "maxmem"))
        if current < most, type == .hvm, file["nestedhvm"]?.integer.map({ $0 != 0 }) == true {
            // xapi_vm_helpers.ml, assert_memory_constraints: such a guest would not start.
            note(
                "\"memory\" is below \"maxmem\", which xapi does not have beside nestedhvm: it has all of it there",
                "memory")
            current = most
        }
        return [
            ("memory_static_max", .number(most)),
            ("memory_dynamic_max", .number(current)), ("memory_dynamic_min", .number(current)),
            ("memory_static_min", .number(current)),
        ]
    }

    private func bytes(_ mebibytes: Int, _ key: String) throws(XenConfigError) -> Int64 {
        guard (key == "memory" ? 1...1 << 40 : 0...1 << 40).contains(mebibytes) else {
            throw XenConfigError(
                "\"\(key)\" is \(mebibytes), which no guest can have", position: file.position(of: key))
        }
        return Int64(mebibytes) << 20
    }

    private mutating func processors() -> [(name: String, value: XAPIValue)] {
        let count = max(1, integer("vcpus") ?? 1)
        let maximum = max(count, integer("maxvcpus") ?? count)
        for key in ["cpus", "cpus_soft"] where has(key) {
            note("\"\(key)\" names processors of this host, and has no form in an XVA archive", key)
        }
        let parameters = XAPIValue.texts([
            "weight": scheduling("cpu_weight", 1...65535), "cap": scheduling("cap", 0...65535),
        ])
        return [
            ("VCPUs_params", parameters), ("VCPUs_max", .number(Int64(maximum))),
            ("VCPUs_at_startup", .number(Int64(count))),
        ]
    }

    private mutating func scheduling(_ key: String, _ bounds: ClosedRange<Int>) -> String? {
        guard let value = integer(key) else { return nil }
        guard bounds.contains(value) else {
            note("\"\(key)\" is \(value), which no scheduler takes, and is left out", key)
            return nil
        }
        return String(value)
    }

    private mutating func actions() -> [(name: String, value: XAPIValue)] {
        let keys = [
            ("on_poweroff", "actions_after_shutdown", "destroy"), ("on_reboot", "actions_after_reboot", "restart"),
            ("on_crash", "actions_after_crash", "destroy"),
        ]
        return keys.map { key, field, byDefault in
            let action = filledText(key) ?? byDefault
            let known: [String: String] = [
                "destroy": "destroy", "restart": "restart", "preserve": "preserve",
                "coredump-destroy": "coredump_and_destroy", "coredump-restart": "coredump_and_restart",
            ]
            // Only a crash knows more than the first two (datamodel_vm.ml, on_crash_behaviour), and a dump of it is made of PV
            // guests alone: others do not start (xapi_vm_lifecycle.ml, validate_actions_after_crash).
            let isKnown =
                key == "on_crash"
                ? type == .pv || !action.hasPrefix("coredump-") : ["destroy", "restart"].contains(action)
            if isKnown, let word = known[action] { return (field, .text(word)) }
            let nearest = action.hasSuffix("destroy") ? "destroy" : "restart"
            note("\"\(key)\" is \"\(action)\", which has no form in an XVA archive: \(nearest) stands there", key)
            return (field, .text(nearest))
        }
    }

    // MARK: booting

    private mutating func boot() throws(XenConfigError) -> [(name: String, value: XAPIValue)] {
        switch type {
        case .hvm: try fullBoot()
        case .pv, .pvh: paravirtualBoot()
        }
    }

    private mutating func fullBoot() throws(XenConfigError) -> [(name: String, value: XAPIValue)] {
        if let kernel = filledText("kernel"), kernel.split(separator: "/").last != "hvmloader" {
            note(
                "\"kernel\" is \(kernel), a file of this host; xapi starts an HVM guest from its disk", "kernel",
                severity: .error)
        }
        let isUEFI = isUEFI()
        var order = ""
        for letter in filledText("boot") ?? "cdn" {
            if ["c", "d", "n"].contains(letter) {
                order.append(letter)
            } else {
                note("\"boot\" has \"\(letter)\", which has no form in an XVA archive", "boot")
            }
        }
        return [
            ("PV_bootloader", .text("")), ("PV_kernel", .text("")), ("PV_ramdisk", .text("")), ("PV_args", .text("")),
            ("PV_bootloader_args", .text("")), ("PV_legacy_args", .text("")), ("HVM_boot_policy", .text("BIOS order")),
            (
                "HVM_boot_params",
                .texts(["order": order.isEmpty ? "cd" : order, "firmware": isUEFI ? "uefi" : "bios"])
            ),
            ("HVM_shadow_multiplier", .double(1)), ("platform", platform(isUEFI: isUEFI)),
        ]
    }

    private mutating func isUEFI() -> Bool {
        let named = filledText("firmware")
        let bios = filledText("bios")
        return ["uefi", "ovmf"].contains(named) || named == nil && bios == "ovmf"
    }

    /// What xapi tells the device model (xapi_xenops.ml, and vm_platform.ml for the words).
    private mutating func platform(isUEFI: Bool) -> XAPIValue {
        func word(_ isOn: Bool) -> String { isOn ? "true" : "false" }
        let isStandard = flag("stdvga") == true || filledText("vga") == "stdvga"
        // xl's own defaults (libxl_create.c, libxl__domain_build_info_setdefault).
        let card = isStandard ? "std" : "cirrus"
        if let vga = file["vga"]?.text, !["stdvga", "cirrus"].contains(vga) {
            note("\"vga\" is \"\(vga)\", which has no form in an XVA archive: the guest has a card there", "vga")
        }
        // Each guest of xapi has a screen, and a serial port that its console shows.
        if flag("xen_platform_pci") == false {
            note(
                "\"xen_platform_pci\" is 0, which has no form in an XVA archive: the guest has Xen's devices there, too",
                "xen_platform_pci")
        }
        for key in ["vnc", "sdl", "vnclisten", "vncunused", "vncdisplay"] { _ = has(key) }
        if let ports = oneOrMore("serial"), ports != ["pty"] {
            note(
                "\"serial\" has no form in an XVA archive: a guest has one serial port there, which xapi shows",
                "serial")
        }
        if file["viridian"]?.items != nil {
            lose("viridian", "is a list, which has no form in an XVA archive", hint: "a 1 has one")
        }
        return .texts([
            "timeoffset": String(integer("rtc_timeoffset") ?? 0),
            "acpi": flag("acpi") == false ? "0" : "1", "apic": word(flag("apic") ?? true),
            "pae": word(flag("pae") ?? true), "nx": word(flag("nx") ?? true),
            "viridian": word(file["viridian"]?.items == nil && flag("viridian") == true),
            "hpet": word(flag("hpet") ?? true), "vga": card,
            "videoram": String(integer("videoram") ?? (isStandard ? 16 : 8)),
            "nested-virt": flag("nestedhvm") == true ? "true" : nil,
            "device-model": isUEFI ? "qemu-upstream-uefi" : nil, "secureboot": isUEFI ? "false" : nil,
        ])
    }

    private mutating func paravirtualBoot() -> [(name: String, value: XAPIValue)] {
        let loader = filledText("bootloader")
        let kernel = filledText("kernel")
        if let loader {
            if loader.split(separator: "/").last != "pygrub" {
                note(
                    "\"bootloader\" is \"\(loader)\"; xapi knows pygrub", "bootloader",
                    hint: "where the guest has a kernel of its own, domus convert makes pygrub of it", severity: .error)
            }
        } else if let kernel {
            // pygrub reads the configuration that GRUB for Xen reads.
            if !XenConfigFile.isGRUBForXen(kernel) {
                note(
                    "\"kernel\" is \(kernel), a file of this host, which an XVA archive cannot hold", "kernel",
                    hint: "domus convert GUEST --pygrub, or --type=pvhvm for a guest with a partitioned disk, makes it "
                        + "boot its own kernel", severity: .error)
            }
        } else if let firmware = text("firmware"), !firmware.hasPrefix("pvgrub") {
            note("\"firmware\" is \"\(firmware)\", which xapi does not know", "firmware", severity: .error)
        }
        _ = has("ramdisk")
        let isGRUB = loader == nil
        for key in ["cmdline", "root", "extra"] { _ = has(key) }
        let arguments = isGRUB ? "" : file.commandLine ?? ""
        let loaderArguments = (oneOrMore("bootloader_args") ?? []).joined(separator: " ")
        note(
            type == .pv
                ? "XCP-ng 8.3 runs no PV guest, and those before it will not always"
                : "xapi before 23.9 (XCP-ng 8.2) refuses a PVH guest, and XCP-ng 8.3 has them as an experiment",
            "type", hint: "domus convert GUEST --type=pvhvm makes one of it that all run, if its disk is partitioned")
        return [
            ("PV_bootloader", .text("pygrub")), ("PV_kernel", .text("")), ("PV_ramdisk", .text("")),
            ("PV_args", .text(arguments)), ("PV_bootloader_args", .text(loaderArguments)),
            ("PV_legacy_args", .text("")),
            ("HVM_boot_policy", .text("")), ("HVM_boot_params", .none), ("HVM_shadow_multiplier", .double(1)),
            ("platform", .none),
        ]
    }
}
