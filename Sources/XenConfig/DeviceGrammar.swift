import GuestModel

/// How xl takes a string of one of its lists of devices apart, and what it makes of it.
struct DeviceGrammar: Sendable {
    /// What separates a parameter from its value.
    enum Splitting: Sendable {
        /// The key to the letter and an equals sign; xl refuses what begins with no key that it knows (MATCH_OPTION).
        case options
        /// The first equals sign; xl stops in silence at a word that has none (strchr and break).
        case words
        /// The first equals sign, with white space around both sides; xl refuses a word that has none, and an empty
        /// value (split_string_into_pair).
        case pairs
    }

    enum Kind: Sendable, Equatable {
        case text
        /// 10 for what atoi(3) reads, 0 for strtoul(3) with that base.
        case number(radix: Int)
        /// A number whose end nobody asks for, but whose beginning must be there (parse_ulong).
        case checkedNumber
        /// A word of an enumeration, in large or small letters; "unknown" is one of each.
        case word([String])
        case uuid
        /// Nothing to xl, which does anyway what this value asks for.
        case ignored(String)
    }

    struct Parameter: Sendable {
        let name: String
        let kind: Kind
        let since: XenVersion

        init(_ name: String, _ kind: Kind = .text, since: XenVersion = .oldest) {
            self.name = name
            self.kind = kind
            self.since = since
        }
    }

    /// A string as it was read.
    struct Reading: Sendable {
        /// The last value of each parameter.
        fileprivate(set) var values: [String: String] = [:]
        /// What xl refuses, ignores, or reads in another way than it is written.
        var complaints: [String] = []

        subscript(name: String) -> String? { values[name] }
    }

    let splitting: Splitting
    let parameters: [Parameter]

    init(_ splitting: Splitting, _ parameters: [Parameter]) {
        self.splitting = splitting
        self.parameters = parameters
    }

    func read(_ text: String, of key: String, for version: XenVersion) -> Reading {
        var reading = Reading()
        let words = text.split(separator: ",").map(String.init)
        // strtok_r(3) finds nothing, of which xl makes a copy.
        if words.isEmpty, splitting == .pairs { reading.complaints.append("it is empty, at which xl crashes") }
        // What follows a password may be the rest of one with a comma in it.
        var isSecret = false
        for word in words {
            guard let (name, value) = split(word, for: version, &reading) else {
                let shown = isSecret || Self.isSecret(word) ? "a word" : "\"\(word.drop { $0 == " " })\""
                reading.complaints.append(
                    splitting == .words
                        ? "\(shown) has no equals sign, and xl stops reading there" : "\(shown) has no value")
                break
            }
            take(name, value, isSecret: isSecret, of: key, for: version, &reading)
            isSecret = isSecret || Self.isSecret(word)
        }
        return reading
    }

    /// Whether a word has a password in it, however it is written.
    private static func isSecret(_ word: String) -> Bool { word.lowercased().contains("pas") }

    private func split(
        _ word: String, for version: XenVersion, _ reading: inout Reading
    ) -> (name: String, value: String)? {
        guard splitting == .pairs else {
            let trimmed = word.drop { $0 == " " }
            guard let equals = trimmed.firstIndex(of: "=") else { return nil }
            return (String(trimmed[..<equals]), String(trimmed[trimmed.index(after: equals)...]))
        }
        // Until 4bad14a133 equals signs separated as commas do, and what stood behind the second was dropped.
        let cutsAll = version < XenVersion(4, 18)
        let parts = word.split(
            separator: "=", maxSplits: cutsAll ? .max : 1, omittingEmptySubsequences: cutsAll)
        guard parts.count >= 2, !parts[1].isEmpty else { return nil }
        let name = Self.trimmed(parts[0])
        let value = Self.trimmed(parts[1])
        if parts.count > 2 {
            reading.complaints.append("\(name) has a value with an equals sign, behind which xl drops the rest")
        }
        return (name, value)
    }

    private func take(
        _ name: String, _ value: String, isSecret: Bool, of key: String, for version: XenVersion,
        _ reading: inout Reading
    ) {
        guard let parameter = parameters.first(where: { $0.name == name }) else {
            reading.complaints.append(
                isSecret || Self.isSecret(name) && !name.allSatisfy(\.isLetter)
                    ? "a word is not a parameter of \(key)" : "\"\(name)\" is not a parameter of \(key)")
            return
        }
        guard parameter.since <= version else {
            reading.complaints.append("\(name) is a parameter of \(key) since Xen \(parameter.since)")
            return
        }
        reading.values[name] = value
        if let complaint = Self.complaint(about: value, parameter.kind) {
            let isShown = !isSecret && !Self.isSecret(value)
            reading.complaints.append(isShown ? "\(name) is \"\(value)\"\(complaint)" : "the value of \(name) is none")
        }
    }

    static func complaint(about value: String, _ kind: Kind) -> String? {
        switch kind {
        case .text: return nil
        case .number(let radix):
            return NumberScanner.misreading(of: value, radix: radix).map { ", which xl reads as \($0)" }
        case .checkedNumber:
            var scanner = NumberScanner(value)
            guard let number = scanner.unsigned(radix: 10), number != .max else { return ", no number" }
            return scanner.rest.allSatisfy(NumberScanner.isSpace) ? nil : ", which xl reads as \(number)"
        case .word(let words):
            let isKnown = value.lowercased() == "unknown" || words.contains { $0.lowercased() == value.lowercased() }
            return isKnown ? nil : "; xl knows \(words.joined(separator: ", "))"
        case .uuid: return GuestConfiguration.isUUID(value) ? nil : ", no UUID"
        case .ignored(let usual): return value == usual ? nil : ", which xl ignores"
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var bytes = Array(text.utf8)[...].drop(while: NumberScanner.isSpace)
        while let last = bytes.last, NumberScanner.isSpace(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
