import Glibc
import Testing

@Suite("domus-chroot mounts", .enabled(if: Sandbox.isPossible, Sandbox.whyNot))
struct MountTests {
    @Test("what the kernel offers in the tree, where only the command sees it")
    func kernelFileSystems() throws {
        let sandbox = try Sandbox()
        let script = """
            echo ready
            for name in null zero full random urandom tty; do [ -c /dev/$name ] || echo no $name; done
            echo gone > /dev/null || echo null fails
            [ -c /dev/ptmx ] && [ -d /dev/shm ] && [ -e /dev/fd/1 ] || echo dev is incomplete
            for process in /proc/[0-9]*; do echo ${process#/proc/}; done
            touch /run/lock/x /dev/shm/x || echo not writable
            chmod 600 /dev/null || echo not ours
            # Opened for writing, but nothing is written: a failing test must not change the host.
            (: >> /proc/sys/kernel/hostname) 2> /dev/null && echo the host can be changed
            (: >> /sys/kernel/uevent_seqnum) 2> /dev/null && echo sys is writable
            cat
            """
        let helper = try HelperProcess(
            [
                "--root=\(sandbox.tree)", "--enter", "--mount-kernel-fs", "--pid-namespace", "--stdin", "--", "sh",
                "-c", script,
            ],
            input: .pipe
        )
        helper.waitForLine()
        #expect(try sandbox.isMountedAnywhere())
        #expect(try sandbox.visibleMounts() == [])
        helper.closeLifeline()
        let outcome = helper.finish()
        // The helper's keeper and the shell.
        #expect(outcome.output == "ready\n1\n2\n")
        #expect(outcome.errors == "")
        #expect(try sandbox.isMountedAnywhere() == false)
        for directory in ["dev", "proc", "run", "sys"] { #expect(try sandbox.names(in: "tree/\(directory)") == []) }
        var information = stat()
        stat("/dev/null", &information)
        #expect(information.st_mode & 0o777 == 0o666, "the host's /dev/null was changed")
        chmod("/dev/null", 0o666)
    }

    @Test("nothing that travels to a namespace whose mounts are shared", arguments: [[], ["--read-only-host"]])
    func propagation(options: [String]) throws {
        let sandbox = try Sandbox()
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--mount-kernel-fs"] + options + [
                "--", "grep", "-c", sandbox.path, "/proc/self/mountinfo",
            ],
            through: [
                "unshare", "--mount", "--propagation", "shared", "sh", "-c",
                "\"$@\"; grep \(sandbox.path) /proc/self/mountinfo", "sh",
            ]
        )
        // The tree, proc and proc/sys, sys, dev with pts and shm, run; sysrq-trigger where the kernel has it.
        let count = try #require(Int(outcome.output.dropLast()))
        #expect((8...9).contains(count))
    }

    @Test("a tree that can be used, though it lies below a mount with noexec and nodev")
    func restrictions() throws {
        let sandbox = try Sandbox()
        try sandbox.make(directory: "mount")
        let script = """
            mount -t tmpfs -o noexec,nodev,nosuid mount \(sandbox.path)/mount &&
            cp -a \(sandbox.tree) \(sandbox.path)/mount && mknod \(sandbox.path)/mount/tree/dev/zero c 1 5 && exec "$@"
            """
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.path)/mount/tree", "--enter", "--", "sh", "-c", "echo runs; true < /dev/zero"],
            through: ["unshare", "--mount", "sh", "-c", script, "sh"]
        )
        #expect(outcome.output == "runs\n")
        #expect(outcome.status == 0)
    }

    @Test("them in a tree that has no such directories, but makes no /run")
    func minimalTree() throws {
        let sandbox = try Sandbox()
        for name in ["proc", "sys", "dev", "run"] { try sandbox.remove("tree/\(name)") }
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--enter", "--mount-kernel-fs", "--", "sh", "-c", "ls -d /proc/self /run"])
        #expect(outcome.output == "/proc/self\n")
        #expect(try sandbox.names(in: "tree") == ["bin", "dev", "etc", "proc", "root", "sys", "tmp"])
    }

    @Test(
        "nothing where a link stands in place of a directory",
        arguments: ["proc", "sys", "dev", "run"],
        ["absolute", "relative", "root"]
    )
    func linkInsteadOfDirectory(name: String, kind: String) throws {
        let sandbox = try Sandbox()
        try sandbox.make(directory: "victim")
        try sandbox.remove("tree/\(name)")
        let target = ["absolute": "\(sandbox.path)/victim", "relative": "../victim", "root": "/"][kind] ?? ""
        try sandbox.link("tree/\(name)", to: target)
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--mount-kernel-fs", "--", "ls", "\(sandbox.path)/victim"])
        #expect(outcome.status == 125)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("domus-chroot: cannot mount on \(sandbox.tree)/\(name): "))
        #expect(try sandbox.names(in: "victim") == [])
    }

    @Test("a file in the tree, read-only, without a trace when the tree had none")
    func bind() throws {
        let sandbox = try Sandbox()
        try sandbox.write("nameserver 192.0.2.1\n", to: "host-resolv.conf")
        let outcome = try HelperProcess.run([
            "--root=\(sandbox.tree)", "--enter", "--bind=\(sandbox.path)/host-resolv.conf:@/etc/resolv.conf", "--",
            "sh",
            "-c", "cat /etc/resolv.conf; (echo x > /etc/resolv.conf) 2> /dev/null || echo refused",
        ])
        #expect(outcome.output == "nameserver 192.0.2.1\nrefused\n")
        #expect(try sandbox.read("host-resolv.conf") == "nameserver 192.0.2.1\n")
        #expect(try sandbox.names(in: "tree/etc") == [])
    }

    @Test("a file over the one in the tree, which comes back unchanged")
    func bindOver() throws {
        let sandbox = try Sandbox()
        try sandbox.write("host\n", to: "file")
        try sandbox.write("", to: "tree/etc/file")
        let outcome = try HelperProcess.run([
            "--root=\(sandbox.tree)", "--enter", "--bind=\(sandbox.path)/file:@/etc/file", "--", "cat", "/etc/file",
        ])
        #expect(outcome.output == "host\n")
        #expect(try sandbox.read("tree/etc/file") == "")
    }

    @Test("a directory that can be written to, when told so", arguments: [true, false])
    func bindWritable(readOnlyHost: Bool) throws {
        let sandbox = try Sandbox()
        try sandbox.make(directory: "cache")
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--enter"] + (readOnlyHost ? ["--read-only-host"] : []) + [
                "--bind-writable=\(sandbox.path)/cache:@/var", "--", "touch", "/var/kept",
            ]
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(sandbox.exists("cache/kept"))
    }

    @Test(
        "a file where the tree's link points, inside the tree",
        arguments: [
            ("../run/systemd/resolve/stub-resolv.conf", true), ("/run/resolvconf/resolv.conf", true),
            ("../run/systemd/resolve/stub-resolv.conf", false),
        ]
    )
    func dangling(target: String, withRun: Bool) throws {
        let sandbox = try Sandbox()
        try sandbox.write("bound\n", to: "file")
        try sandbox.link("tree/etc/resolv.conf", to: target)
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--enter"] + (withRun ? ["--mount-kernel-fs"] : []) + [
                "--bind=\(sandbox.path)/file:@/etc/resolv.conf", "--", "cat", "/etc/resolv.conf",
            ]
        )
        if withRun {
            #expect(outcome.output == "bound\n")
        } else {
            #expect(outcome.status == 125)
            #expect(outcome.errors.contains("\(sandbox.tree)/etc/resolv.conf: No such file or directory"))
        }
        #expect(try sandbox.names(in: "tree/run") == [])
        #expect(try sandbox.names(in: "tree/etc") == ["resolv.conf"])
    }

    @Test("nothing outside the tree, however its links point", arguments: ["file", "directory", "up", "loop"])
    func linkOutOfTheTree(kind: String) throws {
        let sandbox = try Sandbox()
        try sandbox.write("bound\n", to: "file")
        try sandbox.make(directory: "victim")
        try sandbox.write("untouched\n", to: "victim/resolv.conf")
        switch kind {
        case "file": try sandbox.link("tree/etc/resolv.conf", to: "\(sandbox.path)/victim/resolv.conf")
        case "directory":
            try sandbox.remove("tree/etc")
            try sandbox.link("tree/etc", to: "\(sandbox.path)/victim")
        case "up": try sandbox.link("tree/etc/resolv.conf", to: "../../victim/resolv.conf")
        default: try sandbox.link("tree/etc/resolv.conf", to: "resolv.conf")
        }
        let outcome = try HelperProcess.run([
            "--root=\(sandbox.tree)", "--bind=\(sandbox.path)/file:@/etc/resolv.conf", "--", "cat",
            "\(sandbox.path)/victim/resolv.conf",
        ])
        #expect(outcome.status == 125)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("\(sandbox.tree)/etc/resolv.conf"))
        #expect(try sandbox.names(in: "victim") == ["resolv.conf"])
        #expect(try sandbox.read("victim/resolv.conf") == "untouched\n")
    }

    @Test("a file where a link of the tree means one in the tree, though the host has one there too")
    func linkThatMeansTheTree() throws {
        let sandbox = try Sandbox()
        try sandbox.write("bound\n", to: "file")
        try sandbox.make(directory: "victim")
        try sandbox.write("untouched\n", to: "victim/resolv.conf")
        try sandbox.make(directory: "tree\(sandbox.path)/victim")
        try sandbox.link("tree/etc/resolv.conf", to: "\(sandbox.path)/victim/resolv.conf")
        let outcome = try HelperProcess.run([
            "--root=\(sandbox.tree)", "--bind=\(sandbox.path)/file:@/etc/resolv.conf", "--", "cat",
            "\(sandbox.path)/victim/resolv.conf", "\(sandbox.tree)\(sandbox.path)/victim/resolv.conf",
        ])
        #expect(outcome.output == "untouched\nbound\n")
    }

    @Test(
        "nothing, and says so, where it may not",
        .enabled(if: Sandbox.has("setpriv"), "needs setpriv"),
        arguments: [true, false]
    )
    func unprivileged(allowed: Bool) throws {
        let sandbox = try Sandbox()
        // For the shell, which gives it to what runs in the background.
        try sandbox.write("", to: "tree/dev/null")
        let outcome = try HelperProcess.run(
            ["--root=\(sandbox.tree)", "--enter", "--mount-kernel-fs", "--pid-namespace"]
                + (allowed ? ["--allow-unprivileged"] : []) + [
                    "--", "sh", "-c", "echo inside; ls /proc; (setsid sleep 1000 &)",
                ],
            through: ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
        )
        if allowed {
            #expect(outcome.status == 0)
            #expect(outcome.output == "inside\n")
            #expect(
                outcome.errors
                    == "domus-chroot: no mount namespace here (Operation not permitted): "
                    + "running without /proc, /sys and /dev in the guest\n"
            )
        } else {
            #expect(outcome.status == 125)
            #expect(outcome.errors == "domus-chroot: cannot make a mount namespace: Operation not permitted\n")
        }
    }
}
