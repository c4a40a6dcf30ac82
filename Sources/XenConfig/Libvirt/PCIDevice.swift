/// A device of the host in xl's `pci` list (xl-pci-configuration(5)): `0000:03:00.0,permissive=1`.
struct PCIDevice: CustomStringConvertible {
    let domain: Int
    let bus: Int
    let slot: Int
    let function: Int
    /// Whether the guest may write to all of its configuration space; nil leaves it to `pci_permissive`.
    var isPermissive: Bool?
    /// Whether it is taken from its driver in dom0; nil leaves it to `pci_seize`.
    var isSeized: Bool?
    /// Parameters without a form in libvirt's XML.
    let others: [String]

    init(domain: Int, bus: Int, slot: Int, function: Int) {
        self.domain = domain
        self.bus = bus
        self.slot = slot
        self.function = function
        others = []
    }

    /// - Returns: nil for a device that is named by another thing than its place, or has no such place.
    init?(parsing text: String) {
        let first = text.prefix { $0 != "," }
        var parameters = Parameters(String(text.dropFirst(first.count)))
        var place = first
        if first.contains("=") {
            parameters = Parameters(text)
            guard let named = parameters["bdf"] else { return nil }
            place = named[...]
        }
        var others = parameters.others(than: ["bdf", "permissive", "seize"])
        // The place in the guest's bus, behind an @.
        let slotInGuest = place.drop { $0 != "@" }
        place = place.prefix { $0 != "@" }
        if !slotInGuest.isEmpty { others.append(String(slotInGuest)) }
        let groups = place.split(separator: ":", omittingEmptySubsequences: false)
        let last = (groups.last ?? "").split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(groups.count), last.count == 2 else { return nil }
        let numbers = (groups.dropLast() + last).map(Self.number)
        guard let function = numbers.last ?? nil, function < 8, let slot = numbers[numbers.count - 2], slot < 32,
            let bus = numbers[numbers.count - 3], bus < 256,
            let domain = numbers.count == 4 ? numbers[0] : 0, domain < 65536
        else { return nil }
        self.domain = domain
        self.bus = bus
        self.slot = slot
        self.function = function
        self.others = others
        // xl has atoi(3) for them.
        isPermissive = parameters["permissive"].map { Int($0) ?? 0 != 0 }
        isSeized = parameters["seize"].map { Int($0) ?? 0 != 0 }
    }

    private static func number(_ digits: Substring) -> Int? {
        digits.allSatisfy { $0.isASCII && $0.isHexDigit } ? Int(digits, radix: 16) : nil
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    var description: String {
        "\(Self.digits(domain, 4)):\(Self.digits(bus, 2)):\(Self.digits(slot, 2)).\(String(function, radix: 16))"
    }

    /// The device as xl's list has it.
    var text: String {
        var parts = [description]
        if let isPermissive { parts.append("permissive=\(isPermissive ? 1 : 0)") }
        if let isSeized { parts.append("seize=\(isSeized ? 1 : 0)") }
        return parts.joined(separator: ",")
    }

    /// The device as libvirt has it. What libvirt manages it takes from its driver when the guest starts, and gives it
    /// back when it ends, which is what xl calls to seize it.
    ///
    /// - Parameters:
    ///   - permissive: Where the device itself says nothing.
    ///   - seized: The same.
    func element(permissive: Bool?, seized: Bool?) -> XMLElement {
        let isPermissive = isPermissive ?? permissive
        let place = XMLElement(
            "address",
            [
                "domain": "0x" + Self.digits(domain, 4), "bus": "0x" + Self.digits(bus, 2),
                "slot": "0x" + Self.digits(slot, 2), "function": "0x" + String(function, radix: 16),
            ])
        return XMLElement(
            "hostdev", ["mode": "subsystem", "type": "pci", "managed": isSeized ?? seized ?? false ? "yes" : "no"],
            [XMLElement("source", ["writeFiltering": isPermissive.map { $0 ? "no" : "yes" }], [place])])
    }
}
