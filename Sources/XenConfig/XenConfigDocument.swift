import GuestModel

/// An xl configuration as a text that can be edited: what is not edited stays byte for byte, comments too.
///
/// An edit is made only if xl then reads what was asked for, and of every other key what it read before.
package struct XenConfigDocument: Sendable {
    package let bytes: [UInt8]

    /// What it reads as.
    package let file: XenConfigFile

    let layout: XenConfigLayout

    private let name: String?
    private let version: XenVersion

    /// Reads a configuration; refuses what ``XenConfigFile`` refuses.
    ///
    /// - Parameters:
    ///   - file: What messages call the text.
    ///   - version: Of the Xen whose xl is to read it, before and after each edit.
    /// - Throws: ``XenConfigError`` with line and column.
    package init(
        parsing bytes: [UInt8], file name: String? = nil, for version: XenVersion = .newest
    ) throws(XenConfigError) {
        var parser = XenConfigParser(bytes, grammar: XenConfigGrammar(version: version), file: name)
        (file, layout) = try parser.parse()
        self.bytes = bytes
        self.name = name
        self.version = version
    }

    package init(
        parsing text: String, file name: String? = nil, for version: XenVersion = .newest
    ) throws(XenConfigError) {
        try self.init(parsing: Array(text.utf8), file: name, for: version)
    }

    /// Gives a key a value; nothing changes where xl reads that value already.
    ///
    /// The value is replaced where it stands: behind the last `=`, while each `+=` behind that goes. Of a list that keeps
    /// its number of items only the items that change are replaced, so that comments between them stay. A key that is not
    /// there gets a line of its own.
    ///
    /// - Parameter anchors: Keys behind the last assignment of which a new line may stand; the first that is there counts.
    ///   Without one the line comes last.
    /// - Throws: ``XenConfigError`` for what xl of this version cannot read.
    package mutating func set(
        _ key: String, to value: XenConfigValue, after anchors: [String] = []
    ) throws(XenConfigError) {
        guard let old = file[key] else {
            try apply([try insertion(of: key, value, after: anchors)], to: key, reading: value)
            return
        }
        guard !old.isRead(as: value) else { return }
        try apply(try replacements(of: key, old, with: value), to: key, reading: value)
    }

    /// Replaces one item, a string or number, of the list that a key is.
    ///
    /// - Throws: ``XenConfigError`` where there is no such item.
    package mutating func replaceItem(_ index: Int, of key: String, with text: String) throws(XenConfigError) {
        guard var items = file[key]?.items, items.indices.contains(index), items[index].text != nil else {
            throw XenConfigError(
                "\"\(key)\" is no list whose item \(index + 1) is a string", file: name,
                position: file.position(of: key))
        }
        items[index] = .string(text)
        try set(key, to: .list(items))
    }

    /// Takes all assignments of a key out: with their lines, unless something else stands there.
    ///
    /// Comments behind them stay; those inside the brackets of a list go.
    package mutating func remove(_ key: String) throws(XenConfigError) {
        guard let places = file.places[key] else { return }
        try apply(removals(of: places[...]), to: key, reading: nil)
    }

    private func replacements(
        of key: String, _ old: XenConfigValue, with value: XenConfigValue
    ) throws(XenConfigError) -> [Edit] {
        let places = file.effectivePlaces(of: key)
        let ranges = places.flatMap { layout.items[layout.assignments[$0].items] }
        var edits: [Edit] = []
        if let old = old.items, let new = value.items, old.count == new.count {
            for (index, range) in ranges.enumerated() where !old[index].isRead(as: new[index]) {
                edits.append(Edit(range, try new[index].printedOnOneLine(quote: quote(at: range))))
            }
            return edits
        }
        let first = places[places.startIndex]
        if !file.entries[first].value.isRead(as: value) {
            let range = layout.assignments[first].value
            edits.append(Edit(range, try value.printed(quote: quote(at: range))))
        }
        return edits + removals(of: places.dropFirst())
    }

    /// The kind of quote that stands there, so that a new string looks like the old one.
    private func quote(at range: Range<Int>) -> Character {
        bytes[range.lowerBound] == UInt8(ascii: "'") ? "'" : "\""
    }

    /// - Parameters:
    ///   - edits: In the order of their places.
    ///   - value: What the key must then read as; nil where it must be gone.
    private mutating func apply(
        _ edits: [Edit], to key: String, reading value: XenConfigValue?
    ) throws(XenConfigError) {
        var edited: [UInt8] = []
        var place = 0
        for edit in edits {
            edited += bytes[place..<edit.range.lowerBound]
            edited += edit.text.utf8
            place = edit.range.upperBound
        }
        edited += bytes[place...]
        let result: XenConfigDocument
        do {
            result = try XenConfigDocument(parsing: edited, file: name, for: version)
        } catch {
            // The place is one of a text that nobody will see.
            throw XenConfigError(
                "\"\(key)\" cannot be edited so that xl \(version) reads it: \(error.message)", hint: error.hint,
                file: name
            )
        }
        let keys = Set((file.entries + result.file.entries).map(\.key)).union([key])
        let other = keys.sorted().first { !isSame(result.file[$0], $0 == key ? value : file[$0]) }
        if let other {
            throw XenConfigError("\"\(key)\" cannot be edited: xl would misread \"\(other)\"", file: name)
        }
        self = result
    }

    private func isSame(_ left: XenConfigValue?, _ right: XenConfigValue?) -> Bool {
        if let left, let right { left.isRead(as: right) } else { left == nil && right == nil }
    }
}
