import GuestModel

/// A device of the host as one string of xl's `pci` list describes it (xl-pci-configuration(5)), read by the rules of
/// the release's libxlu_pci.c.
package struct PCISpec: Equatable {
    package struct Place: Equatable {
        package internal(set) var domain: UInt32 = 0
        package internal(set) var bus: UInt32 = 0
        package internal(set) var slot: UInt32 = 0
        /// nil for all functions, `*`.
        package internal(set) var function: UInt32?
    }

    /// nil for a device that is named.
    package private(set) var place: Place?
    /// The slot in the guest's bus.
    package private(set) var guestSlot: UInt32?
    package private(set) var name: String?
    /// The others, as they are written.
    package private(set) var options: [String: String] = [:]
    /// What xl complains about and then ignores, or reads in another way than it is written.
    package private(set) var complaints: [String] = []

    /// - Throws: ``XenConfigError`` where xl refuses the string, or leaves the device out.
    package init(parsing text: String, for version: XenVersion) throws(XenConfigError) {
        // bdc0799fe2 rewrote it.
        if version >= XenVersion(4, 15) {
            try read(text)
        } else {
            try readInStates(text, for: version)
        }
    }

    /// The options and the release that each is since.
    private static let since: [String: XenVersion] = [
        "msitranslate": .oldest, "power_mgmt": .oldest, "permissive": XenVersion(4, 2), "seize": XenVersion(4, 5),
        "rdm_policy": XenVersion(4, 6),
    ]

    /// - Parameter exactly: Whether words must be written in small letters.
    private mutating func setOption(_ key: String, _ value: String, exactly: Bool) throws(XenConfigError) {
        if key == "rdm_policy" {
            // The first of them is a name that libxl has for none.
            let known = exactly ? ["strict", "relaxed"] : ["invalid", "strict", "relaxed"]
            guard known.contains(exactly ? value : value.lowercased()) else {
                throw XenConfigError("rdm_policy is \"\(value)\"", hint: "xl knows strict and relaxed")
            }
        } else if let number = NumberScanner.misreading(of: value, radix: 10) {
            complaints.append("\(key) is \"\(value)\", which xl reads as \(number)")
        }
        options[key] = value
    }

    // MARK: since 4.15 (xlu_pci_parse_spec_string)

    private mutating func read(_ text: String) throws(XenConfigError) {
        var rest = text[...]
        if let (place, end) = Self.place(text[...]) {
            self.place = place
            rest = end
            if rest.first == "@" {
                rest = try readGuestSlot(rest.dropFirst())
            }
            if rest.first == "," {
                rest.removeFirst()
            } else if !rest.isEmpty {
                throw XenConfigError("\"\(rest)\" stands behind the place of the device")
            }
        } else if let word = text.split(separator: ",", omittingEmptySubsequences: false).first, !word.contains("=") {
            throw Self.noPlace(word)
        }
        while !rest.isEmpty {
            let key = rest.prefix { $0 != "=" }
            guard key.endIndex < rest.endIndex else { throw XenConfigError("\"\(rest)\" has no value") }
            let value = rest[rest.index(after: key.endIndex)...].prefix { $0 != "," }
            rest = rest[value.endIndex...].dropFirst()
            try setParameter(String(key), String(value))
        }
        guard (place == nil) != (name == nil) else {
            throw XenConfigError(
                place == nil ? "it names no device of the host" : "it has both the place of a device and a name",
                hint: "lspci(1) prints the places")
        }
    }

    private mutating func setParameter(_ key: String, _ value: String) throws(XenConfigError) {
        switch key {
        case "bdf":
            // What stands behind it is not looked at.
            guard let (place, _) = Self.place(value[...]) else { throw Self.noPlace(value[...]) }
            self.place = place
        case "vslot": _ = try readGuestSlot(value[...])
        case "name": name = value
        case _ where Self.since[key] != nil: try setOption(key, value, exactly: false)
        default:
            let trimmed = key.drop { $0 == " " }
            throw XenConfigError(
                "\"\(key)\" is not a parameter of a pci device",
                hint: Self.since[String(trimmed)] == nil ? nil : "leave the blank before it out")
        }
    }

    private mutating func readGuestSlot(_ text: Substring) throws(XenConfigError) -> Substring {
        var scanner = NumberScanner(text)
        guard let slot = scanner.unsigned(radix: 16), UInt32(truncatingIfNeeded: slot) <= 0x1F else {
            throw XenConfigError(
                "\"\(text.prefix { $0 != "," })\" is no slot in the guest", hint: "slots are 0 to 1f, in hexadecimal")
        }
        guestSlot = UInt32(truncatingIfNeeded: slot)
        return text.utf8.suffix(scanner.rest.count).asText
    }

    private static func noPlace(_ text: Substring) -> XenConfigError {
        XenConfigError(
            "\"\(text)\" is no place of a device",
            hint: "places are bus:slot.function in hexadecimal, such as 0000:03:00.0, as lspci(1) prints them")
    }

    /// parse_bdf.
    private static func place(_ text: Substring) -> (Place, rest: Substring)? {
        let colons = text.utf8.prefix { isHexadecimal($0) || $0 == UInt8(ascii: ":") }.count { $0 == UInt8(ascii: ":") }
        guard (1...2).contains(colons) else { return nil }
        var scanner = NumberScanner(text)
        var numbers: [UInt32] = []
        for index in 0...colons {
            guard index == 0 || scanner.skip(":"), let number = scanner.unsigned(radix: 16) else { return nil }
            // sscanf(3) drops what does not fit.
            numbers.append(UInt32(truncatingIfNeeded: number))
        }
        // Without the dot xl goes on at an arbitrary place in its memory.
        guard scanner.skip("."), let slot = numbers.popLast(), let bus = numbers.popLast() else { return nil }
        var place = Place(domain: numbers.last ?? 0, bus: bus, slot: slot)
        guard place.domain <= 0xFFFF, bus <= 0xFF, slot <= 0x1F else { return nil }
        if !scanner.skip("*") {
            guard let function = scanner.unsigned(radix: 16), UInt32(truncatingIfNeeded: function) < 8 else {
                return nil
            }
            place.function = UInt32(truncatingIfNeeded: function)
        }
        return (place, text.utf8.suffix(scanner.rest.count).asText)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte | 32)
    }

    // MARK: before 4.15 (xlu_pci_parse_bdf, in 4.1 libxl_device_pci_parse_bdf)

    private mutating func readInStates(_ text: String, for version: XenVersion) throws(XenConfigError) {
        var parts = text.split(separator: ",", omittingEmptySubsequences: false)[...]
        let first = parts.popFirst() ?? ""
        let halves = first.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let dotted = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = dotted[0].split(separator: ":", omittingEmptySubsequences: false).enumerated().map {
            index, part in
            Self.hexadecimal(part, at: index == 0 ? 0xFFFF : 0xFF)
        }
        guard dotted.count == 2, (2...3).contains(numbers.count), let slot = numbers[numbers.count - 1],
            let bus = numbers[numbers.count - 2], bus <= 0xFF, let domain = numbers.count == 3 ? numbers[0] : 0
        else { throw Self.noPlace(first) }
        var place = Place(domain: domain, bus: bus, slot: slot)
        if dotted[1] != "*" {
            guard let function = Self.hexadecimal(dotted[1], at: 7) else { throw Self.noPlace(first) }
            place.function = function
        }
        self.place = place
        if halves.count == 2 {
            guard let slot = Self.hexadecimal(halves[1], at: 0xFF) else {
                throw XenConfigError("\"\(halves[1])\" is no slot in the guest")
            }
            guestSlot = slot
        }
        while let part = parts.popFirst() {
            // A key goes on behind a comma, up to the next equals sign.
            var option = String(part)
            // The part alone: all of it again and again would take the square of its length.
            var hasValue = option.contains("=")
            while !hasValue, let more = parts.popFirst() {
                hasValue = more.contains("=")
                option += ",\(more)"
            }
            let key = String(option.prefix { $0 != "=" })
            guard key.utf8.count < option.utf8.count else { throw XenConfigError("\"\(option)\" has no value") }
            guard let since = Self.since[key], since <= version else {
                complaints.append(
                    "\"\(key)\" is not a parameter of a pci device"
                        + (Self.since[key].map { " before Xen \($0)" } ?? ""))
                continue
            }
            try setOption(key, String(option.utf8.dropFirst(key.utf8.count + 1).asText), exactly: true)
        }
    }

    /// hex_convert: all of it, and no bit beside those of the mask.
    private static func hexadecimal(_ text: Substring, at mask: UInt64) -> UInt32? {
        var scanner = NumberScanner(text)
        guard let number = scanner.unsigned(radix: 16), scanner.isAtEnd, number & ~mask == 0 else { return nil }
        return UInt32(number)
    }
}

extension Substring.UTF8View {
    /// The same as text. It is cut at ASCII characters only, so that nothing has to be repaired.
    fileprivate var asText: Substring { Substring(self) }
}
