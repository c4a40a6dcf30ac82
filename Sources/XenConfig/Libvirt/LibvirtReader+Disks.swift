import GuestModel

/// Disks (libxl_conf.c, libxlMakeDisk) and network interfaces (libxlMakeNic).
extension LibvirtReader {
    mutating func readDisks(_ disks: [ReadElement]) {
        var items: [(text: String, element: ReadElement)] = []
        for disk in disks {
            guard let spec = spec(of: disk) else { continue }
            items.append((spec.text, disk))
        }
        setList("disk", items)
    }

    private mutating func spec(of disk: ReadElement) -> DiskSpec? {
        var spec = DiskSpec()
        let target = disk.child("target")
        // Both are what the name says.
        _ = (target?["bus"], target?["tray"])
        guard let name = target?["dev"], DiskEntry.isDeviceName(name) else {
            lose(disk, "a disk that is not called like xvda, sda or hda", severity: .error)
            return nil
        }
        spec.vdev = name
        switch disk["device"] ?? "disk" {
        case "disk": break
        case "cdrom": spec.isCDROM = true
        case let device:
            lose(disk, "the disk \(name), a \"\(device)\",", severity: .error)
            return nil
        }
        let kind = disk["type"] ?? "file"
        let source = disk.child("source")
        // A running guest's has numbers, and whether it must be there at the start.
        _ = source?["index"]
        disk.pass("backingStore")
        let path: String? =
            switch kind {
            case "file": source?["file"]
            case "block": source?["dev"]
            default: nil
            }
        guard ["file", "block"].contains(kind), path?.contains("\n") != true else {
            lose(
                disk, "the source of the disk \(name), which is of the type \"\(kind)\",",
                hint: "xl takes files and devices of the host", severity: .error)
            return nil
        }
        guard path != nil || spec.isCDROM else {
            lose(disk, "the disk \(name), which has no source,", severity: .error)
            return nil
        }
        spec.target = path
        if path?.hasSuffix(",") == true {
            note("the path of the disk \(name) ends in a comma, which xl cuts off", disk, severity: .error)
        }
        guard readDriver(of: disk, into: &spec) else { return nil }
        if disk.child("readonly") != nil || spec.isCDROM { spec.access = .readOnly }
        spec.backend = disk.child("backenddomain")?["name"]
        return spec
    }

    private mutating func readDriver(of disk: ReadElement, into spec: inout DiskSpec) -> Bool {
        let driver = disk.child("driver")
        let format = driver?["type"] ?? "raw"
        guard let word = LibvirtWords.diskFormats.xl(format == "vpc" ? "vhd" : format),
            let known = DiskSpec.Format(rawValue: word),
            known != .qed || version >= XenVersion(4, 9)
        else {
            lose(disk, "the format \"\(format)\" of the disk \(spec.vdev)", severity: .error)
            return false
        }
        spec.format = spec.isCDROM && spec.target == nil ? .empty : known
        switch driver?["name"] {
        // Then the driver takes the disk for a raw one, whatever its type says.
        case nil: if spec.format != .empty { spec.format = .raw }
        case "qemu", "file": spec.backendType = "qdisk"
        case "phy": spec.backendType = "phy"
        case "tap", "tap2": spec.backendType = [.raw, .vhd].contains(known) ? "tap" : "qdisk"
        case let name?:
            lose(disk, "the driver \"\(name)\" of the disk \(spec.vdev)", severity: .error)
            return false
        }
        if version >= XenVersion(4, 5), let discard = driver?["discard"] {
            spec.others.append(discard == "unmap" ? "discard" : "no-discard")
        }
        return true
    }

    // MARK: interfaces

    mutating func readInterfaces(_ interfaces: [ReadElement]) {
        var items: [(text: String, element: ReadElement)] = []
        for (index, interface) in interfaces.enumerated() {
            if interface["type"] == "hostdev" {
                // To the driver it is a device of the host, which gets that address before (libxl_domain.c,
                // libxlNetworkPrepareDevices).
                if let mac = interface.child("mac")?["address"] {
                    note("the address \(mac) of a device of the host has no form in an xl configuration", interface)
                }
                readPCIDevice(interface)
                continue
            }
            guard let vif = vif(of: interface, number: index + 1) else { continue }
            items.append((vif.text, interface))
        }
        setList("vif", items)
    }

    private mutating func vif(of interface: ReadElement, number: Int) -> VifSpec? {
        var vif = VifSpec()
        let kind = interface["type"] ?? ""
        guard ["bridge", "ethernet"].contains(kind) else {
            lose(
                interface, "interface \(number), which is of the type \"\(kind)\",",
                hint: kind == "network" ? "name the bridge of the network: <interface type='bridge'>" : nil,
                severity: .error)
            return nil
        }
        if let mac = interface.child("mac") {
            vif.mac = mac["address"].flatMap { try? MACAddress(parsing: $0) }
            // Whether libvirt made it.
            _ = (mac["type"], mac["check"])
            if vif.mac == nil { note("the MAC address of interface \(number) is none", mac, severity: .error) }
        }
        vif.script = interface.child("script")?["path"]
        if kind == "bridge", let bridge = interface.child("source")?["bridge"] {
            vif.bridge = bridge + vlan(of: interface, &vif.script)
        }
        vif.vifName = interface.child("target")?["dev"]
        for address in interface.all("ip") {
            _ = address["family"]
            if let text = address["address"] { vif.addresses.append(text) }
        }
        if let model = interface.child("model")?["type"] {
            if model == "netfront" { vif.type = "vif" } else { vif.model = model }
        }
        if let outbound = interface.child("bandwidth")?.child("outbound"),
            let average = outbound["average"].flatMap(self.number), (1...1 << 40).contains(average)
        {
            vif.others.append("rate=\(VifRate(bytesPerSecond: average << 10).text)")
        }
        if let backend = interface.child("backenddomain")?["name"] { vif.others.append("backend=\(backend)") }
        if version >= XenVersion(4, 15), let mtu = interface.child("mtu")?["size"] { vif.others.append("mtu=\(mtu)") }
        let words = [vif.bridge, vif.script, vif.vifName, vif.model].compactMap(\.self) + vif.others + vif.addresses
        guard words.allSatisfy({ !$0.contains(",") }) else {
            lose(interface, "interface \(number), which has a comma in a name,", severity: .error)
            return nil
        }
        return vif
    }

    /// What stands behind the name of a bridge for the script of Open vSwitch.
    private func vlan(of interface: ReadElement, _ script: inout String?) -> String {
        guard interface.child("virtualport")?["type"] == "openvswitch" else { return "" }
        script = script ?? "vif-openvswitch"
        guard let vlan = interface.child("vlan") else { return "" }
        let tags = vlan.all("tag").compactMap { $0["id"] }
        if isOn(vlan["trunk"]) { return tags.map { ":\($0)" }.joined() }
        return tags.first.map { ".\($0)" } ?? ""
    }
}
