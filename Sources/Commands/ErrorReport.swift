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
