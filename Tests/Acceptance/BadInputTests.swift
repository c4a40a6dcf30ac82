import Glibc
import SystemPackage
import TestSupport
import Testing

/// Every mistake has its message, its exit status, and leaves nothing.
@Suite("bad input", Requirement.bootstrapping)
struct BadInputTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var status: Int32
        var messages: [String]

        init(_ arguments: [String], _ status: Int32, _ messages: String...) {
            self.arguments = arguments
            self.status = status
            self.messages = messages
        }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    private static let mistakes: [Mistake] = [
        Mistake(["--bogus"], 64, "--bogus", "--help shows the options"),
        Mistake(["--dist=bookwrom"], 64, "--dist: \"bookwrom\" is not a release", "did you mean bookworm?"),
        Mistake(["--size=12Q"], 64, "--size: \"12Q\" is not a size", "512M"),
        Mistake(["--size=-1G"], 64, "--size"),
        Mistake(["--size=2M"], 64, "too small", "8M"),
        Mistake(["--swap=0"], 64, "--swap"),
        Mistake(["--memory=8"], 64, "--memory: \"8\" cannot be a guest's memory"),
        Mistake(["--memory=512M", "--maxmem=256M"], 64, "--maxmem", "256M", "512M"),
        Mistake(["--vcpus=0"], 64, "--vcpus: \"0\" is not a number of virtual CPUs"),
        Mistake(["--type=xen"], 64, "--type"),
        Mistake(["--fs=reiserfs"], 64, "--fs", "reiserfs"),
        Mistake(["--image=fat"], 64, "--image: \"fat\" is not known", "sparse or full"),
        Mistake(["--layout=lvm"], 64, "--layout: \"lvm\" is not known"),
        Mistake(["--lvm="], 64, "--lvm: the value is empty"),
        Mistake(["--lvm=vg0", "--lvm_thin="], 64, "--lvm-thin: the value is empty"),
        Mistake(["--dir="], 64, "--dir: the value is empty", "leave the option out"),
        Mistake(["--role="], 64, "--role: the value is empty"),
        Mistake(["--role=,"], 64, "--role: \",\" names no role"),
        Mistake(["--role=one two"], 66, "--role: there is no role", "commas stand between roles: one,two"),
        Mistake(["--lvm=a/b"], 64, "--lvm: \"a/b\" cannot be the name of a volume group"),
        Mistake(["--lvm_thin=pool"], 64, "the thin pool pool is in no volume group", "--lvm_thin=GROUP/POOL"),
        Mistake(["--lvm=a", "--lvm_thin=b/pool"], 64, "the pool b/pool is not in the volume group a of --lvm"),
        Mistake(["--lvm=a", "--no-wipe", "--layout=disk"], 64, "--no-wipe: a partitioned disk is written around"),
        Mistake(["--base=sometimes"], 64, "--base: \"sometimes\" is not known", "fresh, cached, offline"),
        Mistake(["--lvm=a", "--base=cached"], 64, "--base: on volumes, a base is in a thin pool", "--lvm_thin=POOL"),
        Mistake(
            ["--lvm=a", "--lvm_thin=pool", "--base=cached", "--layout=disk"], 64, "--base: a base is a file system"),
        Mistake(["--lvm=a", "--lvm_thin=pool", "--base=cached", "--fs=xfs", "--size=1G"], 64, "--base", "and no xfs"),
        Mistake(
            [
                "--lvm=a", "--lvm_thin=pool", "--base=fresh", "--install-method=copy",
                "--install-source=/usr/share/misc",
            ], 64, "--base: whether /usr/share/misc has changed", "make a tar of it"),
        Mistake(["--dontformat"], 64, "--dontformat: what is made for the guest has no file system yet"),
        Mistake(["--force-volume=vg0/x"], 64, "--force-volume: the guest's disks are no volumes"),
        Mistake(["--lvm=a", "--force-volume=x"], 64, "--force-volume: \"x\""),
        Mistake(["--hostname=we b"], 64, "--hostname", "\"we b\" is not a host name"),
        Mistake(["--hostname=../../etc"], 64, "--hostname", "is not a host name"),
        Mistake(["--dhcp", "--ip=192.0.2.1"], 64, "--ip: a guest with --dhcp has no fixed address (192.0.2.1)"),
        Mistake(["--no-dhcp"], 64, "how does the guest get its address?", "give --dhcp, or --ip"),
        Mistake(["--ip=192.0.2.1"], 64, "--ip: the network of 192.0.2.1 is not known", "--netmask=255.255.255.0"),
        Mistake(["--ip=192.0.2.300/24"], 64, "--ip", "192.0.2.300"),
        Mistake(["--ip=192.0.2.1/24", "--gateway=198.51.100.1"], 64, "--gateway: the gateway 198.51.100.1 is in none"),
        Mistake(["--ip=192.0.2.1/24", "--netmask=255.0.255.0"], 64, "--netmask"),
        Mistake(["--mac=01:00:5e:00:00:01"], 64, "--mac"),
        Mistake(["--mac=zz"], 64, "--mac", "zz"),
        Mistake(["--bridge=a/b"], 64, "--bridge"),
        Mistake(["--nic=dhcp,mtx=9000"], 64, "--nic: in \"dhcp,mtx=9000\": \"mtx=9000\" is not known", "vifname="),
        Mistake(["--mac=00:16:3e:00:00:01", "--nic=mac=00:16:3e:00:00:01"], 64, "--nic: the MAC address 00:16:3E:"),
        Mistake(["--arch=vax"], 64, "--arch", "vax"),
        Mistake(["--install-method=floppy"], 64, "--install-method: \"floppy\" is not an installation method"),
        Mistake(["--install-method=rinse"], 64, "rinse is a method of xen-tools that Domus does not have"),
        Mistake(["--install-source=/nowhere.tar"], 66, "--install-source: there is no archive /nowhere.tar"),
        Mistake(["--mirror=ftp//x"], 64, "--mirror"),
        Mistake(["--keyring=/nowhere.gpg"], 66, "--keyring: there is no keyring /nowhere.gpg"),
        Mistake(["--kernel=/nowhere"], 66, "--kernel: there is no file /nowhere"),
        Mistake(["--initrd=/etc/passwd"], 64, "--initrd goes with --kernel"),
        Mistake(["--pygrub", "--pvgrub"], 64, "--pygrub and --pvgrub are two ways"),
        Mistake(["--serial-device=/dev/sda"], 64, "--serial-device"),
        Mistake(["--initramfs=dep"], 64, "is not a set of drivers"),
        Mistake(["--role=nope"], 66, "--role: there is no role"),
        Mistake(["--role-args='one"], 64, "--role-args"),
        Mistake(["--hook-timeout=0"], 64, "--hook-timeout"),
        Mistake(["--hash-method=rot13"], 64, "--hash-method", "rot13"),
        Mistake(["--password=a", "--password-file=b"], 64, "two passwords for one root"),
        Mistake(["--genpass=1", "--genpass-len=2"], 64, "--genpass-len"),
        Mistake(["--ssh-key=/nowhere"], 66, "--ssh-key: there is no file /nowhere"),
        Mistake(["--ssh-key=/etc/passwd"], 64, "is not a public key"),
        Mistake(["--dir=/srv/a:b"], 64, "--dir: \"/srv/a:b\" holds a colon"),
        Mistake(["--output=/etc/xen\nx"], 64, "--output", "control character"),
        Mistake(["--extension=/../x"], 64, "is not a file name's extension"),
        Mistake(["--template=/nowhere"], 66, "--template: there is no template /nowhere"),
        Mistake(["--config=/nowhere"], 66, "--config: there is no file /nowhere"),
        Mistake(["--partitions=nope"], 66, "--partitions: there is no partitions file"),
        Mistake(["--size=1G", "--partitions=nope"], 64, "give --partitions or --size, not both"),
    ]

    @Test("a working directory that is gone is told: paths would mean others")
    func goneDirectory() async throws {
        try await withWorkspace { workspace in
            let command = workspace.domus(["list"])
            let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\""
            let outcome = try await run(
                "sh", ["-c", script, "sh", command.program] + command.arguments,
                directory: workspace.files)
            #expect(outcome.status == 66, "\(outcome)")
            #expect(outcome.standardError.contains("the working directory is not there any more"), "\(outcome)")
        }
    }

    @Test("on the command line is refused at the door, with a hint", arguments: mistakes)
    func commandLine(mistake: Mistake) async throws {
        try await withWorkspace { workspace in
            var words = try await workspace.tiny("web1", mistake.arguments)
            if mistake.arguments.contains("--no-dhcp") { words.removeAll { $0 == "--dhcp" } }
            let before = HostState.capture(watching: [workspace.path], marker: workspace.path.string)
            let outcome = try await workspace.run(words)
            #expect(outcome.status == mistake.status, "\(outcome)")
            for message in mistake.messages { #expect(outcome.standardError.contains(message), "\(outcome)") }
            #expect(outcome.standardError.hasPrefix("domus: "))
            #expect(outcome.standardOutput == "")
            let after = HostState.capture(watching: [workspace.path], marker: workspace.path.string)
            let difference = after.difference(from: before)
            #expect(difference == [])
        }
    }

    @Test("a file where a directory is to be is told before anything is made, with --dry-run too")
    func noDirectory() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("file", "")
            for option in ["--output=\(file)", "--output=\(file)/below", "--dir=\(file)"] {
                for more in [[], ["--dry-run"]] {
                    let outcome = try await workspace.createTiny("web1", [option] + more)
                    #expect(outcome.status == 73, "\(outcome)")
                    #expect(outcome.standardError.contains("cannot be a directory of the guest's: \(file) is none"))
                    #expect(!outcome.standardError.contains("[1/"))
                }
            }
        }
    }

    @Test("what is no directory in the place of the administrator's own is told", arguments: ["hooks.d", "skel"])
    func noOwnDirectory(name: String) async throws {
        try await withWorkspace { workspace in
            try makeDirectories(workspace.settings)
            let path = workspace.settings.appending(name)
            try await run("ln", ["-s", "/nowhere", path.string]).orThrow()
            let outcome = try await workspace.createTiny("web1", ["--dry-run"])
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.standardError.contains("domus: \(path) is not a directory"))
        }
    }

    @Test("somebody who is not root is told so, and nothing is made")
    func notRoot() async throws {
        try await withWorkspace { workspace in
            let before = HostState.capture(watching: [workspace.path], marker: workspace.path.string)
            let outcome = try await workspace.domus(workspace.tiny("web1"))
                .wrapped(in: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]).run()
            #expect(outcome.status == 77)
            #expect(outcome.standardError.contains("only root can make a guest"))
            let after = HostState.capture(watching: [workspace.path], marker: workspace.path.string)
            let difference = after.difference(from: before).filter { !$0.contains("tiny.tar") }
            #expect(difference == [])
        }
    }

    @Test("a name that exists is refused; --force replaces it, and a --force that fails gives the old guest back")
    func existing() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let before = workspace.capture()
            let refused = try await workspace.createTiny("web1")
            #expect(refused.status == 73)
            #expect(refused.standardError.contains("there is a guest web1 already: \(workspace.images(of: "web1"))"))
            #expect(refused.standardError.contains("--force"))

            try workspace.script("etc/role.d/fail", "exit 3")
            let failed = try await workspace.createTiny("web1", ["--force", "--role=fail"])
            #expect(failed.status == 1)
            unlink(workspace.settings.pushing("role.d/fail").string)
            rmdir(workspace.settings.pushing("role.d").string)
            #expect(workspace.capture().difference(from: before) == [])

            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            let old = try await root.uuid()
            try await workspace.createTiny("web1", ["--force", "--memory=256M"]).orThrow()
            #expect(try await root.uuid() != old)
            #expect(try XlText(workspace.configuration(of: "web1"))["memory"] == "256")
            let names = try await run("find", [workspace.path.string, "-name", ".domus-*"]).orThrow()
            #expect(names.standardOutput == "")
        }
    }

    @Test("a guest whose files somebody removed is known still, until it is deleted")
    func filesGone() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            try await run(
                "rm", ["-r", workspace.images(of: "web1").string, workspace.configuration(of: "web1").string]
            )
            .orThrow()
            let refused = try await workspace.createTiny("web1")
            #expect(refused.status == 73)
            #expect(refused.standardError.contains("its files are not there"), "\(refused)")
            #expect(refused.standardError.contains("domus delete web1 forgets it"), "\(refused)")
            try await workspace.domus(["delete", "web1"]).run().orThrow()
            try await workspace.createTiny("web1").orThrow()
        }
    }

    @Test("a file in the guest's place that Domus did not make is refused too")
    func foreign() async throws {
        try await withWorkspace { workspace in
            try writeFile(workspace.configuration(of: "web1"), "# mine\n")
            let outcome = try await workspace.createTiny("web1")
            #expect(outcome.status == 73)
            #expect(outcome.standardError.contains(workspace.configuration(of: "web1").string))
            #expect(try readText(workspace.configuration(of: "web1")) == "# mine\n")
        }
    }

    @Test("a hook that fails is named, with the last that it said, and nothing is left")
    func failingHook() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/77-mine", "echo one\necho two >&2\nexit 7")
            let words = try await workspace.tiny("web1")
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 1)
            #expect(
                outcome.standardError.contains(
                    "the hook 77-mine failed with exit status 7; it said last:\none\ntwo\n"
                ),
                "\(outcome)"
            )
            #expect(outcome.standardError.contains("while:  Run hook 77-mine"))
            #expect(outcome.standardError.contains("undone: removed \(workspace.guests)/domains/.domus-"))
            #expect(outcome.standardError.contains("log:    \(workspace.log(of: "web1"))"))
            #expect(outcome.standardOutput == "")
            #expect(try await workspace.settledDifference(from: before) == [])
            #expect(try readText(workspace.log(of: "web1")).contains("one\ntwo\n"))
        }
    }

    @Test("with --keep what a failed run made stays, and is named")
    func keep() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/77-mine", "exit 7")
            let outcome = try await workspace.createTiny("web1", ["--keep"])
            #expect(outcome.status == 1)
            let line = try #require(outcome.standardError.split(separator: "\n").first { $0.contains("(kept)") })
            let kept = String(line.drop { $0 != "/" }.prefix { $0 != " " })
            #expect(fileExists(FilePath("\(kept)/root/bin/busybox")))
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
        }
    }

    @Test("a hook that hangs is ended, with what it started")
    func hangingHook() async throws {
        try await withWorkspace { workspace in
            try workspace.script(
                "etc/hooks.d/77-mine",
                "sh -c 'sleep 1000; : \(workspace.path)' &\ntrap '' TERM\necho waiting\nsleep 1000"
            )
            let words = try await workspace.tiny("web1", ["--hook-timeout=4"])
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 1)
            #expect(outcome.standardError.contains("the hook 77-mine did not end within 4 seconds and was killed"))
            #expect(outcome.standardError.contains("it said last:\nwaiting\n"))
            #expect(outcome.standardError.contains("--hook-timeout=SECONDS gives it more time"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "a template with a mistake is refused, with its line, before the guest is published",
        arguments: [
            ("type = \"pv\"\nname = \"{{nmae}}\"\n", ":2: there is no variable \"nmae\"", "is name meant?"),
            ("name = '{$hostname}'\n{ $memory }\n", "this is a template of xen-tools, with Perl in braces", "mustache"),
            (
                "name = \"{{name}}\"\nmemory = {{memory}}\n", "makes a configuration that xl would not start as asked",
                "write type = \"{{type}}\""
            ),
        ]
    )
    func template(text: String, message: String, hint: String) async throws {
        try await withWorkspace { workspace in
            let template = try workspace.file("own.mustache", text)
            let words = try await workspace.tiny("web1", ["--template=\(template)"])
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.standardError.contains(message), "\(outcome)")
            #expect(outcome.standardError.contains(hint), "\(outcome)")
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test("a system that does not fit into its partition is refused, with the numbers")
    func tooSmall() async throws {
        try await withWorkspace { workspace in
            var root = try TinyRoot()
            root.entries.append(.file("opt/large", bytes: [UInt8](repeating: 1, count: 12 << 20)))
            let archive = try await root.asTar(in: workspace.files, name: "large")
            let words = try await workspace.tiny("web1", ["--install-source=\(archive)", "--size=12M"])
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.contains("the system does not fit"))
            #expect(outcome.standardError.contains("partition disk has 12M"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "a full disk is told, whenever it fills up, and nothing is left on it",
        Requirement.mountNamespaces,
        arguments: [
            // While unpacking, while copying, while writing the image, and before anything is done.
            (1, [], "no space left on"),
            (1, ["--install-method=copy", "--install-source=./tree"], "no space left on"),
            (3, [], "no space left on"),
            (30, ["--image=full"], "there is no room for web1"),
        ]
    )
    func fullDisk(mebibytes: Int, more: [String], message: String) async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("web1", more)
            try TinyRoot().asDirectory(workspace.files.appending("tree"))
            let before = workspace.capture()
            let look = "\"$@\"; status=$?; find \(workspace.guests) -mindepth 1; exit $status"
            let outcome = try await workspace.domus(words).wrapped(
                in: SmallTmpfs.prefix(mebibytes: mebibytes, at: workspace.guests) + ["sh", "-c", look, "sh"]
            ).run()
            #expect(outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.lowercased().contains(message), "\(outcome)")
            #expect(outcome.standardOutput == "")
            let difference = try await workspace.settledDifference(from: before)
            #expect(difference.filter { !$0.hasPrefix("new file \(workspace.guests):") } == [])
        }
    }

    @Test("where the journal has no room, nothing is begun, and the disk is named", Requirement.mountNamespaces)
    func fullJournal() async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("web1")
            let before = workspace.capture()
            let fill = "head -c 2M /dev/zero >\(workspace.state)/rest; exec \"$@\""
            let outcome = try await workspace.domus(words).wrapped(
                in: SmallTmpfs.prefix(mebibytes: 1, at: workspace.state) + ["sh", "-c", fill, "sh"]
            ).run()
            #expect(outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.contains("state.sqlite: its disk is full"), "\(outcome)")
            #expect(outcome.standardError.contains("free some space"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }
}
