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
        self.message = message
        self.hint = hint
        self.position = position
    }

    /// The message with its line, as messages of xl give it.
    package var description: String { position.map { "line \($0.line): \(message)" } ?? message }
}
