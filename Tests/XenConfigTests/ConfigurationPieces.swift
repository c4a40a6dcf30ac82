/// What a configuration is made of, found without Domus' reader, in a text that it accepts.
struct ConfigurationPieces {
    struct Statement: Equatable {
        let key: String
        let text: [UInt8]
    }

    struct Comment: Equatable {
        let text: [UInt8]
        /// The key in whose list it stands; nil between assignments.
        let owner: String?
        /// In how many brackets.
        let depth: Int
    }

    private(set) var statements: [Statement] = []
    private(set) var comments: [Comment] = []
    // In the order of the statements.
    private var ranges: [Range<Int>] = []

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "#"): comment(of: nil, depth: 0)
            case UInt8(ascii: "a")...UInt8(ascii: "z"): statement()
            default: index += 1
            }
        }
    }

    /// The text around the statements of a key.
    func text(around key: String) -> [UInt8] {
        var text = bytes
        for (statement, range) in zip(statements, ranges).reversed() where statement.key == key {
            text.removeSubrange(range)
        }
        return text
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func comment(of owner: String?, depth: Int) {
        let start = index
        while let byte = peek, byte != UInt8(ascii: "\n") { index += 1 }
        comments.append(Comment(text: Array(bytes[start..<index]), owner: owner, depth: depth))
    }

    private mutating func statement() {
        let start = index
        while let byte = peek, !Array(" \t+=".utf8).contains(byte) { index += 1 }
        let key = String(decoding: bytes[start..<index], as: UTF8.self)
        while let byte = peek, Array(" \t+=".utf8).contains(byte) { index += 1 }
        var depth = 0
        repeat {
            switch bytes[index] {
            case UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "]"):
                depth -= 1
                index += 1
            case UInt8(ascii: "#"): comment(of: key, depth: depth)
            case UInt8(ascii: "'"), UInt8(ascii: "\""): string()
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                while let byte = peek, Array("0123456789abcdefx".utf8).contains(byte) { index += 1 }
            default: index += 1
            }
        } while depth > 0
        statements.append(Statement(key: key, text: Array(bytes[start..<index])))
        ranges.append(start..<index)
    }

    private mutating func string() {
        let quote = bytes[index]
        index += 1
        while bytes[index] != quote { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
        index += 1
    }
}
