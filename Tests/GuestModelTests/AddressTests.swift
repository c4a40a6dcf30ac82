import Foundation
import Testing

@testable import GuestModel

@Suite("MAC address")
struct MACAddressTests {
    @Test(
        "six octets in either case are printed in upper case",
        arguments: [
            ("00:16:3e:12:34:56", "00:16:3E:12:34:56"), ("00:16:3E:FF:00:0a", "00:16:3E:FF:00:0A"),
            ("02:00:00:00:00:01", "02:00:00:00:00:01"), ("fe:ff:ff:ff:ff:ff", "FE:FF:FF:FF:FF:FF"),
        ]
    )
    func accepts(text: String, printed: String) throws {
        let address = try MACAddress(parsing: text)
        #expect(address.description == printed)
        #expect(try MACAddress(parsing: printed) == address)
    }

    @Test(
        "other forms are refused",
        arguments: [
            "", "00:16:3e:12:34", "00:16:3e:12:34:56:78", "00-16-3e-12-34-56", "0016.3e12.3456", "00163e123456",
            "0:16:3e:12:34:56", "000:16:3e:12:34:56", "00:16:3e:12:34:5g", "+0:16:3e:12:34:56", "00:16:3e:12:34:-1",
            " 00:16:3e:12:34:56", "00:16:3e:12:34:56 ", "00:16:3e:12:34:56\n", "00::16:3e:12:34", ":00:16:3e:12:34",
            "٠:16:3e:12:34:56",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try MACAddress(parsing: text) }
        #expect(error.message.contains("\"\(text)\""))
        #expect(error.hint != nil)
    }

    @Test("a group address is refused", arguments: ["01:16:3e:12:34:56", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"])
    func refusesGroups(text: String) throws {
        let error = try #require(throws: ValueError.self) { try MACAddress(parsing: text) }
        #expect(error.message.contains("multicast"))
    }

    @Test("the address of zeros, which xl takes for none, is refused")
    func refusesZeros() {
        #expect(throws: ValueError.self) { try MACAddress(parsing: "00:00:00:00:00:00") }
    }

    @Test("Xen's prefix stands in front of three octets")
    func xen() {
        #expect(MACAddress(xen: (0x99, 0x7B, 0xCC)).description == "00:16:3E:99:7B:CC")
    }

    @Test("an address survives being encoded, and a wrong one is not decoded")
    func coding() throws {
        let address = MACAddress(xen: (1, 2, 3))
        #expect(try JSONDecoder().decode([MACAddress].self, from: JSONEncoder().encode([address])) == [address])
        #expect(throws: (any Error).self) { try JSONDecoder().decode([MACAddress].self, from: Data(#"["01:2"]"#.utf8)) }
    }
}

@Suite("IP address")
struct IPAddressTests {
    @Test(
        "both families are read, and printed in the shortest notation",
        arguments: [
            ("192.0.2.10", "192.0.2.10", true), ("0.0.0.0", "0.0.0.0", true),
            ("255.255.255.255", "255.255.255.255", true),
            ("2001:db8::10", "2001:db8::10", false), ("2001:DB8:0:0:0:0:0:10", "2001:db8::10", false),
            ("::", "::", false),
            ("::1", "::1", false), ("fe80::1", "fe80::1", false), ("::ffff:192.0.2.1", "::ffff:192.0.2.1", false),
        ]
    )
    func accepts(text: String, printed: String, isIPv4: Bool) throws {
        let address = try IPAddress(parsing: text)
        #expect(address.description == printed)
        #expect(address.isIPv4 == isIPv4)
        #expect(address.octets.count == (isIPv4 ? 4 : 16))
        #expect(try IPAddress(parsing: printed) == address)
    }

    @Test(
        "what is not one is refused and quoted",
        arguments: [
            "", "auto", "192.0.2", "192.0.2.1.1", "192.0.2.256", "192.0.2.-1", "192.0.2.010", "0xC0.0.2.1",
            "3221225985",
            "192.0.2.1/24", " 192.0.2.1", "192.0.2.1 ", "192.0.2.1\n", "192.0.2.1\0", "192.0.2.1\0.evil",
            "2001:db8::1%eth0", "2001:db8::1\0x",
            ":::", "2001:db8::1::2", "[::1]", "12345::", "١٩٢.0.2.1",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try IPAddress(parsing: text) }
        #expect(error.message.contains("\"\(text)\""))
        #expect(error.hint != nil)
    }

    @Test(
        "reserved addresses cannot be an interface's",
        arguments: [
            "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
            "ff02::1", "::ffff:192.0.2.1",
        ]
    )
    func reserved(text: String) throws {
        let address = try IPAddress(parsing: text)
        #expect(!address.isAssignable)
        #expect(throws: ValueError.self) { try InterfaceAddress(address, prefixLength: 8) }
    }

    @Test("an address survives being encoded, and a wrong one is not decoded")
    func coding() throws {
        let addresses = [try IPAddress(parsing: "192.0.2.1"), try IPAddress(parsing: "2001:db8::1")]
        #expect(try JSONDecoder().decode([IPAddress].self, from: JSONEncoder().encode(addresses)) == addresses)
        #expect(throws: (any Error).self) { try JSONDecoder().decode([IPAddress].self, from: Data(#"["x"]"#.utf8)) }
    }
}

@Suite("Interface address")
struct InterfaceAddressTests {
    @Test("every netmask without a hole is a prefix length, and comes back from it")
    func netmasks() throws {
        for length in 1...32 {
            let bits = length == 32 ? UInt32.max : ~(UInt32.max >> UInt32(length))
            let text = [24, 16, 8, 0].map { "\(bits >> UInt32($0) & 255)" }.joined(separator: ".")
            #expect(try InterfaceAddress.prefixLength(ofNetmask: text) == length)
            #expect(
                try InterfaceAddress(IPAddress(parsing: "10.85.170.85"), prefixLength: length).netmask?.description
                    == text
            )
        }
    }

    @Test(
        "what is no netmask is refused",
        arguments: [
            "255.255.0.255", "0.0.0.0", "0.255.255.255", "255.255.255.1", "254.255.0.0", "128.0.0.1", "24", "/24",
            "255.255.255", "", "ffff::", "255.255.255.0 ", "1.2.3.4",
        ]
    )
    func refusesNetmasks(text: String) throws {
        let error = try #require(throws: ValueError.self) { try InterfaceAddress.prefixLength(ofNetmask: text) }
        #expect(error.message.contains("netmask"))
    }

    @Test(
        "netmask, broadcast address and neighbours of a network",
        arguments: [
            ("192.0.2.10", 24, "255.255.255.0", "192.0.2.255", "192.0.2.254", "192.0.3.1"),
            ("10.1.2.3", 8, "255.0.0.0", "10.255.255.255", "10.9.9.9", "11.1.2.3"),
            ("192.0.2.10", 30, "255.255.255.252", "192.0.2.11", "192.0.2.9", "192.0.2.12"),
            ("192.0.2.10", 32, "255.255.255.255", "192.0.2.10", "192.0.2.10", "192.0.2.11"),
        ]
    )
    func network(
        address: String,
        length: Int,
        netmask: String,
        broadcast: String,
        inside: String,
        outside: String
    ) throws {
        let interface = try InterfaceAddress(IPAddress(parsing: address), prefixLength: length)
        #expect(interface.netmask?.description == netmask)
        #expect(interface.broadcast?.description == broadcast)
        #expect(interface.contains(try IPAddress(parsing: inside)))
        #expect(!interface.contains(try IPAddress(parsing: outside)))
        #expect(!interface.contains(try IPAddress(parsing: "2001:db8::1")))
        #expect("\(interface)" == "\(address)/\(length)")
    }

    @Test("IPv6 has prefixes, and neither netmask nor broadcast address")
    func version6() throws {
        let interface = try InterfaceAddress(IPAddress(parsing: "2001:db8:0:1::10"), prefixLength: 63)
        #expect(interface.netmask == nil && interface.broadcast == nil)
        #expect(interface.contains(try IPAddress(parsing: "2001:db8:0:0::1")))
        #expect(!interface.contains(try IPAddress(parsing: "2001:db8:0:2::1")))
    }

    @Test(
        "a prefix that does not fit the family is refused",
        arguments: [
            ("192.0.2.1", 0), ("192.0.2.1", 33), ("192.0.2.1", -1), ("2001:db8::1", 0), ("2001:db8::1", 129),
        ]
    )
    func prefixes(address: String, length: Int) throws {
        let parsed = try IPAddress(parsing: address)
        let error = try #require(throws: ValueError.self) { try InterfaceAddress(parsed, prefixLength: length) }
        #expect(error.message.contains("\(length)"))
    }

    @Test(
        "a network's own and its broadcast address are refused, where it has them",
        arguments: [
            ("192.0.2.0", 24, false), ("192.0.2.255", 24, false), ("192.0.2.0", 31, true), ("192.0.2.1", 31, true),
            ("192.0.2.0", 32, true), ("192.0.2.0", 23, false), ("192.0.3.0", 23, true), ("2001:db8::", 64, true),
        ]
    )
    func ends(address: String, length: Int, isFine: Bool) throws {
        let parsed = try IPAddress(parsing: address)
        #expect(((try? InterfaceAddress(parsed, prefixLength: length)) != nil) == isFine)
    }

    @Test("what could not be made cannot be decoded")
    func decoding() throws {
        let interface = try InterfaceAddress(IPAddress(parsing: "192.0.2.10"), prefixLength: 24)
        let encoded = try JSONEncoder().encode(interface)
        #expect(try JSONDecoder().decode(InterfaceAddress.self, from: encoded) == interface)
        for json in [#"{"address":"127.0.0.1","prefixLength":8}"#, #"{"address":"192.0.2.10","prefixLength":99}"#] {
            #expect(throws: (any Error).self) { try JSONDecoder().decode(InterfaceAddress.self, from: Data(json.utf8)) }
        }
    }
}
