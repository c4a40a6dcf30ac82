import Glibc
import Testing

@Suite(
    "domus-chroot shows a command outside the tree",
    .enabled(if: Sandbox.isPossible, Sandbox.whyNot),
)
struct HostViewTests {
    /// Makes the kernel one before 5.12, which has no mount_setattr.
    static let olderKernel = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=mount_setattr:error=ENOSYS"]

    @Test("a host that it cannot write to, but for the tree and what is named")
    func readOnly() throws {
        try checkReadOnly(through: [])
    }

    @Test(
        "a host that it cannot write to, on a kernel before 5.12 too",
        .enabled(if: Sandbox.has("strace"), "needs strace, to make a system call fail")
    )
    func readOnlyOnOlderKernel() throws {
        try checkReadOnly(through: Self.olderKernel)
    }

    private func checkReadOnly(through kernel: [String]) throws {
        let sandbox = try Sandbox()
        try sandbox.make(directory: "writable")
        for file in ["file", "tree/file", "writable/file"] { try sandbox.write("", to: file) }
        let closed = ["/etc/passwd", "/proc/sys/kernel/hostname", "\(sandbox.path)/file"]
        let open = ["\(sandbox.tree)/file", "\(sandbox.tree)/run/new", "\(sandbox.path)/writable/file", "/dev/null"]
        // Opened for writing, but nothing is written: a failing test must not change the host.
        let outcome = try HelperProcess.run(
            [
                "--root=\(sandbox.tree)", "--read-only-host", "--writable=\(sandbox.path)/writable", "--pid-namespace",
                "--mount-kernel-fs", "--", "sh", "-c",
                "for file; do (: >> $file) 2> /dev/null && echo $file; done", "sh",
            ] + closed + open,
            through: kernel
        )
        #expect(outcome.output == open.map { $0 + "\n" }.joined())
        #expect(outcome.errors == "")
        #expect(outcome.status == 0)
    }

    @Test("a tree that stays as writable as it was, when it is a mount below a mount")
    func treeBelowMounts() throws {
        try checkTreeBelowMounts(through: [])
    }

    @Test(
        "a tree that stays as writable as it was, on a kernel before 5.12 too",
        .enabled(if: Sandbox.has("strace"), "needs strace, to make a system call fail")
    )
    func treeBelowMountsOnOlderKernel() throws {
        try checkTreeBelowMounts(through: Self.olderKernel)
    }

    private func checkTreeBelowMounts(through kernel: [String]) throws {
        let sandbox = try Sandbox()
        try sandbox.make(directory: "outer")
        // The namespace that this happens in is the wrapper's, so nothing is left of it.
        let script = """
            mount -t tmpfs outer \(sandbox.path)/outer && mkdir \(sandbox.path)/outer/tree &&
            mount -t tmpfs -o noexec inner \(sandbox.path)/outer/tree && cd \(sandbox.path)/outer/tree &&
            mkdir open closed && mount -t tmpfs open open && mount -t tmpfs -o ro closed closed && exec "$@"
            """
        let outcome = try HelperProcess.run(
            [
                "--root=\(sandbox.path)/outer/tree", "--read-only-host", "--", "sh", "-c",
                "for file; do touch $file/x 2> /dev/null && echo $file; done", "sh", "..", ".", "open", "closed",
            ],
            through: ["unshare", "--mount", "sh", "-c", script, "sh"] + kernel
        )
        #expect(outcome.output == ".\nopen\n")
    }

    @Test(
        "a file where the host has not even a directory, and everything else there as before",
        arguments: [[], ["--read-only-host"]]
    )
    func provide(options: [String]) throws {
        let sandbox = try Sandbox()
        try sandbox.make(directory: "host/mounted")
        try sandbox.make(directory: "host/tree")
        try sandbox.write("kept\n", to: "host/kept")
        try sandbox.write("old\n", to: "host/old")
        try sandbox.write("provided\n", to: "common.sh")
        let host = "\(sandbox.path)/host"
        let source = "\(sandbox.path)/common.sh"
        let script = """
            cat \(host)/share/xen-tools/common.sh \(host)/share/other.sh \(host)/old \(host)/kept
            ls \(host)/mounted
            touch \(host)/tree/written || echo the tree cannot be written to
            for file in x share/x old; do (touch \(host)/$file) 2> /dev/null && echo $file; done
            true
            """
        let outcome = try HelperProcess.run(
            options + [
                "--root=\(host)/tree", "--provide=\(source):\(host)/share/xen-tools/common.sh",
                "--provide=\(source):\(host)/share/other.sh", "--provide=\(source):\(host)/old", "--", "sh", "-c",
                script,
            ],
            through: [
                "unshare", "--mount", "sh", "-c",
                "mount -t tmpfs mounted \(host)/mounted && touch \(host)/mounted/seen && exec \"$@\"", "sh",
            ]
        )
        #expect(outcome.output == "provided\nprovided\nprovided\nkept\nseen\n")
        #expect(outcome.errors == "")
        #expect(outcome.status == 0)
        #expect(try sandbox.names(in: "host") == ["kept", "mounted", "old", "tree"])
        #expect(try sandbox.names(in: "host/tree") == ["written"])
        #expect(try sandbox.read("host/old") == "old\n")
    }

    @Test(
        "no file that cannot be provided",
        arguments: [
            ("/etc/hosts", "/domus-absent/x", "/domus-absent/x: / itself cannot be covered by an overlay"),
            ("/etc", "/usr/share/domus-absent/x", "/etc: it is not a file"),
            ("/domus-absent", "/usr/share/domus-absent/x", "/domus-absent: No such file or directory"),
            ("/etc/hosts", "/usr/../domus-absent/x", "/usr/../domus-absent/x: \".\" or \"..\" in it"),
        ]
    )
    func cannotProvide(source: String, destination: String, message: String) throws {
        let outcome = try HelperProcess.run(["--provide=\(source):\(destination)", "--", "true"])
        #expect(outcome.status == 125)
        #expect(outcome.errors == "domus-chroot: cannot provide \(message)\n")
    }

    @Test("only the processes of its own namespace")
    func processes() throws {
        let outcome = try HelperProcess.run([
            "--pid-namespace", "--", "sh", "-c", "echo $$; ls -d /proc/[0-9]* | sort | tail -n 1; cat /proc/1/comm",
        ])
        // The shell is 2; ls, sort and tail come later.
        #expect(outcome.output.hasPrefix("2\n/proc/"))
        #expect(outcome.output.hasSuffix("domus-chroot\n"))
    }
}
