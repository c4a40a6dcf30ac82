import GuestModel
import Testing

@testable import XenConfig

@Suite("An XVA archive's description of the guest")
struct XAPIApplianceTests {
    private static let pv = "name = 'g'\nmemory = 64\nbootloader = 'pygrub'\n"
    private static let pvh = "type = 'pvh'\n" + pv
    private static let hvm = "name = 'g'\nmemory = 64\ntype = 'hvm'\n"
    private static let disk = "disk = ['/srv/d.img,raw,xvda,rw']\n"

    private static func appliance(_ text: String, sizes: Int64 = 3 << 20) throws -> XAPIAppliance {
        var count = 0
        return try XAPIAppliance(
            from: XenConfigFile(parsing: text, for: .newest), for: .newest,
            uuid: {
                count += 1
                return "00000000-0000-4000-8000-00000000000\(count % 10)"
            },
            sizeOf: { _ in sizes })
    }

    /// The database as the document gives it: texts, and maps and lists in XML.
    private struct Database {
        var release: [String: XMLElement] = [:]
        var objects: [(kind: String, id: String, fields: [String: XMLElement])] = []

        init(_ document: String) throws {
            let root = try XMLElement(parsing: Array(document.utf8), file: nil)
            let top = Self.members(root)
            release = Self.members(try #require(top["version"]))
            for object in try #require(top["objects"]).children[0].children[0].children {
                let members = Self.members(object)
                objects.append(
                    (
                        try #require(members["class"]).text, try #require(members["id"]).text,
                        Self.members(try #require(members["snapshot"]))
                    ))
            }
        }

        static func members(_ value: XMLElement) -> [String: XMLElement] {
            let pairs = value.children.first?.children.map { ($0.children[0].text, $0.children[1]) } ?? []
            return Dictionary(pairs) { first, _ in first }
        }

        func all(_ kind: String) -> [[String: XMLElement]] { objects.filter { $0.kind == kind }.map(\.fields) }

        var guest: [String: XMLElement] { all("VM").first ?? [:] }
    }

    /// The fields that xapi has no default for, in some release at least (datamodel*.ml; gen_api.ml, gen_record_type): a
    /// document without one of them is refused.
    private static let mandatory: [String: String] = [
        "VM": """
        uuid user_version is_a_template resident_on affinity memory_static_max memory_dynamic_max memory_dynamic_min \
        memory_static_min VCPUs_params VCPUs_max VCPUs_at_startup actions_after_shutdown actions_after_reboot \
        actions_after_crash PV_bootloader PV_kernel PV_ramdisk PV_args PV_bootloader_args PV_legacy_args HVM_boot_policy \
        HVM_boot_params platform PCI_bus other_config domid domarch is_control_domain metrics guest_metrics \
        recommendations power_state suspend_VDI last_boot_CPU_flags
        """,
        "SR": "uuid virtual_allocation physical_utilisation physical_size type content_type shared other_config",
        "VDI": """
        uuid SR virtual_size physical_utilisation type sharable read_only other_config storage_lock managed missing parent
        """,
        "VBD": """
        uuid VM VDI userdevice bootable mode type storage_lock empty other_config status_code status_detail \
        runtime_properties qos_algorithm_type qos_algorithm_params qos_supported_algorithms device currently_attached metrics
        """,
        "network": "uuid other_config bridge",
        "VIF": """
        uuid device network VM MAC MTU other_config status_code status_detail runtime_properties qos_algorithm_type \
        qos_algorithm_params qos_supported_algorithms currently_attached metrics
        """,
    ]

    @Test(
        "has every field that xapi has no default for, and refers to what is there",
        arguments: [
            hvm
                + "disk = ['/d,raw,xvda,rw', '/e,raw,xvdb,ro', ',raw,hdc,ro,cdrom']\nvif = ['bridge=a', 'bridge=b', '']\n",
            pv + disk, pvh + disk + "vif = ['mac=00:16:3e:01:02:03']\n", hvm + "firmware = 'ovmf'\n",
        ])
    func fields(text: String) throws {
        let database = try Database(Self.appliance(text).document)
        let ids = Set(database.objects.map(\.id))
        #expect(ids.count == database.objects.count)
        for (kind, id, fields) in database.objects {
            let names = try #require(Self.mandatory[kind]).split(separator: " ").map(String.init)
            #expect(Set(names).subtracting(fields.keys).isEmpty, "\(kind) \(id)")
            for reference in ["VM", "VDI", "SR", "network"] where names.contains(reference) {
                let target = try #require(fields[reference]).text
                let isDrive = fields["type"]?.text == "CD"
                #expect(
                    ids.contains(target) || isDrive && target == "OpaqueRef:NULL",
                    "\(kind) \(id): \(reference) \(target)")
            }
        }
        #expect(database.release["export_vsn"]?.text == "2")
        #expect(database.release["xapi_major"]?.text == "1" && database.release["xapi_minor"]?.text == "0")
    }

    @Test("numbers and texts are bare, flags are not: what the readers of all releases take")
    func encoding() throws {
        let document = try Self.appliance(Self.hvm + Self.disk).document
        for tag in ["<int>", "<i4>", "<string>", "\n", "> <"] { #expect(!document.contains(tag)) }
        #expect(document.contains("<name>is_a_template</name><value><boolean>0</boolean></value>"))
        #expect(document.contains("<name>other_config</name><value><struct></struct></value>"))
        let strange = try Self.appliance("name = 'a<b&c'\nmemory = 64\ntype = 'hvm'\n").document
        #expect(strange.contains("<name>name_label</name><value>a&lt;b&amp;c</value>"))
    }

    @Test("disks are numbered, whole, and of a size that storage can have")
    func disks() throws {
        let appliance = try Self.appliance(
            Self.hvm + "disk = ['/a,raw,xvdb,rw', '/b,raw,sda,ro', ',raw,hdd,ro,cdrom']\n", sizes: (5 << 20) + 1)
        #expect(appliance.disks.map(\.path) == ["/a", "/b"] && appliance.disks.map(\.size) == [6 << 20, 6 << 20])
        #expect(appliance.disks.map(\.id) == appliance.disks.map(\.id).sorted())
        let database = try Database(appliance.document)
        let drives = database.all("VBD")
        #expect(drives.map { $0["userdevice"]?.text } == ["1", "0", "3"])
        #expect(drives.map { $0["mode"]?.text } == ["RW", "RO", "RO"])
        #expect(drives.map { $0["empty"]?.children.first?.text } == ["0", "0", "1"])
        #expect(database.all("VDI").map { $0["virtual_size"]?.text } == ["\(6 << 20)", "\(6 << 20)"])
        #expect(appliance.notes.isEmpty)
    }

    @Test("interfaces keep their address, bridge, rate and size of packets")
    func interfaces() throws {
        let appliance = try Self.appliance(
            Self.hvm + "vif = ['mac=00:16:3E:01:02:03,bridge=dmz,rate=10MB/s,mtu=9000', 'bridge=dmz', '']\n")
        let database = try Database(appliance.document)
        #expect(database.all("network").map { $0["bridge"]?.text } == ["dmz", "xenbr0"])
        let vifs = database.all("VIF")
        #expect(vifs.map { $0["device"]?.text } == ["0", "1", "2"])
        #expect(vifs[0]["MAC"]?.text == "00:16:3e:01:02:03" && vifs[0]["MTU"]?.text == "9000")
        // The one that xapi heeds.
        #expect(Database.members(try #require(vifs[0]["other_config"]))["mtu"]?.text == "9000")
        #expect(Database.members(try #require(vifs[1]["other_config"])).isEmpty && vifs[1]["MTU"]?.text == "1500")
        #expect(
            vifs[0]["network"]?.text == vifs[1]["network"]?.text && vifs[1]["network"]?.text != vifs[2]["network"]?.text
        )
        #expect(vifs[0]["qos_algorithm_type"]?.text == "ratelimit")
        #expect(Database.members(try #require(vifs[0]["qos_algorithm_params"]))["kbps"]?.text == "9766")
    }

    @Test("what the machine is")
    func machine() throws {
        let guest = try Database(
            Self.appliance(
                Self.hvm + "uuid = '5f0c7b2e-5d0e-4c0b-9a51-0d4f0c9d9f01'\nmaxmem = 128\nvcpus = 2\nmaxvcpus = 4\n"
                    + "firmware = 'uefi'\nvga = 'stdvga'\nboot = 'dc'\ncpu_weight = 512\non_crash = 'preserve'\nserial = ['pty']\n"
            ).document
        ).guest
        #expect(guest["uuid"]?.text == "5f0c7b2e-5d0e-4c0b-9a51-0d4f0c9d9f01")
        #expect(
            guest["memory_static_max"]?.text == "\(128 << 20)" && guest["memory_dynamic_max"]?.text == "\(64 << 20)")
        #expect(guest["VCPUs_max"]?.text == "4" && guest["VCPUs_at_startup"]?.text == "2")
        #expect(guest["domain_type"]?.text == "hvm" && guest["HVM_boot_policy"]?.text == "BIOS order")
        let boot = Database.members(try #require(guest["HVM_boot_params"]))
        #expect(boot["order"]?.text == "dc" && boot["firmware"]?.text == "uefi")
        let platform = Database.members(try #require(guest["platform"]))
        #expect(platform["device-model"]?.text == "qemu-upstream-uefi" && platform["vga"]?.text == "std")
        #expect(Database.members(try #require(guest["VCPUs_params"]))["weight"]?.text == "512")
        #expect(guest["actions_after_crash"]?.text == "preserve" && platform["videoram"]?.text == "16")
    }

    @Test("PV and PVH guests are booted by pygrub", arguments: [("pv", pv), ("pvh", pvh)])
    func paravirtual(type: String, text: String) throws {
        let appliance = try Self.appliance(text + Self.disk)
        let guest = try Database(appliance.document).guest
        #expect(guest["domain_type"]?.text == type && guest["HVM_boot_policy"]?.text == "")
        #expect(guest["PV_bootloader"]?.text == "pygrub")
        #expect(appliance.notes.map(\.severity) == [.warning])
        // It reads what GRUB for Xen reads.
        let byGRUB = text.replacing("bootloader = 'pygrub'", with: "kernel = '/usr/lib/grub-xen/grub-x86_64-xen.bin'")
        #expect(try Database(Self.appliance(byGRUB + Self.disk).document).guest["PV_bootloader"]?.text == "pygrub")
    }

    @Test(
        "what has no form there, and without which the guest would not be, is an error",
        arguments: [
            (
                "type = 'pvh'\nname = 'g'\nmemory = 64\nkernel = '/k'\n",
                "4: \"kernel\" is /k, a file of this host, which an XVA archive cannot hold"
            ),
            (
                pv + "disk = ['/d,raw,xvda2,rw']\n",
                "4: the disk xvda2 is a partition to the guest; xapi gives its guests whole disks"
            ),
            (
                hvm + "disk = ['/d,qcow2,xvda,rw']\n",
                "4: the format qcow2 of the disk xvda has no form in an XVA archive"
            ),
            (
                hvm + "disk = ['/d,raw,xvda,rw,script=block-x']\n",
                "4: the script of the disk xvda has no form in an XVA archive"
            ),
            (
                hvm + "disk = ['/d,raw,xvda,rw,backend=s']\n",
                "4: the backend domain of the disk xvda has no form in an XVA archive"
            ),
            (
                hvm + "disk = ['/d,raw,xvda,rw', '/e,raw,hda,rw']\n",
                "4: the disk hda has the place of another one: xapi knows xvda, sda and hda as one disk"
            ),
            (hvm + "disk = ['/d,raw,xvdaa,rw']\n", "4: xapi cannot have a disk \"xvdaa\""),
            (hvm + "vif = ['backend=net1']\n", "4: the backend domain of vif 1 has no form in an XVA archive"),
            (hvm + "uuid = 'x'\n", "4: \"uuid\" is \"x\", no UUID"),
            (
                hvm + "disk = ['/d,raw,xvda,rw,specification=virtio']\n",
                "4: specification=virtio of the disk xvda has no form in an XVA archive"
            ),
            (
                hvm + "kernel = '/k'\n",
                "4: \"kernel\" is /k, a file of this host; xapi starts an HVM guest from its disk"
            ),
        ])
    func refuses(text: String, message: String) throws {
        let errors = try Self.appliance(text).notes.filter { $0.severity == .error }
        #expect(errors.map { "\($0.position?.line ?? 0): \($0.message)" } == [message])
    }

    @Test("what xapi would not start is written so that it does, and said")
    func startable() throws {
        let crash = try Self.appliance(Self.hvm + "on_crash = 'coredump-restart'\n")
        #expect(try Database(crash.document).guest["actions_after_crash"]?.text == "restart")
        #expect(
            crash.notes.map(\.message) == [
                "\"on_crash\" is \"coredump-restart\", which has no form in an XVA archive: restart stands there"
            ])
        let pv = try Self.appliance(Self.pv + "on_crash = 'coredump-restart'\n")
        #expect(try Database(pv.document).guest["actions_after_crash"]?.text == "coredump_and_restart")
        let nested = try Self.appliance(Self.hvm + "maxmem = 128\nnestedhvm = 1\n")
        let guest = try Database(nested.document).guest
        for field in ["memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_static_min"] {
            #expect(guest[field]?.text == "\(128 << 20)")
        }
        #expect(nested.notes.count == 1)
        let capped = try Self.appliance(Self.hvm + "cap = '-1'\nvif = ['mtu=-5']\n")
        #expect(capped.notes.count == 2 && !capped.document.contains("-5"))
    }

    @Test("what is lost is said once for each key, and never a password")
    func lost() throws {
        let appliance = try Self.appliance(
            Self.hvm
                + "pci = ['01:00.0']\ncpus = '0-3'\nvncpasswd = 'secret'\npool = 'fast'\nmemori = 3\nxen_platform_pci = 1\n"
        )
        // What a PVHVM guest has from Domus is all there.
        let own = Self.hvm + "xen_platform_pci = 1\nvif = ['mac=00:16:3e:01:02:03,bridge=xenbr0,type=vif']\n"
        #expect(try Self.appliance(own + "serial = 'pty'\nvnc = 1\n" + Self.disk).notes.isEmpty)
        let text = appliance.notes.map { "\($0.position?.line ?? 0) \($0.severity) \($0.message)" }
        #expect(text.count == 5 && !text.joined().contains("secret"), "\(text)")
        #expect(!appliance.document.contains("secret"))
        #expect(text.contains("5 warning \"cpus\" names processors of this host, and has no form in an XVA archive"))
    }
}
