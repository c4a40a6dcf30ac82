import Foundation
import SystemPackage
import TestSupport
import Testing

/// Many guests by one command.
@Suite("many guests", Requirement.bootstrapping)
struct FleetTests {
    private func fleet(_ count: Int, _ more: [String], in workspace: Workspace) async throws -> [String] {
        try await workspace.tiny("web%02d", ["--count=\(count)"] + more)
    }

    private static let pool = ["--ip=auto", "--ip-pool=192.0.2.10-192.0.2.20/24", "--gateway=192.0.2.11"]

    private func addresses(in workspace: Workspace) async throws -> [String: String] {
        let list = try JSONList(try await workspace.run(["list", "--json"]).orThrow().standardOutput).documents
        return Dictionary(
            uniqueKeysWithValues: list.map {
                ($0["name"] as? String ?? "", ($0["addresses"] as? [String])?.joined(separator: " ") ?? "")
            })
    }

    @Test("each has its name, its number and its own address; what others have is not given out")
    func numbered() async throws {
        try await withWorkspace { workspace in
            try makeDirectories(workspace.configurations)
            try writeFile(
                workspace.configuration(of: "theirs"),
                "name = 'theirs'\nmemory = 128\nvif = [ 'ip=192.0.2.12,mac=00:16:3E:00:00:01' ]\n")
            // Whatever its name ends with; but not what an editor left.
            for (name, address) in [("other", "192.0.2.14"), ("gone.cfg~", "192.0.2.10")] {
                try writeFile(
                    workspace.configurations.appending(name), "name = '\(name)'\nvif = [ 'ip=\(address)' ]\n")
            }
            let outcome = try await workspace.run(fleet(3, Self.pool + ["--start=9"], in: workspace)).orThrow()
            #expect(outcome.standardError.contains("[3/3]"))
            #expect(outcome.standardOutput.contains("3 guests made in"))
            var expected = [
                "web09": "192.0.2.10/24", "web10": "192.0.2.13/24", "web11": "192.0.2.15/24", "theirs": "192.0.2.12",
            ]
            #expect(try await addresses(in: workspace) == expected)
            for name in ["web09", "web10", "web11"] {
                let root = GuestImage(workspace.images(of: name).appending("disk.img"))
                #expect(try await root.complaint() == nil)
                #expect(try await root.text("/etc/hostname") == "\(name)\n")
                let address = String(expected[name]?.prefix { $0 != "/" } ?? "")
                #expect(try await root.text("/etc/network/interfaces")?.contains(address) == true)
                #expect(fileExists(workspace.log(of: name)))
            }
            // One that goes gives its address free; one that is replaced keeps it.
            try await workspace.run(["delete", "web09"]).orThrow()
            try await workspace.run(workspace.tiny("web10", Self.pool + ["--force"])).orThrow()
            try await workspace.run(workspace.tiny("db1", Self.pool)).orThrow()
            expected["web09"] = nil
            expected["db1"] = "192.0.2.10/24"
            #expect(try await addresses(in: workspace) == expected)
        }
    }

    @Test("commands at the same time never give out one address twice")
    func atOnce() async throws {
        try await withWorkspace { workspace in
            var runs: [RunningCommand] = []
            for name in ["a", "b", "c"] {
                let words = try await workspace.tiny("\(name)%d", ["--count=2", "--hooks=0"] + Self.pool)
                runs.append(try workspace.domus(words).start())
            }
            for run in runs { try await run.wait().orThrow() }
            let found = try await addresses(in: workspace)
            #expect(found.count == 6 && Set(found.values).count == 6, "\(found)")
            #expect(!found.values.contains("192.0.2.11/24"))
        }
    }

    @Test("one that fails is taken back, told by name, and keeps none of the others")
    func partial() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/role.d/picky", "[ \"$hostname\" != web02 ] || { echo not this one >&2; exit 3; }")
            let words = try await fleet(3, ["--role=picky", "--json"], in: workspace)
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.standardError.contains("web02 is not made: the role picky failed"))
            #expect(outcome.standardError.contains("1 of 3 guests are not made: web02"))
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.standardOutput.utf8)) as? [String: Any])
            let guests = document["guests"] as? [[String: Any]]
            #expect(guests?.compactMap { $0["hostname"] as? String } == ["web01", "web03"])
            #expect((document["failed"] as? [[String: Any]])?.first?["hostname"] as? String == "web02")
            #expect(document["status"] as? Int == 1)
            #expect(!fileExists(workspace.images(of: "web02")) && !fileExists(workspace.configuration(of: "web02")))
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
            #expect(try listing(workspace.guests.appending("domains")) == ["web01", "web03"])
        }
    }

    @Test("an interruption undoes those that are not finished, and leaves nothing of them")
    func interrupted() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/77-wait", Wait.body(in: workspace))
            let words = try await fleet(4, ["--parallel=2"], in: workspace)
            let before = workspace.capture()
            let running = try workspace.domus(words).start()
            #expect(try await Workspace.wait(of: running) { Wait.trees(in: workspace).count == 2 })
            #expect(try await Workspace.wait(of: running) { Wait.hasBegun(in: workspace) })
            running.send(SIGINT)
            let outcome = await running.wait()
            #expect(outcome.status == 130, "\(outcome)")
            #expect(try await workspace.settledDifference(from: before) == [])
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
        }
    }

    @Test("no more than the limit are made at a time")
    func limit() async throws {
        try await withWorkspace { workspace in
            for (limit, expected) in [(1, 1), (3, 3)] {
                let words = try await fleet(
                    3, ["--parallel=\(limit)", "--role=slow", "--hooks=0", "--force"], in: workspace)
                try workspace.script("etc/role.d/slow", "sleep 0.5")
                let running = try workspace.domus(words).start()
                var most = 0
                while running.isRunning {
                    most = max(most, Wait.trees(in: workspace).filter { !$0.string.hasSuffix(".replaced") }.count)
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await running.wait().orThrow()
                #expect(most == expected)
            }
        }
    }

    @Test(
        "what cannot be for many is refused before the first is made",
        arguments: [
            (["--count=2", "--hostname=web"], 64, "has no place for the guests' numbers"),
            (["--count=2", "--hostname=web%x"], 64, "has no place for the guests' numbers"),
            (["--count=2", "--hostname=web%dx%d"], 64, "has no place for the guests' numbers"),
            (["--count=0"], 64, "--count: \"0\" is not a number from 1 to 10000"),
            (["--count=2", "--parallel=many"], 64, "--parallel: \"many\" is not a number"),
            (["--hostname=web", "--start=3"], 64, "--start is for many guests"),
            (["--count=2", "--mac=00:16:3E:00:00:09"], 64, "web01 and web02 cannot both have the MAC address"),
            (["--count=2", "--no-dhcp", "--ip=192.0.2.10/24"], 64, "cannot both have the address 192.0.2.10"),
            (["--count=2", "--vifname=vif0"], 64, "cannot both have the interface name vif0"),
            (
                ["--count=3", "--no-dhcp", "--ip=auto", "--ip-pool=192.0.2.10-192.0.2.11/24"], 73,
                "the pool has no free address left for web03"
            ),
            (["--count=2", "--no-dhcp", "--ip=auto"], 64, "there is no pool of addresses"),
            (["--count=2", "--no-dhcp", "--ip=auto", "--ip-pool=192.0.2.10-192.0.2.11"], 64, "is not known"),
            (
                ["--count=2", "--no-dhcp", "--ip=auto", "--ip-pool=192.0.2.10-192.0.1.9/24"], 64,
                "ends before it begins"
            ),
        ] as [([String], Int32, String)])
    func refused(words: [String], status: Int32, message: String) async throws {
        try await withWorkspace { workspace in
            let names = words.contains { $0.hasPrefix("--hostname") } ? "--hostname=x" : "--hostname=web%02d"
            let tiny = try await workspace.tiny("x", words).filter { $0 != "--hostname=x" }
            let all = tiny + (names == "--hostname=x" ? [] : [names])
            let before = workspace.capture()
            let outcome = try await workspace.run(all)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.standardError.contains(message), "\(outcome)")
            #expect(outcome.standardOutput == "")
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test("a dry run names them all and makes none; the pool of xen-tools' file is read")
    func dryRun() async throws {
        try await withWorkspace { workspace in
            try writeFile(
                workspace.settings.appending("ips.txt"), "# ours\n192.0.2.30: used\n192.0.2.31\n192.0.2.40-192.0.2.41\n"
            )
            let words = try await fleet(3, ["--ip=auto", "--netmask=255.255.255.0", "--dry-run"], in: workspace)
            let before = workspace.capture()
            let outcome = try await workspace.run(words + ["--json"]).orThrow()
            let plans = try JSONList(outcome.standardOutput).documents
            let found = plans.map { ($0["interfaces"] as? [[String: Any]])?.first?["addresses"] as? [String] ?? [] }
            #expect(found == [["192.0.2.31/24"], ["192.0.2.40/24"], ["192.0.2.41/24"]])
            #expect(try await workspace.run(words).orThrow().standardOutput.contains("web01 web02 web03"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }
}
