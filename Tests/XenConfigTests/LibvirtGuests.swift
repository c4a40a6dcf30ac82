import TestSupport
import XenConfig

/// Writes configurations of which everything has a form in libvirt's XML.
struct LibvirtGuestWriter {
    private var random: Seeded
    private let canStart: Bool
    private var entries: [XenConfigFile.Entry] = []
    private var type = ""

    /// - Parameter canStart: Whether they are without devices that this machine lacks, and without what a release of
    ///   libvirt cannot start.
    init(seed: UInt64, canStart: Bool = false) {
        random = Seeded(state: seed)
        self.canStart = canStart
    }

    // MARK: chance

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func any<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    private mutating func flip() -> Bool { below(2) == 0 }

    private mutating func text(_ key: String, _ text: String) { entries.append(.init(key, .set, .string(text))) }

    private mutating func number(_ key: String, _ number: Int) {
        entries.append(.init(key, .set, .number("\(number)")))
    }

    private mutating func list(_ key: String, _ items: [String]) {
        if !items.isEmpty { entries.append(.init(key, .set, .list(items.map(XenConfigValue.string)))) }
    }

    private mutating func sometimes(_ key: String, _ texts: [String]) { if flip() { text(key, any(texts)) } }

    private mutating func sometimes(_ key: String, numbers: [Int]) { if flip() { number(key, any(numbers)) } }

    private mutating func some(_ most: Int, _ make: (inout Self, Int) -> String) -> [String] {
        (0..<below(most + 1)).map { make(&self, $0) }
    }

    private static let paths = [
        "/srv/xen/a.img", "/srv/two words/it's \"b\" & <c>.img", "/srv/Grüße/日本.img", "/srv/a=b,c=d.img",
        "/dev/vg0/root",
        "/dev/loop0",
    ]

    // MARK: guests

    mutating func guest() -> XenConfigFile {
        entries = []
        type = any(["pv", "pvh", "hvm"])
        text(
            "name", any(["web1.example.org", "a b", "it's <&> \"x\"", "Grüße", "e\u{301}-\u{1F469}\u{200D}\u{1F680}"]))
        text("type", type)
        sometimes("uuid", ["0a1b2c3d-1111-4000-8000-00000000000f", "C7A5FDB2-CDAF-9455-926A-D65C16DB1809"])
        machine()
        boot()
        for (key, more) in [
            ("on_poweroff", []), ("on_reboot", []), ("on_crash", ["coredump-destroy", "coredump-restart"]),
        ] {
            sometimes(key, ["destroy", "restart", "rename-restart", "preserve"] + more)
        }
        disks()
        interfaces()
        devices()
        switch type {
        case "pv":
            sometimes("e820_host", numbers: [1])
            framebuffers()
        case "pvh":
            processor()
            framebuffers()
        default: emulated()
        }
        return XenConfigFile(entries: entries)
    }

    private mutating func machine() {
        if below(5) == 0 {
            number("memory", 2048)
            number("vcpus", 4)
            let nodes = [
                ["pnode=0", "size=512", "vcpus=0-1", "vdistances=10,21"],
                ["pnode=1", "size=1536", "vcpus=2,3", "vdistances=31,10"],
            ]
            entries.append(.init("vnuma", .set, .list(nodes.map { .list($0.map(XenConfigValue.string)) })))
        } else {
            number("memory", any([1, 512, 4097]))
            sometimes("maxmem", numbers: [4098, 65536])
            number("vcpus", any([1, 2]))
            sometimes("maxvcpus", numbers: [3, 8])
        }
        switch below(4) {
        case 0: text("cpus", any(["0-3,^1", "7", "0,2,4-6"]))
        case 1 where entries.contains { $0.key == "maxvcpus" || $0.key == "vcpus" && $0.value.text != "1" }:
            list("cpus", any([["0"], ["0", "1-2"], ["4", "3"]]))
        default: break
        }
        sometimes("cpu_weight", numbers: [256, 512])
        sometimes("localtime", numbers: [0, 1])
        sometimes("rtc_timeoffset", numbers: [3600, 0x10])
        sometimes("tsc_mode", ["default", "always_emulate", "native", "native_paravirt"])
        sometimes("passthrough", ["enabled", "disabled", "sync_pt", "share_pt"])
        sometimes("seclabel", ["system_u:system_r:domU_t"])
        sometimes("max_event_channels", numbers: [2047])
        sometimes("max_grant_frames", numbers: [64])
        if flip() { list("device_model_args", ["-debugcon", "file:/tmp/a&b.log"]) }
    }

    private mutating func boot() {
        let direct = type == "hvm" ? flip() : type == "pvh" || flip()
        if direct {
            text("kernel", any(["/boot/vmlinuz", "/usr/lib/grub-xen/grub-x86_64-xen.bin"]))
            sometimes("ramdisk", ["/boot/initrd & more.img"])
            sometimes("cmdline", ["root=UUID=0a1b ro console=hvc0", "a='<b>' \"c\"  d ", "line\nbreak\ttab"])
        } else if type == "pv" {
            text("bootloader", any(["pygrub", "/usr/bin/pygrub"]))
            if flip() { list("bootloader_args", ["--args=quiet"]) }
        }
    }

    private mutating func disks() {
        var names =
            type == "hvm" ? ["hda", "hdb", "xvda", "xvdb1", "sda", "sdb"] : ["xvda", "xvdb1", "xvdaa2", "sda1", "hdb"]
        list(
            "disk",
            some(4) { writer, _ in
                var disk = DiskSpec()
                disk.vdev = names.remove(at: writer.below(names.count))
                disk.target = writer.any(Self.paths)
                switch writer.below(6) {
                case 0:
                    disk.isCDROM = true
                    disk.access = .readOnly
                    if writer.flip() {
                        disk.target = nil
                        disk.format = .empty
                    }
                case 1:
                    disk.format = writer.any([.qcow, .qcow2, .qed, .vhd])
                    disk.backendType = "qdisk"
                case 2: disk.backendType = writer.any(["phy", "qdisk", "tap"])
                default: break
                }
                if !disk.isCDROM, writer.flip() { disk.access = .readOnly }
                if writer.below(4) == 0 { disk.backend = "storage-domain" }
                if !disk.isCDROM, writer.below(4) == 0 { disk.others = [writer.any(["discard", "no-discard"])] }
                return disk.text
            })
    }

    private mutating func interfaces() {
        list(
            "vif",
            some(3) { writer, index in
                var parts = ["mac=00:16:3E:00:00:0\(index)"]
                if writer.flip() { parts.append("bridge=\(writer.any(["xenbr0", "br.10", "virbr-a_1"]))") }
                if writer.below(4) == 0 { parts.append("vifname=web.\(index)") }
                if writer.below(3) == 0 { parts.append("ip=\(writer.any(["192.0.2.1", "192.0.2.1 2001:db8::1"]))") }
                let switched = writer.below(5) == 0
                if switched {
                    parts.removeAll { $0.hasPrefix("bridge=") }
                    parts.insert("bridge=\(writer.any(["ovs0.42", "ovs0:1:2", "ovs0"]))", at: 1)
                    parts.append("script=vif-openvswitch")
                } else if writer.below(3) == 0 {
                    parts.append("script=\(writer.any(["vif-bridge", "/etc/xen/scripts/vif-route"]))")
                }
                if writer.type == "hvm", writer.flip() { parts.append("model=\(writer.any(["e1000", "rtl8139"]))") }
                if !parts.contains(where: { $0.hasPrefix("model=") }), writer.below(3) == 0 { parts.append("type=vif") }
                if writer.below(4) == 0 { parts.append("rate=\(writer.any([1, 333, 1_000_001]) * 1024)B/s") }
                if writer.below(4) == 0 { parts.append("backend=net-domain") }
                return parts.joined(separator: ",")
            })
    }

    private mutating func devices() {
        list(
            "channel",
            some(2) { writer, index in
                writer.flip()
                    ? "connection=pty,name=org.example.\(index)"
                    : "connection=socket,path=/run/a&b.\(index),name=org.example.\(index)"
            })
        guard !canStart else { return }
        list(
            "pci",
            some(2) { writer, index in
                writer.any(["0000:03:0\(index).0", "00ff:1f:0\(index).7"])
                    + writer.any(["", ",permissive=1", ",permissive=0,seize=1", ",seize=1"])
            })
        list("usbctrl", some(2) { writer, _ in "type=qusb,version=\(writer.any([1, 2])),ports=\(writer.any([4, 15]))" })
        list("usbdev", some(2) { writer, index in "hostbus=\(writer.any([1, 10])),hostaddr=\(index + 11)" })
    }

    private mutating func vnc() -> [(String, String)] {
        var words: [(String, String)] = []
        if !canStart, below(4) == 0 {
            words += [("vnclisten", "[::1]:3"), ("vncunused", "0")]
        } else {
            if flip() { words.append(("vnclisten", any(["127.0.0.1", "0.0.0.0"]))) }
            words += flip() ? [("vncunused", "1")] : [("vncunused", "0"), ("vncdisplay", any(["1", "12"]))]
        }
        if flip() { words.append(("vncpasswd", any(["secret", "<a&b>"]))) }
        if flip() { words.append(("keymap", "de")) }
        return words
    }

    private mutating func framebuffers() {
        list(
            "vfb",
            some(1) { writer, _ in
                let words =
                    writer.flip()
                    ? [("vnc", "1")] + writer.vnc()
                    : [("vnc", "0"), ("sdl", "1"), ("display", ":0"), ("xauthority", "/root/.Xauthority")]
                return words.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
            })
    }

    private mutating func processor() {
        sometimes("hap", numbers: [0, 1])
        guard flip() else { return }
        number("nestedhvm", below(2))
        sometimes("cpuid", ["host,tm=0,sse3=1,page1gb=x", "host,ibrsb=0"])
    }

    private mutating func emulated() {
        processor()
        for key in ["acpi", "apic"] { sometimes(key, numbers: [0, 1]) }
        // libvirt turns it on for a guest with nodes.
        if entries.contains(where: { $0.key == "vnuma" }) { entries.removeAll { $0.key == "acpi" } }
        sometimes("hpet", numbers: [1])
        sometimes("boot", ["c", "dc", "nda"])
        sometimes("bios", ["ovmf"])
        sometimes("acpi_firmware", ["/srv/slic.bin"])
        switch below(canStart ? 2 : 3) {
        case 0: text("serial", any(["pty", "null", "/dev/ttyS0", "tcp:127.0.0.1:4000,server,nowait"]))
        case 2: list("serial", ["pty", "file:/srv/log", "unix:/run/s,server,nowait", "udp:192.0.2.1:514@0.0.0.0:515"])
        default: break
        }
        if flip() {
            number("usb", 1)
            if flip() { text("usbdevice", any(["tablet", "mouse"])) } else { list("usbdevice", ["tablet", "mouse"]) }
        }
        sometimes("soundhw", ["hda", "ac97", "es1370", "sb16"])
        if !canStart { sometimes("device_model_override", ["/usr/lib/xen/bin/qemu-system-i386"]) }
        switch below(4) {
        case 0:
            number("vnc", 0)
            if flip() {
                number("nographic", 1)
                text("vga", "none")
                return
            }
        case 1:
            number("vnc", 0)
            number("sdl", 1)
            text("display", ":0")
        case 2:
            number("spice", 1)
            number("vnc", 0)
            number("spiceport", 6000)
            sometimes("spicehost", ["127.0.0.1"])
            if flip() { number("spicedisable_ticketing", 1) } else { text("spicepasswd", "a&b") }
            sometimes("spiceagent_mouse", numbers: [0, 1])
            if flip() { for key in ["spicevdagent", "spice_clipboard_sharing"] { number(key, 1) } }
        default:
            number("vnc", 1)
            for (key, value) in vnc() {
                if let value = Int(value) { number(key, value) } else { text(key, value) }
            }
        }
        let (card, memory) = any([("stdvga", 16), ("cirrus", 8), ("cirrus", 16), ("qxl", 128)])
        if card != "cirrus" || flip() { text("vga", card) }
        if flip() { number("videoram", memory) }
    }
}

/// What a configuration is to xl: every key with its value in one spelling, those without that are xl's defaults.
struct EffectiveConfiguration: Equatable {
    let values: [String: [String]]

    init(_ file: XenConfigFile) {
        var values: [String: [String]] = [:]
        for entry in file.entries { values[entry.key] = file[entry.key].map { Self.spellings(of: $0, key: entry.key) } }
        let type = values["type"]?.first ?? "pv"
        let card = values["vga"]?.first ?? "cirrus"
        let hasCPUID = values["cpuid"] != nil
        var defaults = [
            "maxmem": values["memory"]?.first ?? "", "maxvcpus": values["vcpus"]?.first ?? "", "vcpus": "1",
            "on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy", "localtime": "0",
            "rtc_timeoffset": "0", "e820_host": type == "pv" && values["pci"] != nil ? "1" : "0",
        ]
        if hasCPUID { defaults["nestedhvm"] = "0" }
        if type == "hvm" {
            defaults.merge([
                "acpi": "1", "apic": "1", "pae": "1", "boot": "cda", "vga": "cirrus", "vncunused": "1",
                "videoram": ["stdvga": "16", "cirrus": "8", "qxl": "128"][card] ?? "0", "sdl": "0", "spice": "0",
                "vnc": values["spice"] == ["1"] ? "0" : "1", "spiceagent_mouse": "1", "spicevdagent": "0",
                "spicehost": "0.0.0.0",
                "spice_clipboard_sharing": "0",
            ]) { $1 }
        }
        for (key, value) in defaults where values[key] == [value] { values[key] = nil }
        self.values = values
    }

    private static func spellings(of value: XenConfigValue, key: String) -> [String] {
        let items = value.items ?? [value]
        let texts = items.map { item in
            item.items.map { $0.compactMap(\.text).joined(separator: " ") } ?? item.text ?? ""
        }
        switch key {
        case "disk": return texts.map { (try? DiskSpec(parsing: $0).text) ?? $0 }
        case "vif":
            return texts.map { text in
                var vif = VifSpec(parsing: text)
                vif.others.sort()
                return vif.text
            }
        case "vfb", "channel", "usbctrl", "usbdev":
            return texts.map { $0.split(separator: ",").sorted().joined(separator: ",") }
        // One spelling of a set of processors.
        case "cpus": return texts.map { $0 == "0-3,^1" ? "0,2-3" : $0 }
        case "vnuma": return texts.map { $0.replacing("2,3", with: "2-3") }
        default: return value.integer.map { ["\($0)"] } ?? texts
        }
    }
}
