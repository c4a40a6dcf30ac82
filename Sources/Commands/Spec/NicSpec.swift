import GuestModel

/// One interface after the guest's first, as `--nic` describes it: words with commas between them, in the manner of
/// xl-network-configuration(5). `bridge=xenbr1,ip=192.0.2.10/24,ip=2001:db8::10/64`.
struct NicSpec: Hashable {
    private(set) var bridge: String?
    private(set) var mac: MACAddress?
    private(set) var vifName: String?
    private(set) var addresses = AddressConfiguration.unaddressed
    private(set) var gateway: IPAddress?
    private(set) var gateway6: IPAddress?

    /// - Throws: ``ValueError`` for a word that is not known, has no value, stands twice or contradicts another.
    init(parsing text: String) throws(ValueError) {
        var own: [InterfaceAddress] = []
        var dhcp = false
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !word.isEmpty else {
                throw ValueError(
                    "there is nothing between two commas, or behind the last",
                    hint: "write no blanks: one begins the next interface")
            }
            if parts == ["dhcp"] {
                guard !dhcp else { throw ValueError("dhcp is given twice") }
                dhcp = true
                continue
            }
            guard parts.count == 2, Self.keys.contains(parts[0]) else {
                throw ValueError(
                    "\"\(word)\" is not known", hint: "an interface has dhcp, \(Self.keys.joined(separator: "=, "))=")
            }
            guard !parts[1].isEmpty else { throw ValueError("\(parts[0])= has no value") }
            try take(parts[0], parts[1], &own)
        }
        guard !dhcp || own.isEmpty else {
            throw ValueError(
                "an interface with dhcp has no fixed address (\(own[0]))", hint: "give dhcp or ip=, not both")
        }
        addresses = dhcp ? .dhcp : own.isEmpty ? .unaddressed : .fixed(own)
        for gateway in [gateway, gateway6].compactMap(\.self) {
            guard !own.isEmpty else {
                throw ValueError(
                    "the gateway \(gateway) goes with an address of the interface's own",
                    hint: dhcp ? "with dhcp the server names the router" : "give ip=, too")
            }
            try NetworkBuilder.checkGateway(gateway, of: own, hint: "see whether ip= is right")
        }
    }

    private static let keys = ["bridge", "mac", "vifname", "ip", "gateway"]

    private mutating func take(_ key: String, _ value: String, _ own: inout [InterfaceAddress]) throws(ValueError) {
        func once<Value>(_ old: Value?, _ new: Value) throws(ValueError) -> Value {
            guard old == nil else { throw ValueError("\(key)= is given twice") }
            return new
        }
        func name(_ what: String) throws(ValueError) -> String {
            try NetworkInterface.checkInterfaceName(value, what: what)
            return value
        }
        switch key {
        case "bridge": bridge = try once(bridge, name("bridge"))
        case "vifname": vifName = try once(vifName, name("virtual interface"))
        case "mac": mac = try once(mac, MACAddress(parsing: value))
        case "ip":
            own.append(try NetworkBuilder.address(value, netmask: nil, hint: "write ip=\(value)/24"))
        default:
            let address = try IPAddress(parsing: value)
            if address.isIPv4 {
                gateway = try once(gateway, address)
            } else {
                gateway6 = try once(gateway6, address)
            }
        }
    }
}

extension NicSpec {
    init(_ interface: NetworkInterface) {
        bridge = interface.bridge
        mac = interface.mac
        vifName = interface.vifName
        addresses = interface.addresses
        gateway = interface.gateway
        gateway6 = interface.gateway6
    }

    /// What `--nic` would be given.
    var text: String {
        var words = [bridge.map { "bridge=\($0)" }, mac.map { "mac=\($0)" }, vifName.map { "vifname=\($0)" }]
        switch addresses {
        case .dhcp: words.append("dhcp")
        case .fixed(let own): words += own.map { "ip=\($0)" }
        case .unaddressed: break
        }
        words += [gateway, gateway6].map { address in address.map { "gateway=\($0)" } }
        return words.compactMap(\.self).joined(separator: ",")
    }
}
