/// A package's version, in the order of deb-version(7).
struct DebianVersion: Comparable, Sendable {
    let text: String

    init(_ text: some StringProtocol) { self.text = String(text) }

    static func == (left: Self, right: Self) -> Bool { left.order(right) == 0 }
    static func < (left: Self, right: Self) -> Bool { left.order(right) < 0 }

    private var parts: (epoch: Int, upstream: Substring, revision: Substring) {
        var rest = text[...]
        var epoch = 0
        if let colon = rest.firstIndex(of: ":") {
            epoch = Int(rest[..<colon]) ?? 0
            rest = rest[rest.index(after: colon)...]
        }
        guard let dash = rest.lastIndex(of: "-") else { return (epoch, rest, "") }
        return (epoch, rest[..<dash], rest[rest.index(after: dash)...])
    }

    private func order(_ other: Self) -> Int {
        let (left, right) = (parts, other.parts)
        if left.epoch != right.epoch { return left.epoch < right.epoch ? -1 : 1 }
        let upstream = Self.order(Array(left.upstream.utf8), Array(right.upstream.utf8))
        return upstream != 0 ? upstream : Self.order(Array(left.revision.utf8), Array(right.revision.utf8))
    }

    /// Runs of other characters and runs of digits in turn: letters before the rest, `~` before the end, numbers by value.
    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
        func weight(_ text: [UInt8], _ index: Int) -> Int {
            guard index < text.count, !isDigit(text[index]) else { return 0 }
            let byte = text[index]
            if byte == UInt8(ascii: "~") { return -1 }
            return isLetter(byte) ? Int(byte) : Int(byte) + 256
        }
        func number(_ text: [UInt8], _ index: inout Int) -> [UInt8] {
            let start = index
            while index < text.count, isDigit(text[index]) { index += 1 }
            return Array(text[start..<index].drop { $0 == UInt8(ascii: "0") })
        }
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            while (i < left.count && !isDigit(left[i])) || (j < right.count && !isDigit(right[j])) {
                let difference = weight(left, i) - weight(right, j)
                if difference != 0 { return difference }
                i += 1
                j += 1
            }
            i = min(i, left.count)
            j = min(j, right.count)
            let (first, second) = (number(left, &i), number(right, &j))
            if first.count != second.count { return first.count < second.count ? -1 : 1 }
            if first != second { return first.lexicographicallyPrecedes(second) ? -1 : 1 }
        }
        return 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
}
