/// One line of a preseed file: an answer, or the `seen` flag of a question.
///
/// It prints without its value, which may be a password, or a command or an address with one in it.
package struct PreseedEntry: Hashable, Sendable {
    /// `d-i` for the installer itself, else a package of the installed system.
    package let owner: String
    /// Such as `netcfg/get_hostname`.
    package let question: String
    package let type: PreseedType
    /// Without blanks at either end; it may be empty.
    package let value: String
    /// The line on which it begins, counted from 1; nil for an answer that was not in the file.
    package let line: Int?

    /// The most bytes in one line: a command in it becomes a single argument of sh(1), for which Linux has 128 KiB
    /// (MAX_ARG_STRLEN) with the NUL at its end.
    static let longest = 131_071

    init(owner: String, question: String, type: PreseedType, value: String, line: Int?) {
        self.owner = owner
        self.question = question
        self.type = type
        self.value = value
        self.line = line
    }

    /// The entry in one line, which debconf-set-selections of debian-installer, and that of the installed system, read
    /// back as this entry.
    var rendered: String {
        var text = "\(owner) \(question) \(type.rawValue)"
        if !value.isEmpty { text += " " + value }
        // A backslash that ended the line would join the next one to it. Both programs drop or bear the blank.
        if text.utf8.last == UInt8(ascii: "\\") { text += " " }
        return text
    }
}

extension PreseedEntry: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(owner) \(question) \(type.rawValue) (...)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Unicode.Scalar {
    /// What separates the fields of a line. Other white space is refused before it could separate anything.
    var isBlank: Bool { self == " " || self == "\t" }

    /// Tabs are blanks, carriage returns are dropped, and line feeds end a line.
    var isForbiddenInPreseed: Bool {
        switch value {
        case 0x09: false
        case 0..<0x20, 0x7F..<0xA0: true
        default: false
        }
    }
}

extension Substring.UnicodeScalarView {
    var withoutLeadingBlanks: Self { drop { $0.isBlank } }

    var withoutTrailingBlanks: Self {
        var rest = self
        while let last = rest.last, last.isBlank { rest.removeLast() }
        return rest
    }
}
