import Foundation
import Glibc
import Synchronization
import SystemPackage

/// A started command, leader of a session of its own (so a signal to its group reaches what it started, and no terminal
/// of the test's is touched). Its process group is killed when the last reference goes before it ended.
///
/// Output goes to unlinked files rather than pipes: nothing can fill up and block, and a process left behind by the
/// program cannot keep a reader waiting.
package final class RunningCommand: Sendable {
    package let command: Command
    private let child: ChildProcess

    init(_ command: Command) throws {
        self.command = command
        child = try ChildProcess(command)
        child.watch()
    }

    deinit { child.kill(group: true, SIGKILL) }

    /// The process id of the program; also the id of its process group.
    package var processID: Int32 { child.processID }

    package var isRunning: Bool { child.state.withLock { $0.ending == nil } }

    /// What it has written so far.
    package var standardOutput: String { child.text(child.output) }

    /// What it has written so far.
    package var standardError: String { child.text(child.error) }

    /// Sends a signal to the program alone or to everything it started too (as a terminal's ^C does); nothing happens if
    /// it ended.
    package func send(_ signal: Int32, toGroup: Bool = false) {
        child.kill(group: toGroup, signal)
    }

    /// Waits until `text` is in its output or errors; false when it ended or the time passed before.
    package func waitForOutput(_ text: String, timeout: Duration = .seconds(60)) async throws -> Bool {
        let deadline = ContinuousClock.now + timeout
        while true {
            let running = isRunning
            if standardOutput.contains(text) || standardError.contains(text) { return true }
            if !running || ContinuousClock.now > deadline { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Waits for its end; kills its process group when `timeout` passes or the task is cancelled.
    package func wait(timeout: Duration = .seconds(120)) async -> Outcome {
        let ending = await withTaskCancellationHandler {
            await child.ending(deadline: .now + timeout)
        } onCancel: {
            child.kill(group: true, SIGKILL)
        }
        return Outcome(
            command: command,
            ending: ending,
            standardOutput: standardOutput,
            standardError: standardError
        )
    }
}

/// The process and what its watching thread shares with the test.
private final class ChildProcess: Sendable {
    struct State {
        var ending: Outcome.Ending?
        var deadline: ContinuousClock.Instant?
        var waiting: [CheckedContinuation<Outcome.Ending, Never>] = []
    }

    let processID: pid_t
    let output: FileDescriptor
    let error: FileDescriptor
    let state = Mutex(State())

    init(_ command: Command) throws {
        output = try unlinkedFile()
        error = try unlinkedFile()
        let input = try unlinkedFile()
        defer { try? input.close() }
        try input.writeAll((command.input ?? "").utf8)
        try input.seek(offset: 0, from: .start)
        processID = try spawn(command, command.input == nil ? nil : input, output, error)
    }

    deinit {
        try? output.close()
        try? error.close()
    }

    func text(_ file: FileDescriptor) -> String {
        String(decoding: (try? file.readAll()) ?? [], as: UTF8.self)
    }

    /// Under the lock, and only while the process has not been reaped, so that the id cannot be someone else's.
    func kill(group: Bool, _ signal: Int32) {
        state.withLock { if $0.ending == nil { _ = Glibc.kill(group ? -processID : processID, signal) } }
    }

    func ending(deadline: ContinuousClock.Instant) async -> Outcome.Ending {
        await withCheckedContinuation { continuation in
            state.withLock {
                if let ending = $0.ending { return continuation.resume(returning: ending) }
                $0.deadline = deadline
                $0.waiting.append(continuation)
            }
        }
    }

    /// A thread rather than a task: with two cores the cooperative pool has two threads, and tests may block both.
    func watch() {
        Thread.detachNewThread { [self] in
            var timedOut = false
            while true {
                let ended = state.withLock { state -> Bool in
                    var status: Int32 = 0
                    guard waitpid(processID, &status, WNOHANG) == processID else {
                        if let deadline = state.deadline, deadline < .now {
                            timedOut = true
                            _ = Glibc.kill(-processID, SIGKILL)
                        }
                        return false
                    }
                    let signal = status & 0x7f
                    let ending: Outcome.Ending =
                        timedOut ? .timedOut : signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
                    state.ending = ending
                    for continuation in state.waiting { continuation.resume(returning: ending) }
                    state.waiting = []
                    return true
                }
                if ended { return }
                usleep(3000)
            }
        }
    }
}

private func unlinkedFile() throws -> FileDescriptor {
    let path = FilePath("/tmp/domus-output-\(UUID().uuidString)")
    defer { unlink(path.string) }
    do {
        return try FileDescriptor.open(
            path,
            .readWrite,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite
        )
    } catch {
        throw TestSupportError("cannot make a file for the output of a program in /tmp: \(error)")
    }
}

private func spawn(
    _ command: Command,
    _ input: FileDescriptor?,
    _ output: FileDescriptor,
    _ error: FileDescriptor
) throws -> pid_t {
    guard let program = findProgram(command.program) else {
        throw TestSupportError("cannot run \(command.program): no such program")
    }
    var words = [program.string] + command.arguments
    if let directory = command.directory {
        // The C library's chdir file action is not in Swift's Glibc module; env has the same as an option.
        words = ["/usr/bin/env", "--chdir=\(directory)"] + words
    }
    var environment = ProcessInfo.processInfo.environment
    for name in ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"] {
        environment[name] = nil
        environment[name.uppercased()] = nil
    }
    environment["LC_ALL"] = "C.UTF-8"
    for (name, value) in command.environment { environment[name] = value }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
        posix_spawn_file_actions_adddup2(&actions, input.rawValue, 0)
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
    posix_spawn_file_actions_adddup2(&actions, error.rawValue, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    // 0x80 is POSIX_SPAWN_SETSID, which the Glibc module lacks.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | 0x80))

    var processID: pid_t = 0
    let result = withCStrings(words) { arguments in
        withCStrings(environment.map { "\($0)=\($1)" }) { variables in
            posix_spawn(&processID, words[0], &actions, &attributes, arguments, variables)
        }
    }
    guard result == 0 else {
        throw TestSupportError("cannot run \(command.program): \(Errno(rawValue: result))")
    }
    return processID
}

private func withCStrings<Result>(
    _ strings: [String],
    _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
}
