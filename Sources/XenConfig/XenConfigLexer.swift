/// Cuts an xl configuration into the tokens of libxlu_cfg_l.l.
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

    private let bytes: [UInt8]
    private let file: String?
    private var index = 0
    private var line = 1
    // The place of `marked`, so that a long line is counted once and not once per token.
    private var marked = 0
    private var markedColumn = 1

    init(_ text: String, file: String?) {
        bytes = Array(text.utf8)
        self.file = file
    }

    /// The next token and where it begins.
    mutating func next() throws(XenConfigError) -> (token: Token, position: XenConfigError.Position) {
        while let byte = peek, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { index += 1 }
        let start = position
        (marked, markedColumn) = (index, start.column)
        guard let byte = peek else { return (.end, start) }
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            return (.identifier(take(while: Self.isIdentifierByte)), start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return (.number(take(while: Self.isNumberByte)), start)
        case UInt8(ascii: ","): return (single(.comma), start)
        case UInt8(ascii: "["): return (single(.open), start)
        case UInt8(ascii: "]"): return (single(.close), start)
        case UInt8(ascii: "="): return (single(.set), start)
        case UInt8(ascii: ";"): return (single(.semicolon), start)
        case UInt8(ascii: "\n"): return (newline(), start)
        case UInt8(ascii: "+") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "="):
            index += 2
            return (.add, start)
        case UInt8(ascii: "#"):
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) else {
                throw error(
                    "a comment at the very end has no line break, at which xl fails",
                    hint: "end the file with a line break"
                )
            }
            index = end
            return (newline(), start)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return (try string(quote: byte), start)
        default: throw unexpected(byte)
        }
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

    private mutating func string(quote: UInt8) throws(XenConfigError) -> Token {
        let start = position
        index += 1
        var content: [UInt8] = []
        while let byte = peek {
            switch byte {
            case quote:
                index += 1
                return .string(String(decoding: content, as: UTF8.self))
            case UInt8(ascii: "\\"):
                content.append(try escape())
            case UInt8(ascii: "\n"):
                throw error(
                    "a string does not end on the line where it begins",
                    hint: "write \\n for a line break",
                    at: start
                )
            case 0:
                throw error("a string holds a NUL")
            default:
                content.append(byte)
                index += 1
            }
        }
        throw error("a string does not end", at: start)
    }

    private mutating func escape() throws(XenConfigError) -> UInt8 {
        guard index + 1 < bytes.count else { throw error("a string does not end") }
        let value: UInt8
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): value = bytes[index + 1]
        case UInt8(ascii: "a"): value = 7
        case UInt8(ascii: "b"): value = 8
        case UInt8(ascii: "t"): value = 9
        case UInt8(ascii: "n"): value = 10
        case UInt8(ascii: "v"): value = 11
        case UInt8(ascii: "f"): value = 12
        case UInt8(ascii: "r"): value = 13
        case UInt8(ascii: "x"), UInt8(ascii: "0")...UInt8(ascii: "7"):
            throw error(
                "a numeric escape, which xl misreads: it drops the character",
                hint: "write the character itself"
            )
        case UInt8(ascii: "\n"):
            throw error("a line break cannot be escaped", hint: "write \\n for it, or close the string")
        default:
            throw error(
                "a backslash before a character that has no escape",
                hint: "xl knows \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v; write \\\\ for a backslash"
            )
        }
        index += 2
        return value
    }

    private func unexpected(_ byte: UInt8) -> XenConfigError {
        switch byte {
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
}
