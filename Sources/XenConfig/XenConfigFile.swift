import GuestModel

/// An xl configuration as xl's own parser (libxlu) sees it: assignments in their order, comments dropped.
package struct XenConfigFile: Sendable {
    /// An assignment.
    package struct Entry: Sendable {
        /// What becomes of an earlier value of the same key.
        package enum Operation: String, Sendable {
            /// `=`: the new value replaces it.
            case set = "="
            /// `+=` (Xen 4.13): strings and lists grow at their end.
            case add = "+="
        }

        package let key: String
        package let operation: Operation
        package let value: XenConfigValue
        /// Where the key stands; line 1, column 1 for entries that were never in a file.
        package let position: XenConfigError.Position

        package init(
            _ key: String,
            _ operation: Operation = .set,
            _ value: XenConfigValue,
            at position: XenConfigError.Position = .init(line: 1, column: 1)
        ) {
            self.key = key
            self.operation = operation
            self.value = value
            self.position = position
        }
    }

    /// All assignments in their order, repeated ones too.
    package let entries: [Entry]

    /// What xl reads in another way than it must have been meant; none in a file that was never read.
    package let oddities: [Problem]

    // The places of each key's entries, so that a file with many keys takes no more time for each.
    let places: [String: [Int]]

    package init(entries: [Entry]) { self.init(entries: entries, oddities: []) }

    init(entries: [Entry], oddities: [Problem]) {
        self.entries = entries
        self.oddities = oddities
        places = Dictionary(grouping: entries.indices) { entries[$0].key }
    }

    /// Reads a configuration.
    ///
    /// Accepts what libxlu_cfg of that release accepts, and gives every key the value that libxlu gives it, with one refusal
    /// more: lists nested deeper than 100, where libxlu may run out of its stack. Text that is not UTF-8 is repaired.
    ///
    /// - Parameter file: What messages call the text.
    /// - Throws: ``XenConfigError`` with line and column.
    package init(
        parsing bytes: [UInt8], file: String? = nil, for version: XenVersion = .newest
    ) throws(XenConfigError) {
        var parser = XenConfigParser(bytes, grammar: XenConfigGrammar(version: version), file: file)
        self = try parser.parse().file
    }

    package init(
        parsing text: String, file: String? = nil, for version: XenVersion = .newest
    ) throws(XenConfigError) {
        try self.init(parsing: Array(text.utf8), file: file, for: version)
    }

    /// The value that xl takes for a key: the last one assigned, with what `+=` added to it; nil when there is none.
    package subscript(key: String) -> XenConfigValue? {
        var result: XenConfigValue?
        for entry in (places[key] ?? []).map({ entries[$0] }) {
            switch (entry.operation, result, entry.value) {
            case (.add, .list(let items)?, .list(let more)): result = .list(items + more)
            // The parser has refused a list added to a string and the other way round.
            case (.add, let value?, let more): result = .string((value.text ?? "") + (more.text ?? ""))
            case (_, _, let value): result = value
            }
        }
        return result
    }

    /// Where a key is assigned for the last time.
    package func position(of key: String) -> XenConfigError.Position? {
        places[key]?.last.map { entries[$0].position }
    }

    /// The places of the entries that make up the value of a key: the last `=`, and each `+=` behind it.
    func effectivePlaces(of key: String) -> ArraySlice<Int> {
        let places = places[key] ?? []
        return places[(places.lastIndex { entries[$0].operation == .set } ?? 0)...]
    }

    /// Keys that a later `=` overrides, with the places of the assignments that so have no effect.
    package var overridden: [(key: String, positions: [XenConfigError.Position])] {
        places.values.sorted { $0[0] < $1[0] }.compactMap { places in
            let all = places.map { entries[$0] }
            guard let last = all.lastIndex(where: { $0.operation == .set }), last > 0 else { return nil }
            return (all[0].key, all[..<last].map(\.position))
        }
    }

    /// The configuration as text that reads back as the same assignments.
    ///
    /// - Throws: ``XenConfigError`` for a key, number or character that the format cannot express.
    package func text() throws(XenConfigError) -> String {
        var text = ""
        for entry in entries {
            guard XenConfigParser.isIdentifier(entry.key) else {
                throw XenConfigError("\"\(entry.key)\" cannot be a key of an xl configuration")
            }
            text += "\(entry.key) \(entry.operation.rawValue) \(try entry.value.printed())\n"
        }
        return text
    }
}
