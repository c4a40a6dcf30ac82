import GuestModel
import Testing
import XenConfig

/// The examples of xl.cfg(5) and xl-pci-configuration(5), all of which xl understands but for those that are named.
@Suite("The examples of xl's manual pages")
struct ValueExampleTests {
    static let forAll = [
        "cpus = 'all'", "cpus = '0-3,5,^1'", "cpus = 'all,^7'", "cpus = 'nodes:0-3,^node:2'",
        "cpus = '1,node:1,^6'", "cpus = 'all,^node:1'", "cpus = ['2', '3-8,^5']", "cpus = [2, 3]",
        "vcpus = 1\ncpus = ['0', 'none']",
        "cpus_soft = ['all,^5-8', 'all', 'node:0,node:2,^9-11,18-20']", "cpus = '0, 2'", "cpus = ''",
        "cpu_weight = 512", "vcpus = 2\ncap = 200", "cap = 0",
        """
        vcpus = 8
        memory = 6000
        vnuma = [ ["pnode=0","size=3000","vcpus=0-3","vdistances=10,20"],
                  ["pnode=1","size=3000","vcpus=4-7","vdistances=20,10"],
                ]
        """,
        "vtpm = ['backend=domain-id,uuid=0a1b2c3d-0000-4000-8000-000000000001']", "vtpm = [' backend=tpm ']",
        "p9 = ['tag=home,path=/srv,security_model=none,backend=0']",
        "p9 = ['type=xen_9pfsd, security_model=none, max-space=128, auto-delete=1']",
        "pvcalls = ['backend=0']", "pvcalls = ['']",
        "channel = ['connection=pty, name=org.mydomain.guestagent.1']",
        "channel = ['backend=0,name=a,connection=socket,path=/tmp/s']",
        "rdm_mem_boundary = 0", "usbctrl = ['version=1,ports=8', 'type=auto', '']",
        "usbdev = ['type=hostdev,hostbus=1,hostaddr=0x3,controller=0,port=1']",
        "pci = ['01:00.0', '0000:01:00.*', '36:00.0@1f,seize=1', '36:00.0,vslot=2', 'bdf=36:00.0,vslot=2,seize=1']",
        "pci = ['name=gpu,permissive=1,msitranslate=0,power_mgmt=1,rdm_policy=strict']",
        "vdispl = ['connectors=id0:1920x1080;id1:800x600;id2:640x480', 'backend=d,be-alloc=1,connectors=a:1x1']",
        "vkb = ['backend-type=linux,unique-id=1,feature-disable-keyboard=0,width=800,height=600']",
        "vkb = ['backend-type=qemu, multi-touch-width=10, feature-multi-touch=1']",
        "virtio = ['type=virtio,device22,transport=mmio', 'type=virtio,device1a', 'type=other,grant_usage=1']",
        "dtdev = ['/soc/can']", "ioports = ['2f8-2ff', '2f8', '0x3f8']", "iomem = ['fd000,1', '0xfd000,1@10']",
        "irqs = [5, 7]", "llc_colors = ['0-4', '7']", "xenstore_quota = ['nodes=1000']",
        "cpuid = 'host,tm=0,sse3=0'", "cpuid = 'host'", "cpuid = 'host,family=6,apicidsize=0x10,nc=k,svm_npt=s'",
        """
        cpuid = ["1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0,edx=xx0xxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                 "7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "0x80000001:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
        """,
        "passthrough = 'share_pt'", "tsc_mode = 'native'", "gic_version = 'V3'", "tee = 'optee'", "sve = 128",
        "sve = 'hw'", "vuart = 'sbsa_uart'", "arm_sci = 'type=scmi_smc,func_id=0x82000010'", "altp2m = 'external'",
        "max_grant_frames = 64", "on_crash = 'coredump-restart'",
        """
        vsnd = [
            ['CARD, short-name=Main, sample-formats=s16_le;s8;u32_be',
                'PCM, name=Main',
                    'STREAM, unique-id=0, type=p',
                    'STREAM, unique-id=1, type=c, channels-max=2'
            ],
            ['CARD, short-name=Second, sample-rates=8000;44100',
                'PCM, name=Second, buffer-size=1024',
                    'STREAM, type=P'
            ]
        ]
        """,
    ]

    static let forHVM = [
        "boot = 'c'", "boot = 'dc'", "boot = 'nda'", "bios = 'ovmf'", "bios = 'OVMF'", "hdtype = 'ahci'",
        "vga = 'none'", "vga = 'qxl'\nvideoram = 128", "stdvga = 1\nvideoram = 16", "videoram = 8",
        "viridian = ['all', '!freq']", "viridian = 1", "viridian = ['defaults', 'SYNIC', '!hcall_ipi']",
        "rdm = 'strategy=host'", "smbios = ['bios_vendor=Acme', 'oem=a=b']", "ms_vm_genid = 'generate'",
        "mca_caps = ['lmce']", "gfx_passthru = 'igd'", "gfx_passthru = 1", "timer_mode = 'no_missed_ticks_pending'",
        "vendor_device = 'xenserver'", "soundhw = 'hda'", "usbversion = 2", "usb = 1\nusbdevice = ['tablet']",
        "serial = 'pty'", "serial = ['pty', '/dev/ttyS0', 'tcp:127.0.0.1:5000,server,nowait', 'none']",
        "spice = 1\nspiceport = 6000\nspicedisable_ticketing = 1",
        "spice = 1\nspicetls_port = 6000\nspicepasswd = 'x'", "mmio_hole = 256", "vnclisten = '::'\nvnc = 1",
        "device_model_version = 'qemu-xen'", "nestedhvm = 1", "xen_platform_pci = 1\nvkb_device = 0", "cap = 50",
    ]

    static let forPV = [
        "vfb = ['vnc=1,vnclisten=0.0.0.0,vncpasswd=x,vncdisplay=1,vncunused=0,sdl=0,opengl=0,keymap=de']",
        "vfb = ['sdl=1, display=:0, xauthority=/root/.Xauthority']", "vfb = ['']",
        "vnc = 1\nvncunused = 1\nsdl = 1",
        "bootloader_args = ['-q']", "e820_host = 1", "cpuid = 'host,sse=0'",
    ]

    func text(_ lines: String, _ type: String, _ version: XenVersion) -> String {
        let types = version.hasTypes ? "type = '\(type)'\n" : type == "hvm" ? "builder = 'hvm'\n" : ""
        return "name = 'g'\n" + types + (type == "hvm" ? "" : "kernel = '/k'\n") + lines + "\n"
    }

    func problems(_ lines: String, _ type: String, _ version: XenVersion = .newest) throws -> [String] {
        let bytes = Array(text(lines, type, version).utf8)
        return try ConfigurationReading(parsing: bytes, file: "g.cfg", for: version).problems.map(\.message)
    }

    @Test(
        "are no problem for any guest",
        arguments: Self.forAll)
    func common(lines: String) throws {
        #expect(try problems(lines, "pv") == [])
        #expect(try problems(lines, "hvm") == [])
    }

    @Test(
        "are no problem for HVM guests",
        arguments: Self.forHVM)
    func machines(lines: String) throws { #expect(try problems(lines, "hvm") == []) }

    @Test(
        "are no problem for PV guests",
        arguments: Self.forPV)
    func paravirtual(lines: String) throws { #expect(try problems(lines, "pv") == []) }

    @Test(
        "were none for the releases that had them",
        arguments: [
            ("pci = ['01:00.0@20,msitranslate=1,power_mgmt=0']", "pv", 4), ("pci = ['0001:0c:1b.*']", "pv", 2),
            ("cpus = ['2', '3']", "hvm", 2), ("cpus = 'all'", "hvm", 2), ("cpus = '0-3,^1'", "pv", 3),
            ("cpus = 'nodes:0'", "pv", 4), ("timer_mode = 2", "hvm", 1), ("iomem = ['fd000,1']", "pv", 3),
            ("rdm = 'strategy=host,policy=relaxed'", "hvm", 6), ("rdm = 'policy=strict'", "hvm", 14),
            ("bios = 'rombios'\nserial = 'pty'", "hvm", 2), ("cpuid = 'host,sse4.1=x'", "pv", 1),
            ("p9 = ['tag=t,path=/p,security_model=none']", "pv", 9), ("tsc_mode = 1", "pv", 1),
            ("cpuid = 'host,rdcl-no=1'", "pv", 14), ("device_model_version = 'none'", "hvm", 8),
            ("channel = ['name = a, connection = pty']", "pv", 5), ("usbctrl = ['type=qusb']", "pv", 7),
        ])
    func earlier(line: String, type: String, minor: Int) throws {
        #expect(try problems(line, type, XenVersion(4, minor)) == [])
    }

    // What the pages show and xl does not take: the oracle says the same of the first (AgreementTests).
    @Test(
        "that xl itself does not understand are problems",
        arguments: [
            // parse_vslot takes 1f at most, in hexadecimal.
            "pci = ['36:00.0@20,seize=1']", "pci = ['36:00.0,vslot=20,seize=1']",
            "pci = ['bdf=36:00.0,vslot=20,seize=1']",
            // A blank before a parameter is part of it to parse_key_val.
            "pci = ['36:00.0, rdm_policy=strict']",
            // XENSND_FIELD_STREAM_UNIQUE_ID is "unique-id".
            "vsnd = [['card', 'pcm', 'STREAM, id=0, type=p']]",
            // See ConfigurationCheck.checkRDM.
            "rdm = 'strategy=host,policy=strict'", "rdm = 'strategy=host,policy=relaxed'",
        ])
    func wrong(line: String) throws { #expect(try problems(line, "hvm").count == 1) }
}
