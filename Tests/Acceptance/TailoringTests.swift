import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("hooks, roles and accounts", Requirement.bootstrapping)
struct TailoringTests {
    @Test("a user's hook replaces the one of its name, a new name is added, and leftovers of editors are told")
    func hooks() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/50-setup-hostname", "echo mine > \"$1/etc/hostname\"")
            try workspace.script(
                "etc/hooks.d/77-add",
                "echo \"$hostname $dist $memory $dhcp $role [$password]\" > \"$1/etc/added\""
            )
            try workspace.script("etc/hooks.d/77-add~", "exit 1")
            let outcome = try await workspace.createTiny("web1").orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/hostname") == "mine\n")
            #expect(try await root.text("/etc/added") == "web1 bookworm 512 1  []\n")
            #expect(outcome.standardError.contains("warning: not a hook: \(workspace.settings)/hooks.d/77-add~"))
        }
    }

    @Test("roles have their arguments and xen-tools' functions, in the order in which they are named")
    func roles() async throws {
        try await withWorkspace { workspace in
            let body = """
                prefix=$1
                shift
                . /usr/share/xen-tools/common.sh
                logMessage "role $0"
                echo "role for $hostname"
                for word in "$@"; do echo "${0##*/} $word" >> ${prefix}/etc/roles; done
                """
            try workspace.script("etc/role.d/first", body)
            try workspace.script("files/own/second", body)
            try await workspace.createTiny(
                "web1",
                ["--role=first", "--role=./own/second", "--role-args=one \"two three\""]
            ).orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/roles") == "first one\nfirst two three\nsecond one\nsecond two three\n")
            #expect(try readText(workspace.log(of: "web1")).contains("role for web1"))
        }
    }

    @Test("a hook cannot write on the host, and what it starts ends with it", Requirement.mountNamespaces)
    func confinement() async throws {
        try await withWorkspace { workspace in
            let victim = try workspace.file("victim", "untouched\n")
            try workspace.script(
                "etc/hooks.d/77-write",
                "(echo changed > \(victim)) 2>\"$1/etc/refusal\"\nsh -c 'sleep 1000; : \(workspace.path)' &\nexit 0"
            )
            let before = workspace.capture()
            try await workspace.createTiny("web1").orThrow()
            #expect(try readText(victim) == "untouched\n")
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/refusal")?.contains("Read-only file system") == true)
            #expect(workspace.capture().difference(from: before).filter { $0.contains("process") } == [])
        }
    }

    @Test("name servers that a hook of xen-tools leaves for it are the guest's; a link to the hooks is followed")
    func formerResolver() async throws {
        try await withWorkspace { workspace in
            try workspace.script(
                "git/hooks.d/40-setup-networking", "echo nameserver 192.0.2.53 > \"$1/etc/resolv.conf.old\"")
            try makeDirectories(workspace.settings)
            try await run("ln", ["-s", "\(workspace.path)/git/hooks.d", "\(workspace.settings)/hooks.d"]).orThrow()
            try await workspace.createTiny("web1").orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/resolv.conf") == "nameserver 192.0.2.53\n")
            #expect(try await root.text("/etc/resolv.conf.old") == nil)
        }
    }

    @Test("what an image has kept of former name servers is not taken for the guest's")
    func staleResolver() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/35-stale", "echo nameserver 192.0.2.99 > \"$1/etc/resolv.conf.old\"")
            try await workspace.createTiny("web1").orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/resolv.conf.old") == "nameserver 192.0.2.99\n")
            #expect(try await root.text("/etc/resolv.conf")?.contains("192.0.2.99") != true)
        }
    }

    @Test("the skeleton's files come with their modes")
    func skeleton() async throws {
        try await withWorkspace { workspace in
            try writeFile(workspace.settings.pushing("skel/etc/motd"), "welcome\n")
            try writeFile(workspace.settings.pushing("skel/root/.netrc"), "machine example.org\n", mode: 0o600)
            try await workspace.createTiny("web1").orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/motd") == "welcome\n")
            #expect(try await root.text("/root/.netrc") == "machine example.org\n")
            #expect(try await root.mode("/root/.netrc") == "0600")
            #expect(try await root.mode("/root") == "0700")
        }
    }

    @Test(
        "the host's people get their accounts, with their passwords, and its daemons do not",
        Requirement.mountNamespaces
    )
    func accounts() async throws {
        try await withWorkspace { workspace in
            let lines = [
                ("passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\n"),
                ("shadow", "root:*:1::::::\nalice:$6$salt$hash:19700:0:99999:7:::\n"),
                ("group", "root:x:0:\nalice:x:1000:\n"),
            ]
            var mounts = ""
            for (name, text) in lines {
                // The host's own, then somebody who is not here.
                let own = try readText(FilePath("/etc/\(name)"))
                let kept = own.split(separator: "\n").filter { !$0.hasPrefix("alice:") && !$0.contains(":1000:") }
                let file = try workspace.file(
                    name,
                    kept.joined(separator: "\n") + "\n" + text.split(separator: "\n")[1] + "\n"
                )
                mounts += "mount --bind \(file) /etc/\(name) && "
            }
            let command = try await workspace.domus(workspace.tiny("web1", ["--accounts"]))
                .wrapped(in: ["unshare", "--mount", "sh", "-c", mounts + "exec \"$@\"", "sh"])
            try await command.run().orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            let accounts = try await root.text("/etc/passwd") ?? ""
            #expect(accounts.contains("\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\n"))
            #expect(accounts.contains("daemon:x:1:1:daemon:/usr/sbin:"))
            #expect(try await root.text("/etc/shadow")?.contains("\nalice:$6$salt$hash:") == true)
            #expect(try await root.mode("/home/alice") == "0700")
        }
    }

    @Test("copying a directory makes the same guest as unpacking the archive of it")
    func copy() async throws {
        try await withWorkspace { workspace in
            let directory = workspace.files.appending("tree")
            try TinyRoot().asDirectory(directory)
            let before = HostState.capture(watching: [directory])
            try await workspace.createTiny("web1", ["--install-method=copy", "--install-source=./tree"]).orThrow()
            #expect(HostState.capture(watching: [directory]).difference(from: before) == [])
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.complaint() == nil)
            #expect(try await root.text("/etc/hostname") == "web1\n")
            #expect(try await root.link("/bin/sh") == "busybox")
            #expect(try await root.mode("/etc/shadow") == "0640")
            #expect(try await root.mode("/tmp") == "01777")
        }
    }

    @Test("an archive is unpacked whatever compressed it", arguments: TinyRoot.Compression.allCases)
    func compressions(compression: TinyRoot.Compression) async throws {
        guard compression == .none || findProgram(compression.rawValue) != nil else { return }
        try await withWorkspace { workspace in
            let archive = try await TinyRoot().asTar(in: workspace.files, compression: compression)
            try await workspace.createTiny("web1", ["--install-source=\(archive)", "--hooks=0"]).orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/hostname") == "tiny\n", "hooks were switched off")
        }
    }
}
