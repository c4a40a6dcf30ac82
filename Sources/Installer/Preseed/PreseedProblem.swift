/// Something in a preseed file that can be read and will not do what its author may expect.
package struct PreseedProblem: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: String, Sendable, Encodable {
        /// The installation would stop, do something else, or give a secret away.
        case error
        /// The answer is without effect, or its effect may be another.
        case warning
    }

    package let severity: Severity
    /// A sentence in lower case without a full stop, in one line. It never quotes what may be a password.
    package let message: String
    /// What to do about it, if that can be said.
    package let hint: String?
    package let file: String?
    /// The line, counted from 1; nil for an answer that was not given in the file.
    package let line: Int?

    init(_ severity: Severity, _ message: String, hint: String? = nil, file: String?, line: Int?) {
        self.severity = severity
        self.message = Self.inOneLine(message)
        self.hint = hint.map(Self.inOneLine)
        // An answer from elsewhere has no place in the file.
        self.file = line == nil ? nil : file
        self.line = line
    }

    /// `FILE:LINE: message`.
    package var description: String { sourced(message, file: file, line: line) }

    /// What a message quotes may hold the line breaks of Unicode, which are no control characters of a preseed file.
    private static func inOneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: breaks.contains) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { breaks.contains($0) ? "\u{FFFD}" : $0 }))
    }

    private static let breaks: Set<Unicode.Scalar> = [
        "\n", "\r", "\u{0B}", "\u{0C}", "\u{85}", "\u{2028}", "\u{2029}",
    ]
}
