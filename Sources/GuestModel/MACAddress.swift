/// An Ethernet address of one interface: six octets, unicast.
package struct MACAddress: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The six octets in the order of transmission.
    package let octets: [UInt8]

    /// The three octets that the IEEE assigned to Xen.
    package static let xenPrefix: [UInt8] = [0x00, 0x16, 0x3E]

    /// An address with Xen's prefix.
    package init(xen suffix: (UInt8, UInt8, UInt8)) {
        octets = Self.xenPrefix + [suffix.0, suffix.1, suffix.2]
    }

    /// Reads `00:16:3e:12:34:56`, in either case.
    ///
    /// - Throws: ``ValueError`` for other forms, for group addresses, which no interface may have, and for the address
    ///   of zeros, which Linux refuses and libxl takes for none.
    package init(parsing text: String) throws(ValueError) {
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = groups.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard groups.count == 6, bytes.count == 6, !text.contains("+"), !text.contains("-") else {
            throw ValueError("\"\(text)\" is not a MAC address", hint: "write six octets: 00:16:3E:12:34:56")
        }
        guard bytes[0] & 1 == 0 else {
            throw ValueError(
                "\"\(text)\" is a multicast address: the first octet is odd",
                hint: "Xen's own prefix is 00:16:3E"
            )
        }
        guard bytes.contains(where: { $0 != 0 }) else {
            throw ValueError("\"\(text)\" is no address of an interface", hint: "Xen's own prefix is 00:16:3E")
        }
        octets = bytes
    }

    /// Upper case with colons, as xen-tools prints it.
    package var description: String {
        octets.map { octet in
            let digits = String(octet, radix: 16, uppercase: true)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined(separator: ":")
    }

    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
