import GuestModel
import Testing
import XenConfig

/// What is found in the values of keys that have a grammar of their own. The cases name the functions of xl, or of what
/// it calls, that they follow; it is parse_config_data of tools/xl/xl_parse.c where they name none.
@Suite("Checking values")
struct ValueCheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        let type: String
        let minors: [Int]
        let says: [String]

        init(_ line: String, _ type: String = "hvm", _ minors: [Int] = [22], _ says: String...) {
            self.line = line
            self.type = type
            self.minors = minors
            self.says = says
        }

        init(_ line: String, _ type: String = "hvm", _ minor: Int, _ says: String...) {
            self.line = line
            self.type = type
            minors = [minor]
            self.says = says
        }

        /// What is said of a string in a list of devices.
        static func device(_ key: String, _ text: String, _ type: String, _ minors: [Int], _ complaint: String) -> Case
        {
            Case(
                "\(key) = ['\(text)']", type, minors,
                "E in the \(key == "pci" ? "pci device" : key) \"\(text)\": \(complaint)")
        }

        static func device(_ key: String, _ text: String, _ type: String, _ minor: Int, _ complaint: String) -> Case {
            device(key, text, type, [minor], complaint)
        }

        var testDescription: String { "\(type) \(minors): \(line)" }
    }

    /// What is said of a line in a guest that is right but for it.
    func problems(_ line: String, _ type: String, _ minor: Int) throws -> [String] {
        let version = XenVersion(4, minor)
        let kernel = type == "hvm" ? "" : "kernel = '/k'\n"
        let text =
            "name = 'g'\n" + (version.hasTypes ? "type = '\(type)'\n" : type == "hvm" ? "builder = 'hvm'\n" : "")
            + kernel + line + "\n"
        return try ConfigurationReading(parsing: Array(text.utf8), file: "g.cfg", for: version).problems.map {
            ($0.severity == .error ? "E " : "W ") + $0.message
        }
    }

    func check(_ example: Case) throws {
        for minor in example.minors {
            let found = try problems(example.line, example.type, minor)
            #expect(found == example.says, "4.\(minor)")
        }
    }

    // MARK: devices

    @Test(
        "the places and options of devices of the host",
        arguments: [
            // xlu_pci_parse_spec_string, parse_bdf, parse_vslot, parse_key_val
            .device("pci", "1:2", "pv", 17, "\"1:2\" is no place of a device"),
            .device("pci", "01:00.0@20", "pv", 17, "\"20\" is no slot in the guest"),
            .device("pci", "01:00.0, permissive=1", "pv", 17, "\" permissive\" is not a parameter of a pci device"),
            .device("pci", "01:00.0,seize", "pv", 17, "\"seize\" has no value"),
            .device("pci", "01:00.0,seize=yes", "pv", 17, "seize is \"yes\", which xl reads as 0"),
            .device("pci", "01:00.0,name=gpu", "pv", 17, "it has both the place of a device and a name"),
            .device("pci", "permissive=1", "pv", 17, "it names no device of the host"),
            .device("pci", "01:00.0,rdm_policy=lax", "pv", 17, "rdm_policy is \"lax\""),
            .device("pci", "01:20.0", "pv", 17, "\"01:20.0\" is no place of a device"),
            .device("pci", "01:00.8", "pv", 17, "\"01:00.8\" is no place of a device"),
            .device("pci", "01:00.0z", "pv", 17, "\"z\" stands behind the place of the device"),
            Case("pci = ['', '01:00.0']", "pv", 17, "E in the pci device \"\": \"\" is no place of a device"),
            // xlu_pci_parse_bdf, hex_convert
            .device("pci", "bdf=01:00.0", "pv", 14, "\"bdf=01:00.0\" is no place of a device"),
            .device("pci", "01:00.0,", "pv", 14, "\"\" has no value"),
            .device("pci", "01:00.0@100", "pv", 14, "\"100\" is no slot in the guest"),
            .device("pci", "01:00.0,seize=1", "pv", 4, "\"seize\" is not a parameter of a pci device before Xen 4.5"),
            .device("pci", "01:00.0,rdm_policy=STRICT", "pv", 13, "rdm_policy is \"STRICT\""),
        ])
    func pci(example: Case) throws { try check(example) }

    @Test(
        "the strings of other devices",
        arguments: [
            // parse_usbctrl_config, parse_usbdev_config
            .device("usbctrl", "type=xhci", "pv", 22, "type is \"xhci\"; xl knows auto, pv, devicemodel, qusb"),
            .device("usbctrl", "type=pv,verson=2", "pv", 22, "\"verson\" is not a parameter of usbctrl"),
            .device("usbctrl", "ports=two", "pv", 22, "ports is \"two\", which xl reads as 0"),
            .device("usbdev", "hostbus=1,hostaddr", "pv", 22, "\"hostaddr\" has no value"),
            .device("usbdev", "hostbus =1", "pv", 22, "\"hostbus \" is not a parameter of usbdev"),
            // parse_config_data: vtpm, pvcalls
            .device(
                "vtpm", "uuid=0a1b2c3d-0000-4000-8000-000000000001", "pv", 22,
                "it has no backend, the domain of the vTPM"),
            .device("vtpm", "backend=tpm,uuid=1", "pv", 22, "uuid is \"1\", no UUID"),
            .device("vtpm", "backend=tpm,x,uuid=1", "pv", 22, "\"x\" has no equals sign, and xl stops reading there"),
            .device("pvcalls", "domain=0", "pv", 22, "\"domain\" is not a parameter of pvcalls"),
            // parse_config_data: p9; libxl__device_p9_setdefault
            .device("p9", "tag=t,path=/p", "pv", [9, 17, 18, 22], "it has no security_model"),
            .device("p9", "tag=t,path=/p,security_model=none,max-files=5", "pv", 22, "max-files needs type=xen_9pfsd"),
            .device(
                "p9", "tag=t,path=/p,security_model=none,type=qemu", "pv", 18,
                "type is a parameter of p9 since Xen 4.19"),
            .device("p9", "tag = t,path=/p,security_model=none", "pv", 17, "\"tag \" is not a parameter of p9"),
            .device("p9", "tag=t,path=,security_model=none", "pv", 22, "\"path=\" has no value"),
            // parse_config_data: channel; libxl__init_console_from_channel; split_string_into_string_list
            .device("channel", "name=a", "pv", 22, "it has no connection: pty or socket"),
            .device("channel", "name=a,connection=PTY", "pv", 22, "connection is \"PTY\"; xl knows pty, socket"),
            .device("channel", "name=a,connection=socket", "pv", 22, "a socket needs a path"),
            .device("channel", "connection=pty", "pv", 22, "it has no name, by which the guest would find it"),
            .device("channel", "connection=pty,name=a,x=1", "pv", 22, "\"x\" is not a parameter of channel"),
            .device("channel", "", "pv", 22, "it is empty, at which xl crashes"),
            .device(
                "channel", "connection=pty,name=a=b", "pv", 17,
                "name has a value with an equals sign, behind which xl drops the rest"),
            // parse_vdispl_config
            .device("vdispl", "be-alloc=1", "pv", 22, "it has no connectors, of which it needs one"),
            .device(
                "vdispl", "connectors=1:800", "pv", 22, "the connector \"1:800\" is not of the form id:WIDTHxHEIGHT"),
            // parse_vkb_config, parse_vkb_list
            .device("vkb", "unique-id=1", "pv", 22, "it has no backend-type: qemu or linux"),
            .device(
                "vkb", "backend-type=qemu,feature-multi-touch=1", "pv", 22,
                "feature-multi-touch needs multi-touch-width, multi-touch-height, multi-touch-num-contacts"),
            // parse_virtio_list
            .device(
                "virtio", "type=virtio", "pvh", 22,
                "nothing follows \"type=virtio\", at which xl crashes; write type=virtio,device1a"),
            .device("virtio", "type=virtio,device22,transport=pci", "pvh", 22, "transport is \"pci\"; xl knows mmio"),
            // parse_vsnd_item and what it calls
            Case("vsnd = ['card']", "pv", 22, "E a card in \"vsnd\" is no list"),
            Case("vsnd = [['card', 'speaker']]", "pv", 22, "E in the vsnd \"speaker\": it begins with \"speaker\""),
            Case(
                "vsnd = [['card, sample-formats=s17']]", "pv", 22,
                "E in the vsnd \"card, sample-formats=s17\": \"s17\" is no sample format"),
            Case(
                "vsnd = [['stream, type=x']]", "pv", 22,
                "E in the vsnd \"stream, type=x\": type is \"x\"; xl knows p, c"),
        ])
    func devices(example: Case) throws { try check(example) }

    @Test(
        "the frame buffer of a PV guest, never with a password",
        arguments: [
            Case("vfb = ['vnc=1,vcnlisten=::']", "pv", 22, "E in a vfb: \"vcnlisten\" is not a parameter of vfb"),
            Case("vfb = ['type=sdl']", "pv", 22, "E in a vfb: type is \"sdl\", which xl ignores"),
            Case("vfb = ['type=vnc,vncunused=1,keymap=de']", "pv", 22),
            Case("vfb = ['vnc=yes']", "pv", 22, "E in a vfb: vnc is \"yes\", which xl reads as 0"),
            Case(
                "vfb = ['vnc=1,vncpasswd=se,cret']", "pv", 22,
                "E in a vfb: a word has no equals sign, and xl stops reading there"),
            Case("vfb = ['vnc=1;vncpasswd=s3cr3t']", "pv", 22, "E in a vfb: the value of vnc is none"),
            Case(
                "vfb = ['vncpasswd s3cr3t']", "pv", 22,
                "E in a vfb: a word has no equals sign, and xl stops reading there"),
            Case("vfb = ['vnc=1,vncpasswd=se,cret=x']", "pv", 22, "E in a vfb: a word is not a parameter of vfb"),
            Case("vfb = ['vnc=1,vncpaswd=secret']", "pv", 22, "E in a vfb: \"vncpaswd\" is not a parameter of vfb"),
            Case(
                "vnc = 1\nvncpasswd = 's3cr3t'\nvfb = ['vnc=1']", "pv", 22,
                "W \"vnc\" has no effect beside \"vfb\"", "W \"vncpasswd\" has no effect beside \"vfb\""),
            Case("sdl = 1", "pv", 22, "W \"sdl\" has no effect for a PV guest without \"vnc\""),
            Case("vfb = ['vnc=1']\nserial = 'pty'", "hvm", 22, "W \"vfb\" has no effect for an HVM guest"),
        ])
    func frameBuffer(example: Case) throws {
        try check(example)
        for minor in example.minors {
            let found = try problems(example.line, example.type, minor).joined()
            #expect(!found.contains("cret") && !found.contains("s3cr3t"))
        }
    }

    // MARK: processors

    @Test(
        "sets of processors",
        arguments: [
            // parse_cpurange, update_cpumap_range, parse_range
            Case("cpus = '0-3,^all'", "pv", 22, "E \"cpus\" is \"0-3,^all\", in which xl does not understand \"^all\""),
            Case("cpus = '3-1'", "pv", 22, "E \"cpus\" is \"3-1\", in which xl does not understand \"3-1\""),
            Case("cpus = '0;1'", "pv", 22, "E \"cpus\" is \"0;1\", in which xl does not understand \"0;1\""),
            Case(
                "vcpus = 2\ncpus_soft = ['0', 'node:x']", "pv", 22,
                "E \"cpus_soft\" holds \"node:x\", in which xl does not understand \"node:x\""),
            // atoi(3), until 4.4
            Case("cpus = ['0-3']", "pv", [2, 4], "E \"cpus\" holds \"0-3\", which xl before Xen 4.5 reads as 0"),
            // vcpupin_parse, until 4.3
            Case("cpus = 'node:0'", "pv", 3, "E \"cpus\" is \"node:0\", in which xl does not understand \"node:0\""),
        ])
    func sets(example: Case) throws { try check(example) }

    @Test(
        "what processors tell of themselves",
        arguments: [
            // libxl_cpuid_parse_config
            Case(
                "cpuid = 'sse3=0'", "pv", 22,
                "E \"cpuid\" does not begin with the word \"host\", without which xl ignores it"),
            Case(
                "cpuid = 'host,ssse=0'", "pv", 22,
                "E in \"cpuid\", xl leaves \"ssse=0\" out: xl 4.22 knows no such flag"),
            Case(
                "cpuid = 'host, sse3=0'", "pv", 22,
                "E in \"cpuid\", xl leaves \" sse3=0\" out: it begins with a blank"),
            Case(
                "cpuid = 'host,sse3'", "pv", 22, "E in \"cpuid\", xl leaves \"sse3\" out: it has no value"
            ),
            Case(
                "cpuid = 'host,sse3=off'", "pv", 22,
                "E in \"cpuid\", xl leaves \"sse3=off\" out: "
                    + "its value is none of a number, x, k and s"
            ),
            Case(
                "cpuid = 'host,avx2=0'", "pv", 9,
                "E in \"cpuid\", xl leaves \"avx2=0\" out: xl knows that flag since Xen 4.10"),
            // libxl_cpuid_parse_config_xend
            Case(
                "cpuid = ['1:ecx=0']", "pv", 22,
                "E in the cpuid \"1:ecx=0\", which xl leaves out: a register has 1 bits, not 32"),
            Case(
                "cpuid = ['x']", "pv", 22,
                "E in the cpuid \"x\", which xl leaves out: it begins with no number of a leaf"),
            Case(
                "cpuid = ['1']", "pv", 22,
                "E in the cpuid \"1\", which xl leaves out: there is no colon behind the leaf"),
            Case(
                "cpuid = ['1:rax=0']", "pv", 22,
                "E in the cpuid \"1:rax=0\", which xl leaves out: the register is none of eax, ebx, ecx, edx"),
            Case("viridian = ['base', 'sinic']", "hvm", 22, "E \"viridian\" holds \"sinic\""),
            Case(
                "viridian = ['!stimer']", "hvm", 12, "E \"viridian\" holds \"!stimer\", which xl knows since Xen 4.13"),
            Case("viridian = 'defaults'", "hvm", 22, "E \"viridian\" is \"defaults\", no number; xl ignores it"),
        ])
    func processors(example: Case) throws { try check(example) }

    @Test(
        "nodes of memory",
        arguments: [
            // parse_vnuma_config
            Case("vnuma = ['size=1']", "pv", 22, "E node 0 of \"vnuma\" is no list"),
            Case("vnuma = [['size']]", "pv", 22, "E in node 0 of \"vnuma\": \"size\" has no value"),
            Case(
                "vnuma = [['sise=5', 'vcpus=0']]", "pv", 22,
                "E in node 0 of \"vnuma\": \"sise\" is not a parameter of vnuma, and xl ignores it"),
            Case("vnuma = [['size=big']]", "pv", 22, "E in node 0 of \"vnuma\": size is \"big\", no number"),
            Case(
                "vnuma = [['vcpus=0-x']]", "pv", 22,
                "E in node 0 of \"vnuma\": vcpus is \"0-x\", in which xl does not understand \"0-x\""),
            Case(
                "vnuma = [['vdistances=10,20']]", "pv", 22,
                "E in node 0 of \"vnuma\": it has 2 distances, more than the 1 nodes that xl has room for"),
            Case(
                "maxvcpus = 4\nvnuma = [['size=512', 'vcpus=0-1']]", "pv", 22,
                "E \"maxvcpus\" is 4, and \"vnuma\" has 2 processors"),
            Case(
                "vcpus = 4\nvnuma = [['size=512', 'vcpus=0-1']]", "pv", 22,
                "E \"vcpus\" is 4, and \"vnuma\" has 2 processors"),
            Case(
                "maxmem = 400\nvnuma = [['size=512', 'vcpus=0-1']]", "pv", 22,
                "E \"maxmem\" is 400, and the nodes of \"vnuma\" have 512 MiB"),
        ])
    func nodes(example: Case) throws { try check(example) }
}
