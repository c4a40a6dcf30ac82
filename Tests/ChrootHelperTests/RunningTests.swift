import Glibc
import Testing

@Suite("domus-chroot runs a command", .enabled(if: Sandbox.isPossible, Sandbox.whyNot))
struct RunningTests {
    @Test(
        "and hands on how it ended",
        arguments: [
            ("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137), ("kill -TERM $$", 143),
        ] as [(String, Int32)],
        [[], ["--pid-namespace"]]
    )
    func status(command: (script: String, status: Int32), options: [String]) throws {
        let sandbox = try Sandbox()
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--enter"] + options + ["--", "sh", "-c", command.script]
        )
        #expect(outcome.status == command.status)
        #expect(outcome.errors == "")
    }

    /// A pipe cannot be written out, and says so (EINVAL), unless nobody is asked.
    @Test("whose wish that all be on the disk is granted without doing it, if so wanted", arguments: [false, true])
    func synchronization(isIgnored: Bool) throws {
        let script = "use IO::Handle; pipe(my $in, my $out); exit(defined($out->sync) ? 0 : 3)"
        let outcome = try HelperProcess.run(
            (isIgnored ? ["--ignore-sync"] : []) + ["--pid-namespace", "--", "sh", "-c", "perl -e '\(script)'"])
        #expect(outcome.status == (isIgnored ? 0 : 3))
        #expect(outcome.errors == "")
    }

    @Test(
        "and says why it cannot be run",
        arguments: [
            ("/no/such/program", 127, "cannot run /no/such/program: No such file or directory"),
            ("nowhere", 127, "cannot run nowhere: No such file or directory"),
            ("/bin", 126, "cannot run /bin: Permission denied"),
        ] as [(String, Int32, String)]
    )
    func cannotRun(name: String, status: Int32, message: String) throws {
        let sandbox = try Sandbox()
        let outcome = try HelperProcess.run(["--root=\(sandbox.tree)", "--enter", "--pid-namespace", "--", name])
        #expect(outcome.status == status)
        #expect(outcome.errors == "domus-chroot: \(message)\n")
    }

    @Test(
        "unless its own options are wrong",
        arguments: [
            (["--frobnicate", "--", "true"], "cannot understand the option --frobnicate"),
            (["--enter=yes", "--root=/tmp", "--", "true"], "cannot understand the option --enter=yes"),
            (["true"], "cannot understand \"true\": the command comes after \"--\""),
            (["--pid-namespace", "--"], "cannot run nothing: no command after \"--\""),
            (["--enter", "--", "true"], "cannot do that without --root=DIR"),
            (["--bind=/etc/hosts:@/etc/hosts", "--", "true"], "cannot do that without --root=DIR"),
            (["--root=/", "--", "true"], "cannot use / as the guest's tree"),
            (["--root=/no/such", "--", "true"], "cannot find /no/such: No such file or directory"),
            (["--root=/etc/passwd", "--", "true"], "cannot open the tree /etc/passwd: Not a directory"),
            (
                ["--bind=/etc/hosts", "--", "true"],
                "cannot understand --bind=/etc/hosts: two absolute paths are needed, SRC:DST"
            ),
            (["--bind=/no/such:/etc/hosts", "--", "true"], "cannot bind /no/such: No such file or directory"),
            (["--bind=/etc/hosts:/no/such", "--", "true"], "cannot mount on /no/such: No such file or directory"),
        ] as [([String], String)]
    )
    func usage(arguments: [String], message: String) throws {
        let outcome = try HelperProcess.run(arguments)
        #expect(outcome.status == 125)
        #expect(outcome.errors == "domus-chroot: \(message)\n")
    }

    @Test("and explains itself")
    func help() throws {
        let outcome = try HelperProcess.run(["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("Usage: domus-chroot"))
    }

    @Test("with what it reads only when told to", arguments: [true, false])
    func input(passed: Bool) throws {
        let sandbox = try Sandbox()
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--enter"] + (passed ? ["--stdin"] : []) + ["--", "sh", "-c", "cat; sleep 0"],
            input: passed ? .bytes("root:secret\n") : .null
        )
        #expect(outcome.status == 0)
        #expect(outcome.output == (passed ? "root:secret\n" : ""))
    }

    @Test("that does not read its lifeline")
    func lifelineIsNotInput() throws {
        let sandbox = try Sandbox()
        let helper = try HelperProcess(["--root=\(sandbox.tree)", "--enter", "--", "cat"], input: .pipe)
        let outcome = helper.finish()
        #expect(outcome.status == 0)
    }

    static let messyCaller = [
        "sh", "-c", "umask 077; trap '' INT TERM PIPE CHLD; exec 8</etc/passwd; exec \"$@\"", "sh",
    ]

    @Test("in the environment given, with nothing else open")
    func environment() throws {
        let sandbox = try Sandbox()
        let script = """
            echo $MESSAGE; umask; pwd; readlink /proc/$$/fd/0
            for number in 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$number ] && echo $number is open; done
            true
            """
        let outcome = try HelperProcess.run(
            [
                "--root=\(sandbox.tree)", "--enter", "--mount-kernel-fs", "--pid-namespace", "--", "sh", "-c", script,
            ],
            through: Self.messyCaller
        )
        #expect(outcome.output == "kept as it is\n0022\n/\n/dev/null\n")
        #expect(outcome.status == 0)
    }

    @Test("with no signal blocked or ignored")
    func signals() throws {
        let sandbox = try Sandbox()
        // Not from a shell, which ignores some by itself.
        let outcome = try HelperProcess.run(
            [
                "--root=\(sandbox.tree)", "--enter", "--mount-kernel-fs", "--pid-namespace", "--", "grep", "-E",
                "SigBlk|SigIgn", "/proc/self/status",
            ],
            through: Self.messyCaller
        )
        let lines = outcome.output.split(separator: "\n")
        try #require(lines.count == 2)
        for line in lines {
            let digits = try #require(line.split(whereSeparator: \.isWhitespace).last)
            let signals = try #require(UInt64(digits, radix: 16))
            // 32 and 33 are the C library's own: no program can set them through it, and none needs to.
            #expect(signals & ~0x1_8000_0000 == 0, "\(line)")
        }
    }

    @Test("outside the tree in the directory where it was called")
    func outside() throws {
        let sandbox = try Sandbox()
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--read-only-host", "--", "sh", "-c", "pwd; touch here"],
            through: ["env", "--chdir=\(sandbox.tree)"]
        )
        #expect(outcome.output == "\(sandbox.tree)\n")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(sandbox.exists("tree/here"))
    }
}
