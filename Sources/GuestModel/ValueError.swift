/// A value that the user gave and that cannot be what it should be.
///
/// The message is a sentence in lower case without a full stop and quotes the value; who reads options or files
/// puts the option's name, or the file and line, in front of it.
package struct ValueError: Error, Equatable, CustomStringConvertible {
    /// What is wrong with the value, with the numbers.
    package let message: String
    /// What to write instead, if that can be said.
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
