import FoundationEssentials
import Provisioning

/// The one place that tells errors: a sentence, what it happened in, what to do, what was undone.
struct ErrorReport: Encodable {
    var error: String
    var step: String?
    var hint: String?
    var undone: [String]
    var left: [String]
    var log: String?
    var status: Int32

    init(_ error: any Error) {
        if let error = error as? OptionError {
            self.init(message: error.message, hint: error.hint, exit: error.exit)
            return
        }
        let known = error as? ProvisioningError ?? ProvisioningError(error)
        self.init(message: known.message, hint: known.hint, exit: known.exit)
        step = known.step
        undone = known.undone
        left = known.left
        log = known.log?.string
    }

    private init(message: String, hint: String?, exit: ExitCode) {
        error = message
        self.hint = hint
        undone = []
        left = []
        status = exit.rawValue
    }

    /// For people, on standard error.
    func text(program: String) -> String {
        var lines = ["\(program): \(error)"]
        if let step { lines.append("  while:  \(step)") }
        if let hint { lines.append("  hint:   \(hint)") }
        for undone in undone { lines.append("  undone: \(undone)") }
        for left in left { lines.append("  left:   \(left)") }
        if let log { lines.append("  log:    \(log)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A result that is there, and must be told, although the command did not do all that it was asked for.
struct PartialSuccess: Error {
    let text: String
    let document: any Encodable & Sendable
    let error: ProvisioningError
}

/// The result and the error in one document, whose members are those of both.
struct Together: Encodable {
    private let result: (any Encodable)?
    private let report: ErrorReport

    init(_ result: (any Encodable)?, _ report: ErrorReport) {
        self.result = result
        self.report = report
    }

    func encode(to encoder: any Encoder) throws {
        try result?.encode(to: encoder)
        try report.encode(to: encoder)
    }
}
