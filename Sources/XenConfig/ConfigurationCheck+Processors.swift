import GuestModel

/// Sets of the host's processors, what the guest's own tell of themselves, and which of them are near each other.
extension ConfigurationCheck {
    mutating func checkProcessors() {
        for key in ["cpus", "cpus_soft"] where isKnown(key) { checkSet(of: key) }
        if let text = text("cpuid") { checkFlags(text) }
        for text in allStrings(of: "cpuid") {
            guard let complaint = Self.complaintAboutLeaf(text) else { continue }
            add(.error, "in the cpuid \"\(text)\", which xl leaves out: \(complaint)", key: "cpuid")
        }
        if isKnown("vnuma") { checkNodes() }
    }

    // MARK: cpus

    private mutating func checkSet(of key: String) {
        let hint = "write numbers, ranges and ^ to take out, such as 0-3,^1"
        if let text = text(key), let wrong = wrongPart(of: text) {
            add(.error, "\"\(key)\" is \"\(text)\", in which xl does not understand \"\(wrong)\"", key: key, hint: hint)
        }
        let count = processorCount
        for (index, text) in allStrings(of: key).enumerated() {
            if version >= XenVersion(4, 5) {
                // xl does not look at those of processors that the guest does not have.
                if let count, index >= count { break }
                guard let wrong = wrongPart(of: text) else { continue }
                add(
                    .error, "\"\(key)\" holds \"\(text)\", in which xl does not understand \"\(wrong)\"", key: key,
                    hint: hint)
            } else if let number = NumberScanner.misreading(of: text, radix: 10) {
                add(
                    .error, "\"\(key)\" holds \"\(text)\", which xl before Xen 4.5 reads as \(number)", key: key,
                    hint: "give a set for all of them as a string, or a number for each")
            }
        }
    }

    /// As many as the guest may have; nil where that is not known.
    private var processorCount: Int? {
        guard isWhole, file["vnuma"] == nil else { return nil }
        let maximum = file["maxvcpus"]?.integer ?? 0
        return maximum != 0 ? maximum : max(file["vcpus"]?.integer ?? 0, 1)
    }

    /// parse_cpurange and update_cpumap_range, before 4.4 vcpupin_parse.
    private func wrongPart(of text: String) -> String? {
        let knowsNodes = version >= XenVersion(4, 4)
        if !knowsNodes, text == "all" { return nil }
        for part in text.split(separator: ",") {
            var rest = part
            let isExcluded = rest.hasPrefix("^")
            if isExcluded { rest.removeFirst() }
            if knowsNodes {
                if let prefix = ["node:", "nodes:"].first(where: rest.hasPrefix) {
                    rest = rest.dropFirst(prefix.count)
                }
                if rest == "all" {
                    if isExcluded { return String(part) }
                    continue
                }
            }
            // What follows a number xl did not look at before.
            guard let range = Self.range(rest), range.isAll || !knowsNodes else { return String(part) }
        }
        return nil
    }

    /// parse_range.
    private static func range(_ text: Substring) -> (bounds: ClosedRange<UInt64>, isAll: Bool)? {
        var scanner = NumberScanner(text)
        guard let first = scanner.unsigned(radix: 10), first != .max else { return nil }
        guard scanner.skip("-") else { return (first...first, scanner.isAtEnd) }
        guard let last = scanner.unsigned(radix: 10), last != .max, first <= last else { return nil }
        return (first...last, scanner.isAtEnd)
    }

    // MARK: cpuid

    /// libxl_cpuid_parse_config, whose failures xl tells and then goes on without.
    private mutating func checkFlags(_ text: String) {
        var words = text.split(separator: ",")[...]
        guard let first = words.popFirst() else { return }
        guard first == "host" else {
            add(
                .error, "\"cpuid\" does not begin with the word \"host\", without which xl ignores it", key: "cpuid",
                hint: "write cpuid = \"host,\(text)\"")
            return
        }
        var count = 0
        // The search for what may be meant takes its time; nobody reads more of them.
        for word in words where count < 8 {
            guard let complaint = complaintAboutFlag(word) else { continue }
            count += 1
            add(
                .error, "in \"cpuid\", xl leaves \"\(word)\" out: \(complaint.message)", key: "cpuid",
                hint: complaint.hint)
        }
    }

    private func complaintAboutFlag(_ word: Substring) -> (message: String, hint: String?)? {
        guard let equals = word.firstIndex(of: "=") else { return ("it has no value", "write \(word)=1 or \(word)=0") }
        let name = String(word[..<equals])
        let value = word[word.index(after: equals)...]
        if let since = CPUIDFlags.since[name], since <= version {
            if CPUIDFlags.ofRegisters.contains(name) {
                return ["0", "1", "x", "k", "s"].contains(value) ? nil : ("its value is none of 0, 1, x, k and s", nil)
            }
            var scanner = NumberScanner(value)
            let isUnderstood = scanner.unsigned(radix: 0) != nil || ["x", "k", "s"].contains(value.prefix(1))
            return isUnderstood ? nil : ("its value is none of a number, x, k and s", nil)
        }
        // A release that has not been read yet may know more.
        if version > .newest { return nil }
        if let since = CPUIDFlags.since[name] { return ("xl knows that flag since Xen \(since)", nil) }
        if name.hasPrefix(" ") { return ("it begins with a blank", "leave the blank out") }
        return ("xl \(version) knows no such flag", CPUIDFlags.closest(to: name, in: version).map { "is \($0) meant?" })
    }

    /// libxl_cpuid_parse_config_xend.
    private static func complaintAboutLeaf(_ text: String) -> String? {
        var scanner = NumberScanner(text)
        guard scanner.unsigned(radix: 0) != nil else { return "it begins with no number of a leaf" }
        if scanner.skip(","), scanner.unsigned(radix: 0) == nil { return "it has no number of a subleaf" }
        guard scanner.skip(":") else { return "there is no colon behind the leaf" }
        var rest = scanner.rest
        while !rest.isEmpty {
            let register = Array(rest.prefix(3))
            guard register.count == 3, register[0] == UInt8(ascii: "e"), register[2] == UInt8(ascii: "x"),
                (UInt8(ascii: "a")...UInt8(ascii: "d")).contains(register[1]),
                let equals = rest.firstIndex(of: UInt8(ascii: "="))
            else { return "the register is none of eax, ebx, ecx, edx" }
            let bits = rest[rest.index(after: equals)...].prefix { $0 != UInt8(ascii: ",") }
            guard bits.count == 32 else { return "a register has \(bits.count) bits, not 32" }
            rest = rest[bits.endIndex...].dropFirst().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        }
        return nil
    }

    // MARK: vnuma

    /// parse_vnuma_config.
    private mutating func checkNodes() {
        guard let nodes = file["vnuma"]?.items, !nodes.isEmpty else { return }
        var processors: UInt64 = 0
        var mebibytes: UInt64 = 0
        var isUnderstood = true
        for (index, node) in nodes.enumerated() {
            guard let options = node.items else {
                add(
                    .error, "node \(index) of \"vnuma\" is no list", key: "vnuma",
                    hint: "write [ [ \"pnode=0\", \"size=512\", \"vcpus=0-1\" ], ... ]")
                return
            }
            // xl passes over lists in there.
            for option in options.compactMap(\.text) {
                do {
                    let amount = try amount(of: option, nodes: nodes.count)
                    processors = processors.addingReportingOverflow(amount.processors).partialValue
                    mebibytes = mebibytes.addingReportingOverflow(amount.mebibytes).partialValue
                } catch {
                    isUnderstood = false
                    add(.error, "in node \(index) of \"vnuma\": \(error.message)", key: "vnuma", hint: error.hint)
                }
            }
        }
        guard isUnderstood, isWhole else { return }
        if let maximum = file["maxvcpus"]?.integer, maximum > 0, UInt64(maximum) != processors {
            add(
                .error, "\"maxvcpus\" is \(maximum), and \"vnuma\" has \(processors) processors", key: "vnuma",
                hint: "xl wants each of them on one node")
        } else if file["maxvcpus"]?.integer ?? 0 <= 0, let count = file["vcpus"]?.integer, count > 0,
            UInt64(count) > processors
        {
            add(.error, "\"vcpus\" is \(count), and \"vnuma\" has \(processors) processors", key: "vnuma")
        }
        if let maximum = file["maxmem"]?.integer, maximum >= 0, UInt64(maximum) != mebibytes {
            add(.error, "\"maxmem\" is \(maximum), and the nodes of \"vnuma\" have \(mebibytes) MiB", key: "vnuma")
        }
    }

    private func amount(
        of option: String, nodes: Int
    ) throws(XenConfigError) -> (processors: UInt64, mebibytes: UInt64) {
        let name = option.prefix { $0 != "=" }.filter { !$0.isWhitespace }
        let value = option.drop { $0 != "=" }.dropFirst()
        guard !value.isEmpty else { throw XenConfigError("\"\(option)\" has no value") }
        guard ["pnode", "size", "vcpus", "vdistances"].contains(name) else {
            throw XenConfigError(
                "\"\(name)\" is not a parameter of vnuma, and xl ignores it",
                hint: "xl knows pnode, size, vcpus, vdistances")
        }
        let parts = value.split(separator: ",")
        switch name {
        case "vcpus":
            var count: UInt64 = 0
            for part in parts {
                // xl does not look whether it has understood it.
                guard let range = Self.range(part), range.isAll || part.hasSuffix(" ") else {
                    throw XenConfigError("vcpus is \"\(value)\", in which xl does not understand \"\(part)\"")
                }
                count =
                    count.addingReportingOverflow(range.bounds.upperBound - range.bounds.lowerBound + 1).partialValue
            }
            return (count, 0)
        case "vdistances":
            guard parts.count <= nodes else {
                throw XenConfigError(
                    "it has \(parts.count) distances, more than the \(nodes) nodes that xl has room for")
            }
            for part in parts {
                guard let complaint = DeviceGrammar.complaint(about: String(part), .checkedNumber) else { continue }
                throw XenConfigError("a distance is \"\(part)\"\(complaint)")
            }
            return (0, 0)
        default:
            if let complaint = DeviceGrammar.complaint(about: String(value), .checkedNumber) {
                throw XenConfigError("\(name) is \"\(value)\"\(complaint)")
            }
            var scanner = NumberScanner(value)
            let number = scanner.unsigned(radix: 10) ?? 0
            return (0, name == "size" ? number : 0)
        }
    }
}
