/// How a command ended and what it said.
package struct Outcome: Sendable, CustomStringConvertible {
    /// How it ended.
    package enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
    }

    package let command: Command
    package let ending: Ending
    package let standardOutput: String
    package let standardError: String

    package var succeeded: Bool { ending == .exited(0) }

    /// The exit status, nil when a signal or the timeout ended it.
    package var status: Int32? {
        if case .exited(let status) = ending { status } else { nil }
    }

    /// Everything, for a failure message: `#expect(outcome.succeeded, "\(outcome)")`.
    package var description: String {
        """
        \(command.program) \(command.arguments.joined(separator: " ")): \(ending)
        --- standard output
        \(standardOutput)
        --- standard error
        \(standardError)
        """
    }

    /// Itself when it succeeded, otherwise a `TestSupportError` with everything it said.
    @discardableResult
    package func orThrow() throws -> Outcome {
        guard succeeded else { throw TestSupportError(description) }
        return self
    }
}
