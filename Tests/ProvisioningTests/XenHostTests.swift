import FakeHost
import LinuxHost
import Provisioning
import Testing

/// Whether a guest runs: an xl that cannot tell must never be taken for one that says no.
@Suite("Asking xl for a domain")
struct XenHostTests {
    struct Case: Sendable, CustomTestStringConvertible {
        enum Answer: Sendable, Equatable {
            case number(Int), none, doubt(String)
        }

        var testDescription: String
        var domid: (LinuxHost.ExitStatus, String)?
        var list = LinuxHost.ExitStatus.exited(0)
        var capabilities: String?
        var expected: Answer
    }

    static let cases: [Case] = [
        Case(testDescription: "it is there", domid: (.exited(0), "12\n"), expected: .number(12)),
        Case(testDescription: "it is not there", domid: (.exited(1), ""), expected: .none),
        Case(
            testDescription: "it is not there on a Xen host", domid: (.exited(1), ""), capabilities: "control_d\n",
            expected: .none),
        Case(testDescription: "no xl, no Xen", expected: .none),
        Case(testDescription: "no xl in a guest of Xen", capabilities: "", expected: .none),
        Case(
            testDescription: "no xl on a Xen host", capabilities: "control_d\n",
            expected: .doubt("this host runs Xen, and xl is not on the path")),
        Case(testDescription: "xl without Xen", domid: (.exited(1), ""), list: .exited(1), expected: .none),
        Case(
            testDescription: "xl in a guest of Xen", domid: (.exited(1), ""), list: .exited(1), capabilities: "",
            expected: .none),
        Case(
            testDescription: "xl fails on a Xen host", domid: (.exited(1), ""), list: .exited(1),
            capabilities: "control_d\n", expected: .doubt("xl list ended with exit status 1")),
        Case(
            testDescription: "xl crashes on a Xen host", domid: (.signalled(6), ""), list: .signalled(6),
            capabilities: "control_d\n", expected: .doubt("xl list was ended by signal 6")),
        Case(
            testDescription: "the question hangs", domid: (.timedOut(30), ""), list: .exited(1),
            expected: .doubt("xl domid web1 did not end within 30 seconds and was killed")),
        Case(
            testDescription: "the list hangs", domid: (.exited(1), ""), list: .timedOut(30),
            expected: .doubt("xl list did not end within 30 seconds and was killed")),
        Case(
            testDescription: "an answer that is no number", domid: (.exited(0), "what?\n"),
            expected: .doubt("xl domid said \"what?\"")),
    ]

    @Test("no guest is taken for one that does not run while it may run", arguments: cases)
    func answer(_ example: Case) async throws {
        let machine = FakeMachine(FakeTree())
        if let capabilities = example.capabilities { machine.tree.put(capabilities, at: "/proc/xen/capabilities") }
        var programs: [String: FakeHost.Program] = [:]
        if let domid = example.domid {
            programs["xl"] = { process in
                guard process.command.arguments == ["domid", "web1"] else { return example.list }
                process.output = domid.1
                return domid.0
            }
        }
        let xen = XenHost(host: FakeHost(machine, programs: programs).host)
        do {
            let number = try await xen.domain(named: "web1")
            #expect(example.expected == number.map { .number($0) } ?? .none)
        } catch {
            guard case .doubt(let reason) = example.expected else { throw error }
            #expect(error.message == "cannot tell whether the guest web1 is running: \(reason)")
            #expect(error.exit == .unavailable)
            #expect(error.hint != nil)
        }
    }

    @Test("a guest is not replaced while it runs, nor while nobody can tell")
    func replacement() async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.put("3", at: "\(FakePrograms.domains)/web1")
        world.machine.tree.put("control_d\n", at: "/proc/xen/capabilities")
        func check(_ process: FakeHost) async throws {
            try await Work.check(in: world, as: process, replaces: true)
        }
        let running = await #expect(throws: ProvisioningError.self) { try await check(world.process()) }
        #expect(running?.exit == .temporary)
        #expect(running?.message.contains("is running (domain 3), and will not be replaced") == true)
        #expect(running?.hint?.contains("xl destroy web1") == true)
        let deaf = world.process(programs: ["xl": { _ in .exited(1) }])
        let doubt = await #expect(throws: ProvisioningError.self) { try await check(deaf) }
        #expect(doubt?.exit == .unavailable)
        world.machine.tree.take("\(FakePrograms.domains)/web1")
        try await check(world.process())
    }
}
