import GuestModel
import TestSupport
import Testing
import XenConfig

/// What libvirt itself says of the documents.
@Suite("libvirt and its documents")
struct LibvirtHostTests {
    private static func guests(_ count: Int) -> [XenConfigFile] {
        var writer = LibvirtGuestWriter(seed: 7, canStart: true)
        return (0..<count).map { _ in writer.guest() }
    }

    @Test("each is one of its schema", Requirement.program("virt-xml-validate", "xmllint"))
    func schema() async throws {
        var writer = LibvirtGuestWriter(seed: 11)
        let documents =
            try LibvirtExamples.all.map(\.xml)
            + (0..<100).map { _ in try LibvirtDomain(from: writer.guest(), for: .newest).xml }
        let directory = try TemporaryDirectory("schema")
        for (index, document) in documents.enumerated() { try writeFile(directory("\(index).xml"), document) }
        let script = "cd \"$1\"; for document in *.xml; do virt-xml-validate \"$document\" domain || exit; done"
        let outcome = try await run("sh", ["-c", script, "sh", directory.path.string])
        #expect(outcome.succeeded, "\(outcome)")
        #expect(outcome.standardError.split(separator: "\n").count { $0.hasSuffix(" validates") } == documents.count)
        // And it would say so if it were not.
        try writeFile(directory("0.xml"), documents[0].replacing("<source", with: "<sauce"))
        #expect(try await !run("sh", ["-c", script, "sh", directory.path.string]).succeeded)
    }

    @Test(
        "its Xen driver takes each, and hands libxl the guest of the configuration",
        LibvirtHost.isHere, Requirement.mountNamespaces)
    func driver() async throws {
        let guests = Self.guests(60)
        let answers = try await LibvirtHost().answers(
            to: guests.map { try LibvirtDomain(from: $0, for: .newest).xml })
        for (guest, answer) in zip(guests, answers) {
            let text = try guest.text()
            // Its conversion alone refuses a clock that is off for a guest without one of its own.
            if guest["type"]?.text == "hvm" || guest["rtc_timeoffset"] == nil {
                let native = try #require(answer.native, "\(answer.errors)\(text)")
                // It quotes as Python does, which xl does not read where there are quotes.
                if let file = try? XenConfigFile(parsing: native) { #expect(file["name"] == guest["name"]) }
            }
            let created = CreatedGuest.normal(try #require(answer.created, "\(answer.errors)\(text)"))
            for (path, value) in CreatedGuest.values(of: guest) {
                #expect(created[path] ?? "" == value, "\(path) of\n\(text)")
            }
        }
    }

    @Test(
        "its Xen driver hands libxl what xl hands it",
        LibvirtHost.isHere, Requirement.mountNamespaces,
        .enabled(if: LibvirtHost.xl != nil, "compares with xl: needs xen-utils"))
    func xl() async throws {
        let guests = Self.guests(60)
        let host = try await LibvirtHost()
        let answers = try await host.answers(
            to: guests.map { try LibvirtDomain(from: $0, for: XenVersion(4, 17)).xml })
        for (guest, answer) in zip(guests, answers) {
            let text = try guest.text()
            var byLibvirt = CreatedGuest.normal(try #require(answer.created, "\(answer.errors)"))
            var byXL = CreatedGuest.normal(try await host.created(byXL: text))
            // Each makes one for a guest that has none.
            if guest["uuid"] == nil { (byLibvirt[".c_info.uuid"], byXL[".c_info.uuid"]) = (nil, nil) }
            for path in Set(byLibvirt.keys).union(byXL.keys).sorted() {
                #expect(byLibvirt[path] == byXL[path], "\(path) of\n\(text)")
            }
        }
    }
}

/// What libxl is handed for a guest, by path.
enum CreatedGuest {
    /// What a configuration says in so many words.
    static func values(of file: XenConfigFile) -> [String: String] {
        func text(_ key: String) -> String { file[key]?.text ?? "" }
        func kibibytes(_ key: String) -> String { file[key]?.integer.map { "\($0 << 10)" } ?? "" }
        let type = text("type")
        var values = [
            ".c_info.name": text("name"), ".c_info.type": type, ".b_info.target_memkb": kibibytes("memory"),
            ".b_info.max_memkb": file["maxmem"] == nil ? kibibytes("memory") : kibibytes("maxmem"),
            ".b_info.max_vcpus": file["maxvcpus"] == nil ? text("vcpus") : text("maxvcpus"),
            ".b_info.kernel": text("kernel"), ".b_info.ramdisk": text("ramdisk"), ".b_info.cmdline": text("cmdline"),
            ".b_info.bootloader": text("bootloader"),
            ".b_info.type.hvm.bios": type == "hvm" ? text("bios") : "",
        ]
        for spec in file["disk"]?.items ?? [] {
            guard let disk = spec.text.flatMap({ try? DiskSpec(parsing: $0) }) else { continue }
            let path = ".disks[\(disk.vdev)]."
            values[path + "pdev_path"] = disk.target ?? ""
            values[path + "format"] = disk.format.rawValue
            values[path + "backend"] = disk.backendType ?? ""
            values[path + "backend_domname"] = disk.backend ?? ""
            values[path + "readwrite"] = disk.access == .readWrite ? "1" : ""
            values[path + "is_cdrom"] = disk.isCDROM ? "1" : ""
        }
        for (index, spec) in (file["vif"]?.items ?? []).enumerated() {
            guard let vif = spec.text.map({ VifSpec(parsing: $0) }) else { continue }
            values[".nics[\(index)].mac"] = vif.mac?.description.lowercased()
            values[".nics[\(index)].bridge"] = vif.bridge ?? ""
            values[".nics[\(index)].ip"] = vif.addresses.joined(separator: " ")
            values[".nics[\(index)].script"] = vif.script ?? ""
            values[".nics[\(index)].ifname"] = vif.vifName ?? ""
        }
        return values
    }

    /// The same without what either toolstack sets of its own accord and libxl does without, and with the defaults of
    /// libxl (libxl_create.c, libxl__domain_build_info_setdefault) where one sets them.
    static func normal(_ created: [String: String]) -> [String: String] {
        let ofToolstack = [
            // From xl.conf, for any guest of xl's.
            "run_hotplug_scripts", "claim_mode", "max_maptrack_frames", "max_grant_version", "blkdev_start",
            // xl knows these, libvirt leaves them to libxl, which has the same.
            "on_watchdog", "on_soft_reset", "shadow_memkb", "devid", "vfunc_mask", "type.hvm.usb",
            // libvirt says it of each disk, and xl only of some; and it looks for an unused port itself.
            "removable", "findunused", ".vkbs",
        ]
        let type = created[".c_info.type"] ?? ""
        // The keyboard and the display of an HVM guest are there in any case.
        var values = created.filter { path, _ in
            !ofToolstack.contains { path.contains($0) } && !(type == "hvm" && path.hasPrefix(".vfbs"))
        }
        move(".b_info.type.pv.", to: ".b_info.", in: &values)
        // libvirt sorts disks by their buses and names.
        for index in 0..<8 {
            guard let name = created[".disks[\(index)].vdev"] else { continue }
            move(".disks[\(index)].", to: ".disks[\(name)].", in: &values)
        }
        // Nothing is discarded of a disk that is only read.
        for path in values.keys where path.hasSuffix("].discard_enable") {
            if values[path.replacing("discard_enable", with: "readwrite")] == nil { values[path] = nil }
        }
        // xl has the label resolved when the guest is created, libvirt before.
        if values.removeValue(forKey: ".c_info.ssid_label") != nil { values[".c_info.ssidref"] = "42" }
        // Those that libvirt forgets, as is noted.
        let processors = created.keys.count { $0.hasPrefix(".b_info.avail_vcpus[") }
        for number in processors..<8 {
            values = values.filter { !$0.key.hasPrefix(".b_info.vcpu_hard_affinity[\(number)]") }
        }
        // What is left as it is, and the help for virtual machines that this host's processor does not have.
        for index in 0..<4 {
            let leaf = values.removeValue(forKey: ".b_info.cpuid.cpuid[\(index)].leaf") ?? ""
            for register in ["eax", "ebx", "ecx", "edx"] {
                let bits = values.removeValue(forKey: ".b_info.cpuid.cpuid[\(index)].\(register)") ?? ""
                let isPlain = bits.allSatisfy { $0 == "x" }
                let isForeign = leaf == "2147483649" && bits == "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx0xx"
                if !isPlain, !isForeign { values[".b_info.cpuid[\(leaf)].\(register)"] = bits }
            }
        }
        var defaults = [".on_poweroff": "destroy", ".on_reboot": "restart", ".on_crash": "destroy"]
        for index in 0..<4 where created.keys.contains(where: { $0.hasPrefix(".nics[\(index)]") }) {
            defaults[".nics[\(index)].nictype"] = type == "hvm" ? "vif_ioemu" : "vif"
            // How libvirt says that a guest has only that, and libxl makes nothing of it.
            if values[".nics[\(index)].model"] == "netfront" { values[".nics[\(index)].model"] = nil }
        }
        if type == "hvm" {
            for flag in [".b_info.acpi", ".b_info.apic", ".b_info.type.hvm.pae"] { defaults[flag] = "True" }
            let card = created[".b_info.type.hvm.vga.kind"] ?? "cirrus"
            defaults[".b_info.type.hvm.vga.kind"] = card
            defaults[".b_info.video_memkb"] = ["std": "16384", "cirrus": "8192", "qxl": "131072"][card]
            defaults[".b_info.type.hvm.boot"] = "cda"
            defaults[".b_info.type.hvm.vnc.enable"] = "True"
            defaults[".b_info.type.hvm.spice.agent_mouse"] = "True"
            if created[".b_info.type.hvm.spice.enable"] == "True" {
                defaults[".b_info.type.hvm.spice.host"] = "0.0.0.0"
            }
        }
        values.merge(defaults) { own, _ in own }
        return values.filter { $0.value != "False" }
    }

    private static func move(_ from: String, to: String, in values: inout [String: String]) {
        for (path, value) in values where path.hasPrefix(from) {
            values[path] = nil
            values[to + path.dropFirst(from.count)] = value
        }
    }
}
