import SystemPackage
import TestSupport
import Testing

/// Command lines as people have them in their scripts.
@Suite("under the names of xen-tools", Requirement.bootstrapping)
struct CompatibilityTests {
    @Test("abbreviations, one dash, any case and values apart mean what they meant")
    func spellings() async throws {
        try await withWorkspace { workspace in
            let arguments = [
                "--hostn=web1", "-dist", "bookworm", "--MEMORY=256M", "--nodhcp", "--ip", "192.0.2.5",
                "--netm=255.255.255.0",
                "--install_method=tar", "--install-source=\(try await TinyRoot().asTar(in: workspace.files))",
                "-genpass=0", "--SIZE", "64Mb", "--role-args", "-v", "--nopygrub", "--dumpconfig",
            ]
            let outcome = try await workspace.xenTool("xen-create-image", arguments).run().orThrow()
            let lines = Set(outcome.standardOutput.split(separator: "\n").map(String.init))
            for line in [
                "hostname = web1", "dist = bookworm", "memory = 256M", "ip = 192.0.2.5/24", "install-method = tar",
                "partition disk = 64M ext4 /",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
            let ambiguous = try await workspace.xenTool("xen-create-image", ["--hostname=web1", "--dhcp", "--ro=x"])
                .run()
            #expect(ambiguous.status == 64)
            #expect(ambiguous.standardError.contains("--ro is ambiguous: --role, --role-args, --roledir"))
        }
    }

    @Test(
        "an option that is not there yet is refused by its name, and never ignored",
        arguments: [
            "--evms=lvm2/vg0", "--zpool=tank", "--install=0", "--debootstrap-cmd=cdebootstrap",
            "--copy-cmd=cp",
            "--tar-cmd=tar", "--cachedir=/var/cache", "--p2p=192.0.2.1", "--vlan=5", "--ide", "--scsi",
            "--admins=alice",
            "--passwd", "--finalrole=web", "--debug", "--cdebootstrap",
        ]
    )
    func refused(option: String) async throws {
        try await withWorkspace { workspace in
            let name = String(option.dropFirst(2).prefix { $0 != "=" })
            let words = ["--hostname=web1", "--dist=bookworm", "--dhcp", option]
            let tool = try await workspace.xenTool("xen-create-image", words).run()
            let own = try await workspace.run(["create"] + words)
            for outcome in [tool, own] {
                #expect(outcome.status == 64, "\(outcome)")
                #expect(outcome.standardError.contains("is an option of xen-tools that Domus does not have yet"))
                #expect(outcome.standardError.replacing("_", with: "-").contains("--\(name.replacing("_", with: "-"))"))
                #expect(outcome.standardOutput == "")
            }
            #expect(!fileExists(workspace.guests))
        }
    }

    @Test("what asks for what is so anyway is passed over, with a note")
    func idle() async throws {
        try await withWorkspace { workspace in
            let words = [
                "--hostname=web1", "--dist=bookworm", "--dhcp", "--nohosts", "--no-xen-ok", "--cache", "yes",
                "--install=1",
                "--copy", "--dumpconfig",
            ]
            let outcome = try await workspace.xenTool("xen-create-image", words).run().orThrow()
            for option in ["nohosts", "no-xen-ok", "cache", "install"] {
                #expect(outcome.standardError.contains("note: --\(option) is passed over: "), "\(option)")
            }
            for tool in ["xen-create-image", "xen-delete-image", "xen-list-images", "xen-resize-guest"] {
                let version = try await workspace.xenTool(tool, ["--version"]).run().orThrow()
                #expect(version.standardOutput == (try await workspace.run(["--version"]).standardOutput))
            }
        }
    }

    @Test("a command of xen-tools.conf that copies or unpacks is not passed over where it would be used")
    func ownCommands() async throws {
        try await withWorkspace { workspace in
            try writeFile(
                workspace.settings.appending("xen-tools.conf"),
                "copy-cmd = /usr/bin/rsync -a --exclude=/etc/secret $src/ $dest\n"
                    + "tar-cmd = /bin/tar --numeric-owner -xvf $src\nextension = # none\n")
            let words = ["create", "--hostname=web1", "--dist=bookworm", "--dhcp", "--dumpconfig"]
            let fetched = try await workspace.run(words).orThrow()
            #expect(fetched.standardOutput.contains("\nextension = \n"))
            let refused = try await workspace.run(
                words + ["--install-method=copy", "--install-source=\(workspace.settings)"])
            #expect(refused.status == 78)
            #expect(refused.standardError.contains("xen-tools.conf, line 1: copy-cmd is not used, and may leave"))
            let archive = try workspace.file("root.tar", "")
            try await workspace.run(words + ["--install-method=tar", "--install-source=\(archive)"]).orThrow()
        }
    }

    @Test("the three tools make, list and delete a guest")
    func lifetime() async throws {
        try await withWorkspace { workspace in
            let words = Array(try await workspace.tiny("web1").dropFirst())
            try await workspace.xenTool("xen-create-image", words).run().orThrow()
            let list = try await workspace.xenTool("xen-list-images", []).run().orThrow()
            #expect(list.standardOutput.contains("Name: web1\nMemory: 512 MB\nDHCP\n"))
            let elsewhere = try await workspace.xenTool("xen-delete-image", ["--dir=/srv/elsewhere", "web1"]).run()
            #expect(elsewhere.status == 66)
            #expect(fileExists(workspace.images(of: "web1")))
            let refused = try await workspace.xenTool("xen-delete-image", ["--lvm=vg0", "--hostname=web1"]).run()
            #expect(refused.status == 66)
            #expect(refused.standardError.contains("does not live in the volume group vg0"))
            let gone = try await workspace.xenTool(
                "xen-delete-image",
                ["--dir=\(workspace.guests)", "--hostname=web1", "--verbose"]
            ).run().orThrow()
            #expect(gone.standardOutput.contains("Deleted: \(workspace.images(of: "web1"))\n"))
            #expect(!fileExists(workspace.images(of: "web1")))
            #expect(!fileExists(workspace.configuration(of: "web1")))
        }
    }
}
