import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("interruptions", Requirement.bootstrapping)
struct InterruptionTests {
    @Test(
        "a signal during a hook ends the hook and undoes the run",
        arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)]
    )
    func duringHook(signal: Int32, status: Int32) async throws {
        try await withWorkspace { workspace in
            let started = workspace.path.appending("started")
            try workspace.script("etc/hooks.d/77-wait", Wait.body(in: workspace))
            let words = try await workspace.tiny("web1")
            let before = workspace.capture()
            let running = try workspace.domus(words).start()
            #expect(try await running.waitForOutput("Run hook 77-wait"))
            #expect(try await Workspace.wait(of: running) { Wait.hasBegun(in: workspace) })
            running.send(signal)
            let outcome = await running.wait()
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.standardError.contains("the run was interrupted"))
            #expect(outcome.standardError.contains("while:  Run hook 77-wait"))
            #expect(outcome.standardError.contains("undone: removed \(workspace.guests)/domains/.domus-"))
            #expect(outcome.standardOutput == "")
            #expect(!fileExists(started))
            #expect(try await workspace.settledDifference(from: before) == [])
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
        }
    }

    @Test("^C on a terminal, which reaches all that was started, undoes the run too")
    func toTheGroup() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/77-wait", Wait.body(in: workspace))
            let words = try await workspace.tiny("web1")
            let before = workspace.capture()
            let running = try workspace.domus(words).start()
            #expect(try await Workspace.wait(of: running) { Wait.hasBegun(in: workspace) })
            running.send(SIGINT, toGroup: true)
            let outcome = await running.wait()
            #expect(outcome.status == 130, "\(outcome)")
            #expect(outcome.standardError.contains("the run was interrupted"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "a signal while packages are fetched and unpacked undoes the run",
        Requirement.program("debootstrap", "mmdebstrap"),
        arguments: ["native", "debootstrap", "mmdebstrap"]
    )
    func duringInstallation(method: String) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let before = workspace.capture()
            let running = try workspace.domus(Workspace.bootstrap("web1", method, archive, mirror)).start()
            #expect(
                try await Workspace.wait(of: running) { mirror.requests.contains { $0.contains("/pool/") } }
            )
            running.send(SIGTERM)
            let outcome = await running.wait()
            #expect(outcome.status == 143, "\(outcome)")
            #expect(outcome.standardError.contains("the run was interrupted"))
            #expect(outcome.standardError.contains(method))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test("a signal while a mirror is waited for undoes the run")
    func duringProbe() async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(.silent)
        try await withWorkspace { workspace in
            let before = workspace.capture()
            let running = try workspace.domus(Workspace.bootstrap("web1", "debootstrap", archive, mirror)).start()
            #expect(try await running.waitForOutput("Install Debian 12"))
            running.send(SIGINT)
            let outcome = await running.wait()
            #expect(outcome.status == 130, "\(outcome)")
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }
}

/// A script that says that it has begun, where the host is read-only, and does not end.
enum Wait {
    /// The hook's own children, one of them in the background, carry the marker in their command lines.
    static func body(in workspace: Workspace) -> String {
        "touch \"$1/begun\"\nsh -c 'sleep 1000; : \(workspace.path)' &\nsleep 1000"
    }

    static func hasBegun(in workspace: Workspace) -> Bool {
        trees(in: workspace).contains { fileExists($0.pushing("root/begun")) }
    }

    /// The working directories of runs.
    static func trees(in workspace: Workspace) -> [FilePath] {
        let domains = workspace.guests.appending("domains")
        guard let stream = opendir(domains.string) else { return [] }
        defer { closedir(stream) }
        var trees: [FilePath] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".domus-") { trees.append(domains.appending(name)) }
        }
        return trees
    }
}
