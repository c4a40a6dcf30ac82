import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("commands")
struct CommandTests {
    @Test("output, errors and status arrive apart")
    func outcome() async throws {
        let outcome = try await run("sh", ["-c", "echo out; echo err >&2; exit 7"])
        #expect(outcome.standardOutput == "out\n")
        #expect(outcome.standardError == "err\n")
        #expect(outcome.ending == .exited(7))
        #expect(!outcome.succeeded)
        #expect(throws: TestSupportError.self) { try outcome.orThrow() }
    }

    @Test("input, directory and environment are the caller's")
    func surroundings() async throws {
        try await withTemporaryDirectory { directory in
            let outcome = try await run(
                "sh",
                ["-c", "cat; pwd; echo $A-$HOME-$http_proxy"],
                environment: ["A": "b", "HOME": nil],
                directory: directory,
                input: "in\n"
            )
            #expect(outcome.standardOutput == "in\n\(directory)\nb--\n")
        }
    }

    @Test("more output than a pipe holds is no problem")
    func muchOutput() async throws {
        let outcome = try await run("sh", ["-c", "head -c 1000000 /dev/zero | tr '\\0' x"])
        #expect(outcome.standardOutput.utf8.count == 1_000_000)
    }

    @Test("a process left behind does not keep the test waiting, and the timeout ends it with its group")
    func timeout() async throws {
        let left = try await run("sh", ["-c", "sleep 1000 & echo $!"])
        #expect(left.ending == .exited(0))
        let id = try #require(pid_t(left.standardOutput.filter { $0 != "\n" }))
        #expect(kill(id, SIGKILL) == 0)

        // Long enough for it to begin, whatever else the machine does.
        let slow = try await run("sh", ["-c", "sleep 1000 & echo $!; wait"], timeout: .seconds(10))
        #expect(slow.ending == .timedOut)
        let child = try #require(pid_t(slow.standardOutput.filter { $0 != "\n" }))
        // Gone, or a zombie that its new parent has not collected; dying takes it a moment.
        func isAlive() -> Bool {
            let state = (try? readText(FilePath("/proc/\(child)/stat"))) ?? "(sleep) Z"
            return !state.contains(") Z")
        }
        for _ in 0..<3000 where isAlive() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!isAlive())
    }

    @Test("a running program gets signals", arguments: [false, true])
    func signals(toGroup: Bool) async throws {
        let running = try Command("sh", ["-c", "trap 'echo caught; exit 4' INT; echo ready; sleep 1000 & wait"]).start()
        #expect(try await running.waitForOutput("ready"))
        running.send(SIGINT, toGroup: toGroup)
        let outcome = await running.wait()
        #expect(outcome.ending == .exited(4))
        #expect(outcome.standardOutput == "ready\ncaught\n")
        kill(-running.processID, SIGKILL)
    }

    @Test("a program that is not there is an error")
    func missing() async throws {
        await #expect(throws: TestSupportError.self) { try await run("no-such-program") }
    }

    @Test("a wrapped command is the prefix's last arguments")
    func wrapping() async throws {
        let outcome = try await Command("echo", ["a b"]).wrapped(in: ["env", "X=1"]).run()
        #expect(outcome.standardOutput == "a b\n")
    }
}
