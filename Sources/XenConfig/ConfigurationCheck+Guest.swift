/// Whether a configuration is that of the guest which was asked for.
extension ConfigurationCheck {
    mutating func compare(with guest: GuestConfiguration) {
        compareText("name", with: guest.name.name)
        if guest.version.hasTypes {
            compareText("type", with: guest.type.xlName)
        } else if type != guest.type.xlName {
            add(
                .error, "it is of type \(type); the guest's is \(guest.type.xlName)", key: "builder",
                hint: "write builder = \"{{builder}}\" in a section {{#builder}}")
        }
        if let uuid = guest.uuid, text("uuid").map({ isSame($0.lowercased(), uuid.lowercased()) }) != true {
            add(.error, "\"uuid\" is \(quoted("uuid")); the guest's is \"\(uuid)\"", key: "uuid")
        }
        if file["memory"]?.integer != Int(guest.memory.mebibytes) {
            add(
                .error,
                "\"memory\" is \(quoted("memory")); the guest has \(guest.memory.mebibytes) MiB",
                key: "memory",
                hint: "write memory = {{memory}}"
            )
        }
        if let maximum = guest.maximumMemory, file["maxmem"]?.integer != Int(maximum.mebibytes) {
            add(.warning, "\"maxmem\" is \(quoted("maxmem")); \(maximum.mebibytes) MiB were asked for", key: "maxmem")
        }
        if (file["vcpus"]?.integer ?? 1) != guest.virtualCPUs {
            add(.warning, "\"vcpus\" is \(quoted("vcpus")); \(guest.virtualCPUs) were asked for", key: "vcpus")
        }
        compareBoot(with: guest)
        compareSettings(with: guest.settings)
        compareDisks(with: guest.disks, and: guest.furtherDisks.map(\.spec))
        compareVifs(with: guest.vifs)
    }

    private mutating func compareSettings(with settings: [GuestConfiguration.Setting]) {
        for setting in settings {
            let found = file[setting.key]
            guard found != setting.value, found?.text == nil || found?.text != setting.value.text else { continue }
            add(
                .error,
                "\"\(setting.key)\" is \(quoted(setting.key)); the guest's is "
                    + (setting.value.text.map { "\"\($0)\"" } ?? "another list"),
                key: setting.key, hint: "write {{#settings}}{{key}} = {{{value}}}, a line for each, {{/settings}}")
        }
    }

    private mutating func compareBoot(with guest: GuestConfiguration) {
        switch guest.boot {
        case .directKernel(let kernel, let ramdisk, let commandLine):
            compareText("kernel", with: kernel.string)
            if let ramdisk { compareText("ramdisk", with: ramdisk.string) } else { compareAbsent("ramdisk") }
            let words = (file.commandLine ?? "").split(separator: " ")
            for root in commandLine.split(separator: " ") where root.hasPrefix("root=") && !words.contains(root) {
                add(
                    .error,
                    "the kernel is not told of \(root)",
                    key: "cmdline",
                    hint: "write cmdline = \"{{cmdline}}\""
                )
            }
        case .pygrub:
            compareText("bootloader", with: "pygrub", also: ["/usr/bin/pygrub"])
        case .pvgrub(let loader):
            compareText("kernel", with: loader.string)
            compareAbsent("ramdisk")
        case .firmware:
            for key in ["bootloader", "ramdisk"] { compareAbsent(key) }
            if guest.toolstack == .xl { compareAbsent("kernel") }
        }
    }

    private mutating func compareDisks(with entries: [DiskEntry], and further: [DiskSpec]) {
        for disk in further where !disks.contains(where: { $0.vdev == disk.vdev && $0.target == disk.target }) {
            add(
                .error, "the disk \(disk.vdev) is missing", key: "disk",
                hint: "write the list as {{#disks}}\"{{spec}}\", {{/disks}}")
        }
        for entry in entries {
            let path = entry.target.string
            let same = disks.filter { $0.target.map { isSame($0, path) } ?? false }
            guard let disk = same.first else {
                add(
                    .error,
                    "the disk \(path)\(entry.isRoot ? ", which holds the root," : "") is missing",
                    key: "disk",
                    hint: "write the list as {{#disks}}\"{{spec}}\", {{/disks}}"
                )
                continue
            }
            if same.count > 1 { add(.error, "the disk \(path) is there \(same.count) times", key: "disk") }
            if disk.vdev != entry.vdev {
                add(.error, "the disk \(path) is \(disk.vdev); the guest knows it as \(entry.vdev)", key: "disk")
            }
            if disk.access != entry.access {
                add(
                    .error,
                    "the disk \(path) is \(disk.access.rawValue); it must be \(entry.access.rawValue)",
                    key: "disk"
                )
            }
            if disk.format != entry.format {
                add(
                    .error,
                    "the disk \(path) is \(disk.format.rawValue); it is made as \(entry.format.rawValue)",
                    key: "disk"
                )
            }
        }
        let known = entries.map(\.target.string) + further.map { $0.target ?? "" }
        for disk in disks where !known.contains(where: { isSame($0, disk.target ?? "") }) {
            add(.warning, "the disk \(disk.target ?? disk.vdev) is none of those that Domus made", key: "disk")
        }
    }

    private mutating func compareVifs(with wanted: [VifSpec]) {
        let hint = "write the list as {{#vifs}}\"{{spec}}\", {{/vifs}}"
        let isWhole = wanted.allSatisfy { vif in vifs.contains { $0.mac == vif.mac } }
        for (index, vif) in wanted.enumerated() {
            let mac = vif.mac?.description ?? ""
            let places = vifs.indices.filter { vifs[$0].mac == vif.mac }
            guard let place = places.first else {
                add(.error, "the interface with the MAC address \(mac) is missing", key: "vif", hint: hint)
                continue
            }
            if places.count > 1 { add(.error, "the interface \(mac) is there \(places.count) times", key: "vif") }
            // The guest numbers them as they stand, eth0 and eth1, and ifupdown knows them by nothing else.
            if isWhole, place != index {
                add(
                    .error,
                    "the interface \(mac) is number \(place + 1) of the list; the guest knows it as number \(index + 1)",
                    key: "vif",
                    hint: hint
                )
            }
            let found = vifs[place]
            if let bridge = vif.bridge, found.bridge != bridge {
                add(
                    .error,
                    "the interface \(mac) is on \(found.bridge.map { "the bridge \($0)" } ?? "no given bridge"); "
                        + "\(bridge) was asked for",
                    key: "vif"
                )
            }
        }
    }

    private mutating func compareText(_ key: String, with wanted: String, also: [String] = []) {
        guard let found = text(key) else {
            if file[key] == nil { add(.error, "\"\(key)\" is missing", hint: "write \(key) = \"{{\(key)}}\"") }
            return
        }
        guard !isSame(found, wanted), !also.contains(where: { isSame($0, found) }) else { return }
        add(.error, "\"\(key)\" is \"\(found)\"; the guest's is \"\(wanted)\"", key: key)
    }

    private mutating func compareAbsent(_ key: String) {
        if file[key] != nil { add(.error, "\"\(key)\" is \(quoted(key)); this guest has none", key: key) }
    }

    private func quoted(_ key: String) -> String {
        guard let value = file[key] else { return "missing" }
        return value.text.map { "\"\($0)\"" } ?? "a list"
    }

    // Swift's == takes two spellings of an accented letter for equal; to a file system they are two files.
    private func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
