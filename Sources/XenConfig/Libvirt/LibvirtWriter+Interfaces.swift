import GuestModel

/// Network interfaces (xen_common.c, xenParseVif; libxl_conf.c, libxlMakeNic).
extension LibvirtWriter {
    mutating func interfaces() -> [XMLElement] {
        strings("vif").enumerated().map { index, text in
            element(of: VifSpec(parsing: text, for: version), called: "vif \(index + 1)")
        }
    }

    private mutating func element(of vif: VifSpec, called name: String) -> XMLElement {
        func noForm(_ what: String) -> String { "\(what) of \(name) has no form in libvirt XML" }
        for complaint in vif.complaints { note("in \(name): \(complaint), and has no form in libvirt XML", "vif") }
        var content: [XMLElement?] = [
            vif.mac.map { XMLElement("mac", ["address": $0.description.lowercased()]) }
        ]
        let bridge = vif.bridge.map { BridgePort($0, script: vif.script) }
        content.append(bridge.map { XMLElement("source", ["bridge": $0.bridge]) })
        if let bridge, let vlan = bridge.vlan {
            content += [vlan, XMLElement("virtualport", ["type": "openvswitch"])]
        }
        for address in vif.addresses {
            if let ip = try? IPAddress(parsing: address) {
                content.append(XMLElement("ip", ["address": address, "family": ip.isIPv4 ? "ipv4" : "ipv6"]))
            } else {
                note(noForm("the address \"\(address)\""), "vif", hint: "libvirt takes addresses without a length")
            }
        }
        content.append(vif.script.map { XMLElement("script", ["path": $0]) })
        if let ifName = vif.vifName {
            // libvirt gives names with these beginnings itself, and forgets those that it reads.
            if let prefix = LibvirtWords.forgottenInterfaceNames.first(where: ifName.hasPrefix) {
                note(
                    "the name \"\(ifName)\" of \(name) is one that libvirt gives itself: it forgets it", "vif",
                    hint: "begin it with another word than \(prefix)")
            }
            content.append(XMLElement("target", ["dev": ifName]))
        }
        var model = vif.model
        if model != nil, type != .hvm {
            note("the model of \(name) has no effect on a \(type.name) guest, and no form in libvirt XML", "vif")
            model = nil
        }
        var isFrontendOnly = false
        for parameter in (vif.type.map { ["type=\($0)"] } ?? []) + vif.others {
            let key = parameter.prefix { $0 != "=" }
            let value = String(parameter.dropFirst(key.count + 1))
            switch key {
            case "type" where value == "vif": isFrontendOnly = true
            // What an HVM guest has anyway.
            case "type" where value == "ioemu" && type == .hvm: break
            case "backend": content.append(XMLElement("backenddomain", ["name": value]))
            case "rate": content.append(bandwidth(value, of: name))
            case "mtu" where Int(value) != nil:
                content.append(XMLElement("mtu", ["size": value]))
                note("the mtu of \(name) has a form in libvirt XML that its Xen driver does not heed", "vif")
            default: note(noForm("\"\(parameter)\""), "vif")
            }
        }
        if isFrontendOnly {
            if model != nil { note("the model of \(name) has no effect beside type=vif", "vif") }
            model = "netfront"
        }
        content.append(model.map { XMLElement("model", ["type": $0]) })
        // Without a bridge libxl takes its own, for either toolstack.
        return XMLElement("interface", ["type": bridge == nil ? "ethernet" : "bridge"], content)
    }

    private mutating func bandwidth(_ text: String, of name: String) -> XMLElement? {
        guard let rate = VifRate(parsing: text) else {
            note("the rate \"\(text)\" of \(name) is none that xl understands", "vif", severity: .error)
            return nil
        }
        if rate.interval != VifRate.defaultInterval {
            note("the interval in the rate \"\(text)\" of \(name) has no form in libvirt XML: it has 50ms there", "vif")
        }
        return XMLElement(
            "bandwidth", [:], [XMLElement("outbound", ["average": String(rate.kibibytesPerSecond)])])
    }
}

/// The bridge of an interface, apart from the VLANs that Xen's script for Open vSwitch reads in its name: `ovsbr0.10`,
/// `ovsbr0:10:20` (xen_common.c, xenParseVifBridge, which does so for any script; but a bridge of Linux may have a dot
/// in its name).
private struct BridgePort {
    let bridge: String
    let vlan: XMLElement?

    init(_ text: String, script: String?) {
        let name = text.prefix { $0 != "." && $0 != ":" }
        let rest = text.dropFirst(name.count)
        let tags = rest.dropFirst().split(separator: rest.first ?? ":", omittingEmptySubsequences: false).map(
            String.init)
        let isOpenVSwitch = script?.split(separator: "/").last == "vif-openvswitch"
        // libvirt knows one tag or a trunk; a name with both goes to the script as it is.
        guard isOpenVSwitch, !rest.isEmpty, tags.allSatisfy({ Int($0).map { (0...4095).contains($0) } ?? false }),
            rest.first == ":" || tags.count == 1
        else {
            bridge = text
            vlan = nil
            return
        }
        bridge = String(name)
        vlan = XMLElement(
            "vlan", ["trunk": rest.first == ":" ? "yes" : nil], tags.map { XMLElement("tag", ["id": $0]) })
    }
}
