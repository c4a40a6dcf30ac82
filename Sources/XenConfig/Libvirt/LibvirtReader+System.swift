import GuestModel

/// What a guest is, has and boots, its devices aside.
extension LibvirtReader {
    mutating func readIdentity() throws(XenConfigError) {
        guard let name = root.child("name"), !name.text.isEmpty else {
            throw refusal("the domain has no name", root)
        }
        set("name", name.text, from: name)
        if let uuid = root.child("uuid") {
            if GuestConfiguration.isUUID(uuid.text) {
                set("uuid", uuid.text, from: uuid)
            } else {
                lose(uuid, "the UUID \"\(uuid.text)\"")
            }
        }
        if version >= XenVersion(4, 10) {
            set("type", type.rawValue, from: root)
        } else if type == .hvm {
            set("builder", "hvm", from: root)
        }
        try readMemory()
        readProcessors()
    }

    /// `<memory>` is what the guest may have, `<currentMemory>` what it starts with.
    private mutating func readMemory() throws(XenConfigError) {
        guard let memory = root.child("memory") else { throw refusal("the domain has no memory", root) }
        let maximum = try mebibytes(of: memory)
        let current = root.child("currentMemory")
        let start = try current.map { element throws(XenConfigError) in try mebibytes(of: element) }
        set("memory", min(start ?? maximum, maximum), from: current ?? memory)
        if let start, start < maximum { set("maxmem", maximum, from: memory) }
    }

    /// Rounded up, as the driver does (libxl_conf.c, libxlMakeDomBuildInfo).
    private func mebibytes(of element: ReadElement) throws(XenConfigError) -> Int {
        let unit = element["unit"] ?? "KiB"
        // domain_conf.c, virDomainParseMemory with virScaleInteger: a kilobyte is 1000 bytes, and a K is 1024.
        let powers = ["K": 1, "M": 2, "G": 3, "T": 4]
        let isBytes = ["b", "bytes"].contains(unit)
        let power = powers[String(unit.prefix(1)).uppercased()]
        let base = [1: 1024, 2: 1000, 3: 1024][unit.count]
        guard let number = Int(element.text.filter { !$0.isWhitespace }), number > 0,
            isBytes || power != nil && base != nil && ["", "B", "iB"].contains(unit.dropFirst())
        else {
            throw refusal("\"\(element.text)\" \(unit) is no memory of a guest", element)
        }
        var bytes = number
        for _ in 0..<(isBytes ? 0 : power ?? 0) {
            let (product, isTooMuch) = bytes.multipliedReportingOverflow(by: base ?? 1)
            guard !isTooMuch else { throw refusal("\"\(element.text)\" \(unit) is no memory of a guest", element) }
            bytes = product
        }
        return bytes / (1 << 20) + (bytes % (1 << 20) == 0 ? 0 : 1)
    }

    private mutating func readProcessors() {
        let count = root.child("vcpu")
        _ = count?["placement"]
        let maximum = count.flatMap { number($0.text) } ?? 1
        let current = count?["current"].flatMap(number) ?? maximum
        set("vcpus", current, from: count ?? root)
        if current < maximum { set("maxvcpus", maximum, from: count ?? root) }
        let tune = root.child("cputune")
        if let shares = tune?.child("shares"), let weight = number(shares.text) {
            set("cpu_weight", weight, from: shares)
        }
        // The driver pins each processor by itself and never looks at the set of all (libxl_conf.c,
        // libxlSetVcpuAffinities); but that is what libvirt's conversions have.
        let pins = tune?.all("vcpupin") ?? []
        var sets: [Int: String] = [:]
        for pin in pins {
            // No guest of Xen has more than 512.
            guard let processor = pin["vcpu"].flatMap(number), processor < min(maximum, 512),
                let set = pin["cpuset"].flatMap({ CPUSet(parsing: $0) })
            else {
                lose(pin, "the pinning of a processor that is not there, or to none")
                continue
            }
            sets[processor] = set.text
        }
        let common = count?["cpuset"].flatMap { CPUSet(parsing: $0)?.text }
        if let last = sets.keys.max(), let pin = pins.first {
            if sets.count == maximum, Set(sets.values).count == 1, let all = sets[0] {
                set("cpus", all, from: pin)
            } else {
                setList("cpus", (0...last).map { (sets[$0] ?? "all", pin) })
            }
        } else if let common, let count {
            set("cpus", common, from: count)
        }
    }

    func number(_ text: String) -> Int? { Int(text.filter { !$0.isWhitespace }).flatMap { $0 >= 0 ? $0 : nil } }

    /// A word of libvirt's for yes and no.
    func isOn(_ word: String?) -> Bool { ["on", "yes"].contains(word) }

    // MARK: booting

    /// `<os>` and the boot loader.
    mutating func readSystem() {
        guard let system = root.child("os") else { return }
        // Of the host, which xl has only one of.
        _ = system.child("type")?["arch"]
        let kernel = system.child("kernel")
        if type == .hvm {
            readFirmware(system)
        } else {
            readBootloader(hasKernel: kernel != nil)
        }
        if let kernel { set("kernel", kernel.text, from: kernel) }
        if let ramdisk = system.child("initrd") { set("ramdisk", ramdisk.text, from: ramdisk) }
        if let line = system.child("cmdline") {
            set(version >= XenVersion(4, 5) ? "cmdline" : "extra", line.text, from: line)
        }
        guard type == .hvm else { return }
        let order = system.all("boot").compactMap { element in
            element["dev"].flatMap(LibvirtWords.bootDevices.xl)
        }
        // Without an order the driver takes the disk; xl would take more.
        set("boot", order.isEmpty ? "c" : order.joined(), from: system)
        if let table = system.child("acpi")?.child("table"), ["slic", "rawset"].contains(table["type"]) {
            set("acpi_firmware", table.text, from: table)
        }
    }

    private mutating func readBootloader(hasKernel: Bool) {
        let bootloader = root.child("bootloader")
        if let bootloader, !bootloader.text.isEmpty {
            set("bootloader", bootloader.text, from: bootloader)
        } else if type == .pv, !hasKernel {
            // What the driver takes for a PV guest that says nothing (libxl_conf.c, libxlMakeDomBuildInfo).
            set("bootloader", "pygrub", from: bootloader ?? root)
        }
        if let arguments = root.child("bootloader_args") {
            let words = arguments.text.split { $0.isWhitespace }.map { (String($0), arguments) }
            setList("bootloader_args", words)
        }
    }

    /// libxl chooses between its own two firmwares, and takes OVMF for whatever is loaded as a flash memory
    /// (libxl_conf.c, libxlMakeDomBuildInfo).
    private mutating func readFirmware(_ system: ReadElement) {
        let kind = system["firmware"]
        let loader = system.child("loader")
        let isFlash = loader?["type"] == "pflash"
        if kind == "efi" || isFlash { set("bios", "ovmf", from: loader ?? system) }
        guard let loader else { return }
        _ = loader["readonly"]
        _ = loader["format"]
        let path = loader.text
        if isFlash, !path.isEmpty { set("bios_path_override", path, from: loader) }
    }

    // MARK: what the machine can do

    mutating func readFeatures() {
        let features = root.child("features")
        if type == .hvm {
            // The driver turns off what is not there. PAE is always there for a 64-bit guest (libxl_domain.c,
            // libxlDomainDefPostParse).
            let is32Bit = root.child("os")?.child("type")?["arch"] == "i686"
            for key in ["acpi", "apic", "pae"] {
                let element = features?.child(key)
                if element == nil, key != "pae" || is32Bit { set(key, 0, from: features ?? root) }
            }
            // The driver does not heed it, but libvirt's conversion does.
            if let viridian = features?.child("viridian") { set("viridian", 1, from: viridian) }
        }
        if type != .pv, let hap = features?.child("hap") { set("hap", isOn(hap["state"] ?? "on") ? 1 : 0, from: hap) }
        guard let xen = features?.child("xen") else { return }
        if type == .pv, let element = xen.child("e820_host") {
            set("e820_host", isOn(element["state"]) ? 1 : 0, from: element)
        }
        if let element = xen.child("passthrough") {
            let mode = element["mode"]
            set("passthrough", isOn(element["state"]) ? mode ?? "enabled" : "disabled", from: element)
        }
    }

    /// `<cpu>`, which the driver heeds for PVH and HVM guests, and only as the host's own.
    mutating func readProcessor() {
        guard let processor = root.child("cpu") else { return }
        readNodes(processor)
        guard type != .pv, processor["mode"] == "host-passthrough" else { return }
        // What libvirt itself adds, and the driver does not look at.
        _ = (processor["check"], processor["migratable"])
        var words: [String] = []
        var isNested = true
        for feature in processor.all("feature") {
            let policies = ["force": "1", "require": "1", "disable": "0", "forbid": "0", "optional": "x"]
            guard let name = feature["name"], let policy = feature["policy"].flatMap({ policies[$0] }) else {
                lose(feature, "a feature of the processor without a policy that is known")
                continue
            }
            if LibvirtWords.virtualization.contains(name) {
                if policy == "0" { isNested = false }
            } else {
                words.append("\(LibvirtWords.processorFeatures.xl(name) ?? name)=\(policy)")
            }
        }
        set("nestedhvm", isNested ? 1 : 0, from: processor)
        if !words.isEmpty { set("cpuid", (["host"] + words).joined(separator: ","), from: processor) }
    }

    private mutating func readNodes(_ processor: ReadElement) {
        guard let numa = processor.child("numa") else { return }
        let cells = numa.all("cell")
        guard cells.count <= 64 else {
            lose(numa, "\(cells.count) nodes of memory")
            return
        }
        let distances = distances(between: cells)
        var nodes: [XenConfigValue] = []
        for (index, cell) in cells.enumerated() {
            // The driver puts each on the node of the host with its number.
            guard cell["id"].flatMap(number) ?? index == index, let set = cell["cpus"].flatMap({ CPUSet(parsing: $0) }),
                let memory = cell["memory"].flatMap(number), (cell["unit"] ?? "KiB") == "KiB"
            else {
                lose(numa, "nodes of memory that are not counted from 0, or not in KiB,")
                return
            }
            let node = VirtualNode(
                hostNode: index, mebibytes: memory / 1024 + (memory % 1024 == 0 ? 0 : 1), processors: set,
                distances: distances.isEmpty ? [] : distances[index])
            nodes.append(node.value)
        }
        setList("vnuma", nodes, from: numa)
    }

    /// How far each node is from each; empty where nothing is said. What is said of one way is true of the other,
    /// unless that is said, too; and what is not said is 10 to itself and 20 to others (numa_conf.c,
    /// virDomainNumaDefNodeDistanceParseXML).
    private func distances(between cells: [ReadElement]) -> [[Int]] {
        var said: [[Int?]] = Array(repeating: Array(repeating: nil, count: cells.count), count: cells.count)
        for (index, cell) in cells.enumerated() {
            for sibling in cell.child("distances")?.all("sibling") ?? [] {
                guard let other = sibling["id"].flatMap(number), cells.indices.contains(other) else { continue }
                said[index][other] = sibling["value"].flatMap(number)
            }
        }
        guard said.joined().contains(where: { $0 != nil }) else { return [] }
        return cells.indices.map { from in
            cells.indices.map { to in said[from][to] ?? said[to][from] ?? (from == to ? 10 : 20) }
        }
    }

    mutating func readClock() {
        guard let clock = root.child("clock") else { return }
        let offset = clock["offset"] ?? "utc"
        let basis = offset == "variable" ? clock["basis"] ?? "utc" : offset
        if ["utc", "localtime"].contains(basis) {
            set("localtime", basis == "localtime" ? 1 : 0, from: clock)
            // "reset", or seconds, which make any of them a variable one.
            if let seconds = clock["adjustment"].flatMap({ Int($0) }), seconds != 0 {
                set("rtc_timeoffset", seconds, from: clock)
            }
        } else {
            note("the offset \"\(basis)\" of the clock has no form in an xl configuration", clock)
        }
        for timer in clock.all("timer") {
            switch timer["name"] {
            case "tsc":
                _ = timer["present"]
                set("tsc_mode", LibvirtWords.tscModes.xl(timer["mode"] ?? "auto") ?? "default", from: timer)
            case "hpet" where type == .hvm:
                set("hpet", isOn(timer["present"] ?? "yes") ? 1 : 0, from: timer)
            case let name: lose(timer, "the timer \"\(name ?? "")\"")
            }
        }
    }

    mutating func readSecurityLabel() {
        let elements = root.all("seclabel")
        for other in elements.dropFirst() { lose(other, "a security label beside the first") }
        guard let element = elements.first else { return }
        _ = (element["model"], element["relabel"])
        // The driver resolves a static one (libxl_conf.c, libxlMakeDomCreateInfo).
        guard element["type"] == "static", let label = element.child("label") else {
            lose(element, "a security label that is not static")
            return
        }
        set("seclabel", label.text, from: element)
    }
}
