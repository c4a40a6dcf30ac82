/// Reads the grammar of libxlu_cfg_y.y: assignments, each ended by a line break, a semicolon or the end of the text.
struct XenConfigParser {
    private static let maximumDepth = 100

    private let grammar: XenConfigGrammar
    private var lexer: XenConfigLexer
    private var token = XenConfigLexer.Token.end
    private var position = XenConfigError.Position(line: 1, column: 1)
    // The offset behind the token before the present one.
    private var end = 0
    private var entries: [XenConfigFile.Entry] = []
    private var layout = XenConfigLayout()
    // Whether the value so far of a key is a list, for what `+=` may add to it.
    private var isList: [String: Bool] = [:]

    init(_ bytes: [UInt8], grammar: XenConfigGrammar, file: String?) {
        self.grammar = grammar
        lexer = XenConfigLexer(bytes, grammar: grammar, file: file)
    }

    /// What the text says, and where each of its assignments stands.
    mutating func parse() throws(XenConfigError) -> (file: XenConfigFile, layout: XenConfigLayout) {
        try advance()
        while token != .end {
            switch token {
            case .newline, .semicolon: try advance()
            case .identifier(let key): try assignment(to: key)
            default: throw unexpected(wanted: "a key")
            }
        }
        return (XenConfigFile(entries: entries, oddities: lexer.oddities), layout)
    }

    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
        return text.utf8.allSatisfy(XenConfigLexer.isIdentifierByte)
    }

    static func isNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.utf8.allSatisfy(XenConfigLexer.isNumberByte)
    }

    private mutating func advance() throws(XenConfigError) {
        end = lexer.index
        (token, position) = try lexer.next()
    }

    private mutating func assignment(to key: String) throws(XenConfigError) {
        let (start, offset) = (position, lexer.start)
        try advance()
        let operation: XenConfigFile.Entry.Operation
        switch token {
        case .set: operation = .set
        case .add: operation = .add
        default: throw unexpected(wanted: "= behind \"\(key)\"")
        }
        try advance()
        let (valueOffset, firstItem) = (lexer.start, layout.items.count)
        let value = try value(depth: 0)
        layout.assignments.append(
            .init(start: offset, value: valueOffset..<end, items: firstItem..<layout.items.count))
        guard [.newline, .semicolon, .end].contains(token) else {
            throw unexpected(wanted: "the end of the line behind the value of \"\(key)\"")
        }
        guard token != .end || grammar.endsAnywhere else {
            throw lexer.error(
                "the last line has no line break, at which xl before 4.3 fails", hint: "end the file with a line break",
                at: position)
        }
        if operation == .add, let wasList = isList[key], wasList != (value.items != nil) {
            throw lexer.error(
                wasList
                    ? "\"\(key)\" is a list, to which only a list can be added"
                    : "\"\(key)\" is a single value, to which no list can be added",
                at: start
            )
        }
        isList[key] = value.items != nil
        entries.append(XenConfigFile.Entry(key, operation, value, at: start))
    }

    private mutating func value(depth: Int) throws(XenConfigError) -> XenConfigValue {
        switch token {
        case .string(let text):
            try advance()
            return .string(text)
        case .number(let text):
            try advance()
            return .number(text)
        case .open where depth > 0 && !grammar.nestsLists:
            throw lexer.error("a list inside a list, which xl before 4.6 cannot read", at: position)
        case .open:
            guard depth < Self.maximumDepth else {
                throw lexer.error("lists are nested deeper than \(Self.maximumDepth)", at: position)
            }
            try advance()
            return .list(try items(depth: depth + 1))
        default:
            throw unexpected(wanted: "a value: a quoted string, a number or a list in brackets")
        }
    }

    // Behind the opening bracket. Line breaks may stand anywhere, one comma may follow the last item.
    private mutating func items(depth: Int) throws(XenConfigError) -> [XenConfigValue] {
        var items: [XenConfigValue] = []
        try skipNewlines()
        while token != .close {
            let start = lexer.start
            items.append(try value(depth: depth))
            if depth == 1 { layout.items.append(start..<end) }
            try skipNewlines()
            switch token {
            case .comma:
                try advance()
                try skipNewlines()
            case .close: break
            default: throw unexpected(wanted: "a comma or a closing bracket behind an item of the list")
            }
        }
        try advance()
        return items
    }

    private mutating func skipNewlines() throws(XenConfigError) {
        while token == .newline { try advance() }
    }

    private func unexpected(wanted: String) -> XenConfigError {
        let found =
            switch token {
            case .identifier(let text): "the word \"\(text)\""
            case .number(let text): "the number \(text)"
            case .string: "a string"
            case .comma: "a comma"
            case .open: "an opening bracket"
            case .close: "a closing bracket"
            case .set: "="
            case .add: "+="
            case .semicolon: "a semicolon"
            case .newline: "the end of the line"
            case .end: "the end of the text"
            }
        let hint: String? =
            if case .identifier = token { "strings must be quoted" } else { nil }
        return lexer.error("\(found) stands where there should be \(wanted)", hint: hint, at: position)
    }
}
