import Glibc

/// An IPv4 or IPv6 address.
package enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Four octets.
    case v4([UInt8])
    /// Sixteen octets.
    case v6([UInt8])

    /// Reads an address in the usual notation of its family (inet_pton(3): four decimal octets, or RFC 4291).
    package init(parsing text: String) throws(ValueError) {
        if let octets = Self.octets(of: text, family: AF_INET, count: 4) {
            self = .v4(octets)
        } else if let octets = Self.octets(of: text, family: AF_INET6, count: 16) {
            self = .v6(octets)
        } else {
            throw ValueError("\"\(text)\" is not an IP address", hint: "write 192.0.2.10 or 2001:db8::10")
        }
    }

    package var isIPv4: Bool { if case .v4 = self { true } else { false } }

    /// The address as its octets, most significant first.
    package var octets: [UInt8] {
        switch self {
        case .v4(let octets), .v6(let octets): octets
        }
    }

    /// The shortest notation of the family (RFC 5952 for IPv6).
    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let octets = octets
        let family = isIPv4 ? AF_INET : AF_INET6
        guard inet_ntop(family, octets, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether an interface may have this address: not unspecified, loopback, multicast or broadcast, and not an
    /// IPv4 address in IPv6 notation (RFC 4291, 2.5.5), which never stands on a wire.
    package var isAssignable: Bool {
        switch self {
        case .v4(let octets):
            octets[0] != 0 && octets[0] != 127 && octets[0] < 224
        case .v6(let octets):
            octets[0] != 0xFF && !octets.prefix(10).allSatisfy { $0 == 0 }
        }
    }

    private static func octets(of text: String, family: Int32, count: Int) -> [UInt8]? {
        // C would stop reading at a NUL, and take what stands in front of it for the whole.
        guard !text.utf8.contains(0) else { return nil }
        var octets = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &octets) == 1 ? octets : nil
    }
}

extension IPAddress: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
