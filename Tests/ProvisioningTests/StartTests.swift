import FakeHost
import LinuxHost
import Provisioning
import SystemPackage
import Testing

/// `--boot`: a guest that is made stays, whatever becomes of its start.
@Suite("Starting a guest")
struct StartTests {
    private static let domain = "\(FakePrograms.domains)/web1"

    /// A run that starts the guest, with another xl where one is given.
    private func create(
        in world: World, _ faults: [FakeHost.Fault] = [], reporter: Telling = Telling(),
        xl: @escaping FakeHost.Program = FakePrograms.xl
    ) async throws -> (created: Provisioner.Created, process: FakeHost) {
        let process = world.process(faults, programs: ["xl": xl])
        let created = try await Task {
            try await FakeHost.$isForeground.withValue(true) {
                try await Work.create(Sample.guest(), in: world, as: process, starts: true, reporter: reporter)
            }
        }.value
        return (created, process)
    }

    private func failure(_ created: Provisioner.Created) throws -> ProvisioningError {
        guard case .failed(let error)? = created.start else {
            throw ProvisioningError("it was started: \(String(describing: created.start))", exit: .failed)
        }
        return error
    }

    @Test("it is started when it is complete and known, as the last of the steps")
    func order() async throws {
        let world = try World()
        let reporter = Telling()
        let (created, process) = try await create(in: world, reporter: reporter) { process in
            if process.command.arguments.first == "create" {
                #expect(process.tree.text("/etc/xen/web1.cfg") != nil)
                #expect(process.tree.text("/srv/xen/domains/web1/disk.img") != nil)
                #expect(!process.tree.snapshot().keys.contains { $0.contains(".domus-") }, "all is tidied up")
                #expect(try! world.store.record(named: "web1") != nil)
                #expect(try! world.store.runs().count == 1, "nobody may delete it now")
            }
            return FakePrograms.xl(&process)
        }
        guard case .started(domain: 7)? = created.start else {
            Issue.record("\(String(describing: created.start))")
            return
        }
        let words = process.invocations.filter { $0.executable == "xl" }.map(\.arguments)
        #expect(words == [["domid", "web1"], ["list"], ["create", "/etc/xen/web1.cfg"], ["domid", "web1"]])
        let count = try Work.plan(Sample.guest(), run: "00000000000a", on: process.host).steps.count + 1
        #expect(reporter.told.suffix(2) == ["began \(count)/\(count) Start web1", "finished Start web1"])
        #expect(reporter.told.contains { $0.hasPrefix("began 1/\(count) ") })
        #expect(world.machine.tree.text(Work.log.string)?.contains("+ xl create /etc/xen/web1.cfg\nParsing") == true)
        #expect(try world.store.runs().isEmpty)
    }

    @Test("a dry run shows the step and its command, and a guest that is not to be started has none")
    func plan() throws {
        let host = try World().process().host
        let plan = try Work.plan(Sample.guest(), run: "00000000000a", on: host, starts: true)
        #expect(plan.allSteps.last?.summary == "Start web1")
        #expect(plan.allSteps.last?.details == ["xl create /etc/xen/web1.cfg"])
        #expect(try Work.plan(Sample.guest(), run: "00000000000a", on: host).start == nil)
    }

    @Test("a path that xl would take for a setting is given to it as a file")
    func equalsSign() {
        #expect(XenHost.creation(of: "/etc/xen/web1.cfg", console: true) == ["create", "-c", "/etc/xen/web1.cfg"])
        #expect(XenHost.creation(of: "/srv/a=b/web1.cfg") == ["create", "--defconfig=/srv/a=b/web1.cfg"])
    }

    @Test("when xl refuses, the guest stays; what xl said and how to try again are told")
    func refusal() async throws {
        let world = try World()
        let (created, process) = try await create(in: world) { process in
            guard process.command.arguments.first == "create" else { return FakePrograms.xl(&process) }
            process.output += "Parsing config from /etc/xen/web1.cfg\nlibxl: error: no bridge xenbr0\n"
            return .exited(3)
        }
        let error = try failure(created)
        #expect(error.exit == .notStarted)
        #expect(
            error.message
                == "web1 is made, but was not started: xl create: exit status 3; it said last:\n"
                + "Parsing config from /etc/xen/web1.cfg\nlibxl: error: no bridge xenbr0")
        #expect(error.step == "Start web1")
        #expect(error.hint == "it stays as it is; to try again: xl create -c /etc/xen/web1.cfg")
        #expect(error.log == Work.log)
        #expect(error.undone.isEmpty && error.left.isEmpty)
        #expect(process.effects.allSatisfy { !$0.hasPrefix("run xl destroy") })
        #expect(world.machine.tree.text("/etc/xen/web1.cfg") != nil)
        #expect(try world.store.records().map(\.hostname) == ["web1"])
        #expect(try world.store.runs().isEmpty)
        #expect(world.leftovers.isEmpty)
        try await Work.delete("web1", in: world, as: world.process())
    }

    @Test("a domain that xl left half made is destroyed, by its number")
    func halfMade() async throws {
        let world = try World()
        let (created, process) = try await create(in: world) { process in
            let status = FakePrograms.xl(&process)
            return process.command.arguments.first == "create" ? .timedOut(600) : status
        }
        let error = try failure(created)
        #expect(error.exit == .notStarted)
        #expect(error.undone == ["destroyed domain 7, which was half made"])
        #expect(process.invocations.contains { $0.arguments == ["destroy", "7"] })
        #expect(world.machine.tree.text(Self.domain) == nil)
        #expect(world.machine.tree.text("/etc/xen/web1.cfg") != nil)
    }

    @Test("an interruption in the middle of the start does not keep the half-made domain from being destroyed")
    func interrupted() async throws {
        let world = try World()
        let (created, _) = try await create(in: world) { process in
            let status = FakePrograms.xl(&process)
            guard process.command.arguments.first == "create" else { return status }
            withUnsafeCurrentTask { $0?.cancel() }
            return .signalled(15)
        }
        let error = try failure(created)
        #expect(error.exit == .interrupted)
        #expect(error.undone == ["destroyed domain 7, which was half made"])
        #expect(world.machine.tree.text(Self.domain) == nil)
        #expect(try world.store.records().count == 1)
    }

    @Test("one that cannot be destroyed is told")
    func stubborn() async throws {
        let world = try World()
        let (created, _) = try await create(in: world) { process in
            switch process.command.arguments.first {
            case "create":
                _ = FakePrograms.xl(&process)
                return .signalled(9)
            case "destroy": return .exited(1)
            default: return FakePrograms.xl(&process)
            }
        }
        #expect(try failure(created).left == ["domain 7, half made: xl destroy 7: exit status 1"])
    }

    @Test("a domain of that name that is not this run's is never destroyed")
    func another() async throws {
        // It is there before xl is asked to start ours.
        let world = try World()
        world.machine.tree.put("3", at: Self.domain)
        let (early, process) = try await create(in: world)
        #expect(try failure(early).message.contains("a domain of that name, 3, has come up in between"))
        #expect(!process.effects.contains { $0.hasPrefix("run xl create") || $0.hasPrefix("run xl destroy") })
        #expect(world.machine.tree.text(Self.domain) == "3")

        // It comes while xl starts ours, which libxl then refuses.
        let second = try World()
        let (late, rival) = try await create(in: second) { process in
            guard process.command.arguments.first == "create" else { return FakePrograms.xl(&process) }
            process.tree.put("4", at: Self.domain)
            process.output += "libxl: error: Domain 5:Domain with name \"web1\" already exists.\n"
            return .exited(3)
        }
        #expect(try failure(late).message.contains("already exists"))
        #expect(!rival.effects.contains { $0.hasPrefix("run xl destroy") })
        #expect(second.machine.tree.text(Self.domain) == "4")
    }

    @Test("one that has ended again by the time it is looked for was started")
    func shortLived() async throws {
        let (created, _) = try await create(in: try World()) { process in
            process.command.arguments.first == "create" ? .exited(0) : FakePrograms.xl(&process)
        }
        guard case .started(domain: nil)? = created.start else {
            Issue.record("\(String(describing: created.start))")
            return
        }
    }

    @Test("whatever goes wrong from the commit on: the guest is there, and its domain runs or is gone")
    func everyMoment() async throws {
        let clean = try World()
        let effects = try await create(in: clean).process.effects
        let commit = try #require(effects.lastIndex { $0.hasPrefix("synchronize /etc/xen") }) + 1
        var interruptions = 0
        var failures = 0
        for number in (commit + 1)...effects.count {
            for fault in [
                FakeHost.Fault.failBefore(number), .failAmid(number), .cancelBefore(number),
            ] {
                let world = try World()
                let (created, _) = try await create(in: world, [fault])
                let place: Comment = "\(fault): \(effects[number - 1])"
                #expect(try world.store.records().count == 1, place)
                #expect(world.machine.tree.text("/etc/xen/web1.cfg") != nil, place)
                switch created.start {
                case .started?: #expect(world.machine.tree.text(Self.domain) == "7", place)
                case .failed(let error)?:
                    #expect(world.machine.tree.text(Self.domain) == nil, place)
                    if case .cancelBefore = fault {
                        interruptions += 1
                        #expect(error.exit == .interrupted, place)
                        #expect(error.message == "web1 is made, but its start was interrupted", place)
                    } else {
                        failures += 1
                        #expect(error.exit == .notStarted, place)
                    }
                case nil: Issue.record(place)
                }
            }
        }
        #expect(interruptions > 1 && failures > 1)
    }

    @Test("a start that is refused by the plan's check makes nothing", arguments: [true, false])
    func preflight(isThere: Bool) async throws {
        let world = try World()
        let before = try world.state()
        let programs = FakePrograms.all.filter { isThere || $0.key != "xl" }
        let process = FakeHost(
            world.machine,
            programs: isThere ? programs.merging(["xl": { _ in .exited(1) }]) { $1 } : programs)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(in: world, as: process, starts: true)
        }
        #expect(error?.exit == .unavailable)
        #expect(
            error?.message
                == (isThere
                    ? "Xen does not answer on this host, and starting the guest needs it: "
                        + "xl list ended with exit status 1"
                    : "xl: not on this host, and starting the guest needs it"))
        #expect(error?.hint?.contains("--no-boot") == true)
        #expect(try world.state() == before)
        try await Work.check(in: world, as: process)
    }

    @Test("a domain that has the name already is told before anything is made")
    func taken() async throws {
        let world = try World()
        world.machine.tree.put("3", at: Self.domain)
        let process = world.process()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(in: world, as: process, starts: true)
        }
        #expect(error?.exit == .temporary)
        #expect(error?.message.hasPrefix("a guest web1 is running already (domain 3)") == true)
        try await Work.check(in: world, as: process)
    }
}
