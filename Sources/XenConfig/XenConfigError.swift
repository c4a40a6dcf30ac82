/// A configuration that xl could not read, or that would not be the guest that was asked for.
package struct XenConfigError: Error, Equatable, CustomStringConvertible {
    /// What could not be done, to what and why; a sentence in lower case without a full stop.
    package let message: String
    /// What to do about it, if that can be said.
    package let hint: String?
    /// The configuration's name, as it was given; nil for a value that never stood in a file.
    package let file: String?
    /// The place, if there is one.
    package let position: Position?

    /// A place in a text: line and column, both counted from 1, the column in characters of Unicode.
    package struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
        package let line: Int
        package let column: Int

        package static func < (left: Position, right: Position) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }

        package var description: String { "\(line):\(column)" }
    }

    package init(_ message: String, hint: String? = nil, file: String? = nil, position: Position? = nil) {
        self.message = message
        self.hint = hint
        self.file = file
        self.position = position
    }

    /// The same, with the file that it is about if that was not known.
    package func told(of file: String) -> XenConfigError {
        XenConfigError(message, hint: hint, file: self.file ?? file, position: position)
    }

    package var description: String {
        let place = [file, position?.description].compactMap(\.self).joined(separator: ":")
        return place.isEmpty ? message : "\(place): \(message)"
    }
}
