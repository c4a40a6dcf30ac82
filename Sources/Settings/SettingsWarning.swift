/// Something in a configuration file that has no effect, or not the one that its author may expect.
package struct SettingsWarning: Hashable, Sendable, CustomStringConvertible {
    package let origin: Origin
    /// A sentence in lower case without a full stop. It never quotes a whole line: that may hold a password.
    package let message: String

    package init(_ message: String, at origin: Origin) {
        self.origin = origin
        self.message = message
    }

    /// `FILE, line N: message`.
    package var description: String { "\(origin): \(message)" }
}
