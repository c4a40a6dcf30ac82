import GuestModel
import LinuxHost
import Settings
import SystemPackage
import Testing

@testable import Commands

/// The command line wins over every file, also where two options speak of one thing.
@Suite("Precedence")
struct PrecedenceTests {
    private static let file = Place.file(Origin(file: "/etc/xen-tools/xen-tools.conf", line: 3))

    private func values(_ commandLine: [String: String], _ file: [String: String]) -> Values {
        Values(layers: [
            .init(entries: commandLine.map { (key: $0.key, value: $0.value, place: .option($0.key)) }),
            .init(entries: file.map { (key: $0.key, value: $0.value, place: Self.file) }),
        ])
    }

    @Test("of several keys for one thing the stronger place decides, and the first key in one place")
    func strongest() throws {
        let keys = ["noswap", "swap"]
        #expect(values(["swap": "1G"], ["noswap": "1"]).strongest(of: keys)?.key == "swap")
        #expect(values([:], ["noswap": "1", "swap": "1G"]).strongest(of: keys)?.key == "noswap")
        #expect(values(["noswap": "1"], ["swap": "1G"]).strongest(of: keys)?.key == "noswap")
        #expect(values(["swap": ""], ["noswap": "1"]).strongest(of: keys)?.key == "noswap", "an empty value is none")
        #expect(values(["size": "1G"], [:]).strongest(of: keys) == nil)
    }

    @Test("--randommac wins over the mac of a file, and --mac over the randommac of one")
    func macAddress() throws {
        let hostname = try Hostname("t1")
        func mac(_ commandLine: [String: String], _ file: [String: String]) throws -> String {
            var notes: [String] = []
            return try NetworkBuilder(values: values(commandLine, file.merging(["dhcp": "1"]) { own, _ in own }))
                .build(hostname: hostname, dist: "bookworm", random: OneByte(), notes: &notes).mac.description
        }
        #expect(try mac(["randommac": "1"], ["mac": "00:16:3E:00:00:01"]) == "00:16:3E:2A:2A:2A")
        #expect(try mac(["mac": "00:16:3E:00:00:02"], ["randommac": "1"]) == "00:16:3E:00:00:02")
        #expect(try mac([:], ["randommac": "0", "mac": "00:16:3E:00:00:01"]) == "00:16:3E:00:00:01")
        // As in the log of a real run of xen-tools.
        #expect(try mac([:], ["randommac": "0"]) == "00:16:3E:99:7B:CC")
    }

    @Test("a gateway for IPv6 says nothing about that for IPv4, and each is the strongest place's")
    func gateways() throws {
        func interface(
            _ commandLine: [(String, String)], _ file: [String: String], notes: inout [String]
        ) throws -> NetworkInterface {
            let layers = Values(layers: [
                .init(entries: commandLine.map { (key: $0.0, value: $0.1, place: .option($0.0)) }),
                .init(entries: file.map { (key: $0.key, value: $0.value, place: Self.file) }),
            ])
            return try NetworkBuilder(values: layers).build(
                hostname: Hostname("t1"), dist: "bookworm", random: OneByte(), notes: &notes)
        }
        let file = ["gateway": "192.0.2.1", "gateway6": "2001:db8::fe", "netmask": "255.255.255.0"]
        var notes: [String] = []
        let both = try interface(
            [("ip", "192.0.2.5"), ("ip", "2001:db8::5/64"), ("gateway", "2001:db8::1")], file, notes: &notes)
        #expect(both.gateway?.description == "192.0.2.1" && both.gateway6?.description == "2001:db8::1")
        #expect(notes == [])
        // One of a file is for guests that can use it.
        let new = try interface([("ip", "2001:db8::5/64")], file, notes: &notes)
        #expect(new.gateway == nil && new.gateway6?.description == "2001:db8::fe")
        #expect(notes.count == 1 && notes.first?.contains("the gateway 192.0.2.1 is not this guest's") == true)
        #expect(throws: OptionError.self) {
            try interface([("ip", "2001:db8::5/64"), ("gateway", "192.0.2.1")], [:], notes: &notes)
        }
        #expect(throws: OptionError.self) {
            try interface(
                [("ip", "192.0.2.5/24"), ("gateway", "192.0.2.1"), ("gateway", "192.0.2.2")], [:], notes: &notes)
        }
    }

    @Test("an empty value on the command line is an error, and in a file it is none")
    func empty() throws {
        for key in ["dir", "bridge", "role", "gateway", "lvm"] {
            let error = #expect(throws: OptionError.self) { try values([key: ""], [key: "x"]).refuseEmptyOptions() }
            #expect(error?.message == "--\(key): the value is empty" && error?.exit == .usage)
            try values([:], [key: ""]).refuseEmptyOptions()
        }
        try values(["extension": "", "role-args": ""], [:]).refuseEmptyOptions()
    }

    @Test("commas stand between roles, and blanks do not")
    func roles() {
        #expect(TailoringBuilder.roleNames(in: " web , db,,a b/r") == ["web", "db", "a b/r"])
    }

    @Test("--base of a file is a wish for those guests that can be clones; on the command line it must be possible")
    func base() throws {
        func use(
            _ commandLine: [String: String], _ file: [String: String], pool: String?, kind: FileSystemKind = .ext4
        ) throws -> GuestSpec.Install.BaseUse {
            let home = GuestSpec.Storage.Home.volumes(
                try VolumeGroupName("vg0"), pool: try pool.map { try VolumeName($0) }, wiping: true)
            let root = try Partition(
                name: "disk", size: .gibibytes(1), content: .fileSystem(kind, mountPoint: "/"), mountOptions: "noatime")
            return try BaseBuilder(values: values(commandLine, file)).build(
                GuestSpec.Storage(directory: "/srv", home: home, partitions: [root]), method: .debootstrap)
        }
        #expect(try use([:], [:], pool: "pool") == .never)
        #expect(try use([:], ["base": "fresh"], pool: "pool") == .fresh)
        #expect(try use(["base": "none"], ["base": "fresh"], pool: "pool") == .never)
        #expect(try use([:], ["base": "fresh"], pool: nil) == .never)
        #expect(try use([:], ["base": "fresh"], pool: "pool", kind: .btrfs) == .never)
        #expect(throws: OptionError.self) { try use(["base": "fresh"], [:], pool: nil) }
        #expect(throws: OptionError.self) { try use([:], ["base": "often"], pool: "pool") }
    }

    private struct OneByte: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 42, count: count) }
    }
}
