/// A template that cannot be used, or that wants a value which is not there.
package struct TemplateError: Error, Equatable, CustomStringConvertible {
    /// What could not be done, to what and why; a sentence in lower case without a full stop.
    package let message: String
    /// What to write instead, if that can be said.
    package let hint: String?
    /// The template's name, as it was given.
    package let file: String
    /// The line of the template, counted from 1; nil where the whole template is meant.
    package let line: Int?

    package init(_ message: String, hint: String? = nil, file: String, line: Int? = nil) {
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
    }

    package var description: String {
        line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}
