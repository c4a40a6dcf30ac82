import Foundation
import SystemPackage
import TestSupport
import Testing

/// `domus check`, which needs neither root nor Xen.
@Suite("domus check")
struct CheckTests {
    private func guest(_ name: String, mac: String = "00:16:3E:00:00:01", _ more: String = "") -> String {
        """
        name = "\(name)"
        type = "pvh"
        memory = 512
        kernel = "/boot/vmlinuz"
        disk = [ "format=raw, vdev=xvda, access=rw, target=/srv/xen/domains/\(name)/disk.img" ]
        vif = [ "mac=\(mac),bridge=xenbr0" ]
        \(more)

        """
    }

    private func check(_ workspace: Workspace, _ words: String...) async throws -> Outcome {
        try await workspace.run(["check", "--no-host"] + words)
    }

    @Test("nothing is said of what is well, and the status is 0")
    func well() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("web1.cfg", guest("web1"))
            let outcome = try await check(workspace, "--strict", file.string)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.standardOutput == "")
            #expect(outcome.standardError == "")
        }
    }

    @Test("each problem is a line with its place, what to do is below it, and the status is 78")
    func problems() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file(
                "web1.cfg",
                "name = \"web1\"\nkernel = \"/boot/vmlinuz\"\nmemory = 0512\ndisk = 'phy:/dev/vg0/x,xvda,w'\nvncc = 1\n"
            )
            let outcome = try await check(workspace, file.string)
            #expect(outcome.status == 78, "\(outcome)")
            #expect(
                outcome.standardOutput == """
                    \(file):3:1: error: "memory" is 0512, which xl reads as octal 330
                      hint: leave the leading zero out
                    \(file):4:1: error: "disk" is a single value; xl wants a list and ignores it
                      hint: put it in [ ]
                    \(file):5:1: warning: "vncc" is no key of xl 4.22, which ignores it
                      hint: is vnc meant?

                    """)
            #expect(outcome.standardError == "domus: 2 errors and 1 warning in 1 configuration\n")
        }
    }

    @Test("what a configuration says cannot make a problem of its own, nor move the cursor")
    func forged() async throws {
        try await withWorkspace { workspace in
            let forged = #"uuid = "x\n/etc/passwd:1:1: error: forged\r\n"# + "\u{1B}[2J\""
            let file = try workspace.file("web1.cfg", guest("web1", forged))
            let outcome = try await check(workspace, file.string)
            let lines = outcome.standardOutput.split(separator: "\n")
            #expect(lines.contains { $0.contains("no UUID") }, "\(outcome)")
            #expect(lines.allSatisfy { $0.hasPrefix(file.string) || $0.hasPrefix("  hint:") }, "\(outcome)")
            #expect(!outcome.standardOutput.utf8.contains(0x1B) && !outcome.standardOutput.utf8.contains(0x0D))
        }
    }

    @Test("a text that xl refuses is one problem, and the other files are checked all the same")
    func refused() async throws {
        try await withWorkspace { workspace in
            let bad = try workspace.file("bad.cfg", "name = 'a' + 'b'\n")
            let other = try workspace.file("other.cfg", guest("other", "on_crash = \"explode\""))
            let outcome = try await check(workspace, bad.string, other.string)
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.standardOutput.contains("\(bad):1:12: error: \"+\" stands outside quotes\n"))
            #expect(outcome.standardOutput.contains("\(other):7:1: error: \"on_crash\" is \"explode\"\n"))
        }
    }

    @Test("what a configuration holds does not reach the terminal as commands")
    func controlCharacters() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("web1.cfg", guest("web1", "on_crash = \"\u{1B}[2Jx\u{9B}y\""))
            let outcome = try await check(workspace, file.string)
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.standardOutput.contains("\"on_crash\" is \"\u{FFFD}[2Jx\u{FFFD}y\"\n"), "\(outcome)")
        }
    }

    @Test("a root that is on none of the disks is told, with what they have", arguments: ["images", "disk"])
    func root(layout: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=pvh", "--layout=\(layout)", "--xen-version=4.17"]).orThrow()
            let file = workspace.configuration(of: "web1")
            let words = ["check", "--host", "--xen-version=4.17", "--output=\(workspace.configurations)", file.string]
            let well = try await workspace.run(words)
            #expect(well.standardOutput == "", "\(well)")
            let text = try readText(file)
            let uuid = try #require(text.split(separator: "root=UUID=").last?.prefix { $0 != " " })
            try writeFile(file, text.replacing(uuid, with: "0a1b2c3d-1111-4000-8000-00000000000f"))
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 78)
            #expect(
                outcome.standardOutput.contains("0a1b2c3d-1111-4000-8000-00000000000f, which is on none of its disks"))
            #expect(outcome.standardOutput.contains("\(layout == "disk" ? "xvda3" : "xvda2") \(uuid)"), "\(outcome)")
        }
    }

    @Test("a kernel that is a pipe is not waited for")
    func pipe() async throws {
        try await withWorkspace { workspace in
            let pipe = workspace.files.appending("pipe").string
            try await run("mkfifo", [pipe]).orThrow()
            let file = try workspace.file("web1.cfg", guest("web1").replacing("/boot/vmlinuz", with: pipe))
            let outcome = try await workspace.domus(["check", "--host", file.string]).run(timeout: .seconds(20))
            #expect(outcome.status == 78, "\(outcome)")
        }
    }

    @Test("an empty name is none, and a file by two names is one")
    func names() async throws {
        try await withWorkspace { workspace in
            #expect(try await check(workspace, "").status == 64)
            let file = try workspace.file("one/web1.cfg", guest("web1"))
            try await run("ln", ["-s", "one/web1.cfg", workspace.files.appending("other.cfg").string]).orThrow()
            try await run("ln", ["-s", "one", workspace.files.appending("link").string]).orThrow()
            let outcome = try await check(
                workspace, "--strict", file.string, "\(workspace.files)/other.cfg",
                "\(workspace.files)/link/../other.cfg")
            #expect(outcome.status == 0, "\(outcome)")
        }
    }

    @Test("warnings alone are status 0, and with --strict 78")
    func strict() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("web1.cfg", guest("web1", "vncc = 1")).string
            #expect(try await check(workspace, file).status == 0)
            #expect(try await check(workspace, "--strict", file).status == 78)
        }
    }

    @Test("a file that cannot be read is status 66, and the others are checked")
    func missing() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("web1.cfg", guest("web1", "vncc = 1")).string
            let absent = workspace.files.appending("absent.cfg").string
            let outcome = try await check(workspace, absent, file)
            #expect(outcome.status == 66, "\(outcome)")
            #expect(outcome.standardOutput.contains("\(absent): error: cannot read \(absent)"))
            #expect(outcome.standardOutput.contains("\"vncc\" is no key"))
        }
    }

    @Test("two guests of a directory that share a MAC address, a name or a disk are told of each other")
    func collisions() async throws {
        try await withWorkspace { workspace in
            let one = try workspace.file("many/one.cfg", guest("web1"))
            let two = try workspace.file("many/two.cfg", guest("web1"))
            _ = try workspace.file("many/three.cfg", guest("web3", mac: "00:16:3E:00:00:03"))
            let outcome = try await check(workspace, one.removingLastComponent().string)
            #expect(outcome.status == 78, "\(outcome)")
            #expect(
                outcome.standardOutput.contains(
                    "\(one):6:1: error: \(two) has the MAC address 00:16:3E:00:00:01, too\n"))
            #expect(outcome.standardOutput.contains("\(two):1:1: error: \(one) has the name \"web1\", too\n"))
            #expect(
                outcome.standardOutput.contains(
                    "\(one):5:1: warning: \(two) writes to /srv/xen/domains/web1/disk.img, too\n"))
            #expect(!outcome.standardOutput.contains("three.cfg"))
        }
    }

    @Test(
        "the release decides: a type that it does not know, a parameter, a key",
        arguments: [
            (
                "4.9", "",
                "2:1: error: \"type\" is a key since Xen 4.10: xl 4.9 makes a PV guest, and can make no PVH guest"
            ),
            ("4.12", "memory += 1", "7:8: error: += is understood by Xen 4.13"),
            (
                "4.17", "bootloader_restrict = 1",
                "7:1: warning: \"bootloader_restrict\" is no key of xl 4.17, which ignores it"
            ),
            (
                "4.17", "xenstore_quota = [ 'nodes=1' ]",
                "7:1: warning: \"xenstore_quota\" is no key of xl 4.17, which ignores it"
            ),
        ])
    func releases(version: String, more: String, message: String) async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("web1.cfg", guest("web1", more)).string
            let outcome = try await check(workspace, "--xen-version=\(version)", file)
            #expect(outcome.standardOutput.contains("\(file):\(message)"), "\(outcome)")
            let newest = try await check(workspace, "--xen-version=4.22", file)
            #expect(!newest.standardOutput.contains("\(file):\(message)"), "\(newest)")
        }
    }

    @Test("of the host, files, disks and bridges that are not there are told, and other guests' addresses")
    func host() async throws {
        try await withWorkspace { workspace in
            let kernel = try workspace.file("kernel", "no kernel at all")
            let neighbour = try workspace.file("etc/neighbour.cfg", guest("neighbour"))
            let file = try workspace.file(
                "web1.cfg",
                guest("web1").replacing("/boot/vmlinuz", with: kernel.string).replacing("xenbr0", with: "nobridge0"))
            let outcome = try await workspace.run([
                "check", "--host", "--output=\(neighbour.removingLastComponent())", file.string,
            ])
            #expect(outcome.status == 78, "\(outcome)")
            let lines = Set(outcome.standardOutput.split(separator: "\n").map(String.init))
            #expect(
                lines.isSuperset(of: [
                    "\(file):4:1: error: the kernel \(kernel) is no kernel that xl can load",
                    "\(file):5:1: error: the disk xvda is /srv/xen/domains/web1/disk.img, which is not there",
                    "\(file):6:1: error: the bridge nobridge0 does not exist on this host",
                    "\(file):6:1: error: \(neighbour) has the MAC address 00:16:3E:00:00:01, too",
                ]), "\(outcome)")
        }
    }

    @Test("a kernel for PVH must be Linux 4.11, and packed with what that Xen unpacks")
    func kernels() async throws {
        try await withWorkspace { workspace in
            let kernel = workspace.files.appending("vmlinuz")
            try writeFile(kernel, KernelFiles.kernel(version: "3.16.0-4-amd64"))
            let file = try workspace.file("web1.cfg", guest("web1").replacing("/boot/vmlinuz", with: kernel.string))
                .string
            let outcome = try await workspace.run(["check", "--host", file])
            #expect(
                outcome.standardOutput.contains(
                    "error: the kernel \(kernel) is Linux 3.16.0-4-amd64; a PVH guest needs 4.11\n"), "\(outcome)")
        }
    }

    @Test("--json has every file with its problems")
    func json() async throws {
        struct Document: Decodable {
            struct File: Decodable {
                struct Finding: Decodable {
                    var severity: String
                    var line: Int?
                    var message: String
                }
                var path: String
                var name: String?
                var type: String?
                var problems: [Finding]
            }
            var files: [File]
            var errors: Int
            var warnings: Int
            var xenVersion: String
            var host: Bool
            var status: Int?
        }
        try await withWorkspace { workspace in
            let file = try workspace.file("web1.cfg", guest("web1", "memory = 010\nvncc = 1")).string
            let outcome = try await check(workspace, "--json", "--xen-version=4.17.5", file)
            #expect(outcome.status == 78, "\(outcome)")
            let document = try JSONDecoder().decode(Document.self, from: Data(outcome.standardOutput.utf8))
            #expect(document.errors == 1)
            #expect(document.warnings == 2)
            #expect(document.xenVersion == "4.17")
            #expect(!document.host)
            #expect(document.status == 78)
            let found = try #require(document.files.first)
            #expect(found.name == "web1")
            #expect(found.type == "pvh")
            #expect(found.problems.map(\.severity) == ["warning", "error", "warning"])
            #expect(found.problems.allSatisfy { $0.line == 7 || $0.line == 8 })
        }
    }

    @Test("what is no version of Xen, or none with xl, is refused", arguments: ["new", "4", "4.0", "3.4"])
    func badVersion(version: String) async throws {
        try await withWorkspace { workspace in
            let outcome = try await check(workspace, "--xen-version=\(version)", "x.cfg")
            #expect(outcome.status == 64, "\(outcome)")
            #expect(outcome.standardError.hasPrefix("domus: --xen-version: "))
        }
    }
}
