import GuestModel
import SystemPackage

/// A program to be run: a value, compared by equality in tests, and never a shell's string.
package struct Invocation: Sendable, Equatable {
    /// A name, to be found on the path, or an absolute path.
    package var executable: String
    package var arguments: [String]
    /// The whole environment; nothing is inherited but `PATH`, so that no secret of ours slips in.
    package var environment: [String: String]
    package var input: Input
    /// Seconds after which the program is ended; nil waits for ever.
    package var timeout: Int?
    /// Whether what it starts goes on when it has ended, and this process too: it is not to be in our mount namespace.
    package var isLasting = false

    package init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: Input = .none,
        timeout: Int? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.timeout = timeout
    }

    /// What the program reads on its standard input.
    package enum Input: Sendable, Equatable {
        /// Nothing: /dev/null.
        case none
        /// A pipe that stays open as long as this process lives; its end tells the helper that we died.
        case lifeline
        /// These bytes, which may be a secret: they are neither printed nor logged.
        case bytes([UInt8])
    }

    /// The command line for messages, `--dry-run` and the log; input is not part of it.
    package var commandLine: String {
        ([executable] + arguments).map(Self.quoted).joined(separator: " ")
    }

    /// A word as a shell would have to read it, for people to copy.
    package static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (64...90).contains(byte) || (97...122).contains(byte)
                || "%+,-./:=_".utf8.contains(byte)
        }
        if plain && !word.isEmpty { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

/// How a program ended.
package enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)
    /// It was ended after so many seconds.
    case timedOut(Int)

    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "ended by signal \(signal)"
        case .timedOut(let seconds): "did not end within \(seconds) seconds and was killed"
        }
    }
}

/// Starting programs of the host.
package protocol ProcessRunning: Sendable {
    /// Runs a program to its end, with its output appended to the file.
    ///
    /// When the task is cancelled the program is ended, first with SIGTERM and after three seconds with SIGKILL.
    /// - Throws: ``HostError`` when it cannot be started.
    func run(_ invocation: Invocation, appendingOutputTo log: FilePath?) async throws(HostError) -> ExitStatus
    /// Runs a program whose answer is a short text, at most 1 MiB; its errors go nowhere.
    ///
    /// - Throws: ``HostError`` when it cannot be started, and with `fileTooLarge` when it says more.
    func capture(_ invocation: Invocation) async throws(HostError) -> (status: ExitStatus, output: String)
    /// Runs a program on the terminal of this process, to its end: a console that the user types at.
    func attach(_ invocation: Invocation) async throws(HostError) -> ExitStatus
    /// Where a program is found on the path; nil when it is not there.
    func find(_ name: String) -> FilePath?
}

extension ProcessRunning {
    /// Where there is no terminal, its output goes nowhere.
    package func attach(_ invocation: Invocation) async throws(HostError) -> ExitStatus {
        try await run(invocation, appendingOutputTo: nil)
    }
}
