import FakeHost
import LinuxHost
import Provisioning
import SystemPackage
import Testing

@Suite("Runs that do not end well")
struct InterruptionTests {
    @Test("an interruption is heard at the beginning of every step")
    func steps() async throws {
        let count = try Work.plan(Sample.guest(), run: "00000000000a", on: World().process().host).steps.count
        for number in 1...count {
            let world = try World()
            let beginning = try world.state()
            let process = world.process()
            let reporter = Telling { if $0 == number { withUnsafeCurrentTask { $0?.cancel() } } }
            let result = await Task {
                try await Work.create(Sample.guest(), in: world, as: process, reporter: reporter)
            }.result
            guard case .failure(let error as ProvisioningError) = result else {
                // The last step is one piece: what is interrupted in it is published already.
                #expect(number == count)
                continue
            }
            #expect(error.exit == .interrupted)
            #expect(try world.state() == beginning)
            #expect(reporter.told.contains { $0.hasPrefix("failed ") })
        }
    }

    @Test("a failed run says in which step, what was taken back and where the log is")
    func report() async throws {
        let world = try World()
        let process = world.process(programs: [
            "80-install-kernel": { process in
                process.output += "E: Unable to locate package linux-image-amd64\n"
                return .exited(100)
            }
        ])
        let reporter = Telling()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(Sample.guest(), in: world, as: process, reporter: reporter)
        }
        #expect(error?.exit == .failed)
        #expect(error?.step == "Run hook 80-install-kernel")
        #expect(error?.message.contains("exit status 100") == true)
        #expect(error?.message.contains("Unable to locate package") == true)
        #expect(error?.log == Work.log)
        #expect(error?.undone.first == "removed /srv/xen/domains/.domus-00000000000a")
        #expect(error?.undone.last == "removed /srv/xen, which was empty")
        #expect(reporter.told.last == "failed Run hook 80-install-kernel")
    }

    @Test("with --keep the working directory stays and the name is free")
    func keep() async throws {
        let world = try World()
        let process = world.process(programs: ["80-install-kernel": { _ in .exited(1) }])
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(Sample.guest(), in: world, as: process, keeps: true)
        }
        #expect(error?.left.contains { $0.contains("/srv/xen/domains/.domus-00000000000a") } == true)
        #expect(error?.undone.isEmpty == true)
        #expect(world.machine.tree.text("/srv/xen/domains/.domus-00000000000a/root/bin/sh") == "shell")
        #expect(try world.store.runs().isEmpty)
        try await Work.create(Sample.guest(), in: world, as: world.process(), run: "00000000000b")
    }

    @Test("with --keep a guest that was to be replaced is back in its place")
    func keepAndReplace() async throws {
        let course = try await Course(Scenario.all[3])
        var inTheWay = 0
        for number in 1...course.effects {
            let world = try course.start.copy()
            let process = world.process([.failBefore(number)])
            do {
                try await Work.create(Sample.guest(), in: world, as: process, replaces: true, keeps: true)
            } catch let error as ProvisioningError {
                let record = try #require(try world.store.record(named: "web1"))
                let directory = try process.host.files.entry(at: "/srv/xen/domains/web1")
                // Also where the new one stood already: that is kept under another name, and told.
                #expect(directory?.identity == record.directory.identity, "effect \(number)")
                let kept = "/srv/xen/domains/.domus-00000000000a.kept-web1"
                let isThere = try process.host.files.entry(at: FilePath(kept)) != nil
                #expect(error.left.contains("\(kept) (kept)") == isThere, "effect \(number): \(error.left)")
                if isThere { inTheWay += 1 }
                #expect(try world.store.runs().isEmpty, "effect \(number)")
            }
        }
        #expect(inTheWay > 0)
    }

    @Test("recover --keep forgets the run and leaves what it made")
    func recoverKeeping() async throws {
        let world = try World()
        _ = await Task { try await Work.create(Sample.guest(), in: world, as: world.process([.killAfter(20)])) }.result
        let before = world.machine.tree.snapshot()
        let recovery = Recovery(host: world.process().host, store: world.store)
        let run = try #require(try recovery.unfinished().first)
        #expect(try !recovery.effects(of: run).isEmpty)
        #expect(await recovery.keep(run).left.contains { $0.hasSuffix("/.domus-00000000000a (kept)") })
        #expect(world.machine.tree.snapshot() == before)
        #expect(!world.leftovers.isEmpty)
        #expect(try recovery.unfinished().isEmpty)
    }

    @Test("two runs on one guest: the second is told who has it")
    func busy() async throws {
        let world = try World()
        let other = world.process()
        try world.store.begin(
            RunEntry(
                id: "00000000000b", command: "create", guest: "web1", process: other.process, started: 0, log: nil),
            isRunning: { _ in true })
        let before = try world.state()
        let busy = await #expect(throws: ProvisioningError.self) {
            try await Work.create(Sample.guest(), in: world, as: world.process())
        }
        #expect(busy?.exit == .temporary)
        #expect(busy?.message == "process \(other.process.number) is working on web1 (create)")

        world.machine.end(other.process)
        let unfinished = await #expect(throws: ProvisioningError.self) {
            try await Work.create(Sample.guest(), in: world, as: world.process())
        }
        #expect(unfinished?.exit == .temporary)
        #expect(unfinished?.message.contains("killed before it ended") == true)
        #expect(unfinished?.hint?.contains("domus recover") == true)
        #expect(try world.state() == before)

        try await Work.create(
            Sample.guest("web2"), in: world, as: world.process(), run: "00000000000c")
        #expect(try world.store.records().map(\.hostname) == ["web2"])
    }
}

@Suite("Directories that runs share")
struct SharedDirectoryTests {
    @Test("one that another run has made, and would take back, is taken back by the last that used it")
    func last() async throws {
        for isProvisional in [true, false] {
            let world = try World()
            let other = world.process()
            try world.store.begin(
                RunEntry(id: "other", command: "create", guest: "web9", process: other.process, started: 0, log: nil),
                isRunning: { _ in true })
            if isProvisional {
                for path in ["/srv/xen", "/srv/xen/domains"] {
                    _ = try world.store.intend(.removeDirectoryIfEmpty(path: path), step: "another's", run: "other")
                }
            }
            world.machine.tree.makeDirectories("/srv/xen/domains")
            await #expect(throws: ProvisioningError.self) {
                try await Work.create(Sample.guest(), in: world, as: world.process([.failBefore(8)]))
            }
            for path in ["/srv/xen", "/srv/xen/domains"] as [FilePath] {
                #expect(try (world.process().host.files.entry(at: path) != nil) == !isProvisional, "\(path)")
            }
        }
    }
}
