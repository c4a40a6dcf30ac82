import Templating

extension XenConfigValue {
    /// The value as it stands behind the `=`: a list has a line for each item.
    ///
    /// - Parameter quote: What a string is put into that is no item of a list.
    /// - Throws: ``XenConfigError`` for a number or character that the format cannot express.
    func printed(quote: Character = "\"") throws(XenConfigError) -> String {
        guard case .list(let items) = self, !items.isEmpty else { return try printedOnOneLine(quote: quote) }
        var text = "[\n"
        for item in items { text += "    \(try item.printedOnOneLine()),\n" }
        return text + "]"
    }

    /// The value as it stands inside a list.
    func printedOnOneLine(quote: Character = "\"") throws(XenConfigError) -> String {
        switch self {
        case .string(let text):
            guard !text.utf8.contains(0) else {
                throw XenConfigError("a string with a NUL cannot stand in an xl configuration")
            }
            // Both kinds of quote are escaped.
            return "\(quote)\(Escaping.xl.escape(text))\(quote)"
        case .number(let text):
            guard XenConfigParser.isNumber(text) else {
                throw XenConfigError("\"\(text)\" cannot be a number of an xl configuration")
            }
            return text
        case .list(let items):
            var printed: [String] = []
            for item in items { printed.append(try item.printedOnOneLine()) }
            return "[\(printed.joined(separator: ", "))]"
        }
    }
}
