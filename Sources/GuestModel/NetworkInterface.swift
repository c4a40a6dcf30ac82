/// How an interface comes by its addresses.
package enum AddressConfiguration: Hashable, Sendable, Codable {
    case dhcp
    /// Fixed addresses, the first one being the guest's own; never empty.
    case fixed([InterfaceAddress])
    /// Up, and without an address: what the guest bridges, tags or tunnels over. Never the guest's first interface.
    case unaddressed
}

/// A network interface of the guest and the vif that backs it.
package struct NetworkInterface: Hashable, Sendable, Codable {
    package let mac: MACAddress
    /// The bridge in dom0; nil leaves it to the toolstack's default (xl-network-configuration(5)).
    package let bridge: String?
    /// The name of the vif in dom0; nil leaves it to the toolstack.
    package let vifName: String?
    package let addresses: AddressConfiguration
    package let gateway: IPAddress?
    package let gateway6: IPAddress?
    package let broadcast: IPAddress?
    /// Empty: the guest uses what DHCP gives, or a copy of the host's.
    package let nameservers: [IPAddress]
    /// What else the vif is told, in its own words and in their order: `rate=10Mb/s`, `script=vif-route`.
    package let parameters: [String]

    package init(
        mac: MACAddress,
        bridge: String? = nil,
        vifName: String? = nil,
        addresses: AddressConfiguration,
        gateway: IPAddress? = nil,
        gateway6: IPAddress? = nil,
        broadcast: IPAddress? = nil,
        nameservers: [IPAddress] = [],
        parameters: [String] = []
    ) {
        self.mac = mac
        self.bridge = bridge
        self.vifName = vifName
        self.addresses = addresses
        self.gateway = gateway
        self.gateway6 = gateway6
        self.broadcast = broadcast
        self.nameservers = nameservers
        self.parameters = parameters
    }

    /// Most interfaces that one guest may have.
    package static let limit = 8

    package var usesDHCP: Bool { addresses == .dhcp }

    /// The fixed addresses; empty with DHCP and without any.
    package var fixedAddresses: [InterfaceAddress] {
        if case .fixed(let addresses) = addresses { addresses } else { [] }
    }

    /// Checks a name of an interface in dom0, such as a bridge: IFNAMSIZ of Linux leaves 15 bytes.
    package static func checkInterfaceName(_ name: String, what: String) throws(ValueError) {
        let valid =
            (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0)
            }
        guard valid else {
            throw ValueError(
                "\"\(name)\" is not the name of a \(what)",
                hint: "1 to 15 letters, digits, dots, hyphens or underscores"
            )
        }
    }
}
