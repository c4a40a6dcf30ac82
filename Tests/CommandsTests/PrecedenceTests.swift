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
            try NetworkBuilder(values: values(commandLine, file.merging(["dhcp": "1"]) { own, _ in own }))
                .build(hostname: hostname, dist: "bookworm", random: OneByte()).mac.description
        }
        #expect(try mac(["randommac": "1"], ["mac": "00:16:3E:00:00:01"]) == "00:16:3E:2A:2A:2A")
        #expect(try mac(["mac": "00:16:3E:00:00:02"], ["randommac": "1"]) == "00:16:3E:00:00:02")
        #expect(try mac([:], ["randommac": "0", "mac": "00:16:3E:00:00:01"]) == "00:16:3E:00:00:01")
        // As in the log of a real run of xen-tools.
        #expect(try mac([:], ["randommac": "0"]) == "00:16:3E:99:7B:CC")
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
