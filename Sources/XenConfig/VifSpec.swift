import GuestModel

/// A network interface as one string of xl's `vif` list describes it (xl-network-configuration(5)).
package struct VifSpec: Hashable, Sendable {
    package var mac: MACAddress?
    package var bridge: String?
    /// The name of the interface in dom0.
    package var vifName: String?
    /// What the hotplug script is told of the guest's addresses, separated by white space in the string.
    package var addresses: [String] = []
    package var script: String?
    package var model: String?
    /// `ioemu` or `vif`: with an emulated one beside it or without; nil leaves it to xl.
    package var type: String?
    /// Parameters that Domus has no use for, such as `rate`, as they are written.
    package var others: [String] = []
    /// What xl complains about and then ignores.
    package var complaints: [String] = []

    package init() {}

    /// The string in xl's syntax.
    package var text: String {
        var parts: [String] = []
        if let mac { parts.append("mac=\(mac)") }
        if let bridge { parts.append("bridge=\(bridge)") }
        if let vifName { parts.append("vifname=\(vifName)") }
        if !addresses.isEmpty { parts.append("ip=\(addresses.joined(separator: " "))") }
        if let script { parts.append("script=\(script)") }
        if let type { parts.append("type=\(type)") }
        if let model { parts.append("model=\(model)") }
        return (parts + others).joined(separator: ",")
    }

    private static let otherKeys: Set<String> = [
        "gatewaydev", "netdev", "backend", "rate", "devid", "mtu", "vlan", "accel", "forwarddev",
    ]

    /// Since when xl knows a parameter that it did not always know (parse_nic_config of xl_parse.c).
    private static let since: [String: XenVersion] = [
        "gatewaydev": XenVersion(4, 3), "devid": XenVersion(4, 9), "forwarddev": XenVersion(4, 7),
        "mtu": XenVersion(4, 15), "trusted": XenVersion(4, 17), "untrusted": XenVersion(4, 17),
        "vlan": XenVersion(4, 19),
    ]

    /// Reads a vif string. Never fails, because xl only complains about a parameter that it does not understand and
    /// starts the guest without it: see ``complaints``.
    package init(parsing text: String, for version: XenVersion = .newest) {
        for token in text.split(separator: ",") {
            let parameter = String(token.drop { $0 == " " })
            let word = String(parameter.prefix { $0 != "=" })
            if let since = Self.since[word], version < since {
                complaints.append("\(word) is a parameter of a vif since Xen \(since)")
            }
            guard let equals = parameter.firstIndex(of: "=") else {
                if ["trusted", "untrusted"].contains(parameter) {
                    others.append(parameter)
                } else if !parameter.isEmpty {
                    complaints.append("\"\(parameter)\" is not a parameter of a vif")
                }
                continue
            }
            let value = String(parameter[parameter.index(after: equals)...])
            let key = String(parameter[..<equals])
            switch key {
            case "mac":
                do { mac = try MACAddress(parsing: value) } catch { complaints.append("\(error)") }
            case "bridge": bridge = value
            case "vifname": vifName = value
            case "ip": addresses = value.split { $0 == " " || $0 == "\t" }.map(String.init)
            case "script": script = value
            case "model": model = value
            case "type": type = value
            case _ where Self.otherKeys.contains(key) || key.hasPrefix("colo_"): others.append(parameter)
            default: complaints.append("\"\(key)\" is not a parameter of a vif")
            }
            if value.isEmpty { complaints.append("\(key) is empty") }
        }
    }
}
