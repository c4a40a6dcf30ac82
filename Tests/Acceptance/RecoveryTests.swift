import Glibc
import SystemPackage
import TestSupport
import Testing

/// kill -9, which no program can answer: what was done is in the journal, and the next command says so.
@Suite("after kill -9", Requirement.bootstrapping)
struct RecoveryTests {
    enum Moment: String, Sendable, CaseIterable {
        case installing, inHook, makingFileSystem
    }

    /// Starts a create that comes to a stop at that moment, and kills it there.
    private func kill(at moment: Moment, _ workspace: Workspace) async throws {
        let running: RunningCommand
        switch moment {
        case .installing:
            let archive = try await FixtureArchive.make()
            let mirror = try FixtureMirror(serving: archive)
            running = try workspace.domus(Workspace.bootstrap("web1", "debootstrap", archive, mirror)).start()
            #expect(try await Workspace.wait(of: running) { mirror.requests.contains { $0.contains("/pool/") } })
        case .inHook:
            try workspace.script("etc/hooks.d/77-wait", Wait.body(in: workspace))
            running = try await workspace.domus(workspace.tiny("web1")).start()
            #expect(try await Workspace.wait(of: running) { Wait.hasBegun(in: workspace) })
        case .makingFileSystem:
            let begun = workspace.path.appending("begun")
            try workspace.script("bin/mke2fs", "touch \(begun)\nexec sleep 1000")
            var command = try await workspace.domus(workspace.tiny("web1"))
            command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
            running = try command.start()
            #expect(try await Workspace.wait(for: begun, of: running))
        }
        running.send(SIGKILL)
        #expect(await running.wait().ending == .signalled(SIGKILL))
        removeTree(workspace.settings.appending("hooks.d"))
    }

    @Test(
        "the next command tells of the run, its name is refused, and recover takes all of it back",
        Requirement.program("debootstrap"),
        arguments: Moment.allCases
    )
    func recover(moment: Moment) async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("web1")
            let before = workspace.capture()
            try await kill(at: moment, workspace)
            let tree = try #require(Wait.trees(in: workspace).first)
            // Nothing of it goes on working.
            let left = try await workspace.settledDifference(from: before)
            #expect(left.filter { !$0.hasPrefix("new file \(workspace.guests)") } == [])

            try makeDirectories(workspace.configurations)
            let list = try await workspace.run(["list"]).orThrow()
            #expect(list.standardOutput == "")
            #expect(
                list.standardError.contains("warning: an earlier run was killed before it ended: create web1 (run ")
            )
            let refused = try await workspace.run(words)
            #expect(refused.status == 75, "\(refused)")
            #expect(refused.standardError.contains("was killed before it ended"))
            #expect(refused.standardError.contains("domus recover takes back what it left"))
            try await workspace.createTiny("web2", ["--hooks=0"]).orThrow()
            try await workspace.run(["delete", "web2"]).orThrow()

            let dry = try await workspace.run(["recover", "--dry-run"]).orThrow()
            #expect(dry.standardOutput.contains("  would be undone: remove \(tree)\n"), "\(dry)")
            #expect(fileExists(tree))
            let unknown = try await workspace.run(["recover", "web9"])
            #expect(unknown.status == 66)
            let recovered = try await workspace.run(["recover"]).orThrow()
            #expect(recovered.standardOutput.contains("create web1 (run "))
            #expect(recovered.standardOutput.contains("  undone: removed \(tree)\n"), "\(recovered)")
            rmdir(workspace.configurations.string)
            #expect(try await workspace.settledDifference(from: before) == [])
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
            try await workspace.run(words).orThrow()
        }
    }

    @Test("recover --keep leaves what is there, and gives the name free")
    func keep() async throws {
        try await withWorkspace { workspace in
            try await kill(at: .inHook, workspace)
            let tree = try #require(Wait.trees(in: workspace).first)
            let outcome = try await workspace.run(["recover", "web1", "--keep"]).orThrow()
            #expect(outcome.standardOutput.contains("  \(tree) (kept)\n"))
            #expect(fileExists(tree.pushing("root/begun")))
            try await workspace.createTiny("web1").orThrow()
            #expect(fileExists(tree.pushing("root/begun")))
        }
    }

    @Test("what somebody else put in the place of the killed run's files stays")
    func replaced() async throws {
        try await withWorkspace { workspace in
            try await kill(at: .inHook, workspace)
            let tree = try #require(Wait.trees(in: workspace).first)
            rename(tree.string, workspace.path.appending("moved").string)
            try writeFile(tree.appending("precious"), "precious\n")
            try await workspace.run(["recover"]).orThrow()
            #expect(try readText(tree.appending("precious")) == "precious\n")
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
        }
    }
}
