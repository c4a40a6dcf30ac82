/// Something that is wrong with an xl configuration.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: String, Sendable, Encodable {
        /// The guest would not start, or not be the one that was asked for.
        case error
        /// The guest starts; something is without effect or will not last.
        case warning
    }

    package let severity: Severity
    /// A sentence in lower case without a full stop.
    package let message: String
    /// What to do about it, if that can be said.
    package let hint: String?
    /// Where it is in the configuration; nil for what is missing from it.
    package let position: XenConfigError.Position?

    package init(
        severity: Severity, message: String, hint: String? = nil, position: XenConfigError.Position? = nil
    ) {
        self.severity = severity
        self.message = Self.inOneLine(message)
        self.hint = hint.map(Self.inOneLine)
        self.position = position
    }

    /// A problem is one line, as compilers write it, and what it quotes may be anybody's: a line break in there would make
    /// another problem of it.
    private static func inOneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: breaks.contains) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { breaks.contains($0) ? "\u{FFFD}" : $0 }))
    }

    private static let breaks: Set<Unicode.Scalar> = [
        "\n", "\r", "\u{0B}", "\u{0C}", "\u{85}", "\u{2028}", "\u{2029}",
    ]

    /// The message with its line, as messages of xl give it.
    package var description: String { position.map { "line \($0.line): \(message)" } ?? message }
}
