import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("configuration", Requirement.bootstrapping)
struct ConfigurationTests {
    /// The values of `--dumpconfig`, by key.
    private func dump(_ workspace: Workspace, _ more: [String]) async throws -> [String: String] {
        let words = ["create", "--hostname=web1", "--dhcp", "--dumpconfig"] + more
        let output = try await workspace.run(words).orThrow().standardOutput
        return Dictionary(
            output.split(separator: "\n").map { line in
                let parts = line.split(separator: " = ", maxSplits: 1)
                return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    @Test("xen-tools.conf gives defaults, the file of --config is stronger, and the command line wins")
    func precedence() async throws {
        try await withWorkspace { workspace in
            try writeFile(
                workspace.settings.appending("xen-tools.conf"),
                """
                # The administrator's.
                memory = 256M   # enough
                vcpus = 2
                size = 2G
                dist = bullseye
                install-method = mmdebstrap
                no-verify = 1

                """
            )
            let more = try workspace.file("more.conf", "vcpus = 3\nsize = 3Gb\n")
            let values = try await dump(workspace, ["--config=\(more)", "--size=5G"])
            #expect(values["memory"] == "256M")
            #expect(values["dist"] == "bullseye")
            #expect(values["vcpus"] == "3")
            #expect(values["partition disk"]?.hasPrefix("5G ext4") == true)
            #expect(values["install-method"] == "mmdebstrap")
        }
    }

    @Test("the method that xen-tools ships its configuration with is no choice of debootstrap, and elsewhere it is one")
    func shippedMethod() async throws {
        try await withWorkspace { workspace in
            let line = "install-method = debootstrap\n"
            try writeFile(workspace.settings.appending("xen-tools.conf"), line)
            let words = ["create", "--hostname=web1", "--dhcp", "--dumpconfig", "--no-verify", "--dist=bookworm"]
            let shipped = try await workspace.run(words).orThrow()
            #expect(shipped.standardOutput.contains("install-method = native\n"))
            let plan = try await workspace.run(words.filter { $0 != "--dumpconfig" } + ["--dry-run"]).orThrow()
            #expect(plan.standardError.contains("xen-tools.conf, line 1: debootstrap is not used"), "\(plan)")
            let own = try workspace.file("own.conf", line)
            for chosen in ["--config=\(own)", "--install-method=debootstrap"] {
                let outcome = try await workspace.run(words + [chosen]).orThrow()
                #expect(outcome.standardOutput.contains("install-method = debootstrap\n"), "\(chosen)")
            }
        }
    }

    @Test("a command in backticks is run, without a shell")
    func backticks() async throws {
        try await withWorkspace { workspace in
            let settings = workspace.settings.appending("xen-tools.conf")
            let kernel = workspace.files.appending("vmlinuz-\(try await kernelRelease())")
            try writeFile(kernel, KernelFiles.kernel(version: try await kernelRelease()))
            try writeFile(settings, "kernel = \(workspace.files)/vmlinuz-`uname -r`\npygrub = 0\n")
            let values = try await dump(workspace, ["--dist=bookworm", "--no-verify"])
            #expect(values["loader"] == kernel.string)

            try writeFile(settings, "memory = `echo 512M; touch \(workspace.files)/made`\n")
            let words = ["create", "--hostname=web1", "--dhcp", "--dumpconfig", "--no-verify"]
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.standardError.contains("\(settings), line 1: "))
            #expect(!fileExists(workspace.files.appending("made")))
        }
    }

    private func kernelRelease() async throws -> String {
        try await run("uname", ["-r"]).orThrow().standardOutput.filter { $0 != "\n" }
    }

    @Test(
        "a mistake in a file is told with file and line, and an option that is not there is refused there too",
        arguments: [
            ("# nothing\n\nsize = 12Q\n", 3, "\"12Q\" is not a size"),
            ("memory = 8\n", 1, "cannot be a guest's memory"),
            ("dist = bookwrom\n", 1, "is not a release"),
            ("mac = 01:02\n", 1, "is not a MAC address"),
            ("vcpus = none\n", 1, "is not a number of virtual CPUs"),
            ("zpool = tank\n", 1, "zpool is an option of xen-tools that Domus does not have yet"),
            ("role = web,missing\n", 1, "there is no role"),
            ("dhcp = maybe\n", 1, "\"maybe\" is neither yes nor no"),
        ]
    )
    func mistakes(text: String, line: Int, message: String) async throws {
        try await withWorkspace { workspace in
            let settings = workspace.settings.appending("xen-tools.conf")
            try writeFile(settings, text)
            var words = ["create", "--hostname=web1", "--no-verify", "--dumpconfig"]
            if !text.hasPrefix("dhcp") { words.append("--dhcp") }
            let outcome = try await workspace.run(words)
            // A role that is missing is a missing file, wherever it is named.
            #expect(outcome.status == (message.contains("no role") ? 66 : 78), "\(outcome)")
            #expect(outcome.standardError.contains("\(settings), line \(line): "), "\(outcome)")
            #expect(outcome.standardError.contains(message), "\(outcome)")
        }
    }

    @Test("a mistake in a partitions file is told with file and line")
    func partitionsFile() async throws {
        try await withWorkspace { workspace in
            try writeFile(workspace.settings.pushing("partitions.d/web"), "[root]\nsize=1G\ntype=ext5\nmountpoint=/\n")
            let outcome = try await workspace.createTiny("web1", ["--partitions=web"])
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.standardError.contains("\(workspace.settings)/partitions.d/web, line 3: "))
        }
    }

    @Test("what nobody knows reaches the hooks, and a password never does")
    func unknownKeys() async throws {
        try await withWorkspace { workspace in
            try writeFile(
                workspace.settings.appending("xen-tools.conf"),
                "colour = green\npassword = hush-hush-hush\ngenpass = 0\n"
            )
            try workspace.script("etc/hooks.d/77-environment", "env > \"$1/etc/environment.seen\"")
            try workspace.script("files/chpasswd", "cat > /etc/chpasswd.input")
            var root = try TinyRoot()
            root.entries.append(.copy("usr/sbin/chpasswd", of: workspace.files.appending("chpasswd")))
            let archive = try await root.asTar(in: workspace.files, name: "with-chpasswd")
            var words = try await workspace.tiny("web1", ["--install-source=\(archive)", "--hash-method=sha512"])
            // A word about passwords on the command line would win over the file's.
            words.removeAll { $0.hasPrefix("--genpass") }
            try await workspace.run(words).orThrow()
            let image = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            let environment = try await image.text("/etc/environment.seen") ?? ""
            #expect(environment.contains("\ncolour=green\n"))
            #expect(!environment.contains("hush"))
            #expect(try await image.text("/etc/chpasswd.input") == "root:hush-hush-hush\n")
            for directory in [workspace.logs, workspace.state, workspace.configurations] {
                #expect(try await run("grep", ["-ra", "hush", directory.string]).status == 1)
            }
        }
    }

    @Test("a template of the user's own, by option or by its place")
    func template() async throws {
        try await withWorkspace { workspace in
            let text = """
                {{% CONTENT_TYPE:XL}}
                # mine
                name = "{{name}}"
                type = "{{type}}"
                memory = {{memory}}
                vcpus = {{vcpus}}
                kernel = "{{kernel}}"
                ramdisk = "{{ramdisk}}"
                cmdline = "{{cmdline}}"
                disk = [{{#disks}}"{{spec}}",{{/disks}}]
                vif = [{{#vifs}}"{{spec}}",{{/vifs}}]

                """
            let template = try workspace.file("own.mustache", text)
            try await workspace.createTiny("web1", ["--template=\(template)"]).orThrow()
            #expect(try XlText(workspace.configuration(of: "web1")).text.hasPrefix("# mine\nname = \"web1\"\n"))
            try writeFile(workspace.settings.appending("xl.cfg.mustache"), text)
            try await workspace.createTiny("web2").orThrow()
            #expect(try XlText(workspace.configuration(of: "web2")).text.hasPrefix("# mine\nname = \"web2\"\n"))
        }
    }

    @Test("the configuration's name has the extension that is wished, or none", arguments: ["", ".xl"])
    func fileExtension(text: String) async throws {
        try await withWorkspace { workspace in
            let outcome = try await workspace.createTiny("web1", ["--extension=\(text)"]).orThrow()
            let file = workspace.configurations.appending("web1\(text)")
            #expect(try XlText(file)["name"] == "web1")
            #expect(Summary(outcome.standardOutput)["Configuration"] == file.string)
            try await workspace.run(["delete", "web1"]).orThrow()
            #expect(!fileExists(file))
        }
    }

    @Test("a dry run prints the steps and changes nothing, not even journal and logs")
    func dryRun() async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("web1", ["--dry-run"])
            let before = HostState.capture(watching: [workspace.path], marker: workspace.path.string)
            let outcome = try await workspace.run(words).orThrow()
            let json = try await workspace.run(words + ["--json"]).orThrow()
            let after = HostState.capture(watching: [workspace.path], marker: workspace.path.string)
            #expect(after.difference(from: before) == [])
            for line in ["Unpack \(workspace.files)/tiny.tar", "Run hook 40-setup-networking", "64M ext4 at /"] {
                #expect(outcome.standardOutput.contains(line), "\(line)")
            }
            let plan = try JSONDecoder().decode(Plan.self, from: Data(json.standardOutput.utf8))
            #expect(plan.hostname == "web1")
            for step in plan.steps { #expect(outcome.standardOutput.contains(step.summary)) }
        }
    }

    private struct Plan: Decodable {
        struct Step: Decodable {
            var summary: String
        }

        var hostname: String
        var steps: [Step]
    }

    @Test("--json is one document, of success and of failure, and nothing else on standard output")
    func json() async throws {
        try await withWorkspace { workspace in
            let made = try await workspace.createTiny("web1", ["--json"]).orThrow()
            let summary = try #require(object(made.standardOutput))
            #expect(summary["hostname"] as? String == "web1")
            #expect(summary["configuration"] as? String == workspace.configuration(of: "web1").string)
            #expect((summary["images"] as? [[String: Any]])?.count == 2)
            #expect(summary["boot"] as? [String] == ["xl", "create", "-c", workspace.configuration(of: "web1").string])

            let refused = try await workspace.createTiny("web1", ["--json"])
            #expect(refused.status == 73)
            let report = try #require(object(refused.standardOutput))
            #expect((report["error"] as? String)?.contains("there is a guest web1 already") == true)
            #expect(report["status"] as? Int == 73)

            let usage = try await workspace.createTiny("web2", ["--json", "--memory=lots"])
            #expect(object(usage.standardOutput)?["status"] as? Int == 64)
            let unknown = try await workspace.run(["list", "--json", "--bogus"])
            #expect(unknown.status == 64)
            #expect((object(unknown.standardOutput)?["error"] as? String)?.contains("--bogus") == true)
            for words in [["list", "--json"], ["recover", "--json"], ["delete", "web1", "--json"]] {
                let outcome = try await workspace.run(words).orThrow()
                #expect(try JSONSerialization.jsonObject(with: Data(outcome.standardOutput.utf8)) is [Any])
            }
        }
    }

    private func object(_ text: String) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }
}
