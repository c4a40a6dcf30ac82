/// What a fixture could not do; tests that see it have failed to set up, not failed.
package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String
    /// What to do about it, where that is known.
    package let hint: String?

    package init(_ description: String, hint: String? = nil) {
        self.description = hint.map { "\(description) (\($0))" } ?? description
        self.hint = hint
    }
}
