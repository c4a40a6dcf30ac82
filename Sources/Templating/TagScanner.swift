/// A tag of a mustache template and where it stands.
struct Tag: Equatable {
    enum Kind: Equatable {
        case variable
        case unescaped
        case section
        case inverted
        case close
        case comment
        case pragma
        case delimiters
        /// Partials, parents and blocks: what pulls in other templates.
        case inclusion

        /// Whether the tag puts a value into the text.
        var isWriting: Bool { self == .variable || self == .unescaped }
    }

    let kind: Kind
    /// What is between the delimiters, without the sigil and the space around it.
    let body: String
    let line: Int

    /// The variable's name without the transforms around it: `first` of `uppercased(first)`.
    var name: String {
        guard let open = body.lastIndex(of: "(") else { return body }
        return String(body[body.index(after: open)...].prefix { $0 != ")" })
    }

    /// The names of the transforms, outermost first.
    var transforms: [String] { body.split(separator: "(").dropLast().map(String.init) }
}

/// Finds the tags of a template with their lines.
///
/// The library parses templates but keeps neither its tags nor their positions; checks and messages need both.
struct TagScanner {
    private let characters: [Character]
    private var position = 0
    private var line = 1
    private var open: [Character] = ["{", "{"]
    private var close: [Character] = ["}", "}"]

    init(_ text: String) { characters = Array(text) }

    /// All tags in order. A tag that does not end is left to the library, whose parser reports it.
    static func tags(of text: String) -> [Tag] {
        var scanner = TagScanner(text)
        var tags: [Tag] = []
        while let tag = scanner.next() { tags.append(tag) }
        return tags
    }

    private mutating func next() -> Tag? {
        while position < characters.count {
            guard starts(open, at: position) else {
                advance(to: position + 1)
                continue
            }
            let startLine = line
            var content = position + open.count
            // `{{{name}}}` exists with the usual delimiters only.
            let isTriple = open == ["{", "{"] && content < characters.count && characters[content] == "{"
            if isTriple { content += 1 }
            let terminator: [Character] = isTriple ? ["}"] + close : close
            guard let end = (content..<characters.count).first(where: { starts(terminator, at: $0) }) else {
                return nil
            }
            let text = String(characters[content..<end])
            advance(to: end + terminator.count)
            return tag(text, isTriple: isTriple, line: startLine)
        }
        return nil
    }

    private mutating func tag(_ text: String, isTriple: Bool, line: Int) -> Tag {
        if isTriple { return Tag(kind: .unescaped, body: trimmed(text), line: line) }
        let kind: Tag.Kind
        switch text.first {
        case "#": kind = .section
        case "^": kind = .inverted
        case "/": kind = .close
        case "!": kind = .comment
        case "&": kind = .unescaped
        case "%": kind = .pragma
        case ">", "<", "$": kind = .inclusion
        case "=":
            kind = .delimiters
            let parts = text.dropFirst().split { $0.isWhitespace || $0 == "=" }
            if parts.count == 2 { (open, close) = (Array(parts[0]), Array(parts[1])) }
        default: return Tag(kind: .variable, body: trimmed(text), line: line)
        }
        return Tag(kind: kind, body: trimmed(String(text.dropFirst())), line: line)
    }

    private func starts(_ pattern: [Character], at index: Int) -> Bool {
        index + pattern.count <= characters.count
            && pattern.indices.allSatisfy { characters[index + $0] == pattern[$0] }
    }

    private mutating func advance(to target: Int) {
        line += characters[position..<target].count(where: \.isNewline)
        position = target
    }

    private func trimmed(_ text: String) -> String {
        let head = text.drop(while: \.isWhitespace)
        return String(head.reversed().drop(while: \.isWhitespace).reversed())
    }
}
