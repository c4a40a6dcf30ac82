/// Reads numbers from the front of a text as the C library does for xl.
struct NumberScanner {
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: some StringProtocol) { rest = Array(text.utf8)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Takes a character, if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// strtoul(3), and the conversions of sscanf(3): white space, a sign, and digits. A number that is too large is the
    /// largest.
    ///
    /// - Parameter radix: 0 leaves it to the digits: `0x` is hexadecimal, a leading zero is octal.
    /// - Returns: nil where no number stands; then nothing is taken.
    mutating func unsigned(radix: Int) -> UInt64? {
        var left = rest.drop(while: Self.isSpace)
        let isNegative = left.first == UInt8(ascii: "-")
        if isNegative || left.first == UInt8(ascii: "+") { left.removeFirst() }
        var radix = radix
        let isMarked =
            left.count > 2 && left.first == UInt8(ascii: "0") && left[left.startIndex + 1] | 32 == UInt8(ascii: "x")
            && Self.digit(left[left.startIndex + 2], radix: 16) != nil
        if isMarked, radix == 0 || radix == 16 {
            radix = 16
            left = left.dropFirst(2)
        } else if radix == 0 {
            radix = left.first == UInt8(ascii: "0") ? 8 : 10
        }
        var number: UInt64 = 0
        var isTooLarge = false
        var count = 0
        while let byte = left.first, let digit = Self.digit(byte, radix: radix) {
            left.removeFirst()
            count += 1
            let (product, overflowed) = number.multipliedReportingOverflow(by: UInt64(radix))
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
            isTooLarge = isTooLarge || overflowed || carried
            number = sum
        }
        guard count > 0 else { return nil }
        rest = left
        return isTooLarge ? .max : isNegative ? 0 &- number : number
    }

    /// What atoi(3), or strtoul(3) whose end nobody asks for, reads in a value that is no number as a whole; nil for a
    /// value that is one, or empty.
    static func misreading(of text: String, radix: Int) -> UInt64? {
        var scanner = NumberScanner(text)
        let number = scanner.unsigned(radix: radix)
        return scanner.rest.allSatisfy(isSpace) && (number != nil || text.isEmpty) ? nil : number ?? 0
    }

    /// isspace(3).
    static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }

    private static func digit(_ byte: UInt8, radix: Int) -> Int? {
        let digit: Int
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = Int(byte - UInt8(ascii: "A")) + 10
        default: return nil
        }
        return digit < radix ? digit : nil
    }
}
