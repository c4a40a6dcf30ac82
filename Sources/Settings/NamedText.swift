import SystemPackage

/// The text of a file together with its name, since this room reads no files itself.
package struct NamedText: Sendable {
    /// The name that messages and origins carry.
    package let file: FilePath
    package let text: String

    package init(file: FilePath, text: String) {
        self.file = file
        self.text = text
    }

    /// The lines without their line ends (`\n` or `\r\n`) and without a byte order mark in front.
    var lines: [String] {
        // Scalars, because the character "\r\n" is not equal to "\n".
        var scalars = text.unicodeScalars[...]
        if scalars.first == "\u{FEFF}" { scalars = scalars.dropFirst() }
        var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.last == "\r" ? line.dropLast() : line)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    func origin(_ line: Int) -> Origin { Origin(file: file, line: line) }
}

extension StringProtocol {
    /// The text without white space at either end, as Perl's `\s` and apt understand white space.
    var trimmed: SubSequence {
        var rest = self[...]
        while let first = rest.first, first.isSpace { rest.removeFirst() }
        while let last = rest.last, last.isSpace { rest.removeLast() }
        return rest
    }

    /// The words between white space.
    var words: [String] { split(whereSeparator: \.isSpace).map { String($0) } }
}

extension Character {
    var isSpace: Bool {
        switch self {
        case " ", "\t", "\n", "\r", "\r\n", "\u{0B}", "\u{0C}": true
        default: false
        }
    }
}
