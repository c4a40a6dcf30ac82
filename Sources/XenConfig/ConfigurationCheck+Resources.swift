import GuestModel

/// What a guest gets of the host's machine: ports, interrupts, memory, colours of the cache; and of its store.
extension ConfigurationCheck {
    mutating func checkResources() {
        checkItems(of: "ioports", Self.complaintAboutPorts)
        let version = version
        checkItems(of: "irqs") { Self.complaintAboutInterrupt($0, version) }
        checkItems(of: "iomem") { Self.complaintAboutMemory($0, version) }
        checkItems(of: "llc_colors", Self.complaintAboutColors)
        checkItems(of: "xenstore_quota", Self.complaintAboutQuota)
    }

    private mutating func checkItems(of key: String, _ complaint: (String) -> String?) {
        guard isKnown(key) else { return }
        for text in allStrings(of: key) {
            if let complaint = complaint(text) { add(.error, "\"\(key)\" holds \"\(text)\", \(complaint)", key: key) }
        }
    }

    private static func complaintAboutPorts(_ text: String) -> String? {
        let wanted = "which is neither a port nor a range of them in hexadecimal"
        var scanner = NumberScanner(text)
        guard let first = scanner.unsigned(radix: 16) else { return wanted }
        var last = first
        if scanner.skip("-") {
            guard let end = scanner.unsigned(radix: 16) else { return wanted }
            last = end
        }
        // Behind a single port xl only grumbles, and takes the port.
        guard scanner.isAtEnd else { return wanted }
        guard first < UInt64(UInt32.max), last < UInt64(UInt32.max) else { return "which is too large a port" }
        // xl looks for that too early, and so never.
        return last < first ? "whose end is before its beginning" : nil
    }

    private static func complaintAboutInterrupt(_ text: String, _ version: XenVersion) -> String? {
        var scanner = NumberScanner(text)
        guard let number = scanner.unsigned(radix: 10) else { return "which is no number of an interrupt" }
        guard number < UInt64(UInt32.max) else { return "which is too large for an interrupt" }
        guard !scanner.isAtEnd else { return nil }
        // Since 4.7 it refuses it.
        return version >= XenVersion(4, 7)
            ? "which is no number of an interrupt" : "which xl reads as \(number)"
    }

    private static func complaintAboutMemory(_ text: String, _ version: XenVersion) -> String? {
        let wanted = "which is not of the form START,PAGES\(version >= XenVersion(4, 5) ? "[@GFN]" : "") in hexadecimal"
        var scanner = NumberScanner(text)
        guard scanner.unsigned(radix: 16) != nil, scanner.skip(","), scanner.unsigned(radix: 16) != nil else {
            return wanted
        }
        if version >= XenVersion(4, 5), scanner.skip("@"), scanner.unsigned(radix: 16) == nil { return wanted }
        // Before 4.7 xl does not look at what follows, and leaves it out.
        return scanner.isAtEnd ? nil : wanted
    }

    private static func complaintAboutColors(_ text: String) -> String? {
        var scanner = NumberScanner(text)
        guard let first = scanner.unsigned(radix: 10) else { return "which is no colour and no range of them" }
        if scanner.skip("-") {
            guard let last = scanner.unsigned(radix: 10) else { return "which xl reads as \(first)" }
            if last < first { return "whose end is before its beginning" }
        }
        return scanner.rest.allSatisfy(NumberScanner.isSpace) ? nil : "of which xl drops the end"
    }

    private static func complaintAboutQuota(_ text: String) -> String? {
        guard let equals = text.firstIndex(of: "=") else { return "which has no equals sign" }
        var scanner = NumberScanner(text[text.index(after: equals)...])
        guard let number = scanner.unsigned(radix: 0), scanner.isAtEnd, number <= UInt64(UInt32.max) else {
            return "whose value is no number that xl takes"
        }
        return nil
    }
}
