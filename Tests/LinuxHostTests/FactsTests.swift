import Glibc
import LinuxHost
import SystemPackage
import TestSupport
import Testing

@Suite("Facts of the running system")
struct FactsTests {
    private let facts = RealSystemFacts()

    @Test("this process runs, and its mark is the same each time")
    func own() {
        let mark = facts.thisProcess
        #expect(mark.number == getpid())
        #expect(!mark.start.isEmpty && !mark.boot.isEmpty)
        #expect(facts.thisProcess == mark)
        #expect(facts.isRunning(mark))
    }

    @Test("a process that has ended, began at another time or ran before the last boot does not run")
    func others() async throws {
        let ended = try await run("sh", ["-c", "echo $$; cut -d' ' -f22 /proc/$$/stat"])
        let lines = ended.standardOutput.split(separator: "\n").map(String.init)
        let own = facts.thisProcess
        let dead = ProcessMark(number: try #require(Int32(lines[0])), start: lines[1], boot: own.boot)
        #expect(!facts.isRunning(dead))
        // The number is in use again, by somebody else.
        #expect(!facts.isRunning(ProcessMark(number: own.number, start: own.start + "0", boot: own.boot)))
        #expect(!facts.isRunning(ProcessMark(number: own.number, start: own.start, boot: "another")))
        #expect(!facts.isRunning(ProcessMark(number: -1, start: "", boot: "")))
    }

    @Test("a killed process that nobody has collected does not run")
    func zombie() async throws {
        let parent = try Command("sh", ["-c", "sh -c 'exit 0' & echo $!; exec sleep 600"]).start()
        #expect(try await parent.waitForOutput("\n"))
        let child = try #require(Int32(parent.standardOutput.prefix { $0.isNumber }))
        let boot = facts.thisProcess.boot
        var start = ""
        for _ in 0..<1000 {
            guard let line = try? readText(FilePath("/proc/\(child)/stat")), line.contains(") Z ") else {
                try await Task.sleep(for: .milliseconds(10))
                continue
            }
            start = String(line.split(separator: " ")[21])
            break
        }
        #expect(!start.isEmpty)
        #expect(!facts.isRunning(ProcessMark(number: child, start: start, boot: boot)))
        parent.send(SIGKILL)
        _ = await parent.wait()
    }

    @Test("the kernel's release is uname's, and the clock is of this century")
    func kernel() async throws {
        #expect(try await run("uname", ["-r"]).standardOutput == facts.kernelRelease + "\n")
        #expect(facts.userID == geteuid())
        #expect(RealClock().today.year >= 2026)
        #expect(RealClock().seconds > 1_700_000_000)
        #expect(RealClock().monotonic <= RealClock().monotonic)
        #expect(RealRandom().bytes(16).count == 16)
        #expect(RealRandom().bytes(16) != RealRandom().bytes(16))
    }
}
