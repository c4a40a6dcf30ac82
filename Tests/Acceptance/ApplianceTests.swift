import SystemPackage
import TestSupport
import Testing

/// Guests for XCP-ng and XenServer: `domus export --format=xva`.
@Suite("an XVA archive")
struct ApplianceTests {
    /// Standard output goes where a shell sends it.
    private static func export(_ command: Command, to target: String) -> Command {
        let words = ([command.program] + command.arguments).map { "'\($0)'" }.joined(separator: " ")
        return Command(
            "/bin/sh", ["-c", "exec \(words) \(target)"], environment: command.environment, directory: command.directory
        )
    }

    private static func machine(_ workspace: Workspace) throws -> (file: FilePath, disk: FilePath) {
        let disk = workspace.files.appending("disk.img")
        try writeFile(disk, String(repeating: "data", count: 1000))
        let file = try workspace.file(
            "old.cfg",
            "name = \"old1\"\ntype = \"hvm\"\nmemory = 512\ndisk = [\"\(disk),raw,xvda,rw\"]\n"
                + "vif = [\"mac=00:16:3e:01:02:03,bridge=xenbr0\"]\npool = \"fast\"\n")
        return (file, disk)
    }

    @Test("a guest with a partitioned disk becomes one file that holds it")
    func packs() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny(
                "web1", ["--layout=disk", "--type=pv", "--pvgrub", "--mac=00:16:3e:01:02:03"])
            let archive = workspace.files.appending("web1.xva")
            let before = workspace.capture()
            let command = workspace.domus(["export", "--format=xva", "web1"])
            let outcome = try await Self.export(command, to: ">'\(archive)'").run().orThrow()
            #expect(outcome.standardError.contains("[1/1] Pack web1 for xapi"))
            #expect(outcome.standardError.contains("preserve=true"))
            let difference = try await workspace.settledDifference(from: before)
            #expect(difference.count == 1 && difference[0].contains("web1.xva"), "\(difference)")
            let names = try await TestSupport.run("tar", ["-tf", archive.string]).orThrow().standardOutput
                .split(separator: "\n")
            #expect(names.first == "ova.xml" && names.count > 4)
            // Put together as xapi does it, it is the disk.
            let script = """
                set -e
                mkdir x && cd x && tar -xf ../web1.xva
                for part in Ref:*/*[0-9]; do
                    test "$(sha1sum <"$part" | cut -d' ' -f1)" = "$(cat "$part.checksum")"
                    dd if="$part" of=../disk bs=1M seek="$(basename "$part" | sed 's/^0*//;s/^$/0/')" conv=notrunc status=none
                done
                cmp -n "$(stat -c %s "$1")" ../disk "$1"
                """
            let image = workspace.images(of: "web1").appending("disk.img")
            try await TestSupport.run(
                "/bin/sh", ["-c", script, "sh", image.string], directory: workspace.files
            ).orThrow()
            let document = try readText(workspace.files.pushing("x/ova.xml"))
            #expect(document.contains("<name>MAC</name><value>00:16:3e:01:02:03</value>"))
        }
    }

    @Test("a guest that runs, or that is started meanwhile, is not packed")
    func running() async throws {
        try await withWorkspace { workspace in
            let (file, _) = try Self.machine(workspace)
            let xen = try FakeXen(workspace)
            try xen.begin("old1", as: 4)
            let command = xen.on(workspace.domus(["export", "--format=xva", file.string]))
            let outcome = try await Self.export(command, to: ">archive").run()
            #expect(outcome.status == 75)
            #expect(outcome.standardError.contains("old1 runs as domain 4"), "\(outcome.standardError)")
            #expect(try readText(workspace.files.appending("archive")) == "")
        }
        try await withWorkspace { workspace in
            let (file, _) = try Self.machine(workspace)
            // Asked the second time, it is there.
            try workspace.script(
                "bin/xl",
                "test \"$1\" = domid || exit 0\ntest -e '\(workspace.path)/asked' && echo 5 && exit\n"
                    + "touch '\(workspace.path)/asked'; exit 1")
            var command = workspace.domus(["export", "--format=xva", file.string])
            command.environment["PATH"] = "\(workspace.path)/bin:/usr/sbin:/sbin:/usr/bin:/bin"
            let outcome = try await Self.export(command, to: ">archive").run()
            #expect(outcome.status == 75)
            #expect(outcome.standardError.contains("old1 was started while its disks were read"))
            // The last checksum is not there, without which xapi takes nothing for whole; what is behind it, xapi reads not.
            let list = try await TestSupport.run(
                "/bin/sh", ["-c", "tar -tf - <archive 2>&1"], directory: workspace.files
            ).standardOutput
            #expect(list.contains("/00000000\n") && !list.contains("/00000001.checksum"), "\(list)")
        }
    }

    @Test("what is lost is told by its line, and what cannot be is refused before a byte is written")
    func refuses() async throws {
        try await withWorkspace { workspace in
            let (file, disk) = try Self.machine(workspace)
            func export(_ more: [String] = [], to target: String = ">archive") async throws -> Outcome {
                try await Self.export(workspace.domus(["export", "--format=xva", file.string] + more), to: target).run()
            }
            let fine = try await export()
            #expect(fine.status == 0 && fine.standardError.contains("\(file):6: \"pool\""), "\(fine.standardError)")
            #expect(try await export(["--json"]).status == 64)
            let full = try await export(to: ">/dev/full")
            #expect(full.status != 0 && full.standardError.contains("No space left on device"), "\(full.standardError)")
            let text = try readText(file)
            let cases: [(String, Int32, String)] = [
                (text.replacing(",raw,", with: ",vhd,"), 78, "the format vhd of the disk xvda"),
                (text.replacing("xvda", with: "xvda1"), 78, "hint:   make the guest with --layout=disk"),
                (text.replacing(disk.string, with: "/nowhere/d"), 66, "/nowhere/d"),
                (text.replacing("name =", with: "nam ="), 78, "there is no \"name\""),
            ]
            for (changed, status, message) in cases {
                try writeFile(file, changed)
                let outcome = try await export()
                #expect(outcome.status == status, "\(outcome.standardError)")
                #expect(outcome.standardError.contains(message), "\(outcome.standardError)")
                #expect(try readText(workspace.files.appending("archive")) == "")
            }
        }
    }

    @Test("it is not written to a terminal")
    func terminal() async throws {
        try await withWorkspace { workspace in
            let (file, _) = try Self.machine(workspace)
            let command = workspace.domus(["export", "--format=xva", file.string])
            let words = ([command.program] + command.arguments).joined(separator: " ")
            let outcome = try await TestSupport.run("script", ["-q", "-e", "-c", words, "/dev/null"])
            #expect(outcome.status == 64 && outcome.standardOutput.contains("standard output is a terminal"))
        }
    }
}
