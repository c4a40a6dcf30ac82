import GuestModel
import Testing
import XenConfig

@Suite("The configuration of a libvirt domain")
struct LibvirtReadingTests {
    private static func pv(_ content: String, devices: String = "") -> String {
        """
        <domain type='xen'><name>g</name><memory>65536</memory><os><type>linux</type><kernel>/k</kernel></os>
        \(content)<devices>\(devices)</devices></domain>
        """
    }

    private static func hvm(_ content: String, devices: String = "") -> String {
        """
        <domain type='xen'><name>g</name><memory>65536</memory><os><type>hvm</type></os>
        \(content)<features><acpi/><apic/></features><devices>\(devices)</devices></domain>
        """
    }

    private func read(_ text: String, _ version: XenVersion = .newest) throws -> LibvirtReading {
        try LibvirtReading(parsing: Array(text.utf8), file: "g.xml", for: version)
    }

    @Test("each kind of guest, whole")
    func golden() throws {
        let texts = try LibvirtExamples.all.map { _, xml in
            let reading = try read(xml)
            #expect(reading.notes == [])
            return try reading.file.text()
        }
        #expect(
            texts[0] == #"""
                name = "web1"
                type = "pv"
                memory = 512
                vcpus = 1
                kernel = "/boot/vmlinuz-6.1.0-18-amd64"
                ramdisk = "/boot/initrd.img-6.1.0-18-amd64"
                cmdline = "root=/dev/xvda2 ro elevator=noop"
                localtime = 0
                on_poweroff = "destroy"
                on_reboot = "restart"
                on_crash = "restart"
                disk = [
                    "format=raw, vdev=xvda2, access=rw, target=/dev/vg0/web1-disk",
                    "format=raw, vdev=xvda1, access=rw, target=/srv/web1 & co/swap.img",
                ]
                vif = [
                    "mac=00:16:3E:99:7B:CC,bridge=xenbr0,ip=192.0.2.10 2001:db8::10",
                ]

                """#)
        #expect(
            texts[1] == #"""
                name = "ci"
                uuid = "0a1b2c3d-1111-4000-8000-00000000000f"
                type = "pvh"
                memory = 1024
                maxmem = 2048
                vcpus = 2
                maxvcpus = 4
                cpu_weight = 512
                cpus = "0,2-3"
                kernel = "/usr/lib/grub-xen/grub-i386-xen_pvh.bin"
                localtime = 0
                tsc_mode = "native"
                on_poweroff = "destroy"
                on_reboot = "restart"
                on_crash = "preserve"
                disk = [
                    "format=raw, vdev=xvda, access=rw, discard, target=/dev/vg0/ci-disk",
                    "format=qcow2, vdev=xvdb, access=ro, backendtype=qdisk, backend=storage, target=/srv/data.qcow2",
                ]
                vif = [
                    "mac=00:16:3E:00:00:01,bridge=xenbr0,vifname=ci.0,script=vif-bridge",
                    "mac=00:16:3E:00:00:02,bridge=ovs0.42,script=vif-openvswitch,rate=8000512B/s,backend=router",
                    "mac=00:16:3E:00:00:03",
                ]
                max_grant_frames = 64
                channel = [
                    "connection=socket,path=/run/agent.sock,name=org.qemu.guest_agent.0",
                ]
                vfb = [
                    "vnc=1,vncunused=0,vncdisplay=3,vncpasswd=secret",
                ]
                pci = [
                    "0000:03:00.0,permissive=1,seize=1",
                ]
                seclabel = "system_u:system_r:domU_t"

                """#)
        #expect(
            texts[2] == #"""
                name = "desktop"
                type = "hvm"
                memory = 4096
                vcpus = 4
                bios = "ovmf"
                boot = "dc"
                acpi_firmware = "/srv/slic.bin"
                hap = 1
                passthrough = "share_pt"
                nestedhvm = 0
                cpuid = "host,tm=0,sse3=1,page1gb=x"
                localtime = 1
                rtc_timeoffset = "-3600"
                hpet = 1
                on_poweroff = "destroy"
                on_reboot = "restart"
                on_crash = "destroy"
                device_model_override = "/usr/local/bin/qemu"
                disk = [
                    "format=raw, vdev=hda, access=rw, target=/dev/vg0/desktop",
                    "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/srv/debian.iso",
                    "format=empty, vdev=hdd, access=ro, devtype=cdrom",
                    "format=vhd, vdev=sda, access=rw, backendtype=qdisk, target=/srv/b.vhd",
                ]
                vif = [
                    "mac=00:16:3E:00:00:04,bridge=xenbr0,model=e1000",
                    "bridge=xenbr1,type=vif",
                ]
                max_event_channels = 2047
                usbctrl = [
                    "type=qusb,version=1,ports=4",
                ]
                serial = "pty"
                usb = 1
                usbdevice = [
                    "tablet",
                    "mouse",
                ]
                vnc = 1
                vnclisten = "127.0.0.1"
                vncunused = 1
                vncpasswd = "<&\"\'>"
                keymap = "de"
                vga = "stdvga"
                videoram = 16
                soundhw = "hda"
                usbdev = [
                    "hostbus=1,hostaddr=16",
                ]
                device_model_args = [
                    "-debugcon",
                    "stdio",
                    "-name",
                    "a&b",
                ]

                """#)
    }

    @Test("what libvirt itself adds to a domain loses nothing")
    func additions() throws {
        let reading = try read(
            """
            <domain type='xen' id='7'><name>g</name><memory unit='KiB'>65536</memory>
            <os><type arch='x86_64' machine='xenfv'>hvm</type><loader type='rom' format='raw'>/l</loader><boot dev='hd'/></os>
            <features><acpi/><apic/><pae/></features>
            <devices><emulator>/q</emulator>
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a' index='1'/><backingStore/>
            <target dev='hda' bus='ide'/><alias name='x'/><address type='drive' controller='0' bus='0' target='0' unit='0'/></disk>
            <controller type='xenbus' index='0'/><controller type='ide' index='0'/>
            <serial type='pty'><source path='/dev/pts/1'/><target port='0'/></serial>
            <console type='pty' tty='/dev/pts/1'><source path='/dev/pts/1'/><target type='serial' port='0'/></console>
            <input type='mouse' bus='ps2'/><input type='keyboard' bus='ps2'/>
            <graphics type='vnc' port='5900' autoport='yes' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
            <video><model type='cirrus' vram='8192' heads='1' primary='yes'/></video><memballoon model='xen'/></devices></domain>
            """)
        #expect(reading.notes == [])
        #expect(
            reading.file["disk"] == .list([.string("format=raw, vdev=hda, access=rw, backendtype=qdisk, target=/a")]))
        #expect(reading.file["vncunused"]?.integer == 1)
    }

    @Test(
        "what has no form in a configuration is named",
        arguments: [
            (pv("<description>d</description>"), "W line 2: description has no form in an xl configuration"),
            (
                pv("", devices: "<watchdog model='itco'/>"),
                "W line 2: devices/watchdog has no form in an xl configuration"
            ),
            (pv("<memtune/>"), "W line 2: memtune has no form in an xl configuration"),
            (
                pv("<clock offset='timezone' timezone='Europe/Paris'/>"),
                "W line 2: the offset \"timezone\" of the clock has no form in an xl configuration"
            ),
            (
                pv("<clock offset='utc'><timer name='pit'/></clock>"),
                "W line 2: the timer \"pit\" has no form in an xl configuration"
            ),
            (
                pv("", devices: "<interface type='network'><source network='default'/></interface>"),
                "E line 2: interface 1, which is of the type \"network\", has no form in an xl configuration"
            ),
            (
                pv("", devices: "<interface type='bridge'><source bridge='b'/><filterref filter='f'/></interface>"),
                "W line 2: devices/interface/filterref has no form in an xl configuration"
            ),
            (
                pv("", devices: "<disk type='network'><source protocol='rbd' name='p/i'/><target dev='xvda'/></disk>"),
                "E line 2: the source of the disk xvda, which is of the type \"network\", has no form in an xl configuration"
            ),
            (
                pv("", devices: "<disk device='floppy'><source file='/f'/><target dev='fda'/></disk>"),
                "E line 2: a disk that is not called like xvda, sda or hda has no form in an xl configuration"
            ),
            (
                pv("", devices: "<disk device='lun'><source dev='/f'/><target dev='sda'/></disk>"),
                "E line 2: the disk sda, a \"lun\", has no form in an xl configuration"
            ),
            (
                pv("", devices: "<disk><driver name='qemu' type='vmdk'/><source file='/f'/><target dev='sda'/></disk>"),
                "E line 2: the format \"vmdk\" of the disk sda has no form in an xl configuration"
            ),
            (
                pv("", devices: "<disk><source file='/f'/><target dev='sda'/><shareable/></disk>"),
                "W line 2: devices/disk/shareable has no form in an xl configuration"
            ),
            (
                pv("", devices: "<disk snapshot='no'><source file='/f'/><target dev='sda'/></disk>"),
                "W line 2: devices/disk@snapshot has no form in an xl configuration"
            ),
            (
                pv("", devices: "<emulator>/q</emulator>"),
                "W line 2: devices/emulator has no form in an xl configuration"
            ),
            (
                pv("", devices: "<hostdev type='scsi'><source><address/></source></hostdev>"),
                "E line 2: a device of the host of the type \"scsi\" has no form in an xl configuration"
            ),
            (
                pv("", devices: "<console type='pty'/><console type='pty'/>"),
                "W line 2: a console beside the first has no form in an xl configuration"
            ),
            (pv("<cpu mode='custom'><model>x</model></cpu>"), "W line 2: cpu/model has no form in an xl configuration"),
            (
                hvm("", devices: "<graphics type='rdp'/>"),
                "W line 2: a display of the type \"rdp\", or one more of it, has no form in an xl configuration"
            ),
            (
                hvm("", devices: "<video><model type='virtio'/></video>"),
                "E line 2: a video card of the type \"virtio\" has no form in an xl configuration"
            ),
            (
                hvm("", devices: "<parallel type='pty'/>"),
                "W line 2: devices/parallel has no form in an xl configuration"
            ),
            (
                pv("<seclabel type='none'/><seclabel type='none'/>"),
                "W line 2: a security label beside the first has no form in an xl configuration"
            ),
            (
                pv("", devices: "<video><model type='vga'/></video>"),
                "W line 2: a video card of a PV guest has no form in an xl configuration"
            ),
            (
                pv("", devices: "<memballoon model='none'/>"),
                "W line 2: a balloon that is not Xen's has no form in an xl configuration"
            ),
            (pv("", devices: "<serial type='pty'/>"), "W line 2: devices/serial has no form in an xl configuration"),
            (hvm("stray"), "W line 1: the text of domain has no form in an xl configuration"),
        ])
    func named(text: String, note: String) throws {
        let notes = try read(text).notes.map { "\($0.severity == .error ? "E" : "W") \($0)" }
        #expect(notes.contains(note), "\(notes)")
    }

    @Test("an attribute more is named, wherever it is", arguments: LibvirtExamples.all.map(\.xml))
    func attributes(xml: String) throws {
        let parts = xml.split(separator: "<", omittingEmptySubsequences: false)
        for index in parts.indices where parts[index].first?.isLetter == true {
            var changed = parts
            let end = changed[index].firstIndex { [" ", "/", ">"].contains($0) } ?? changed[index].endIndex
            let name = changed[index][..<end]
            changed[index] = "\(name) more='1'\(changed[index][end...])"
            let notes = try read(changed.joined(separator: "<")).notes
            // What every guest has is not looked into.
            let isPassed = parts[index].contains("type='xen' port") || parts[index].contains("target port='0'")
            let isUsual = isPassed || name == "console"
            #expect(notes.contains { $0.message.contains("@more has no form") } != isUsual, "\(parts[index])")
        }
    }

    @Test("where libvirt's defaults are others than xl's, libvirt's are written out")
    func defaults() throws {
        let hvm = try read(
            "<domain type='xen'><name>g</name><memory>1</memory><os><type arch='i686'>hvm</type></os></domain>"
        ).file
        for key in ["acpi", "apic", "pae", "vnc"] { #expect(hvm[key]?.integer == 0, "\(key)") }
        #expect(hvm["boot"]?.text == "c")
        #expect(hvm["vga"]?.text == "none")
        let pv = try read("<domain type='xen'><name>g</name><memory>1</memory><os><type>xen</type></os></domain>").file
        #expect(pv["bootloader"]?.text == "pygrub")
        // A disk without a driver is a raw one to libvirt, whatever its type says.
        let disk = try read(
            Self.pv("", devices: "<disk><driver type='qcow2'/><source file='/a'/><target dev='xvda'/></disk>")
        ).file
        #expect(disk["disk"] == .list([.string("format=raw, vdev=xvda, access=rw, target=/a")]))
    }

    @Test(
        "memory is rounded up to what xl can say",
        arguments: [
            ("<memory>65536</memory>", 64), ("<memory>65537</memory>", 65), ("<memory unit='b'>1</memory>", 1),
            ("<memory unit='MiB'> 3 </memory>", 3), ("<memory unit='GB'>1</memory>", 954),
            ("<memory unit='G'>2</memory>", 2048),
            ("<memory unit='KB'>1049</memory>", 2), ("<memory unit='TiB'>1</memory>", 1 << 20),
        ])
    func memory(element: String, mebibytes: Int) throws {
        let text = "<domain type='xen'><name>g</name>\(element)<os><type>linux</type></os></domain>"
        #expect(try read(text).file["memory"]?.integer == mebibytes)
    }

    @Test(
        "what libvirt takes for another thing is what it takes it for",
        arguments: [
            // A console of an HVM guest is its serial port, if it has no other.
            (hvm("", devices: "<console type='pty'/>"), "serial", .string("pty")),
            (
                hvm("", devices: "<serial type='file'><source path='/l'/></serial><console type='pty'/>"), "serial",
                .string("file:/l")
            ),
            // A number of seconds makes a clock a variable one.
            (pv("<clock offset='localtime' adjustment='3600'/>"), "rtc_timeoffset", .number("3600")),
            (hvm("<clock offset='variable' adjustment='-1' basis='localtime'/>"), "rtc_timeoffset", .string("-1")),
            // An interface that is a device of the host.
            (
                hvm(
                    "",
                    devices: """
                        <interface type='hostdev' managed='yes'><mac address='00:16:3e:00:00:01'/><source>
                        <address type='pci' domain='0x0000' bus='0x0a' slot='0x10' function='0x1'/></source></interface>
                        <hostdev type='pci'><source><address bus='3' slot='0' function='0'/></source></hostdev>
                        """), "pci", .list([.string("0000:0a:10.1,seize=1"), .string("0000:03:00.0")])
            ),
            // What is said of the distance one way is true of the other.
            (
                pv(
                    """
                    <cpu><numa><cell cpus='0' memory='1024'><distances><sibling id='1' value='31'/></distances></cell>
                    <cell cpus='1' memory='1025'/></numa></cpu>
                    """), "vnuma",
                .list([
                    .list(["pnode=0", "size=1", "vcpus=0", "vdistances=10,31"].map(XenConfigValue.string)),
                    .list(["pnode=1", "size=2", "vcpus=1", "vdistances=31,10"].map(XenConfigValue.string)),
                ])
            ),
            // Pinned one by one, and all alike.
            (
                pv("<vcpu>2</vcpu><cputune><vcpupin vcpu='1' cpuset='3'/></cputune>"), "cpus",
                .list([.string("all"), .string("3")])
            ),
            (pv("<vcpu cpuset='1-2,^2'>2</vcpu>"), "cpus", .string("1")),
            // A VHD by either of its names, and what the tap driver hands on to qemu.
            (
                pv("", devices: "<disk><driver name='qemu' type='vpc'/><source file='/a'/><target dev='xvda'/></disk>"),
                "disk", .list([.string("format=vhd, vdev=xvda, access=rw, backendtype=qdisk, target=/a")])
            ),
            (
                pv(
                    "",
                    devices: "<disk><driver name='tap2' type='qcow2'/><source file='/a'/><target dev='xvda'/></disk>"),
                "disk", .list([.string("format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=/a")])
            ),
            (
                hvm("", devices: "<graphics type='vnc' port='5901' listen='::1'/>"), "vnclisten", .string("[::1]:1")
            ),
            (hvm("", devices: "<graphics type='spice' port='6000'/>"), "spicehost", .string("127.0.0.1")),
            (
                pv(
                    "",
                    devices:
                        "<interface type='bridge'><source bridge='o'/><virtualport type='openvswitch'/></interface>"),
                "vif", .list([.string("bridge=o,script=vif-openvswitch")])
            ),
        ] as [(String, String, XenConfigValue)])
    func meaning(text: String, key: String, value: XenConfigValue) throws {
        #expect(try read(text).file[key] == value)
    }

    @Test("an old xl is told in its own words")
    func versions() throws {
        let text = Self.hvm("").replacing(
            "<type>hvm</type>", with: "<type>hvm</type><kernel>/k</kernel><cmdline>c</cmdline>")
        let file = try read(text, XenVersion(4, 4)).file
        #expect(file["builder"]?.text == "hvm")
        #expect(file["type"] == nil)
        #expect(file["extra"]?.text == "c")
        let serials = String(repeating: "<serial type='pty'/>", count: 2)
        let more = Self.hvm("", devices: serials)
            .replacing("<apic/>", with: "<apic/><xen><passthrough state='on'/></xen>")
        let notes = try read(more, XenVersion(4, 4)).notes
        #expect(
            notes.map(\.message) == [
                "\"passthrough\", which would say it, is no key of xl 4.4",
                "\"serial\", which would say it, may be no list in a configuration of xl 4.4",
            ])
        #expect(throws: XenConfigError.self) {
            try read(
                Self.pv("").replacing("<type>linux", with: "<type>xenpvh").replacing("linux</", with: "</"),
                XenVersion(4, 9))
        }
    }

    @Test("what is read is what xl can read", arguments: LibvirtExamples.all.map(\.xml))
    func readable(xml: String) throws {
        let text = try read(xml).file.text()
        let reading = try ConfigurationReading(parsing: Array(text.utf8), file: "g.cfg", for: XenVersion(4, 17))
        #expect(reading.problems.filter { $0.severity == .error } == [])
    }
}
