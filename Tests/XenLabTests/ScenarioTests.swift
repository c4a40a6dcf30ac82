import LinuxHost
import Testing

@testable import xen_lab

@Suite("Scenarios") struct ScenarioTests {
    @Test("the header says what it is") func header() throws {
        let scenario = try Scenario(
            name: "pv", file: "/s/pv",
            text: "#!/bin/sh\n# summary: PV: a kernel\n# roots: a b\n# archives: d\n# limit: 60\n# tags: slow\n"
                + ". lib\n# roots: c\n")
        #expect(scenario.summary == "PV: a kernel")
        #expect(scenario.roots == ["a", "b"])
        #expect(scenario.archives == ["d"])
        #expect(scenario.limit == 60)
        #expect(scenario.isSlow)
    }

    @Test("a name that a shell would take for more is refused", arguments: ["", "a b", "../a", "a~", "$(a)", "A"])
    func names(name: String) {
        #expect(throws: LabError.self) { try Scenario(name: name, file: "/x", text: "# summary: x\n") }
    }

    @Test(
        "a header that would be misread is refused",
        arguments: [
            "#!/bin/sh\n. lib\n", "# summary: x\n# limits: 3\n", "# summary: x\n# limit: soon\n",
            "# summary: x\n# tags: solw\n", "# summary:\n",
        ])
    func refused(text: String) {
        #expect(throws: LabError.self) { try Scenario(name: "x", file: "/x", text: text) }
    }
}

@Suite("Verdicts") struct VerdictTests {
    private func verdict(
        _ ending: Machine.Ending, words: String = "failed: no prompt", log: String = "", evidence: String = ""
    ) -> Verdict {
        Verdict(ending, limit: 60, lastWords: words, hostLog: log, evidence: evidence)
    }

    private let segfault = "[  9.1] xl[812]: segfault at 10 ip 00007f sp 00007f error 4 in libc.so.6\r\n"

    @Test("a scenario that ends well has passed, whatever else was in the log") func passed() {
        #expect(verdict(.answered("lab: end 0 96"), log: segfault) == .passed)
    }

    @Test("a scenario that fails is the program's fault") func failed() {
        #expect(verdict(.answered("lab: end 1 96")) == .failed("failed: no prompt"))
        #expect(verdict(.answered("lab: end 75 96")) == .failed("failed: no prompt"))
    }

    @Test("a scenario whose time is over has failed, with its limit") func limit() {
        #expect(
            verdict(.answered("lab: end 124 60"), words: "pv1 is started")
                == .failed("given up after 60 s of dom0's clock; last: pv1 is started"))
    }

    @Test("a host that ends or falls silent is the emulator's fault") func host() {
        for ending in [Machine.Ending.gone(.exited(0)), .gone(.signalled(6)), .silent(900)] {
            guard case .flaked = verdict(ending) else {
                Issue.record("\(ending) is no fault of the emulator's")
                continue
            }
        }
    }

    @Test(
        "a crash of what is not ours is the emulator's fault, and is shown",
        arguments: [
            "(XEN) Panic on CPU 0:", "(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.",
            "[  9.1] BUG: unable to handle page fault for address: ffff8880",
            "[  9.1] Oops: 0000 [#1] PREEMPT SMP NOPTI",
            "[  9.1] traps: xenstored[200] general protection fault ip:7f sp:7f error:0 in libc.so.6",
            "[  9.1] xl[812]: segfault at 10 ip 00007f sp 00007f error 4 in libc.so.6",
        ])
    func crash(line: String) {
        #expect(verdict(.answered("lab: end 1 96"), log: "(XEN) fine\n\(line)\r\nmore\n") == .flaked(line))
    }

    @Test("a crash of ours is not", arguments: ["domus[812]", "domus-chroot[812]", "xen-create-imag[812]"])
    func ours(process: String) {
        let log = "[  9.1] \(process): segfault at 10 ip 00007f sp 00007f error 4 in domus\n"
        #expect(verdict(.answered("lab: end 1 96"), log: log) == .failed("failed: no prompt"))
    }

    @Test("xl that died of a signal is the emulator's fault, as the scenario wrote it down") func evidence() {
        #expect(
            verdict(.answered("lab: end 75 96"), evidence: "xl create: ended by signal 6")
                == .flaked("xl create: ended by signal 6"))
    }
}
