import SystemPackage

/// A program to run: a plain value, so that a test can build it step by step and compare it.
///
/// The environment is the test's own, made the same everywhere: `LC_ALL=C.UTF-8`, and no proxy variable, since the
/// fixtures are on this machine.
package struct Command: Sendable, Equatable {
    /// A name to look up (see `findProgram`) or a path.
    package var program: String
    package var arguments: [String]
    /// Changes to the environment; a nil value removes the variable.
    package var environment: [String: String?] = [:]
    package var directory: FilePath?
    /// What the program reads on its standard input; nil is `/dev/null`.
    package var input: String?

    package init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        directory: FilePath? = nil,
        input: String? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
    }

    /// The same command run by another, as its last arguments: `command.wrapped(in: SmallTmpfs.prefix(...))`.
    package func wrapped(in prefix: [String]) -> Command {
        var result = self
        result.program = prefix[0]
        result.arguments = prefix.dropFirst() + [program] + arguments
        return result
    }

    /// Runs to the end, or until `timeout`, when its whole process group is killed (`Outcome.ending` is `.timedOut`).
    ///
    /// Throws only when it cannot be started. A cancelled task kills it too.
    package func run(timeout: Duration = .seconds(120)) async throws -> Outcome {
        try await start().wait(timeout: timeout)
    }

    /// Starts it and returns at once: for tests that send signals.
    package func start() throws -> RunningCommand {
        try RunningCommand(self)
    }
}

/// Shorthand for `Command(...).run(...)`.
@discardableResult
package func run(
    _ program: String,
    _ arguments: [String] = [],
    environment: [String: String?] = [:],
    directory: FilePath? = nil,
    input: String? = nil,
    timeout: Duration = .seconds(120)
) async throws -> Outcome {
    let command = Command(program, arguments, environment: environment, directory: directory, input: input)
    return try await command.run(timeout: timeout)
}
