import FakeHost
import GuestModel
import Storage
import SystemPackage
import Tailoring
import Testing

/// The paths that hooks are told, for tests.
let samplePaths = HookEnvironment.Paths(
    hookDirectory: "/hooks", scratch: "/site/scratch", authorizedKeys: nil, skeleton: nil,
    resolverConfiguration: "/site/scratch/resolv.conf", hostResolver: "/etc/resolv.conf")

func sampleEnvironment(_ spec: GuestSpec) -> HookEnvironment {
    HookEnvironment(
        spec, plan: Sample.valid { try DiskPlan(spec.storage, of: spec.hostname) },
        identifiers: ["swap": "SWAP-UUID", "disk": "ROOT-UUID"], paths: samplePaths)
}

@Suite("What hooks find in their environment")
struct HookEnvironmentTests {
    private func variables(_ change: (inout GuestSpec) -> Void = { _ in }) -> [String: String] {
        sampleEnvironment(Sample.guest(change: change)).variables
    }

    @Test("a guest with DHCP has dhcp=1 and no address")
    func dhcp() {
        let variables = variables()
        #expect(variables["dhcp"] == "1")
        for name in ["ip_count", "ip1", "netmask", "broadcast", "gateway", "nameserver"] {
            #expect(variables[name] == nil, "\(name)")
        }
    }

    @Test("a guest with addresses has no dhcp at all, not even dhcp=0")
    func fixed() {
        let variables = variables { spec in
            spec.interface = NetworkInterface(
                mac: MACAddress(xen: (1, 2, 3)),
                addresses: .fixed([
                    Sample.address("192.0.2.10", 24), Sample.address("2001:db8::10", 64),
                ]), gateway: Sample.address("192.0.2.1"), gateway6: Sample.address("2001:db8::1"),
                broadcast: Sample.address("192.0.2.255"),
                nameservers: [Sample.address("192.0.2.53"), Sample.address("2001:db8::53")])
        }
        #expect(variables["dhcp"] == nil)
        let expected = [
            "ip_count": "2", "ip1": "192.0.2.10", "prefix1": "24", "ip2": "2001:db8::10", "prefix2": "64",
            "netmask": "255.255.255.0", "broadcast": "192.0.2.255", "gateway": "192.0.2.1",
            "gateway6": "2001:db8::1", "nameserver": "192.0.2.53 2001:db8::53", "mac": "00:16:3E:01:02:03",
        ]
        for (name, value) in expected { #expect(variables[name] == value, "\(name)") }
    }

    @Test("every interface is told by its number, and xen-tools' variables are of the first alone")
    func interfaces() {
        let variables = variables { spec in
            spec.furtherInterfaces = [
                NetworkInterface(
                    mac: MACAddress(xen: (1, 2, 3)), bridge: "xenbr1", vifName: "web1.1",
                    addresses: .fixed([Sample.address("198.51.100.10", 24), Sample.address("2001:db8::10", 64)]),
                    gateway: Sample.address("198.51.100.1"), gateway6: Sample.address("2001:db8::1")),
                NetworkInterface(mac: MACAddress(xen: (1, 2, 4)), addresses: .unaddressed),
            ]
        }
        let expected = [
            "DOMUS_NICS": "3",
            "DOMUS_NIC_MAC1": "00:16:3E:12:34:56", "DOMUS_NIC_BRIDGE1": "xenbr0", "DOMUS_NIC_DHCP1": "1",
            "DOMUS_NIC_MAC2": "00:16:3E:01:02:03", "DOMUS_NIC_BRIDGE2": "xenbr1", "DOMUS_NIC_VIFNAME2": "web1.1",
            "DOMUS_NIC_IPS2": "198.51.100.10/24 2001:db8::10/64",
            "DOMUS_NIC_GATEWAYS2": "198.51.100.1 2001:db8::1", "DOMUS_NIC_MAC3": "00:16:3E:01:02:04",
        ]
        #expect(variables.filter { $0.key.hasPrefix("DOMUS_NIC") } == expected)
        #expect(variables["mac"] == "00:16:3E:12:34:56")
        #expect(variables["dhcp"] == "1")
        #expect(variables["ip1"] == nil && variables["gateway"] == nil)
    }

    @Test("no password is ever among them, whatever the choice")
    func password() {
        for choice in [PasswordChoice.given(Sample.secret("s3cret")), .generated(length: 8), .unchanged] {
            let variables = variables { $0.tailoring.rootPassword = choice }
            #expect(!variables.values.contains { $0.contains("s3cret") || $0.contains("(secret)") })
            #expect(!variables.keys.contains { $0.lowercased().contains("pass") })
        }
    }

    @Test("the partitions are described as xen-tools describes them")
    func partitions() {
        let variables = variables()
        #expect(variables["NUMPARTITIONS"] == "2")
        #expect(variables["PARTITION1"] == "swap:128M:swap::sw:file::/srv/xen/domains/web1/swap.img")
        #expect(
            variables["PARTITION2"]
                == "disk:1G:ext4:/:noatime,nodiratime,errors=remount-ro:file::/srv/xen/domains/web1/disk.img")
        #expect(variables["PARTITION_UUID1"] == "SWAP-UUID")
        #expect(variables["PARTITION_UUID2"] == "ROOT-UUID")
        #expect(variables["PARTITION_DEVICE1"] == "xvda1")
        #expect(variables["PARTITION_DEVICE2"] == "xvda2")
        #expect(variables["swap"] == "128M")
        #expect(variables["noswap"] == nil)
    }

    @Test("of a guest on volumes the group, the pool and the devices")
    func volumes() throws {
        let group = try VolumeGroupName("vg0")
        let plain = variables { $0.storage.home = .volumes(group, pool: nil, wiping: true) }
        #expect(plain["lvm"] == "vg0" && plain["lvm_thin"] == nil)
        #expect(plain["PARTITION1"] == "swap:128M:swap::sw:phy::/dev/vg0/web1-swap")
        let pool = try VolumeName("pool")
        #expect(variables { $0.storage.home = .volumes(group, pool: pool, wiping: true) }["lvm_thin"] == "pool")
        #expect(variables()["lvm"] == nil)
    }

    @Test("without swap there is noswap")
    func noSwap() {
        let variables = variables { $0.storage.partitions = [Sample.partition("disk", 1024)] }
        #expect(variables["noswap"] == "1")
        #expect(variables["swap"] == nil)
        #expect(variables["PARTITION_DEVICE1"] == "xvda1")
    }

    @Test("keys that Domus does not know are handed on")
    func unknown() {
        let variables = variables { $0.tailoring.extraVariables = ["colour": "blue", "_x1": "y", "mac": "theirs"] }
        #expect(variables["colour"] == "blue")
        #expect(variables["_x1"] == "y")
        // What Domus says itself wins.
        #expect(variables["mac"] == "00:16:3E:12:34:56")
    }

    @Test(
        "a key that would change how hooks run, or is no variable's name, is not",
        arguments: [
            "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "IFS", "HOME", "SHELL", "password", "1st",
            "a-b",
            "a b", "", "BASH_FUNC_ls%%", "ä",
        ])
    func dangerous(key: String) {
        #expect(variables { $0.tailoring.extraVariables = [key: "theirs"] }[key] != "theirs")
    }

    @Test(
        "what the guest is not to have is not set",
        arguments: [
            "pygrub", "kernel", "initrd", "modules", "maxmem", "accounts", "copyhosts", "verbose", "role", "role_args",
            "apt_proxy", "DOMUS_ARCHIVED", "DOMUS_UNVERIFIED", "DOMUS_KEYRING", "DOMUS_SSH_KEYS", "DOMUS_SKEL",
            "vifname",
        ])
    func unset(name: String) {
        #expect(variables()[name] == nil)
    }

    @Test(
        "what the guest has is set",
        arguments: [
            ("hostname", "web1"), ("dist", "bookworm"), ("arch", "amd64"), ("memory", "512"), ("vcpus", "1"),
            ("bridge", "xenbr0"), ("fs", "ext4"), ("size", "1G"), ("dir", "/srv/xen"), ("image", "sparse"),
            ("mirror", "http://mirror.example/debian"), ("install_method", "mmdebstrap"), ("serial_device", "hvc0"),
            ("disk_device", "xvda"), ("DOMUS_INSTALL_KERNEL", "1"), ("DOMUS_BOOT_TYPE", "pvh"),
            ("DOMUS_DISTRIBUTION", "debian"), ("DOMUS_CODENAME", "bookworm"), ("DOMUS_COMPONENTS", "main"),
            ("DOMUS_UPDATES_SUITE", "bookworm-updates"), ("DOMUS_SECURITY_SUITE", "bookworm-security"),
            ("DOMUS_HOOK_DIR", "/hooks"), ("DOMUS_RESOLV_CONF", "/site/scratch/resolv.conf"), ("LC_ALL", "C"),
            ("TMPDIR", "/site/scratch"),
        ])
    func set(name: String, value: String) {
        #expect(variables()[name] == value)
    }

    @Test(
        "only a keyring that the guest does not bring itself is handed on",
        arguments: [
            ([FilePath("/usr/share/keyrings/debian-archive-keyring.gpg")], nil),
            ([FilePath("/usr/share/keyrings/debian-archive-keyring.pgp")], nil),
            ([FilePath("/root/mine.gpg")], "/root/mine.gpg" as String?),
            ([FilePath("/a/debian-archive-keyring.gpg"), FilePath("/a/debian-archive-removed-keys.gpg")], nil),
        ])
    func keyring(keyrings: [FilePath], expected: String?) {
        #expect(variables { $0.install.keyrings = keyrings }["DOMUS_KEYRING"] == expected)
    }
}
