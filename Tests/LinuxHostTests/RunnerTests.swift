import Glibc
import LinuxHost
import SystemPackage
import TestSupport
import Testing

@Suite("Running programs")
struct RunnerTests {
    private let runner = SubprocessRunner(path: "/usr/bin:/bin")

    private func shell(_ script: String, timeout: Int? = nil) -> Invocation {
        Invocation("sh", ["-c", script], timeout: timeout)
    }

    @Test(
        "how it ended is told",
        arguments: [
            ("exit 0", LinuxHost.ExitStatus.exited(0)), ("exit 3", .exited(3)), ("exit 255", .exited(255)),
            ("kill -TERM $$", .signalled(SIGTERM)), ("kill -KILL $$", .signalled(SIGKILL)),
        ])
    func ending(script: String, status: LinuxHost.ExitStatus) async throws {
        #expect(try await runner.run(shell(script), appendingOutputTo: nil) == status)
        #expect(status.isSuccess == (script == "exit 0"))
    }

    @Test("output and errors go to the end of the log")
    func log() async throws {
        try await withTemporaryDirectory { directory in
            let log = directory.appending("log")
            try writeFile(log, "before\n")
            _ = try await runner.run(shell("echo out; echo err >&2"), appendingOutputTo: log)
            #expect(try readText(log) == "before\nout\nerr\n")
        }
    }

    @Test("an answer is the output alone")
    func capture() async throws {
        let answer = try await runner.capture(shell("echo answer; echo noise >&2; exit 4"))
        #expect(answer.status == .exited(4))
        #expect(answer.output == "answer\n")
    }

    @Test("the environment is what was given, and PATH")
    func environment() async throws {
        setenv("DOMUS_TEST_LEAK", "secret", 1)
        let answer = try await runner.capture(Invocation("env", [], environment: ["hostname": "web1", "LC_ALL": "C"]))
        let lines = Set(answer.output.split(separator: "\n").map(String.init))
        #expect(
            lines == [
                "hostname=web1", "LC_ALL=C",
                "PATH=/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin",
            ])
        let other = try await runner.capture(Invocation("/usr/bin/env", [], environment: ["PATH": "/only"]))
        #expect(other.output == "PATH=/only\n")
    }

    @Test("arguments arrive as they are, and no shell reads them")
    func arguments() async throws {
        let words = ["$HOME", "a b", "'", "*", "", "\n", "-n"]
        let answer = try await runner.capture(Invocation("/usr/bin/printf", ["[%s]"] + words))
        #expect(answer.output == words.map { "[\($0)]" }.joined())
    }

    @Test("the input is what was given, to its last byte, or nothing at all")
    func input() async throws {
        var invocation = Invocation("wc", ["-c"])
        #expect(try await runner.capture(invocation).output == "0\n")
        invocation.input = .bytes([UInt8](repeating: 65, count: 300_000))
        #expect(try await runner.capture(invocation).output == "300000\n")
        invocation = Invocation("cat", [])
        invocation.input = .bytes(Array("root:pass\n".utf8))
        #expect(try await runner.capture(invocation).output == "root:pass\n")
    }

    @Test("a program that does not read its input is no error of ours")
    func unreadInput() async throws {
        // As Domus does for itself.
        signal(SIGPIPE, SIG_IGN)
        var invocation = shell("exit 0")
        invocation.input = .bytes([UInt8](repeating: 65, count: 1_000_000))
        let status = try? await runner.run(invocation, appendingOutputTo: nil)
        #expect(status == nil || status == .exited(0))
    }

    @Test("the lifeline is open as long as the program runs, and nobody else holds it")
    func lifeline() async throws {
        var invocation = shell("test -p /dev/stdin && echo pipe")
        invocation.input = .lifeline
        #expect(try await runner.capture(invocation).output == "pipe\n")
    }

    @Test("a program that takes too long is ended with all that it started")
    func timeout() async throws {
        try await withTemporaryDirectory { directory in
            let pids = directory.appending("pids")
            // The child ignores nothing, and is not the shell's to wait for. It begins in time, whatever else the machine does.
            let script = "sleep 600 & echo $! > \(pids); echo $$ >> \(pids); wait"
            let status = try await runner.run(shell(script, timeout: 10), appendingOutputTo: nil)
            #expect(status == .timedOut(10))
            #expect(status.description == "did not end within 10 seconds and was killed")
            for pid in try readText(pids).split(separator: "\n").compactMap({ Int32($0) }) {
                #expect(await isGone(pid), "process \(pid) still runs")
            }
        }
    }

    @Test("a program that ignores SIGTERM is killed all the same")
    func stubborn() async throws {
        let status = try await runner.run(
            shell("trap '' TERM; while :; do sleep 1; done", timeout: 1), appendingOutputTo: nil)
        #expect(status == .timedOut(1))
    }

    @Test("cancelling the task ends the program")
    func cancellation() async throws {
        try await withTemporaryDirectory { directory in
            let pid = directory.appending("pid")
            let fifo = directory.appending("fifo")
            mkfifo(fifo.string, 0o600)
            let runner = runner
            let invocation = shell("echo $$ > \(pid); echo > \(fifo); exec sleep 600")
            let task = Task { try await runner.run(invocation, appendingOutputTo: nil) }
            // Opening the FIFO waits until the program has come so far.
            _ = try await run("cat", [fifo.string])
            task.cancel()
            let result = await task.result
            if case .success(let status) = result { #expect(status == .signalled(SIGTERM)) }
            let number = try #require(Int32(readText(pid).prefix { $0.isNumber }))
            #expect(await isGone(number))
        }
    }

    @Test("a program that is not there is named")
    func missing() async {
        let error = await #expect(throws: HostError.self) {
            try await runner.run(Invocation("no-such-program", []), appendingOutputTo: nil)
        }
        #expect(error?.message == "cannot run no-such-program: there is no such program on this host")
        #expect(runner.find("no-such-program") == nil)
        #expect(runner.find("/etc/passwd") == nil)
        #expect(runner.find("sh")?.lastComponent == "sh")
    }

    @Test("the path's relative directories are not searched, and the system's own always are")
    func searchPath() async throws {
        #expect(SubprocessRunner(path: "").find("sh") != nil)
        #expect(SubprocessRunner(path: ".:relative").find("sh")?.string.hasPrefix("/") == true)
    }

    /// Whether a process ends, which may take the kernel a moment after its signal.
    private func isGone(_ pid: Int32) async -> Bool {
        for _ in 0..<1000 {
            if kill(pid, 0) != 0 { return true }
            // A zombie that nobody has collected is gone too.
            if (try? readText(FilePath("/proc/\(pid)/stat")))?.contains(") Z ") == true { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}
