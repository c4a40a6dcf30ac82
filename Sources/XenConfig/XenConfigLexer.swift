/// Cuts an xl configuration into the tokens of libxlu_cfg_l.l.
///
/// It takes all that the scanner made of that file takes, its oddities included, which are put down as ``oddities``.
struct XenConfigLexer {
    enum Token: Equatable {
        case identifier(String)
        case number(String)
        case string(String)
        case comma
        case open
        case close
        case set
        case add
        case semicolon
        case newline
        case end
    }

    /// What xl reads in another way than it was meant.
    private(set) var oddities: [Problem] = []

    /// The offset at which the token begins that was cut last.
    private(set) var start = 0
    /// The offset behind it.
    private(set) var index = 0

    private let bytes: [UInt8]
    private let grammar: XenConfigGrammar
    private let file: String?
    private var line = 1
    // The place of `marked`, so that a long line is counted once and not once per token.
    private var marked = 0
    private var markedColumn = 1

    init(_ bytes: [UInt8], grammar: XenConfigGrammar, file: String?) {
        self.bytes = bytes
        self.grammar = grammar
        self.file = file
    }

    /// The next token and where it begins.
    mutating func next() throws(XenConfigError) -> (token: Token, position: XenConfigError.Position) {
        while let byte = peek, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { index += 1 }
        let place = position
        start = index
        (marked, markedColumn) = (index, place.column)
        guard let byte = peek else { return (.end, place) }
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            let hasDots = grammar.hasDots
            return (.identifier(take { Self.isIdentifierByte($0) && (hasDots || $0 != UInt8(ascii: ".")) }), place)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return (.number(take(while: Self.isNumberByte)), place)
        case UInt8(ascii: ","): return (single(.comma), place)
        case UInt8(ascii: "["): return (single(.open), place)
        case UInt8(ascii: "]"): return (single(.close), place)
        case UInt8(ascii: "="): return (single(.set), place)
        case UInt8(ascii: ";"): return (single(.semicolon), place)
        case UInt8(ascii: "\n"): return (newline(), place)
        case UInt8(ascii: "+")
        where grammar.hasAddition && index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "="):
            index += 2
            return (.add, place)
        case UInt8(ascii: "#"):
            if let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) {
                index = end
                return (newline(), place)
            }
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            if let end = endOfString(quote: byte) { return (try string(upTo: end), place) }
        default: break
        }
        // One character that no rule takes begins an error, but the error is told behind it: where nothing is, none is.
        guard index + 1 == bytes.count else { throw unexpected(byte) }
        oddities.append(
            Problem(
                severity: .warning, message: "the last character stands where xl overlooks it", hint: "take it out",
                position: place))
        index += 1
        return (.end, place)
    }

    /// An error at the present place, or at the given one.
    func error(_ message: String, hint: String? = nil, at place: XenConfigError.Position? = nil) -> XenConfigError {
        XenConfigError(message, hint: hint, file: file, position: place ?? position)
    }

    static func isIdentifierByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "x"): true
        default: false
        }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private var position: XenConfigError.Position {
        // Continuation bytes of UTF-8 are no columns of their own.
        let column = markedColumn + bytes[marked..<index].count { $0 & 0xC0 != 0x80 }
        return XenConfigError.Position(line: line, column: column)
    }

    private mutating func single(_ token: Token) -> Token {
        index += 1
        return token
    }

    private mutating func newline() -> Token {
        index += 1
        line += 1
        (marked, markedColumn) = (index, 1)
        return .newline
    }

    private mutating func take(while belongs: (UInt8) -> Bool) -> String {
        let start = index
        while let byte = peek, belongs(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    // MARK: Strings

    /// The offset of the closing quote; nil where the string does not end on its line.
    private func endOfString(quote: UInt8) -> Int? {
        var place = index + 1
        while place < bytes.count {
            switch bytes[place] {
            case quote: return place
            case UInt8(ascii: "\n"): return nil
            // It covers whatever follows, but for a line break.
            case UInt8(ascii: "\\") where place + 1 < bytes.count && bytes[place + 1] != UInt8(ascii: "\n"): place += 2
            case UInt8(ascii: "\\"): return nil
            default: place += 1
            }
        }
        return nil
    }

    /// What xlu__cfgl_dequote makes of it.
    private mutating func string(upTo end: Int) throws(XenConfigError) -> Token {
        let place = position
        index += 1
        var content: [UInt8] = []
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "\\"):
                if let byte = try escape() { content.append(byte) }
            case 0:
                // An assertion of libxlu's fails.
                throw error("a string holds a NUL, at which xl crashes")
            default:
                content.append(bytes[index])
                index += 1
            }
        }
        index = end + 1
        let text = String(decoding: content, as: UTF8.self)
        if !text.utf8.elementsEqual(content) {
            oddities.append(
                Problem(
                    severity: .warning, message: "a string holds bytes that are not UTF-8", hint: "write it in UTF-8",
                    position: place))
        }
        return .string(text)
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "'"): UInt8(ascii: "'"),
        UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9,
        UInt8(ascii: "n"): 10, UInt8(ascii: "v"): 11, UInt8(ascii: "f"): 12, UInt8(ascii: "r"): 13,
    ]

    private static let known = "xl knows \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v; write \\\\ for a backslash"

    /// The character of the escape at this place, behind which it goes on; nil where xl drops it.
    private mutating func escape() throws(XenConfigError) -> UInt8? {
        let place = position
        let byte = bytes[index + 1]
        if let value = Self.escapes[byte] {
            index += 2
            return value
        }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let count = digitsOfNumber(from: index + 2) else {
                throw error(
                    "a numeric escape of one digit, which xl refuses", hint: "write the character itself", at: place)
            }
            index += 2 + count
            oddities.append(
                Problem(
                    severity: .error, message: "a numeric escape, which xl misreads: it drops the character",
                    hint: "write the character itself", position: place))
        case UInt8(ascii: "x"):
            throw error("a hexadecimal escape, which xl cannot read", hint: "write the character itself", at: place)
        default:
            guard !grammar.refusesUnknownEscapes else {
                throw error("a backslash before a character that has no escape", hint: Self.known, at: place)
            }
            index += 2
            oddities.append(
                Problem(
                    severity: .error,
                    message: "a backslash before a character that has no escape: xl before 4.7 drops both",
                    hint: Self.known, position: place))
        }
        return nil
    }

    /// How many of the three characters behind the first digit strtoul(3) takes for a decimal number, white space and
    /// sign included; nil where they are fewer than two, which is an error to libxlu.
    private func digitsOfNumber(from start: Int) -> Int? {
        let characters = bytes[start...].prefix(3)
        var rest = characters.drop { $0 == UInt8(ascii: " ") || (9...13).contains($0) }
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty, digits.endIndex - start > 1 else { return nil }
        return digits.endIndex - start
    }

    // MARK: Errors

    private func unexpected(_ byte: UInt8) -> XenConfigError {
        switch byte {
        case UInt8(ascii: "#"):
            return error(
                "a comment at the very end has no line break, at which xl fails", hint: "end the file with a line break"
            )
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return unended(quote: byte)
        case UInt8(ascii: "\r"):
            return error(
                "a carriage return, which xl takes for an error",
                hint: "the file has the line ends of Windows; remove them"
            )
        case 0:
            return error("the text holds a NUL")
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            return error(
                "\"\(Character(Unicode.Scalar(byte)))\" stands outside quotes",
                hint: "keys are lower case, strings are quoted, and True and False are written 1 and 0"
            )
        case UInt8(ascii: "+") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "="):
            return error("+= is understood by Xen 4.13 and later only", hint: "write the whole value behind =")
        case UInt8(ascii: "+")...UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ":"):
            return error(
                "\"\(Character(Unicode.Scalar(byte)))\" stands outside quotes",
                hint:
                    "xl runs no Python, which xm's configurations could hold: write plain assignments, and negative or "
                    + "fractional numbers in quotes"
            )
        case 0x80...:
            return error("a character that is not ASCII stands outside quotes", hint: "put the text into quotes")
        case ..<32, 127:
            return error("a control character stands outside quotes")
        default:
            return error("\"\(Character(Unicode.Scalar(byte)))\" stands outside quotes", hint: "strings must be quoted")
        }
    }

    private func unended(quote: UInt8) -> XenConfigError {
        var place = index + 1
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\n") {
                return error(
                    bytes[place - 1] == UInt8(ascii: "\\")
                        ? "a line break cannot be escaped" : "a string does not end on the line where it begins",
                    hint: "write \\n for a line break, or close the string"
                )
            }
            place += 1
        }
        return error("a string does not end")
    }
}
