import GuestModel

/// Disks and interfaces, each with what it is of: xapi looks for a disk's storage and an interface's network, and creates
/// neither itself but for a network that it does not know (import.ml).
extension XAPIWriter {
    // MARK: disks

    mutating func addDisks(of guest: String, sizeOf: (String) throws -> Int64) throws {
        let storage = identifier()
        var positions: Set<Int> = []
        var isFirst = true
        for text in strings("disk") {
            let disk: DiskSpec
            do {
                disk = try DiskSpec(parsing: text, for: version)
            } catch {
                throw XenConfigError(error.message, hint: error.hint, position: file.position(of: "disk"))
            }
            guard let position = position(of: disk) else { continue }
            guard positions.insert(position).inserted else {
                note(
                    "the disk \(disk.vdev) has the place of another one: xapi knows xvda, sda and hda as one disk",
                    "disk",
                    severity: .error)
                continue
            }
            if disk.isCDROM {
                if disk.target != nil {
                    note(
                        "what is in the CD drive \(disk.vdev) has no form in an XVA archive: it is empty there", "disk")
                }
                addDrive(of: guest, at: position, isBootable: false, disk: nil, isReadOnly: true)
            } else if let path = packedPath(of: disk) {
                let unit = XAPIAppliance.sizeUnit
                let length = try sizeOf(path)
                let size = max(unit, (length + unit - 1) / unit * unit)
                let packed = XAPIAppliance.Disk(
                    id: identifier(), vdev: disk.vdev, path: path, length: length, size: size)
                add(packed)
                add("VDI", packed.id, image(packed, on: storage, isReadOnly: disk.access == .readOnly))
                addDrive(
                    of: guest, at: position, isBootable: isFirst, disk: packed.id,
                    isReadOnly: disk.access == .readOnly)
                isFirst = false
            }
        }
        // Whatever its name and type are, the disks go to the storage that the import names (import.ml, SR).
        if !disks.isEmpty { add("SR", storage, Self.storage) }
    }

    /// The number by which xapi knows a disk: 0 is xvda, sda or hda (device_number.ml). An emulated machine has those below 4
    /// as disks of its own.
    private mutating func position(of disk: DiskSpec) -> Int? {
        let kind = ["xvd", "sd", "hd"].first(where: disk.vdev.hasPrefix) ?? ""
        let letters = disk.vdev.dropFirst(kind.count).prefix { $0.isLetter }
        guard DiskEntry.isDeviceName(disk.vdev), letters.utf8.count == 1, let letter = letters.utf8.first,
            letter <= UInt8(ascii: "p")
        else {
            note("xapi cannot have a disk \"\(disk.vdev)\"", "disk", hint: "it knows xvda to xvdp", severity: .error)
            return nil
        }
        guard letters.endIndex == disk.vdev.endIndex else {
            note(
                "the disk \(disk.vdev) is a partition to the guest; xapi gives its guests whole disks", "disk",
                hint: "make the guest with --layout=disk", severity: .error)
            return nil
        }
        return Int(letter - UInt8(ascii: "a"))
    }

    private mutating func packedPath(of disk: DiskSpec) -> String? {
        func refuse(_ what: String, hint: String? = nil) -> String? {
            note("\(what) of the disk \(disk.vdev) has no form in an XVA archive", "disk", hint: hint, severity: .error)
            return nil
        }
        if disk.script != nil { return refuse("the script") }
        if disk.backend != nil { return refuse("the backend domain") }
        guard disk.format == .raw else {
            return refuse(
                "the format \(disk.format.rawValue)",
                hint: "qemu-img convert -O raw makes a raw image of it, for a configuration that names that")
        }
        if disk.specification == "virtio" { return refuse("specification=virtio") }
        guard let path = disk.target, path.hasPrefix("/") else { return refuse("the target \"\(disk.target ?? "")\"") }
        for other in disk.others { note("\"\(other)\" of the disk \(disk.vdev) has no form in an XVA archive", "disk") }
        return path
    }

    private static let storage: [(name: String, value: XAPIValue)] = [
        ("name_label", .text("domus")), ("virtual_allocation", .number(0)), ("physical_utilisation", .number(0)),
        ("physical_size", .number(0)), ("type", .text("ext")), ("content_type", .text("user")),
        ("shared", .flag(false)), ("other_config", .none),
    ]

    private func image(
        _ disk: XAPIAppliance.Disk, on storage: String, isReadOnly: Bool
    ) -> [(name: String, value: XAPIValue)] {
        [
            ("name_label", .text("\(file["name"]?.text ?? "") \(disk.vdev)")), ("SR", .text(storage)),
            ("virtual_size", .number(disk.size)), ("physical_utilisation", .number(disk.size)), ("type", .text("user")),
            ("sharable", .flag(false)), ("read_only", .flag(isReadOnly)), ("other_config", .none),
            ("storage_lock", .flag(false)), ("managed", .flag(true)), ("missing", .flag(false)),
            ("parent", Self.nothing),
        ]
    }

    /// - Parameter disk: nil for an empty CD drive.
    private mutating func addDrive(
        of guest: String, at position: Int, isBootable: Bool, disk: String?, isReadOnly: Bool
    ) {
        add(
            "VBD", identifier(),
            [
                ("VM", .text(guest)), ("VDI", disk.map(XAPIValue.text) ?? Self.nothing), ("device", .text("")),
                ("userdevice", .number(Int64(position))), ("bootable", .flag(isBootable)),
                ("mode", .text(isReadOnly ? "RO" : "RW")), ("type", .text(disk == nil ? "CD" : "Disk")),
                ("storage_lock", .flag(false)), ("empty", .flag(disk == nil)),
                // xe vm-uninstall deletes the disk with the guest.
                ("other_config", disk == nil ? .none : .texts(["owner": ""])), ("currently_attached", .flag(false)),
                ("status_code", .number(0)), ("status_detail", .text("")), ("runtime_properties", .none),
                ("qos_algorithm_type", .text("")), ("qos_algorithm_params", .none),
                ("qos_supported_algorithms", .list([])), ("metrics", Self.nothing),
            ])
    }

    // MARK: interfaces

    mutating func addInterfaces(of guest: String) {
        var networks: [String: String] = [:]
        for (index, text) in strings("vif").enumerated() {
            let vif = VifSpec(parsing: text, for: version)
            let name = "vif \(index + 1)"
            for complaint in vif.complaints {
                note("in \(name): \(complaint), and has no form in an XVA archive", "vif")
            }
            // xl's own (libxl.c, LIBXL_DEFAULT_BRIDGE).
            let bridge = vif.bridge ?? "xenbr0"
            let network = networks[bridge] ?? identifier()
            if networks.updateValue(network, forKey: bridge) == nil {
                // A network of that name, else one on a bridge of that name, else a new one that nothing is connected to.
                add(
                    "network", network,
                    [("name_label", .text(bridge)), ("other_config", .none), ("bridge", .text(bridge))])
            }
            addInterface(vif, called: name, number: index, on: network, of: guest)
        }
    }

    private mutating func addInterface(
        _ vif: VifSpec, called name: String, number: Int, on network: String, of guest: String
    ) {
        var mtu: String?
        var rate: Int?
        func noForm(_ what: String) -> String { "\(what) of \(name) has no form in an XVA archive" }
        if vif.script?.hasSuffix("vif-bridge") == false { note(noForm("the script"), "vif") }
        if vif.model != nil, type == .hvm { note(noForm("the model"), "vif") }
        // With type=vif there is no emulated card; here there is, and the guest's kernel takes it away (Linux,
        // Documentation/admin-guide/kernel-parameters.txt, xen_emul_unplug).
        if vif.type == "vif", file["xen_platform_pci"]?.text == "0" { note(noForm("type=vif"), "vif") }
        // An address is for the scripts of this host alone, and so is the name of its end of the interface.
        for parameter in vif.others {
            let key = parameter.prefix { $0 != "=" }
            let value = String(parameter.dropFirst(key.count + 1))
            switch key {
            case "mtu" where (68...65535).contains(Int(value) ?? 0): mtu = value
            case "rate":
                rate = VifRate(parsing: value).map { max(1, $0.kibibytesPerSecond) }
                if rate == nil { note("the rate \"\(value)\" of \(name) is none that xl understands", "vif") }
            case "backend": note(noForm("the backend domain"), "vif", severity: .error)
            default: note(noForm("\"\(parameter)\""), "vif")
            }
        }
        add(
            "VIF", identifier(),
            [
                ("device", .text(String(number))), ("network", .text(network)), ("VM", .text(guest)),
                ("MAC", .text(vif.mac?.description.lowercased() ?? "")), ("MTU", .text(mtu ?? "1500")),
                // The one that counts (xapi_xenops.ml, of_vif); the other must be there.
                ("other_config", .texts(["mtu": mtu])), ("currently_attached", .flag(false)),
                ("status_code", .number(0)), ("status_detail", .text("")),
                ("runtime_properties", .none), ("qos_algorithm_type", .text(rate == nil ? "" : "ratelimit")),
                ("qos_algorithm_params", .texts(["kbps": rate.map(String.init)])),
                ("qos_supported_algorithms", .list([])), ("metrics", Self.nothing),
            ])
    }
}
