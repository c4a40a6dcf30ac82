import GuestModel
import Testing

@Suite("Pools of addresses")
struct AddressPoolTests {
    private func all(_ text: String, _ prefix: Int? = nil, except taken: Set<String> = []) throws -> [String] {
        try AddressPool(parsing: text, prefixLength: prefix).first(1000) { !taken.contains($0.description) }
            .map(\.description)
    }

    @Test("ranges, single addresses and lists are read in order")
    func reading() throws {
        #expect(
            try all("192.0.2.254-192.0.2.255/23, 198.51.100.7/24")
                == ["192.0.2.254/23", "192.0.2.255/23", "198.51.100.7/24"])
        #expect(try all("192.0.2.10 - 192.0.2.11/24") == ["192.0.2.10/24", "192.0.2.11/24"])
        #expect(
            try all("2001:db8::ffff-2001:db8::1:1") == ["2001:db8::ffff/64", "2001:db8::1:0/64", "2001:db8::1:1/64"])
        // None is given twice.
        #expect(try all("192.0.2.1-192.0.2.2/24\n192.0.2.2-192.0.2.3/24").count == 3)
    }

    @Test("xen-tools' file: comments, and what is marked as used")
    func fileOfXenTools() throws {
        let text = "# pool\n192.168.0.1\n192.168.0.2: used\n192.168.0.3 : used # web\n\n192.168.0.4\n"
        #expect(try all(text, 24) == ["192.168.0.1/24", "192.168.0.4/24"])
        // Also where it is within a range.
        #expect(try all("192.168.0.1-192.168.0.3\n192.168.0.2: used", 24) == ["192.168.0.1/24", "192.168.0.3/24"])
    }

    @Test("a network's own address and that of all its hosts are no guest's; the taken are passed over")
    func usable() throws {
        #expect(try all("192.0.2.0-192.0.2.3/30") == ["192.0.2.1/30", "192.0.2.2/30"])
        #expect(try all("192.0.2.0-192.0.2.1/31").count == 2)
        #expect(try all("192.0.2.1-192.0.2.3/24", except: ["192.0.2.2"]) == ["192.0.2.1/24", "192.0.2.3/24"])
        // A large network is not gone through beyond what is asked for.
        let pool = try AddressPool(parsing: "10.0.0.0-10.255.255.255/8", prefixLength: nil)
        #expect(pool.first(2) { _ in true }.map(\.description) == ["10.0.0.1/8", "10.0.0.2/8"])
        // The last address of all has no next.
        #expect(try all("223.255.255.254-223.255.255.255/24") == ["223.255.255.254/24"])
    }

    @Test("an address is found again in its pool")
    func members() throws {
        let pool = try AddressPool(parsing: "192.0.2.10-192.0.2.20/24, 2001:db8::5", prefixLength: nil)
        for (text, expected) in [
            ("192.0.2.10", "192.0.2.10/24"), ("192.0.2.20", "192.0.2.20/24"), ("192.0.2.21", nil), ("192.0.2.9", nil),
            ("2001:db8::5", "2001:db8::5/64"), ("2001:db8::6", nil),
        ] as [(String, String?)] {
            #expect(try pool.member(IPAddress(parsing: text))?.description == expected, "\(text)")
        }
    }

    @Test(
        "what is no pool is refused, with the reason",
        arguments: [
            ("", "no address in the pool"), ("# nothing\n", "no address in the pool"), ("192.0.2.300/24", "not an IP"),
            ("192.0.2.1-192.0.2.2-192.0.2.3/24", "no range of addresses"), ("192.0.2.9-192.0.2.1/24", "ends before"),
            ("192.0.2.1-2001:db8::1", "ends before"), ("192.0.2.1-192.0.3.1/24", "beyond one network of 24 bits"),
            ("192.0.2.1-192.0.2.2", "network of 192.0.2.1-192.0.2.2 is not known"), ("192.0.2.1/x", "no number"),
            ("192.0.2.1/33", "beyond one network"), ("192.0.2.1/0", "beyond one network"), ("web: used", "not an IP"),
        ])
    func refused(text: String, message: String) {
        let error = #expect(throws: ValueError.self) { try AddressPool(parsing: text, prefixLength: nil) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}
