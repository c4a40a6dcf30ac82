import GuestModel
import Testing
import XenConfig

extension ValueCheckTests {
    // MARK: words and numbers

    @Test(
        "words and numbers",
        arguments: [
            Case("bios = 'uefi'", "hvm", 22, "E \"bios\" is \"uefi\""),
            Case("vga = 'STDVGA'", "hvm", 22, "E \"vga\" is \"STDVGA\""),
            Case("vga = 'qxl'", "hvm", 5, "E \"vga\" is \"qxl\", which xl knows since Xen 4.6"),
            Case("hdtype = 'scsi'", "hvm", 22, "E \"hdtype\" is \"scsi\""),
            Case("device_model_version = 'qemu'", "hvm", 22, "E \"device_model_version\" is \"qemu\""),
            Case(
                "device_model_version = 'none'", "hvm", [6],
                "E \"device_model_version\" is \"none\", which xl knows since Xen 4.7"),
            Case("device_model_version = 'none'", "hvm", 17, "E \"device_model_version\" is \"none\""),
            Case("ms_vm_genid = 'Generate'", "hvm", 22, "E \"ms_vm_genid\" is \"Generate\""),
            Case("passthrough = 'yes'", "pv", 22, "E \"passthrough\" is \"yes\""),
            Case("tee = 'ffa'", "pvh", 17, "E \"tee\" is \"ffa\", which xl knows since Xen 4.18"),
            Case("gic_version = 'v4'", "pvh", 22, "E \"gic_version\" is \"v4\""),
            Case("vuart = 'pl011'", "pvh", 22, "E \"vuart\" is \"pl011\""),
            Case("sve = '129'", "pvh", 22, "E \"sve\" is \"129\""),
            Case("vendor_device = 'citrix'", "hvm", 22, "E \"vendor_device\" is \"citrix\""),
            Case("arm_sci = 'type=scmi'", "pvh", 22, "E the type in \"arm_sci\" is \"scmi\""),
            Case("tsc_mode = 'rdtsc'", "pv", 22, "E \"tsc_mode\" is \"rdtsc\""),
            Case("tsc_mode = 4", "pv", 22, "E \"tsc_mode\" is \"4\""),
            Case("tsc_mode = 2", "pv", 22, "W \"tsc_mode\" is a number, which xl deprecates"),
            Case("tsc_mode = 2", "pv", 1),
            Case("timer_mode = 'x'", "hvm", 22, "E \"timer_mode\" is \"x\""),
            Case("timer_mode = 1", "hvm", 22, "W \"timer_mode\" is a number, which xl deprecates"),
            Case(
                "timer_mode = 'one_missed_tick_pending'", "pv", 22,
                "E \"timer_mode\" is not for PV guests, of which xl refuses one with it"),
            Case("timer_mode = 'one_missed_tick_pending'", "pv", 9, "W \"timer_mode\" has no effect for a PV guest"),
            Case("altp2m = 'on'", "hvm", 22, "E \"altp2m\" is \"on\""),
            Case("altp2m = 4", "hvm", 22, "E \"altp2m\" is \"4\""),
            Case("gfx_passthru = 'nvidia'", "hvm", 22, "E \"gfx_passthru\" is \"nvidia\""),
            // sched_credit_domain_set, sched_credit2_domain_set
            Case("cpu_weight = 0", "pv", 22, "E \"cpu_weight\" is 0"),
            Case("cpu_weight = 65536", "pv", 22, "E \"cpu_weight\" is 65536"),
            Case("vcpus = 2\ncap = 201", "pv", 22, "E \"cap\" is 201"),
            Case("max_grant_frames = '-1'", "pv", 13, "E \"max_grant_frames\" is -1"),
            Case("max_grant_frames = '-1'", "pv", 12),
            Case("altp2m_count = 65536", "hvm", 22, "E \"altp2m_count\" is 65536"),
            Case("mmio_hole = 128", "hvm", 22, "E \"mmio_hole\" is 128"),
            Case("usbversion = 4", "hvm", 22, "E \"usbversion\" is 4"),
            Case("mca_caps = ['cmci']", "hvm", 22, "E \"mca_caps\" holds \"cmci\""),
            .device("smbios", "vendor=x", "hvm", 22, "\"vendor\" is not a parameter of smbios"),
            .device("smbios", "oem=", "hvm", 22, "it has no value"),
            // libxl__build_device_model_args_new
            Case("soundhw = 'sb'", "hvm", 22, "E \"soundhw\" is \"sb\""),
            Case("soundhw = 'all'", "hvm", 16),
            // set_boot_dev, validate_bootdevices and qemu_chr_parse_compat of QEMU
            Case("boot = 'hd'", "hvm", 22, "E \"boot\" is \"hd\", and QEMU knows no \"h\""),
            Case("boot = 'cc'", "hvm", 22, "E \"boot\" is \"cc\", which QEMU refuses"),
            Case("boot = 'acdn'", "hvm", 22, "E \"boot\" is \"acdn\", which QEMU refuses"),
            Case("serial = 'ttyS0'", "hvm", 22, "E \"serial\" is \"ttyS0\", of which QEMU makes no serial port"),
            // libxl__domain_build_info_setdefault
            Case(
                "videoram = 8\nvga = 'stdvga'", "hvm", 22, "E \"videoram\" is 8, and libxl wants 16 at least for stdvga"
            ),
            Case("videoram = 4", "hvm", 22, "E \"videoram\" is 4, and libxl wants 8 at least for cirrus"),
            // dm_spice_options
            Case(
                "spice = 1", "hvm", 22,
                "E there is neither a \"spiceport\" nor a \"spicetls_port\", of which spice needs one",
                "E there is no \"spicepasswd\", without which libxl refuses spice"),
            Case(
                "vnclisten = '0.0.0.0:1'\nvncdisplay = 1", "hvm", 22,
                "E \"vnclisten\" is \"0.0.0.0:1\", and there is a \"vncdisplay\", too"),
        ])
    func words(example: Case) throws { try check(example) }

    @Test(
        "what a guest gets of the host's machine",
        arguments: [
            Case(
                "ioports = ['2f8-']", "pv", 22,
                "E \"ioports\" holds \"2f8-\", which is neither a port nor a range of them in hexadecimal"),
            Case(
                "ioports = ['2f8,3f8']", "pv", 22,
                "E \"ioports\" holds \"2f8,3f8\", which is neither a port nor a range of them in hexadecimal"),
            Case(
                "ioports = ['2ff-2f8']", "pv", 22,
                "E \"ioports\" holds \"2ff-2f8\", whose end is before its beginning"),
            Case("ioports = ['100000000']", "pv", 22, "E \"ioports\" holds \"100000000\", which is too large a port"),
            Case("irqs = ['5x']", "pv", 22, "E \"irqs\" holds \"5x\", which is no number of an interrupt"),
            Case("irqs = ['5x']", "pv", 6, "E \"irqs\" holds \"5x\", which xl reads as 5"),
            Case(
                "iomem = ['fd000']", "pv", 22,
                "E \"iomem\" holds \"fd000\", which is not of the form START,PAGES[@GFN] in hexadecimal"),
            Case(
                "iomem = ['fd000,1@x']", "pv", 22,
                "E \"iomem\" holds \"fd000,1@x\", which is not of the form START,PAGES[@GFN] in hexadecimal"),
            Case(
                "iomem = ['fd000,1@2']", "pv", 4,
                "E \"iomem\" holds \"fd000,1@2\", which is not of the form START,PAGES in hexadecimal"),
            Case(
                "llc_colors = ['4-0']", "pvh", 22, "E \"llc_colors\" holds \"4-0\", whose end is before its beginning"),
            Case(
                "llc_colors = ['red']", "pvh", 22,
                "E \"llc_colors\" holds \"red\", which is no colour and no range of them"),
            // parse_xsquota_item
            Case(
                "xenstore_quota = ['nodes']", "pv", 22, "E \"xenstore_quota\" holds \"nodes\", which has no equals sign"
            ),
            Case(
                "xenstore_quota = ['nodes=many']", "pv", 22,
                "E \"xenstore_quota\" holds \"nodes=many\", whose value is no number that xl takes"),
            // xlu_rdm_parse
            Case(
                "rdm = 'strategy=none'", "hvm", 22,
                "E \"rdm\" is \"strategy=none\", which xl ignores: strategy is \"none\"; xl knows host"),
            Case(
                "rdm = 'strategy=host,policy=strict'", "hvm", [15, 22],
                "E \"rdm\" is \"strategy=host,policy=strict\", and xl since Xen 4.15 ignores one with a policy"),
            Case(
                "rdm = 'strategy=host'", "hvm", 13,
                "E \"rdm\" is \"strategy=host\", which xl ignores: "
                    + "it wants strategy=host,policy=strict or strategy=host,policy=relaxed"
            ),
        ])
    func resources(example: Case) throws { try check(example) }

    // MARK: effects

    @Test(
        "what has no effect for a type of guest",
        arguments: [
            Case("boot = 'c'", "pv", 22, "W \"boot\" has no effect for a PV guest"),
            Case("pae = 1", "pvh", 22, "W \"pae\" has no effect for a PVH guest"),
            Case("bios = 'nonsense'", "pvh", 22, "W \"bios\" has no effect for a PVH guest"),
            Case("vnc = 1", "pvh", 22, "W \"vnc\" has no effect for a PVH guest"),
            Case("vnc = 1", "pv", 22), Case("vnc = 0", "pvh", 22), Case("serial = ''", "pv", 22),
            Case("apic = 1", "pv", 10), Case("apic = 1", "pv", 11, "W \"apic\" has no effect for a PV guest"),
            Case("acpi = 1", "pv", 4, "W \"acpi\" has no effect for a PV guest"), Case("acpi = 1", "pv", 5),
            Case("e820_host = 1", "hvm", 22, "W \"e820_host\" has no effect for an HVM guest"),
            Case("pvshim = 1", "pv", 22, "W \"pvshim\" has no effect for a PV guest"),
            Case("bootloader = 'pygrub'", "hvm", 22, "W \"bootloader\" has no effect for an HVM guest"),
            Case("stdvga = 1\nvga = 'cirrus'", "hvm", 22, "W \"stdvga\" has no effect beside \"vga\""),
            Case(
                "kernel = '/usr/lib/xen/boot/hvmloader'", "hvm", [2, 22],
                "W \"kernel\" is the HVM guest's firmware, which xl ignores"),
            Case("kernel = '/usr/lib/xen/boot/hvmloader'", "hvm", 1),
            Case(
                "kernel = '/boot/vmlinuz'", "hvm", 4,
                "E \"kernel\" is ignored by xl 4.4 for an HVM guest, which boots from its disks"),
            Case("kernel = '/boot/vmlinuz'", "hvm", [5, 22]),
            Case("altp2mhvm = 1", "hvm", 9, "W \"altp2mhvm\" is deprecated since Xen 4.9"),
            Case("bootloader_args = '-q'", "pv", 22, "W \"bootloader_args\" is a string, which xl deprecates"),
            Case("vncviewer = 1", "hvm", 22, "W \"vncviewer\" is ignored since Xen 4.5"),
        ])
    func effects(example: Case) throws { try check(example) }

    @Test("settings are looked at each for itself, whatever guest they are for")
    func settings() throws {
        func problems(_ texts: [String]) throws -> [String] {
            try GuestConfiguration.Setting.problems(
                of: texts.map { try GuestConfiguration.Setting(parsing: $0) }, for: .newest
            ).map(\.message)
        }
        #expect(
            try problems([
                "bios=ovmf", "boot=cd", "spice=1", "e820_host=1", "pvshim=1", "tsc_mode=2", "cap=400",
                "vfb=[\"vnc=1\"]", "timer_mode=1", "vnuma=[[\"size=512\",\"vcpus=0\"]]", "vcpus=2", "kernel=/k",
            ]) == [])
        #expect(try problems(["bios=uefi"]) == ["\"bios\" is \"uefi\""])
    }
}
