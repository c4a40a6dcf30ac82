/// Why the lab cannot go on, and what to do.
struct LabError: Error, CustomStringConvertible {
    let message: String
    let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String { message + (hint.map { "\n  hint: \($0)" } ?? "") }
}

/// Why nothing can be tried on this machine: no fault of the program's, and no pass either.
struct Unavailable: Error, CustomStringConvertible {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    var description: String { reason }
}
