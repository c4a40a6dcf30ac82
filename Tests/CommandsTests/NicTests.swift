import GuestModel
import LinuxHost
import Settings
import Synchronization
import Testing

@testable import Commands

/// The interfaces after the first: what `--nic` takes, and what it refuses.
@Suite("Further interfaces")
struct NicTests {
    /// All interfaces of a guest with these options: `nic`, and those of the first, which is 192.0.2.10 with a gateway
    /// for IPv4.
    private func interfaces(
        _ nics: [String], first: [String: String] = ["ip": "192.0.2.10/24", "gateway": "192.0.2.1", "vifname": "t1.0"],
        hostname: String = "t1", at place: Place = .option("nic")
    ) throws -> [NetworkInterface] {
        let values = Values(layers: [
            .init(
                entries: first.map { (key: $0.key, value: $0.value, place: .option($0.key)) }
                    + nics.map { (key: "nic", value: $0, place: place) })
        ])
        let hostname = try Hostname(hostname)
        let random = Bytes()
        var notes: [String] = []
        let own = try NetworkBuilder(values: values)
            .build(hostname: hostname, dist: "bookworm", random: random, notes: &notes)
        let builder = NicBuilder(values: values, hostname: hostname, dist: "bookworm", random: random)
        return [own] + (try builder.build(beside: own))
    }

    @Test("have what their words say, each in its place")
    func words() throws {
        let all = try interfaces([
            "bridge=xenbr1,vifname=t1.1,mac=00:16:3e:00:00:02,ip=198.51.100.10/24,ip=2001:db8::10,gateway=2001:db8::1",
            "dhcp,bridge=xenbr2", "bridge=xenbr3",
        ])
        #expect(all.map(\.bridge) == [nil, "xenbr1", "xenbr2", "xenbr3"])
        #expect(all[1].vifName == "t1.1")
        #expect(all[1].mac.description == "00:16:3E:00:00:02")
        #expect(all[1].fixedAddresses.map(\.description) == ["198.51.100.10/24", "2001:db8::10/64"])
        #expect(all[1].gateway == nil)
        #expect(all[1].gateway6?.description == "2001:db8::1")
        #expect(all[2].addresses == .dhcp)
        #expect(all[3].addresses == .unaddressed)
    }

    @Test("may have the gateway where the first has none of that family, or only that of a lease")
    func gateway() throws {
        let nic = ["ip=198.51.100.10/24,gateway=198.51.100.1"]
        #expect(try interfaces(nic, first: ["ip": "192.0.2.10/24"])[1].gateway?.description == "198.51.100.1")
        let lease = try interfaces(nic, first: ["dhcp": "1", "gateway": "192.0.2.1"])
        #expect(lease[1].gateway?.description == "198.51.100.1")
    }

    @Test("have Ethernet addresses that stay the same and differ, and leave the first one's as it was")
    func madeAddresses() throws {
        let nics = [String](repeating: "dhcp", count: NetworkInterface.limit - 1)
        let all = try interfaces(nics, first: ["dhcp": "1"]).map(\.mac.description)
        #expect(Set(all).count == NetworkInterface.limit)
        // As in the log of a real run of xen-tools.
        #expect(all[0] == "00:16:3E:99:7B:CC")
        // A guest that is made again keeps its leases: this one may not change either.
        #expect(all[1] == "00:16:3E:6E:49:CE")
        #expect(try interfaces(nics, first: ["dhcp": "1"]).map(\.mac.description) == all)
        #expect(try interfaces(nics, first: ["dhcp": "1"], hostname: "t2")[1].mac.description != all[1])
    }

    @Test("keep clear of an Ethernet address that a later one is given")
    func collision() throws {
        let made = try interfaces(["dhcp"], first: ["dhcp": "1"])[1].mac
        let all = try interfaces(["dhcp", "mac=\(made)"], first: ["dhcp": "1"])
        #expect(all[2].mac == made)
        #expect(all[1].mac != made)
    }

    @Test("have random Ethernet addresses with --randommac, but for one that is given")
    func random() throws {
        let all = try interfaces(["dhcp", "mac=00:16:3e:00:00:02"], first: ["dhcp": "1", "randommac": "1"])
        #expect(all.map(\.mac.description) == ["00:16:3E:01:01:01", "00:16:3E:02:02:02", "00:16:3E:00:00:02"])
    }

    @Test("stand in one value of a file with blanks between them; what is wrong there is told with its line")
    func file() throws {
        let place = Place.file(Origin(file: "/etc/xen-tools/xen-tools.conf", line: 3))
        let bridges = try interfaces(["bridge=xenbr1,dhcp \tbridge=xenbr2"], at: place).map(\.bridge)
        #expect(bridges == [nil, "xenbr1", "xenbr2"])
        let error = try #require(throws: OptionError.self) { try interfaces(["bogus"], at: place) }
        #expect(error.message == "/etc/xen-tools/xen-tools.conf, line 3: in \"bogus\": \"bogus\" is not known")
        #expect(error.exit == .configuration)
    }

    @Test(
        "are refused where they cannot be",
        arguments: [
            ("bogus", "\"bogus\" is not known"), ("mtx=1500", "\"mtx=1500\" is not known"),
            ("dhcp=1", "\"dhcp=1\" is not known"), ("bridge=", "bridge= has no value"),
            ("ip=,dhcp", "ip= has no value"),
            ("dhcp,", "nothing between two commas"), ("bridge=a, dhcp", "nothing between two commas"),
            ("dhcp,dhcp", "dhcp is given twice"), ("bridge=a,bridge=a", "bridge= is given twice"),
            ("mac=00:16:3e:00:00:01,mac=00:16:3e:00:00:02", "mac= is given twice"),
            ("vifname=a,vifname=b", "vifname= is given twice"),
            ("ip=198.51.100.5/24,gateway=198.51.100.1,gateway=198.51.100.2", "gateway= is given twice"),
            ("bridge=a/b", "\"a/b\" is not the name of a bridge"),
            ("vifname=a-name-that-is-too-long", "is not the name of a virtual interface"),
            ("mac=zz", "\"zz\" is not a MAC address"), ("ip=198.51.100.300/24", "is not an IP address"),
            ("ip=198.51.100.5", "the network of 198.51.100.5 is not known"),
            ("ip=198.51.100.0/24", "is a whole network"), ("ip=198.51.100.5/33", "a prefix has 1 to 32 bits"),
            ("dhcp,ip=198.51.100.5/24", "an interface with dhcp has no fixed address (198.51.100.5/24)"),
            ("dhcp,gateway=198.51.100.1", "goes with an address of the interface's own"),
            ("gateway=198.51.100.1", "goes with an address of the interface's own"),
            ("ip=198.51.100.5/24,gateway=203.0.113.1", "the gateway 203.0.113.1 is in none of the guest's networks"),
        ])
    func mistakes(nic: String, message: String) throws {
        let error = try #require(throws: OptionError.self) { try interfaces([nic]) }
        #expect(error.message.hasPrefix("--nic: in \"\(nic.prefix { $0 != " " })\": "), "\(error.message)")
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.exit == .usage)
    }

    @Test(
        "are refused what another interface has",
        arguments: [
            (["mac=00:16:3e:00:00:01", "mac=00:16:3E:00:00:01"], "the MAC address 00:16:3E:00:00:01 is that of"),
            (["vifname=t1.0"], "the name t1.0 is that of another interface"),
            (["vifname=t1.1", "vifname=t1.1"], "the name t1.1 is that of another interface"),
            (["ip=192.0.2.10/25"], "the address 192.0.2.10 is given twice"),
            (["ip=2001:db8::1,ip=2001:db8:0::1"], "the address 2001:db8::1 is given twice"),
            (["ip=198.51.100.5/24,gateway=198.51.100.1"], "192.0.2.1 and 198.51.100.1 would be two default routes"),
            (
                ["ip=2001:db8::5,gateway=2001:db8::1", "ip=2001:db8:1::5,gateway=2001:db8:1::1"],
                "2001:db8::1 and 2001:db8:1::1 would be two default routes"
            ),
            ([String](repeating: "dhcp", count: 8), "a guest can have 8 interfaces; these would be 9"),
        ])
    func shared(nics: [String], message: String) throws {
        let error = try #require(throws: OptionError.self) { try interfaces(nics) }
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.exit == .usage)
    }

    @Test("are refused the Ethernet address that the first one has by its name")
    func firstAddress() throws {
        let own = try interfaces([])[0].mac
        let error = try #require(throws: OptionError.self) { try interfaces(["mac=\(own)"]) }
        #expect(error.message == "--nic: the MAC address \(own) is that of another interface of the guest")
    }

    /// Ones the first time, twos the second.
    private final class Bytes: RandomSource {
        private let calls = Mutex(UInt8(0))

        func bytes(_ count: Int) -> [UInt8] {
            [UInt8](
                repeating: calls.withLock { calls in
                    calls += 1
                    return calls
                }, count: count)
        }
    }
}
