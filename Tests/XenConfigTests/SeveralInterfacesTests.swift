import GuestModel
import Testing
import XenConfig

@Suite("A configuration with several interfaces")
struct SeveralInterfacesTests {
    private static let first = #"    "mac=00:16:3E:00:00:01,bridge=xenbr0","#
    private static let second = #"    "mac=00:16:3E:00:00:02,bridge=xenbr1","#

    private func guest() throws -> GuestConfiguration {
        try XenConfigTests.guest(interfaces: [
            NetworkInterface(mac: MACAddress(parsing: "00:16:3e:00:00:01"), bridge: "xenbr0", addresses: .dhcp),
            NetworkInterface(mac: MACAddress(parsing: "00:16:3e:00:00:02"), bridge: "xenbr1", addresses: .dhcp),
        ])
    }

    /// What is said of the configuration with other lines in its list of vifs.
    private func complaints(_ lines: [String]) throws -> [String] {
        let guest = try guest()
        let text = try guest.render(template: contents(of: templatePath), file: "xl.cfg.mustache").text
        let own = [Self.first, Self.second].joined(separator: "\n")
        #expect(text.contains(own))
        return guest.verify(text.replacing(own, with: lines.joined(separator: "\n"))).map(\.message)
    }

    @Test("is as it should be with all of them in their order")
    func whole() throws {
        #expect(try complaints([Self.first, Self.second]) == [])
    }

    @Test("is refused when one is missing, wherever it was")
    func missing() throws {
        let missing = "the interface with the MAC address 00:16:3E:00:00:0"
        #expect(try complaints([Self.first]) == ["\(missing)2 is missing"])
        #expect(try complaints([Self.second]) == ["\(missing)1 is missing"])
    }

    @Test("is refused when the guest would number them otherwise")
    func order() throws {
        #expect(
            try complaints([Self.second, Self.first]) == [
                "the interface 00:16:3E:00:00:01 is number 2 of the list; the guest knows it as number 1",
                "the interface 00:16:3E:00:00:02 is number 1 of the list; the guest knows it as number 2",
            ]
        )
    }

    @Test("is refused when one is there twice, or on the bridge of the other")
    func twice() throws {
        #expect(
            try complaints([Self.first, Self.second, Self.first]) == [
                "the interface 00:16:3E:00:00:01 is there 2 times"
            ]
        )
        #expect(
            try complaints([Self.first, Self.second.replacing("xenbr1", with: "xenbr0")]) == [
                "the interface 00:16:3E:00:00:02 is on the bridge xenbr0; xenbr1 was asked for"
            ]
        )
    }

    @Test("cannot be made with one MAC address for two")
    func sameAddress() throws {
        let interface = try NetworkInterface(mac: MACAddress(parsing: "00:16:3e:00:00:01"), addresses: .dhcp)
        let error = try #require(throws: XenConfigError.self) {
            try XenConfigTests.guest(interfaces: [interface, interface])
        }
        #expect(error.message.contains("two interfaces have the MAC address 00:16:3E:00:00:01"))
    }
}
