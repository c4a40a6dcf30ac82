import GuestModel
import TestSupport
import Testing

@testable import XenConfig

@Suite("What has no form in libvirt's XML")
struct LibvirtNotesTests {
    private static let pv = "name = 'g'\nmemory = 64\nkernel = '/k'\n"
    private static let pvh = pv + "type = 'pvh'\n"
    private static let hvm = "name = 'g'\nmemory = 64\ntype = 'hvm'\n"

    private func domain(_ text: String, _ version: XenVersion = .newest) throws -> LibvirtDomain {
        try LibvirtDomain(from: XenConfigFile(parsing: text, for: version), for: version)
    }

    @Test(
        "is named",
        arguments: [
            (pv + "pool = 'p'\n", "W line 4: \"pool\" has no form in libvirt XML"),
            (pv + "cpus_soft = '1'\n", "W line 4: \"cpus_soft\" has no form in libvirt XML"),
            (
                pv + "cpus = 'nodes:0'\n",
                "W line 4: \"cpus\" has no form in libvirt XML where it is no list of numbers and ranges"
            ),
            (pv + "cpus = ['0', '1']\n", "W line 4: \"cpus\" has 2 sets for 1 processors; the rest has no effect"),
            (
                pv + "vcpus = 1\nmaxvcpus = 2\ncpus = '3'\n",
                "W line 6: \"cpus\" is heeded by libvirt for those processors only that are there from the start: 1 of 2"
            ),
            (pv + "boot = 'c'\n", "W line 4: \"boot\" has a form in libvirt XML for HVM guests only"),
            (hvm + "xen_platform_pci = 0\n", "W line 4: \"xen_platform_pci\" has no form in libvirt XML"),
            (
                hvm + "xen_platform_pci = 1\n",
                "W line 4: \"xen_platform_pci\" has no form in libvirt XML; it is 1 without one, too"
            ),
            (
                hvm + "bootloader = 'pygrub'\n",
                "W line 4: \"bootloader\" has a form in libvirt XML for PV and PVH guests only"
            ),
            (hvm + "firmware_override = '/l'\n", "W line 4: \"firmware_override\" has no form in libvirt XML"),
            (hvm + "firmware = '/l'\n", "W line 4: \"firmware\" is \"/l\", which has no form in libvirt XML"),
            (hvm + "bios = 'rombios'\n", "W line 4: \"bios\" is \"rombios\", which has no form in libvirt XML"),
            (
                hvm + "vga = 'none'\n",
                "W line 4: \"vga\" is \"none\", which has no form in libvirt XML beside a display"
            ),
            (
                hvm + "usbdevice = 'keyboard'\n",
                "W line 4: \"usbdevice\" has \"keyboard\", which libvirt's Xen driver does not take"
            ),
            (
                hvm + "usbdevice = 'host:1.2'\n",
                "W line 4: \"usbdevice\" has \"host:1.2\", which has no form in libvirt XML"
            ),
            (hvm + "usb = 1\n", "W line 4: \"usb\" has no form in libvirt XML"),
            (hvm + "soundhw = 'all'\n", "W line 4: \"soundhw\" names \"all\", which has no form in libvirt XML"),
            (
                hvm + "hpet = 0\n",
                "W line 4: \"hpet\" is 0, which has a form in libvirt XML that its Xen driver does not heed"
            ),
            (hvm + "viridian = ['base']\n", "W line 4: \"viridian\" is a list, which has no form in libvirt XML"),
            (hvm + "serial = 'chardev:x'\n", "W line 4: the serial port \"chardev:x\" has no form in libvirt XML"),
            (hvm + "sdl = 1\n", "W line 4: the guest has 2 displays; libvirt's Xen driver shows the first"),
            (
                hvm + "vnc = 0\nvncpasswd = 'p'\n",
                "W line 5: \"vncpasswd\" has no effect without a VNC server, and no form in libvirt XML"
            ),
            (
                hvm + "spice = 1\nspiceport = 1\n",
                "E line 4: there is no \"spicepasswd\": xl does not start the guest, and libvirt lets anyone see it"
            ),
            (
                hvm + "spice = 1\nspicepasswd = 'p'\n",
                "W line 4: there is no \"spicehost\": everyone in the network reaches the display, as with xl"
            ),
            (
                hvm + "vncdisplay = 3\n",
                "W line 4: the display 3 has no form in libvirt XML beside vncunused, which looks for any"
            ),
            (
                hvm + "vncunused = 0\nvncdisplay = 0x7fffffffffffffff\n",
                "E line 5: the display 9223372036854775807 is none that there is"
            ),
            (
                hvm + "vnc = 0\nkeymap = 'de'\n",
                "W line 5: \"keymap\" has no form in libvirt XML without a VNC server or spice"
            ),
            (pvh + "vnc = 1\n", "W line 5: \"vnc\" has a form in libvirt XML for PV and HVM guests only"),
            (pvh + "acpi = 0\n", "W line 5: \"acpi\" has a form in libvirt XML for HVM guests only"),
            (
                pv + "firmware = 'pvgrub64'\n",
                "E line 4: \"firmware\" is \"pvgrub64\", a kernel that xl finds by this name; libvirt takes paths only"
            ),
            (
                pv + "cmdline = 'a'\nextra = 'b'\n",
                "W line 5: \"extra\" has no effect beside \"cmdline\", and no form in libvirt XML"
            ),
            (
                pv + "on_crash = 'soft-reset'\n",
                "W line 4: \"on_crash\" is \"soft-reset\", which has no form in libvirt XML: the domain has restart there"
            ),
            (
                pv + "on_reboot = 'coredump-destroy'\n",
                "W line 4: \"on_reboot\" is \"coredump-destroy\", which has no form in libvirt XML: the domain has destroy there"
            ),
            (pv + "on_watchdog = 'preserve'\n", "W line 4: \"on_watchdog\" has no form in libvirt XML"),
            (
                pv + "vnuma = [['pnode=1', 'size=64', 'vcpus=0']]\n",
                "W line 4: node 0 of \"vnuma\" is on the host's node 1; libvirt puts it on node 0"
            ),
            (pv + "pci = ['03:00.*']\n", "E line 4: the PCI device \"03:00.*\" has no form in libvirt XML"),
            (
                pv + "pci = ['03:00.0@5,msitranslate=1']\n",
                "W line 4: \"@5\" of the PCI device 0000:03:00.0 has no form in libvirt XML"
            ),
            (
                pv + "pci_seize = 1\n",
                "W line 4: \"pci_seize\" has no effect without a PCI device, and no form in libvirt XML"
            ),
            (
                pv + "usbdev = ['hostbus=1,hostaddr=2,port=1']\n",
                "W line 4: \"port=1\" of usbdev 1 has no form in libvirt XML"
            ),
            (pv + "usbctrl = ['type=pv']\n", "W line 4: the type \"pv\" of usbctrl 1 has no form in libvirt XML"),
            (
                pv + "channel = ['connection=pty,name=a,backend=d']\n",
                "W line 4: \"backend=d\" of channel 1 has no form in libvirt XML"
            ),
            (pv + "vfb = ['vnc=1,opengl=1']\n", "W line 4: \"opengl=1\" of vfb 1 has no form in libvirt XML"),
            (
                pv + "bootloader_args = ['a', 'b']\n",
                "W line 4: \"bootloader_args\" are several, which libvirt hands to the boot loader as one"
            ),
            (pv + "memory = [1]\n", "W line 4: \"memory\" is a list; xl wants a single value and ignores it"),
            (pv + "vcpus = 'two'\n", "W line 4: \"vcpus\" is \"two\", no number; xl ignores it"),
            (pv + "vif = 'bridge=b'\n", "W line 4: \"vif\" is a single value; xl wants a list and ignores it"),
            (pv + "uuid = 'u'\n", "E line 4: \"uuid\" is \"u\", no UUID"),
            ("name = 'g'\nkernel = '/k'\n", "W there is no \"memory\"; xl gives the guest 32 MiB"),
            (
                pv + "kernel = 'vmlinuz'\n",
                "W line 4: \"kernel\" is \"vmlinuz\", which xl looks for in its own directories; libvirt's schema takes absolute paths only"
            ),
            (
                pv + "maxmemory = 1\n",
                "W line 4: \"maxmemory\" is no key of xl 4.22, which ignores it, and has no form in libvirt XML"
            ),
        ])
    func named(text: String, note: String) throws {
        let notes = try domain(text).notes.map { "\($0.severity == .error ? "E" : "W") \($0)" }
        #expect(notes.contains(note), "\(notes)")
    }

    @Test(
        "of a disk is named, and the disk left out where it could not be",
        arguments: [
            ("vdev=xvda,script=block-drbd,target=r0", "E the script of the disk xvda has no form in libvirt XML"),
            ("iscsi:iqn.x,xvda,w", "E the script of the disk xvda has no form in libvirt XML"),
            ("vdev=xvda,target=nbd:host:1", "E the target \"nbd:host:1\" of the disk xvda has no form in libvirt XML"),
            (
                "vdev=d0p1,target=/a",
                "E the disk \"d0p1\" has no form in libvirt XML, which knows disks as xvda, sda and hda"
            ),
            ("vdev=xvda,format=empty,target=/a", "E the format \"empty\" of the disk xvda has no form in libvirt XML"),
            ("vdev=xvda,direct-io-safe,target=/a", "W \"direct-io-safe\" of the disk xvda has no form in libvirt XML"),
            (
                "vdev=xvda,specification=virtio,target=/a",
                "E the specification \"virtio\" of the disk xvda has no form in libvirt XML"
            ),
            (
                "vdev=xvda,backendtype=standalone,target=/a",
                "W the backend \"standalone\" of the disk xvda has no form in libvirt XML"
            ),
        ])
    func disk(disk: String, note: String) throws {
        let domain = try domain(Self.pv + "disk = ['\(disk)']\n")
        #expect(domain.notes.map { "\($0.severity == .error ? "E" : "W") \($0.message)" } == [note])
        #expect(domain.xml.contains("<disk") == (note.hasPrefix("W") || disk.contains("virtio")))
    }

    @Test(
        "of an interface is named",
        arguments: [
            ("model=e1000", "W the model of vif 1 has no effect on a PV guest, and no form in libvirt XML"),
            ("gatewaydev=eth0", "W \"gatewaydev=eth0\" of vif 1 has no form in libvirt XML"),
            ("mtu=1400", "W the mtu of vif 1 has a form in libvirt XML that its Xen driver does not heed"),
            ("devid=3", "W \"devid=3\" of vif 1 has no form in libvirt XML"),
            ("untrusted", "W \"untrusted\" of vif 1 has no form in libvirt XML"),
            ("vlan=3", "W \"vlan=3\" of vif 1 has no form in libvirt XML"),
            ("ip=192.0.2.1/24", "W the address \"192.0.2.1/24\" of vif 1 has no form in libvirt XML"),
            (
                "rate=1MB/s@20ms",
                "W the interval in the rate \"1MB/s@20ms\" of vif 1 has no form in libvirt XML: it has 50ms there"
            ),
            ("rate=fast", "E the rate \"fast\" of vif 1 is none that xl understands"),
            ("vifname=vif1.0", "W the name \"vif1.0\" of vif 1 is one that libvirt gives itself: it forgets it"),
            ("colour=red", "W in vif 1: \"colour\" is not a parameter of a vif, and has no form in libvirt XML"),
        ])
    func interface(vif: String, note: String) throws {
        let domain = try domain(Self.pv + "vif = ['\(vif)']\n")
        #expect(domain.notes.map { "\($0.severity == .error ? "E" : "W") \($0.message)" } == [note])
        #expect(domain.xml.contains("<interface type='ethernet'"))
    }

    @Test(
        "every key that xl knows is in the document or named, for every kind of guest", arguments: ["pv", "pvh", "hvm"])
    func complete(type: String) throws {
        let base: [XenConfigFile.Entry] = [
            .init("name", .set, .string("g")), .init("memory", .set, .number("64")), .init("type", .set, .string(type)),
        ]
        func write(_ key: String, _ value: XenConfigValue?) -> LibvirtDomain? {
            let own = value.map { XenConfigFile.Entry(key, .set, $0, at: .init(line: 9, column: 9)) }
            let entries = base.filter { $0.key != key } + [own].compactMap(\.self)
            return try? LibvirtDomain(from: XenConfigFile(entries: entries), for: .newest)
        }
        let values: [XenConfigValue] = [.number("0"), .number("1"), .number("3"), .string("x"), .list([.string("x")])]
        for key in XenConfigKeys.all(in: .newest) where !["builder", "name", "type"].contains(key) {
            let written = ([nil] + values).map { write(key, $0) }
            let isInDocument = Set(written.compactMap { $0?.xml }).count > 1
            let isNamed = written.map { $0?.notes.contains { $0.position?.line == 9 } ?? true }
            for (value, isNamed) in zip(values, isNamed.dropFirst()) {
                // Of some, no is what there is without them.
                let isDefault = value == .number("0") && ["nographic", "vncdisplay"].contains(key)
                #expect(isInDocument || isNamed || isDefault, "\(key) = \(value) of a \(type) guest")
            }
        }
    }

    @Test(
        "what cannot be a domain at all is refused",
        arguments: [
            ("memory = 1\n", "there is no \"name\", without which there is no domain"),
            ("name = 'a/b'\n", "1:1: no libvirt domain can be called \"a/b\""),
            ("name = 'a\\nb'\n", "1:1: no libvirt domain can be called \"a\nb\""),
            ("name = 'g'\nmemory = 0\n", "2:1: \"memory\" is 0, which no guest can have"),
            (
                "name = 'g'\nmemory = 0x7fffffffffffffff\n",
                "2:1: \"memory\" is 9223372036854775807, which no guest can have"
            ),
            ("name = 'g'\ntype = 'xen'\n", "2:1: \"type\" is \"xen\", no type of guest"),
            ("name = 'g'\ntype = 'pv'\nbuilder = 'hvm'\n", "3:1: \"builder\" and \"type\" contradict each other"),
            ("name = 'g'\ndisk = ['x']\n", "2:1: the disk \"x\" cannot be read: it names no device of the guest"),
            (
                "name = 'g'\nkernel = '\\a'\n",
                "the text of <kernel> has the character U+0007, which no XML document may have"
            ),
        ])
    func refused(text: String, message: String) {
        #expect {
            _ = try domain(text)
        } throws: {
            "\($0)" == message
        }
    }

    @Test(
        "the type is what xl takes it for",
        arguments: [
            ("", 22, "linux"), ("type = 'p'\n", 22, "linux"), ("type = ''\n", 22, "hvm"),
            ("builder = 'hvm'\n", 22, "hvm"),
            ("builder = 'generic'\n", 22, "linux"), ("type = 'pvh'\n", 9, "linux"),
            ("type = 'hvm'\nbuilder='hvm'\n", 9, "hvm"),
        ])
    func type(text: String, minor: Int, system: String) throws {
        let domain = try domain(Self.pv + text, XenVersion(4, minor))
        #expect(domain.xml.contains(">\(system)</type>"))
        #expect(domain.notes.contains { $0.message.hasPrefix("\"type\" is no key of xl 4.9") } == (minor == 9))
    }

    @Test("what the xl of an old release ignores is named and has no effect")
    func versions() throws {
        let old = try domain(
            Self.hvm.replacing("type = 'hvm'", with: "builder = 'hvm'")
                + "passthrough = 'enabled'\ncmdline = 'a'\nextra = 'b'\nserial = ['pty', 'pty']\nvnuma = []\n",
            XenVersion(4, 4))
        #expect(
            old.notes.map(\.description) == [
                "line 4: \"passthrough\" is no key of xl 4.4, which ignores it, and has no form in libvirt XML",
                "line 5: \"cmdline\" is no key of xl 4.4, which ignores it, and has no form in libvirt XML",
                "line 7: \"serial\" is a list; xl wants a single value and ignores it",
                "line 8: \"vnuma\" is no key of xl 4.4, which ignores it, and has no form in libvirt XML",
            ])
        #expect(old.xml.contains("<cmdline>b</cmdline>"))
        for word in ["passthrough", "<serial"] { #expect(!old.xml.contains(word)) }
    }

    @Test("no configuration makes the writer crash", arguments: 0..<4 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let keys = XenConfigKeys.all(in: .newest).sorted()
        let texts = [
            "", "0", "1", "3", "-1", "0x7fffffffffffffff", "18446744073709551615", "x", "all", "host", "ovmf", "pty",
            "^1",
            "0-16383", "a=b", "=", ",", ":", ".", "@", "/", "vdev=xvda,target=/a", "mac=00:16:3e:00:00:01,rate=1B/s@1",
            "rate=4294967295GB/s", "vnc=1,vncdisplay=9223372036854775807", "connection=pty", "hostbus=1,hostaddr=1",
            "0000:00:00.0", "size=1073741824", "vcpus=0-16383", "pnode=9223372036854775807", "vdistances=1",
            "tcp:1:2,server",
            "udp:1@", "unix:/,", "127.0.0.1:9223372036854775807", "[::]:1", "\u{1}", "\n",
        ]
        func text() -> XenConfigValue { .string(texts.randomElement(using: &random) ?? "") }
        var written = 0
        for _ in 0..<1500 {
            let entries = (0..<12).map { _ in
                let value: XenConfigValue =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: .list((0..<3).map { _ in text() })
                    case 1: .list([.list((0..<3).map { _ in text() })])
                    default: text()
                    }
                return XenConfigFile.Entry(keys.randomElement(using: &random) ?? "", .set, value)
            }
            let type = XenConfigFile.Entry(
                "type", .set, .string(["pv", "pvh", "hvm"].randomElement(using: &random) ?? ""))
            let file = XenConfigFile(entries: [.init("name", .set, .string("g"))] + entries + [type])
            guard let domain = try? LibvirtDomain(from: file, for: .newest) else { continue }
            written += 1
            _ = try LibvirtReading(parsing: Array(domain.xml.utf8), for: .newest)
        }
        #expect(written > 100)
    }

    @Test("the firmware that Xen 3 named as kernel is the loader")
    func loader() throws {
        let domain = try domain("name = 'g'\nmemory = 1\nbuilder = 'hvm'\nkernel = '/usr/lib/xen-3/hvmloader'\n")
        #expect(domain.xml.contains("<loader type='rom'>/usr/lib/xen-3/hvmloader</loader>"))
        #expect(!domain.xml.contains("<kernel>"))
        #expect(domain.notes == [])
    }

    @Test("a PV guest with PCI devices has the host's memory map, as xl gives it one")
    func memoryMap() throws {
        #expect(try domain(Self.pv + "pci = ['03:00.0']\n").xml.contains("<e820_host state='on'/>"))
    }
}
