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
    /// What the vif is told in words of its own: `rate=10Mb/s`.
    private(set) var parameters: [String] = []

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
            if Self.switches.contains(String(word)) || parts.count == 2 && Self.parameterKeys.contains(parts[0]) {
                try take(parameter: String(word))
                continue
            }
            guard parts.count == 2, Self.keys.contains(parts[0]) else {
                throw ValueError(
                    "\"\(word)\" is not known",
                    hint: "an interface has dhcp, \((Self.keys + Self.parameterKeys).joined(separator: "=, "))=")
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
    /// Those that the guest does not notice (xl-network-configuration(5)).
    private static let parameterKeys = [
        "model", "type", "rate", "script", "backend", "vlan", "mtu", "gatewaydev", "devid",
    ]
    private static let switches = ["trusted", "untrusted"]

    /// The parameters of an interface whose other words have options of their own.
    static func parameters(parsing text: String) throws(ValueError) -> [String] {
        let spec = try NicSpec(parsing: text)
        guard spec.bridge == nil, spec.mac == nil, spec.vifName == nil, spec.addresses == .unaddressed else {
            throw ValueError(
                "bridge, mac, vifname, ip and dhcp of the first interface are options of their own",
                hint: "here it has \(parameterKeys.joined(separator: "=, "))=")
        }
        return spec.parameters
    }

    private mutating func take(parameter: String) throws(ValueError) {
        let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard !parameters.contains(where: { $0.split(separator: "=").first.map(String.init) == parts[0] }) else {
            throw ValueError("\(parts[0])= is given twice")
        }
        if parts.count == 2 {
            let value = parts[1]
            guard !value.isEmpty else { throw ValueError("\(parts[0])= has no value") }
            guard value.utf8.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: "'") }) else {
                throw ValueError("\"\(value)\" cannot be the \(parts[0]) of an interface")
            }
            switch parts[0] {
            case "type" where !["ioemu", "vif"].contains(value):
                throw ValueError("\"\(value)\" is not a type of interface", hint: "write ioemu or vif")
            case "rate": try Self.checkRate(value)
            case "mtu", "devid":
                guard let number = Int(value), (0...65535).contains(number) else {
                    throw ValueError("\(parts[0])=\(value): that is no number from 0 to 65535")
                }
            case "vlan":
                // 12 bits (IEEE 802.1Q), of which the first and the last number are taken; or a list of them.
                for word in value.split(whereSeparator: { "/-".contains($0) }) {
                    guard let number = Int(word), (1...4094).contains(number) else {
                        throw ValueError("vlan=\(value): a VLAN has a number from 1 to 4094")
                    }
                }
            default: break
            }
        }
        parameters.append(parameter)
    }

    /// `10Mb/s`, `1GB/s@20ms` (libxlu_vif.c).
    private static func checkRate(_ text: String) throws(ValueError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        func isAmount(_ part: Substring, _ units: [String]) -> Bool {
            let digits = part.prefix { $0.isASCII && $0.isNumber }
            return (1...9).contains(digits.count) && units.contains(String(part.dropFirst(digits.count)))
        }
        let rates = ["b/s", "B/s", "Kb/s", "KB/s", "Mb/s", "MB/s", "Gb/s", "GB/s"]
        guard isAmount(parts[0], rates), parts.count == 1 || isAmount(parts[1], ["us", "ms", "s"]) else {
            throw ValueError("\"\(text)\" is not a rate", hint: "write 10Mb/s, or 1MB/s@20ms")
        }
    }

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
        parameters = interface.parameters
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
        return (words.compactMap(\.self) + parameters).joined(separator: ",")
    }
}
