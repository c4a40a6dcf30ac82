import Foundation
import SystemPackage
import TestSupport
import Testing

/// `--boot`, on a host whose xl is a script. A real Xen host is in Tests/XenLab.
@Suite("starting a guest", Requirement.bootstrapping)
struct StartTests {
    @Test("--boot starts the guest, and the summary says that it runs and where its console is")
    func boot() async throws {
        try await withWorkspace { workspace in
            let xen = try FakeXen(workspace)
            let configuration = workspace.configuration(of: "web1")
            let dry = try await xen.run(workspace.tiny("web1", ["--boot", "--dry-run"])).orThrow()
            #expect(dry.standardOutput.contains(". Start web1\n        xl create \(configuration)\n"), "\(dry)")
            #expect(xen.changes == [] && !fileExists(configuration))

            let made = try await xen.run(workspace.tiny("web1", ["--boot"])).orThrow()
            #expect(xen.changes == ["create \(configuration)"])
            #expect(xen.domain("web1") == "7")
            #expect(made.standardOutput.contains("It runs as domain 7; its console is at\n\n    xl console web1\n"))
            #expect(!made.standardOutput.contains("xl create"))
            #expect(made.standardError.contains("Start web1"))
            #expect(
                try readText(workspace.log(of: "web1")).contains("+ xl create \(configuration)\nParsing config from"))

            let json = try await xen.run(workspace.tiny("web2", ["--boot", "--json"])).orThrow()
            let summary = try #require(object(json.standardOutput))
            #expect(summary["started"] as? Bool == true)
            #expect(summary["domain"] as? Int == 7)
            #expect(summary["console"] as? [String] == ["xl", "console", "web2"])

            let other = try await xen.run(workspace.tiny("web3", ["--json"])).orThrow()
            #expect(object(other.standardOutput)?["started"] as? Bool == false)
            #expect(object(other.standardOutput)?["domain"] == nil)
            #expect(xen.changes.count == 2, "not without --boot")
        }
    }

    @Test("boot in a configuration file is obeyed, and --noboot is stronger")
    func fromFile() async throws {
        try await withWorkspace { workspace in
            let xen = try FakeXen(workspace)
            try writeFile(workspace.settings.appending("xen-tools.conf"), "boot = 1\n")
            let words = try await workspace.tiny("web1")
            #expect(try await xen.run(words + ["--dumpconfig"]).orThrow().standardOutput.contains("\nboot = 1\n"))
            let tool = try workspace.xenTool("xen-create-image", Array(words.dropFirst()) + ["--noboot"])
            try await xen.on(tool).run().orThrow()
            #expect(xen.changes == [])
            try await xen.run(words + ["--force"]).orThrow()
            #expect(xen.changes == ["create \(workspace.configuration(of: "web1"))"])
        }
    }

    @Test("where Xen does not answer, or the name is taken by a domain, nothing is begun")
    func refused() async throws {
        try await withWorkspace { workspace in
            let xen = try FakeXen(workspace)
            let words = try await workspace.tiny("web1", ["--boot"])
            let before = workspace.capture()
            try xen.begin("web1", as: 3)
            let taken = try await xen.run(words)
            #expect(taken.status == 75, "\(taken)")
            #expect(taken.standardError.contains("a guest web1 is running already (domain 3)"))
            try xen.mute()
            for more in [[], ["--dry-run"]] {
                let deaf = try await xen.run(words + more)
                #expect(deaf.status == 69, "\(deaf)")
                #expect(
                    deaf.standardError.contains("Xen does not answer on this host, and starting the guest needs it"))
                #expect(deaf.standardError.contains("--no-boot"))
            }
            #expect(workspace.capture().difference(from: before) == [])
            #expect(xen.changes == [])
            // Without a start no xl is needed, though one is there.
            try await xen.run(workspace.tiny("web1")).orThrow()
        }
    }

    @Test("a guest whose start fails is there; what xl said, the next try and the status 71 tell of it")
    func failure() async throws {
        try await withWorkspace { workspace in
            let fails = "begin \"$1\"; echo 'libxl: error: unable to add vif devices' >&2; exit 3"
            let xen = try FakeXen(workspace, creation: fails)
            let configuration = workspace.configuration(of: "web1")
            let outcome = try await xen.run(workspace.tiny("web1", ["--boot"]))
            #expect(outcome.status == 71, "\(outcome)")
            #expect(
                outcome.standardError.contains("web1 is made, but was not started: xl create: exit status 3; it said"))
            #expect(outcome.standardError.contains("\nlibxl: error: unable to add vif devices\n"))
            #expect(outcome.standardError.contains("while:  Start web1\n"))
            #expect(outcome.standardError.contains("it stays as it is; to try again: xl create -c \(configuration)\n"))
            #expect(outcome.standardError.contains("undone: destroyed domain 7, which was half made\n"))
            #expect(outcome.standardError.contains("log:    \(workspace.log(of: "web1"))\n"))
            // A password is shown this once, in the summary: it must not be lost over the start.
            #expect(outcome.standardOutput.contains("\nInstallation Summary\n"), "\(outcome)")
            #expect(outcome.standardOutput.contains("\nRoot Password   :  N/A\n"), "\(outcome)")
            #expect(
                outcome.standardOutput.contains("but not started. Start it with\n\n    xl create -c \(configuration)\n")
            )
            #expect(xen.changes == ["create \(configuration)", "destroy 7"])
            #expect(xen.domain("web1") == nil)
            #expect(try await xen.run(["list"]).orThrow().standardOutput.contains("Name: web1\n"))
            #expect(try await xen.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
            #expect(try await GuestImage(workspace.images(of: "web1").appending("disk.img")).complaint() == nil)

            let json = try await xen.run(workspace.tiny("web2", ["--boot", "--json"]))
            #expect(json.status == 71)
            let document = try #require(object(json.standardOutput), "one document")
            #expect(document["hostname"] as? String == "web2")
            #expect(document["started"] as? Bool == false)
            #expect(document["status"] as? Int == 71)
            #expect((document["error"] as? String)?.hasPrefix("web2 is made, but was not started") == true)
            try await xen.run(["delete", "web1", "web2"]).orThrow()
        }
    }

    @Test("a signal during the start ends xl and what it had begun, and leaves the guest", arguments: [false, true])
    func interruption(json: Bool) async throws {
        try await withWorkspace { workspace in
            let begun = workspace.path.appending("begun")
            let xen = try FakeXen(workspace, creation: "begin \"$1\"; touch \(begun); exec sleep 1000")
            let words = try await workspace.tiny("web1", ["--boot"] + (json ? ["--json"] : []))
            let before = workspace.capture()
            let running = try xen.on(workspace.domus(words)).start()
            #expect(try await Workspace.wait(for: begun, of: running))
            running.send(SIGTERM)
            let outcome = await running.wait()
            #expect(outcome.status == 143, "\(outcome)")
            #expect(outcome.standardError.contains("web1 is made, but its start was interrupted\n"))
            #expect(outcome.standardError.contains("undone: destroyed domain 7, which was half made\n"))
            #expect(xen.domain("web1") == nil)
            if json {
                #expect(object(outcome.standardOutput)?["status"] as? Int == 143)
                #expect(object(outcome.standardOutput)?["started"] as? Bool == false)
            } else {
                #expect(outcome.standardOutput.contains("but not started. Start it with"))
            }
            let left = try await workspace.settledDifference(from: before)
            #expect(left.allSatisfy { $0.hasPrefix("new file ") && !$0.contains(".domus-") }, "\(left)")
            try await xen.run(["delete", "web1"]).orThrow()
        }
    }

    @Test("a guest that runs is neither deleted nor replaced")
    func running() async throws {
        try await withWorkspace { workspace in
            let xen = try FakeXen(workspace)
            try await xen.run(workspace.tiny("web1", ["--boot"])).orThrow()
            try await xen.run(workspace.tiny("web2")).orThrow()
            let before = workspace.capture()
            for words in [["delete", "web2", "web1"], ["delete", "web1", "--dry-run"]] {
                let outcome = try await xen.run(words)
                #expect(outcome.status == 75, "\(outcome)")
                #expect(outcome.standardError.contains("the guest web1 is running (domain 7); it is not deleted"))
                #expect(outcome.standardError.contains("xl shutdown web1 ends it"))
            }
            let replaced = try await xen.run(workspace.tiny("web1", ["--force", "--boot"]))
            #expect(replaced.status == 75, "\(replaced)")
            #expect(replaced.standardError.contains("will not be replaced under its own feet"))
            #expect(workspace.capture().difference(from: before) == [])
            try xen.mute()
            // No Xen here, so that nothing runs.
            try await xen.run(["delete", "web1"]).orThrow()
        }
    }

    private func object(_ text: String) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
    }
}
