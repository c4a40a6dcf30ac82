import Glibc
import SystemPackage
import TestSupport
import Testing

/// Hooks/common.sh, under each shell that a host may have as its sh.
@Suite("The functions of hooks", Requirement.program("dash", "bash", "busybox"))
struct HookFunctionsTests {
    static let shells = [["dash"], ["bash", "--posix"], ["busybox", "sh"]]

    /// Of a host, with a guest's root and something beside it that no link of the guest may lead to.
    private struct Site {
        let directory: FilePath
        var root: FilePath { directory.appending("root") }
        var outside: FilePath { directory.appending("outside") }

        func shell(_ shell: [String], _ script: String) async throws -> Outcome {
            let hooks = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
                .appending("Hooks")
            return try await run(
                shell[0],
                shell.dropFirst() + [
                    "-c", "set -eu\n. \"$DOMUS_HOOK_DIR/common.sh\"\nenter_guest \"$@\"\n" + script, "hook",
                    root.string,
                ], environment: ["DOMUS_HOOK_DIR": hooks.string])
        }
    }

    /// - Parameter links: what each says, by their names.
    private func withGuest(_ links: [(String, String)], _ body: (Site) async throws -> Void) async throws {
        try await withTemporaryDirectory("hooks") { directory in
            let site = Site(directory: directory)
            for name in ["outside/sbin", "root/usr/bin", "root/usr/sbin", "root/usr/lib/systemd", "root/etc"] {
                try makeDirectories(directory.pushing(FilePath(name)))
            }
            for (name, target) in links {
                let path = site.root.pushing(FilePath(name))
                removeTree(path)
                #expect(symlink(target.replacing("OUTSIDE", with: site.outside.string), path.string) == 0)
            }
            try await body(site)
        }
    }

    @Test("a merged /usr is walked into, whatever its links look like", arguments: shells)
    func merged(shell: [String]) async throws {
        for (sbin, lib) in [("usr/sbin", "usr/lib"), ("/usr/sbin", "/usr/lib"), ("usr/../usr/sbin", "../usr/lib")] {
            try await withGuest([("sbin", sbin), ("lib", lib), ("usr/sbin/init", "/lib/systemd/systemd")]) { site in
                try writeFile(site.root.appending("usr/lib/systemd/systemd"), "", mode: 0o755)
                let outcome = try await site.shell(
                    shell, "guest_path /sbin/init; guest_real /lib/x; guest_has init; guest_has_systemd && echo yes"
                ).orThrow()
                #expect(outcome.standardOutput == "\(site.root)/usr/lib/systemd/systemd\n/usr/lib/x\nyes\n")
            }
        }
    }

    @Test(
        "no link leads out of the guest", arguments: shells,
        [
            ([("sbin", "OUTSIDE/sbin")], "/sbin/x"), ([("usr", "OUTSIDE"), ("sbin", "usr/sbin")], "/sbin/x"),
            ([("usr/sbin", "OUTSIDE/sbin"), ("sbin", "usr/sbin")], "/sbin/x"),
            ([("usr/sbin", "../../outside/sbin"), ("sbin", "usr/sbin")], "/sbin/x"),
            ([("etc", "../outside")], "/etc/x"), ([("etc/x", "OUTSIDE/sbin/x")], "/etc/x"),
        ] as [([(String, String)], String)])
    func outside(shell: [String], guest: ([(String, String)], String)) async throws {
        try await withGuest(guest.0) { site in
            // Where it goes to is inside, or nowhere.
            let outcome = try await site.shell(shell, "echo text | guest_write \(guest.1); guest_path \(guest.1)")
            #expect(outcome.status == 0 && outcome.standardOutput.hasPrefix("\(site.root)/"), "\(outcome)")
            #expect(try directoryNames(site.outside) == ["sbin"])
            #expect(try directoryNames(site.outside.appending("sbin")) == [])
        }
    }

    @Test("what leads to the machine's own file systems, or in a circle, is nothing", arguments: shells)
    func nowhere(shell: [String]) async throws {
        try await withGuest([("etc/p", "/proc/1/root"), ("etc/c", "c"), ("sbin", "/sbin")]) { site in
            for path in ["/etc/p/x", "/dev/null", "/etc/c", "/sbin/x"] {
                let outcome = try await site.shell(shell, "guest_path \(path)")
                #expect(outcome.status == 1, "\(path)")
            }
        }
    }

    @Test("a new file has the mode that it is to have, an old one keeps its own", arguments: shells)
    func modes(shell: [String]) async throws {
        try await withGuest([]) { site in
            try writeFile(site.root.appending("etc/old"), "old\n", mode: 0o640)
            try writeFile(site.root.appending("etc/changed"), "old\n", mode: 0o640)
            let outcome = try await site.shell(
                shell,
                """
                umask 077
                for file in new old; do echo text | guest_write /etc/$file; done
                echo text | guest_write /etc/secret 0600
                echo text | guest_write /etc/program 0755
                echo text | guest_write /etc/changed 0644
                cd "$1/etc" && stat -c '%n %a' * && cat *
                """
            ).orThrow()
            #expect(
                outcome.standardOutput
                    == "changed 644\nnew 644\nold 640\nprogram 755\nsecret 600\n"
                    + String(repeating: "text\n", count: 5))
        }
    }

    @Test("a file that is not root's stays its owner's, also with another mode", Requirement.root, arguments: shells)
    func owners(shell: [String]) async throws {
        try await withGuest([]) { site in
            for name in ["both", "group", "none", "user"] {
                try writeFile(site.root.appending("etc/\(name)"), "old\n", mode: 0o644)
            }
            let outcome = try await site.shell(
                shell,
                """
                cd "$1/etc" && chown 7:8 both && chown 7 user && chgrp 8 group
                for file in *; do echo text | guest_write /etc/$file 0600; done
                stat -c '%n %a %u:%g' * && cat *
                """
            ).orThrow()
            #expect(
                outcome.standardOutput
                    == "both 600 7:8\ngroup 600 0:8\nnone 600 0:0\nuser 600 7:0\n"
                    + String(repeating: "text\n", count: 4))
        }
    }
}
