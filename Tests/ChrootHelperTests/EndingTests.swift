import Glibc
import Testing

/// Each command leaves a child in the background, a daemon in a session of its own, and waits; all of them hold
/// standard output, so that `finish` returns only when every one of them is dead.
@Suite(
    "domus-chroot leaves nothing running",
    .enabled(if: Sandbox.isPossible, Sandbox.whyNot),
)
struct EndingTests {
    static let lively = "sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &); echo ready; sleep 1000"
    static let isolation: [[String]] = [[], ["--pid-namespace"]]

    private func start(
        _ sandbox: Sandbox,
        _ options: [String],
        _ script: String,
        input: HelperProcess.Input = .null,
        through wrapper: [String] = []
    ) throws -> HelperProcess {
        let helper = try HelperProcess(
            ["--root=\(sandbox.tree)", "--enter", "--mount-kernel-fs"] + options + ["--", "sh", "-c", script],
            input: input,
            through: wrapper
        )
        helper.waitForLine()
        return helper
    }

    @Test("when the command has ended", arguments: isolation)
    func daemon(options: [String]) throws {
        let sandbox = try Sandbox()
        let helper = try start(sandbox, options, "(setsid sh -c 'sleep 1000 & sleep 1000' &); sleep 1000 & echo ready")
        let outcome = helper.finish()
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
    }

    @Test("when the caller has died, as the lifeline tells", arguments: isolation)
    func lifeline(options: [String]) throws {
        let sandbox = try Sandbox()
        let helper = try start(sandbox, options, Self.lively, input: .pipe)
        #expect(try sandbox.isMountedAnywhere())
        helper.closeLifeline()
        #expect(helper.finish().status == 137)
        #expect(try sandbox.isMountedAnywhere() == false)
    }

    @Test("when the caller has died while its input was the command's", arguments: isolation)
    func caller(options: [String]) throws {
        let sandbox = try Sandbox()
        let caller = try start(
            sandbox,
            ["--stdin"] + options,
            Self.lively,
            through: ["sh", "-c", "\"$@\"; echo never", "sh"]
        )
        caller.send(SIGKILL)
        let outcome = caller.finish()
        #expect(outcome.status == -SIGKILL)
        #expect(outcome.output == "ready\n")
    }

    @Test("when it is asked to end", arguments: isolation, [SIGTERM, SIGINT, SIGHUP])
    func terminate(options: [String], signal: Int32) throws {
        let sandbox = try Sandbox()
        let helper = try start(sandbox, options, Self.lively)
        helper.send(signal)
        let outcome = helper.finish()
        #expect(outcome.status == 143)
        #expect(try sandbox.isMountedAnywhere() == false)
    }

    @Test("when it is asked to end and the command tidies up first", arguments: isolation)
    func tidy(options: [String]) throws {
        let sandbox = try Sandbox()
        let helper = try start(
            sandbox,
            options,
            "trap 'echo tidied; exit 3' TERM; echo ready; while true; do sleep 0.01; done"
        )
        helper.send(SIGTERM)
        let outcome = helper.finish()
        #expect(outcome.output == "ready\ntidied\n")
        #expect(outcome.status == 3)
    }

    @Test("when it is asked to end and the command will not", arguments: isolation)
    func stubborn(options: [String]) throws {
        let sandbox = try Sandbox()
        let helper = try start(sandbox, options, "trap '' TERM; echo ready; while true; do sleep 1; done")
        helper.send(SIGTERM)
        #expect(helper.finish().status == 137)
    }

    @Test("when it is killed itself", arguments: isolation)
    func killed(options: [String]) throws {
        let sandbox = try Sandbox()
        let helper = try start(sandbox, options, Self.lively)
        #expect(try sandbox.isMountedAnywhere())
        helper.send(SIGKILL)
        #expect(helper.finish().status == -SIGKILL)
        // The last of them closes its files a moment before it leaves its namespace.
        var patience = 10_000
        while try patience > 0 && sandbox.isMountedAnywhere() {
            patience -= 1
            usleep(1000)
        }
        #expect(try sandbox.isMountedAnywhere() == false)
        #expect(try sandbox.visibleMounts() == [])
    }
}
