import GuestModel

extension GuestConfiguration.Setting {
    /// Reads `key=value`, the value as a configuration has it: a quoted string, a number or a list. What is none of these
    /// is a string without its quotes.
    ///
    /// - Throws: ``XenConfigError`` for what is neither.
    package init(parsing text: String) throws(XenConfigError) {
        guard let equals = text.firstIndex(of: "=") else {
            throw XenConfigError("\"\(text)\" has no value", hint: "write key=value")
        }
        func trimmed(_ part: Substring) -> String {
            func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
            var part = part.drop(while: isBlank)
            while let last = part.last, isBlank(last) { part.removeLast() }
            return String(part)
        }
        let key = trimmed(text[..<equals])
        let value = trimmed(text[text.index(after: equals)...])
        guard XenConfigParser.isIdentifier(key) else {
            throw XenConfigError(
                "\"\(key)\" is no key of an xl configuration", hint: "a key has small letters, digits and underscores")
        }
        guard value.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            throw XenConfigError("the value of \(key) holds a control character")
        }
        if ["\"", "'", "["].contains(value.prefix(1)) || XenConfigParser.isNumber(value) {
            let file = try XenConfigFile(parsing: "\(key) = \(value)\n")
            guard file.entries.count == 1, file.oddities.isEmpty, let entry = file.entries.first else {
                throw XenConfigError("\"\(value)\" is not one value")
            }
            self.init(key, entry.value)
        } else {
            self.init(key, .string(value))
        }
    }

    /// The value as it stands in a file.
    ///
    /// - Throws: ``XenConfigError`` for one that the format cannot express.
    package var text: String { get throws(XenConfigError) { try value.printedOnOneLine() } }

    /// What xl would ignore or refuse in settings, each for itself.
    package static func problems(of settings: [Self], for version: XenVersion) -> [Problem] {
        let file = XenConfigFile(entries: settings.map { .init($0.key, .set, $0.value) })
        return ConfigurationCheck(file, for: version, isWhole: false).problems
    }
}
