/// An address with the length of its network's prefix, as an interface has it.
package struct InterfaceAddress: Hashable, Sendable, Codable, CustomStringConvertible {
    package let address: IPAddress
    /// Bits of the network part: 1 to 32 for IPv4, 1 to 128 for IPv6.
    package let prefixLength: Int

    /// - Throws: ``ValueError`` when no interface may have the address, the prefix does not fit the family, or the
    ///   address is the network's own or its broadcast address.
    package init(_ address: IPAddress, prefixLength: Int) throws(ValueError) {
        guard address.isAssignable else {
            throw ValueError("\(address) cannot be an interface's address: it is reserved")
        }
        let bits = address.isIPv4 ? 32 : 128
        guard (1...bits).contains(prefixLength) else {
            throw ValueError("\(address)/\(prefixLength): a prefix has 1 to \(bits) bits here")
        }
        self.address = address
        self.prefixLength = prefixLength
        // Networks of 31 and 32 bits have neither (RFC 3021).
        guard address.isIPv4, prefixLength < 31 else { return }
        if address.octets == Self.masked(address, prefixLength) {
            throw ValueError(
                "\(address)/\(prefixLength) is a whole network, not an address in it",
                hint: "write the address of the guest itself"
            )
        }
        if let broadcast, address == broadcast {
            throw ValueError(
                "\(address)/\(prefixLength) is the broadcast address of its network",
                hint: "check the prefix or netmask"
            )
        }
    }

    /// Whether the network is this one address.
    package var isHostRoute: Bool { prefixLength == (address.isIPv4 ? 32 : 128) }

    /// Whether another address is in the same network.
    package func contains(_ other: IPAddress) -> Bool {
        guard other.isIPv4 == address.isIPv4 else { return false }
        return Self.masked(other, prefixLength) == Self.masked(address, prefixLength)
    }

    /// The netmask in dotted form; nil for IPv6, which has none.
    package var netmask: IPAddress? {
        guard address.isIPv4 else { return nil }
        return .v4(Self.masked(.v4([255, 255, 255, 255]), prefixLength))
    }

    /// The network's broadcast address; nil for IPv6, which has none.
    package var broadcast: IPAddress? {
        guard address.isIPv4, let netmask else { return nil }
        return .v4(zip(address.octets, netmask.octets).map { $0 | ~$1 })
    }

    /// The prefix length that a dotted netmask stands for.
    ///
    /// - Throws: ``ValueError`` for a mask with a hole, such as 255.255.0.255.
    package static func prefixLength(ofNetmask text: String) throws(ValueError) -> Int {
        guard case .v4(let octets)? = try? IPAddress(parsing: text) else {
            throw ValueError("\"\(text)\" is not a netmask", hint: "write it as 255.255.255.0")
        }
        let mask = octets.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard mask != 0, mask.leadingZeroBitCount == 0, (~mask).leadingZeroBitCount + (~mask).nonzeroBitCount == 32
        else {
            throw ValueError("\"\(text)\" is not a netmask: its ones are not all in front")
        }
        return mask.nonzeroBitCount
    }

    package var description: String { "\(address)/\(prefixLength)" }

    static func masked(_ address: IPAddress, _ length: Int) -> [UInt8] {
        address.octets.enumerated().map { index, octet in
            let bits = min(max(length - index * 8, 0), 8)
            return octet & (bits == 0 ? 0 : UInt8(truncatingIfNeeded: 0xFF << (8 - bits)))
        }
    }
}

extension InterfaceAddress {
    private enum CodingKeys: CodingKey {
        case address, prefixLength
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            container.decode(IPAddress.self, forKey: .address),
            prefixLength: container.decode(Int.self, forKey: .prefixLength)
        )
    }
}
