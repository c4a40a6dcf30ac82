/// A value of an xl configuration.
package indirect enum XenConfigValue: Hashable, Sendable {
    /// A quoted string, without its quotes and escapes.
    case string(String)
    /// An unquoted number as it is written: `512`, `0x10`, `010`. To xl it is a string of these digits.
    case number(String)
    /// A list; lists may hold lists since Xen 4.10.
    case list([XenConfigValue])

    /// The text of a string or number; nil for a list. xl makes no difference between the two.
    package var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .list: nil
        }
    }

    /// The items of a list; nil for a single value.
    package var items: [XenConfigValue]? {
        if case .list(let items) = self { items } else { nil }
    }

    /// Whether xl reads the same in both. By bytes: `==` takes two spellings of an accented letter for equal.
    func isRead(as other: XenConfigValue) -> Bool {
        if let text, let same = other.text { return text.utf8.elementsEqual(same.utf8) }
        guard let items, let others = other.items, items.count == others.count else { return false }
        return zip(items, others).allSatisfy { $0.isRead(as: $1) }
    }

    /// The number that xl reads in a single value, quoted or not; nil where xl would complain and ignore it.
    package var integer: Int? { text.flatMap(Self.integer) }

    /// strtol(3) with base 0, as xl calls it: `0x` is hexadecimal, a leading zero is octal, all of it must be digits.
    static func integer(_ text: String) -> Int? {
        var rest = Substring(text).drop { $0 == " " || $0.isASCII && $0.isWhitespace }
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        let radix: Int
        if rest.hasPrefix("0x") || rest.hasPrefix("0X") {
            radix = 16
            rest = rest.dropFirst(2)
        } else {
            radix = rest.hasPrefix("0") ? 8 : 10
        }
        // Int.init would take a second sign.
        guard rest.first != "-", rest.first != "+" else { return nil }
        return Int((isNegative ? "-" : "") + rest, radix: radix)
    }

    /// Whether the number has a leading zero that makes xl read it as octal, which hardly anybody means.
    package var isOctal: Bool {
        guard let text, text.count > 1, text.first == "0" else { return false }
        return text.utf8.allSatisfy { (48...57).contains($0) }
    }
}
