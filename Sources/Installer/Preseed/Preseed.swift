/// A preseed file of debian-installer: answers to the questions that its components would ask.
///
/// It is read as the installer reads it (see ``PreseedReader``), and written so that nothing of it can be read in
/// another way.
package struct Preseed: Sendable {
    /// The file as the caller named it, for messages.
    package let file: String
    var elements: [Element]
    /// Continuation lines that begin with a `#`.
    let suspectComments: [Int]

    enum Element: Hashable, Sendable {
        /// With its `#`; empty for a blank line.
        case comment(String)
        case entry(PreseedEntry)
    }

    /// - Throws: ``PreseedError`` for what debian-installer could not read, or would read as nobody means it.
    package init(parsing text: String, file: String) throws(PreseedError) {
        let reader = try PreseedReader(text, file: file)
        self.file = file
        elements = reader.elements
        suspectComments = reader.suspectComments
    }

    /// Every answer and flag in the order of the file, those that a later one overrides included.
    package var entries: [PreseedEntry] {
        elements.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
    }

    /// The answer to a question that counts: the last one, whoever its owner, since debian-installer ignores owners.
    package subscript(question: String) -> PreseedEntry? {
        entries.last { $0.question == question && $0.type != .seen }
    }

    /// The text for the installer, which reads back to the same entries: one line each, comments of the file kept.
    package func rendered() -> String {
        var text = ""
        for element in elements {
            switch element {
            case .comment(let comment): text += comment + "\n"
            case .entry(let entry): text += entry.rendered + "\n"
            }
        }
        return text
    }
}

extension Preseed {
    /// Gives an answer, in the place of one that there is.
    ///
    /// - Throws: ``PreseedError`` for what cannot be written as a line.
    package mutating func set(
        question: String, type: PreseedType, value: String, owner: String = "d-i"
    ) throws(PreseedError) {
        try Self.check(owner: owner, question: question, file: nil, line: nil)
        if let bad = value.unicodeScalars.first(where: { $0 == "\n" || $0.isForbiddenInPreseed }) {
            throw PreseedError(
                "the answer to \(question) cannot hold the control character \(bad.value), since it is one line")
        }
        let trimmed = String(Substring(value.unicodeScalars[...].withoutLeadingBlanks.withoutTrailingBlanks))
        guard type != .seen || trimmed == "true" || trimmed == "false" else {
            throw PreseedError("the flag seen of \(question) is neither true nor false")
        }
        let entry = PreseedEntry(owner: owner, question: question, type: type, value: trimmed, line: nil)
        guard entry.rendered.utf8.count <= PreseedEntry.longest else {
            throw PreseedError("the answer to \(question) is longer than \(PreseedEntry.longest) bytes")
        }
        replace([question], with: entry, isFlag: type == .seen)
    }

    /// Puts one entry in the place of the last of those that answer these questions, and drops the others.
    mutating func replace(_ questions: Set<String>, with entry: PreseedEntry?, isFlag: Bool = false) {
        func isReplaced(_ element: Element) -> Bool {
            guard case .entry(let old) = element else { return false }
            return questions.contains(old.question) && (old.type == .seen) == isFlag
        }
        if let entry {
            if let last = elements.lastIndex(where: isReplaced) {
                elements.insert(.entry(entry), at: last + 1)
                let after = elements[(last + 1)...]
                elements = elements[...last].filter { !isReplaced($0) } + after
            } else {
                elements.append(.entry(entry))
            }
        } else {
            elements.removeAll(where: isReplaced)
        }
    }

    /// - Throws: ``PreseedError`` for an owner or a question that would not be read back as one word, or is no name.
    static func check(owner: String, question: String, file: String?, line: Int?) throws(PreseedError) {
        for (word, name) in [(owner, "owner"), (question, "name of a question")] {
            let isWord = word.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            guard isWord, word.utf8.count <= 255, let first = word.utf8.first, first != UInt8(ascii: "#"),
                first != UInt8(ascii: "-")
            else {
                throw PreseedError(
                    "the \(name) is not a word of at most 255 ASCII characters that begins with neither # nor -",
                    hint: "write OWNER QUESTION TYPE VALUE, such as: d-i netcfg/get_hostname string guest",
                    file: file, line: line)
            }
        }
    }
}

extension Preseed: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the answers and the comments: either may hold a password.
    package var description: String { "\(file), \(entries.count) answers" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["entries": entries]) }
}
