import SystemPackage
import TestSupport
import Testing

@Suite("at the same time", Requirement.bootstrapping)
struct ConcurrencyTests {
    @Test("while one run makes a guest, another of its name is refused, and those of other names are not")
    func held() async throws {
        try await withWorkspace { workspace in
            let go = workspace.path.appending("go")
            try workspace.script(
                "etc/role.d/wait",
                "touch \"$1/begun\"\nwhile ! test -e \(go); do sleep 0.05; done"
            )
            let running = try await workspace.domus(workspace.tiny("web1", ["--role=wait"])).start()
            #expect(try await Workspace.wait(of: running) { Wait.hasBegun(in: workspace) })
            for more in [[], ["--force"]] {
                let refused = try await workspace.createTiny("web1", more)
                #expect(refused.status == 75, "\(refused)")
                #expect(refused.standardError.contains("process \(running.processID) is working on web1 (create)"))
            }
            try makeDirectories(workspace.configurations)
            #expect(try await workspace.run(["list"]).orThrow().standardError == "")
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
            #expect(try await workspace.run(["delete", "web1"]).status == 66)
            try await workspace.createTiny("web2").orThrow()
            try writeFile(go, "")
            try await running.wait().orThrow()
            for name in ["web1", "web2"] {
                let root = GuestImage(workspace.images(of: name).appending("disk.img"))
                #expect(try await root.complaint() == nil)
                #expect(try await root.text("/etc/hostname") == "\(name)\n")
            }
        }
    }

    @Test("of two that begin at once under one name one wins, whole")
    func race() async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("web1", ["--hooks=0"])
            let runs = try (0..<3).map { _ in try workspace.domus(words).start() }
            var statuses: [Int32] = []
            for run in runs { statuses.append(await run.wait().status ?? -1) }
            #expect(statuses.filter { $0 == 0 }.count == 1, "\(statuses)")
            #expect(statuses.allSatisfy { [0, 73, 75].contains($0) }, "\(statuses)")
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.complaint() == nil)
            #expect(Wait.trees(in: workspace).isEmpty)
            #expect(try await workspace.run(["list"]).orThrow().standardOutput.contains("Name: web1\n"))
            try await workspace.run(["delete", "web1"]).orThrow()
        }
    }

    @Test("different names at once are all made")
    func different() async throws {
        try await withWorkspace { workspace in
            var runs: [(String, RunningCommand)] = []
            for number in 1...3 {
                runs.append(
                    ("web\(number)", try await workspace.domus(workspace.tiny("web\(number)", ["--hooks=0"])).start())
                )
            }
            for (name, run) in runs {
                try await run.wait().orThrow()
                let root = GuestImage(workspace.images(of: name).appending("disk.img"))
                #expect(try await root.complaint() == nil)
            }
            let list = try await workspace.run(["list", "--json"]).orThrow()
            #expect(try JSONList(list.standardOutput).documents.count == 3)
        }
    }
}
