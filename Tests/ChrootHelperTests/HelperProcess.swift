import CLinux
import Glibc
import Testing

/// The built helper, running, with its standard streams in our hands.
///
/// Whoever it starts holds its standard output too, so the end of the output means that nobody is left: that is how
/// these tests see a process die, without waiting for any time to pass.
final class HelperProcess {
    enum Input {
        case null
        /// An open pipe that says nothing: the lifeline.
        case pipe
        case bytes(String)
    }

    struct Failure: Error {
        let text: String
    }

    struct Outcome {
        /// The exit status, or minus the signal that ended it.
        let status: Int32
        let output: String
        let errors: String
    }

    let process: pid_t
    private var lifeline: Int32?
    private let output: Int32
    private let errors: Int32
    private var outputSoFar: [UInt8] = []

    /// The helper that was built with this test bundle.
    static let path: String = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
        let bundle = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/domus-chroot"
    }()

    /// - Parameter through: a program and arguments that run the helper, given as their last arguments.
    convenience init(_ arguments: [String], input: Input = .null, through wrapper: [String] = []) throws {
        try self.init(line: wrapper + [Self.path] + arguments, input: input)
    }

    /// Any program, with a small environment.
    init(line: [String], input: Input) throws {
        let (outputEnd, outputStart) = try Self.pipe()
        let (errorsEnd, errorsStart) = try Self.pipe()
        defer {
            close(outputStart)
            close(errorsStart)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, outputStart, 1)
        posix_spawn_file_actions_adddup2(&actions, errorsStart, 2)
        var inputEnd: Int32?
        defer { if let inputEnd { close(inputEnd) } }
        if case .null = input {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        } else {
            let (end, start) = try Self.pipe()
            inputEnd = end
            lifeline = start
            posix_spawn_file_actions_adddup2(&actions, end, 0)
        }
        var child: pid_t = 0
        var argv = line.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        let environment: [String] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MESSAGE=kept as it is"]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for word in envp { free(word) } }
        let code = posix_spawnp(&child, line[0], &actions, nil, &argv, &envp)
        guard code == 0 else { throw Failure(text: "cannot start \(line[0]): \(String(cString: strerror(code)))") }
        process = child
        output = outputEnd
        errors = errorsEnd
        if case .bytes(let text) = input, let start = lifeline {
            _ = Array(text.utf8).withUnsafeBytes { write(start, $0.baseAddress, $0.count) }
            closeLifeline()
        }
    }

    deinit {
        closeLifeline()
        close(output)
        close(errors)
    }

    /// Runs it to its end.
    static func run(
        _ arguments: [String],
        input: Input = .null,
        through wrapper: [String] = []
    ) throws -> Outcome {
        let helper = try HelperProcess(arguments, input: input, through: wrapper)
        return helper.finish()
    }

    func closeLifeline() {
        if let lifeline { close(lifeline) }
        lifeline = nil
    }

    func send(_ signal: Int32) { kill(process, signal) }

    /// Waits until the command has written a line.
    func waitForLine() {
        while !outputSoFar.contains(10), readOutput() {}
    }

    /// Waits until nobody holds the streams any more and the process itself is gone.
    func finish() -> Outcome {
        while readOutput() {}
        // By now whoever had something to say has said it, and ended.
        _ = fcntl(errors, F_SETFL, O_NONBLOCK)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(errors, &buffer, buffer.count), count > 0 {
            text.append(contentsOf: buffer[..<count])
        }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        let signal = status & 0x7f
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xff : -signal,
            output: String(decoding: outputSoFar, as: UTF8.self),
            errors: String(decoding: text, as: UTF8.self)
        )
    }

    /// - Returns: whether there may be more.
    private func readOutput() -> Bool {
        var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        // Never long on any machine; without a limit a process left over would hang the tests instead of failing one.
        guard poll(&entry, 1, 60_000) > 0 else {
            Issue.record("somebody still runs and holds the output")
            send(SIGKILL)
            return false
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(output, &buffer, buffer.count)
        guard count > 0 else { return false }
        outputSoFar.append(contentsOf: buffer[..<count])
        return true
    }

    private static func pipe() throws -> (end: Int32, start: Int32) {
        var ends: [Int32] = [0, 0]
        guard clinux_pipe2(&ends, O_CLOEXEC) == 0 else { throw Failure(text: "cannot make a pipe") }
        return (ends[0], ends[1])
    }
}
