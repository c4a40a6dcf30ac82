/// Something that keeps a preseed file, or an answer given beside it, from being used.
///
/// The message never quotes a value, nor a word that stands where a value may: either can be a password.
package struct PreseedError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in lower case and without a full stop.
    package let message: String
    /// What to do, if that can be said.
    package let hint: String?
    /// The file as the caller named it; nil for an answer that stands in no file.
    package let file: String?
    /// The line, counted from 1.
    package let line: Int?

    package init(_ message: String, hint: String? = nil, file: String? = nil, line: Int? = nil) {
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
    }

    /// `FILE:LINE: message`.
    package var description: String { sourced(message, file: file, line: line) }
}

/// A message behind the place that it is about, as compilers write it.
func sourced(_ message: String, file: String?, line: Int?) -> String {
    guard let file else { return message }
    guard let line else { return "\(file): \(message)" }
    return "\(file):\(line): \(message)"
}
