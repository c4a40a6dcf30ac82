import GuestModel

/// Something in a configuration file that cannot be what it should be.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    package let origin: Origin
    /// What is wrong, in lower case and without a full stop.
    package let message: String
    /// What to do, if that can be said.
    package let hint: String?

    package init(_ message: String, hint: String? = nil, at origin: Origin) {
        self.origin = origin
        self.message = message
        self.hint = hint
    }

    /// A bad value, at the place where it was written.
    package init(_ error: ValueError, at origin: Origin) {
        self.init(error.message, hint: error.hint, at: origin)
    }

    /// `FILE, line N: message`.
    package var description: String { "\(origin): \(message)" }
}
