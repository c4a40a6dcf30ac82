import SystemPackage
import TestSupport
import Testing

/// Mirrors and archives that are not what they should be.
@Suite("faults of mirrors and archives", Requirement.bootstrapping)
struct ArchiveFaultTests {
    @Test(
        "an archive that nobody vouches for is not installed, whatever is wrong with it",
        Requirement.program("debootstrap", "mmdebstrap"),
        arguments: ["native", "debootstrap", "mmdebstrap"],
        [
            FixtureArchive.Tampering.badSignature, .wrongKey, .unsigned, .corruptPackage("mawk"),
        ]
    )
    func unproven(method: String, tampering: FixtureArchive.Tampering) async throws {
        let archive = try await FixtureArchive.make().tampered(tampering)
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let before = workspace.capture()
            let outcome = try await workspace.run(Workspace.bootstrap("web1", method, archive, mirror))
            #expect(outcome.status == 65, "\(outcome)")
            #expect(outcome.standardError.contains("could not install bookworm from \(mirror.url)"), "\(outcome)")
            #expect(outcome.standardError.contains("undone: removed "), "\(outcome)")
            if case .corruptPackage = tampering {
                #expect(outcome.standardError.contains("a file of the mirror is damaged"), "\(outcome)")
            } else {
                #expect(outcome.standardError.contains("--no-verify"), "\(outcome)")
            }
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "--no-verify installs an unsigned archive, and warns", Requirement.program("mmdebstrap"),
        arguments: ["native", "mmdebstrap"])
    func unverified(method: String) async throws {
        let archive = try await FixtureArchive.make().tampered(.unsigned)
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            var words = Workspace.bootstrap("web1", method, archive, mirror, ["--no-verify"])
            words.removeAll { $0.hasPrefix("--keyring") }
            let outcome = try await workspace.run(words).orThrow()
            #expect(outcome.standardError.contains("warning: --no-verify: nothing proves"))
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/etc/hostname") == "web1\n")
        }
    }

    @Test(
        "a mirror that refuses, or has no such suite, is told at once",
        Requirement.program("debootstrap"),
        arguments: ["native", "debootstrap"], [false, true]
    )
    func unavailable(method: String, answers: Bool) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = answers ? try FixtureMirror(serving: archive) : try FixtureMirror(.refusing)
        try await withWorkspace { workspace in
            let words = Workspace.bootstrap("web1", method, archive, mirror, answers ? ["--dist=trixie"] : [])
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 69, "\(outcome)")
            let suite = answers ? "trixie" : "bookworm"
            #expect(outcome.standardError.contains("the mirror \(mirror.url) does not give \(suite)"), "\(outcome)")
            #expect(outcome.standardError.contains("--mirror=URL"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "a mirror that says nothing is given up", Requirement.program("debootstrap"),
        arguments: ["native", "debootstrap"])
    func silent(method: String) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(.silent)
        try await withWorkspace(waitsOnly: true) { workspace in
            let before = workspace.capture()
            let outcome = try await workspace.run(Workspace.bootstrap("web1", method, archive, mirror))
            #expect(outcome.status == 69, "\(outcome)")
            #expect(outcome.standardError.contains("the mirror \(mirror.url) does not give bookworm"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test("a truncated archive is damaged data", arguments: [TinyRoot.Compression.none, .gzip, .xz])
    func truncated(compression: TinyRoot.Compression) async throws {
        try await withWorkspace { workspace in
            let archive = try await TinyRoot(.truncated).asTar(in: workspace.files, compression: compression)
            try await expectRefusal(workspace, archive, status: 65, "could not read archive \(archive)", "truncated")
        }
    }

    @Test("an archive without a system is refused")
    func withoutSystem() async throws {
        try await withWorkspace { workspace in
            try workspace.file("notes", "nothing\n")
            let archive = workspace.files.appending("notes.tar")
            try await run("tar", ["-cf", archive.string, "-C", workspace.files.string, "notes"]).orThrow()
            try await expectRefusal(workspace, archive, status: 65, "is not a root file system: it has no /bin/sh")
            let text = try workspace.file("text", "not an archive\n")
            try await expectRefusal(workspace, text, status: 65, "\(text)")
        }
    }

    private func expectRefusal(
        _ workspace: Workspace,
        _ archive: FilePath,
        status: Int32,
        _ messages: String...
    ) async throws {
        let words = try await workspace.tiny("web1", ["--install-source=\(archive)"])
        let before = workspace.capture()
        let outcome = try await workspace.run(words)
        #expect(outcome.status == status, "\(outcome)")
        for message in messages { #expect(outcome.standardError.contains(message), "\(outcome)") }
        #expect(try await workspace.settledDifference(from: before) == [])
    }

    @Test("entries that lead out of the guest do not get out")
    func traversal() async throws {
        try await withWorkspace { workspace in
            let outside = workspace.path.appending("outside")
            try writeFile(outside.appending("kept"), "kept\n")
            let archive = try await TinyRoot(.pathTraversal(outside: outside)).asTar(in: workspace.files, name: "evil")
            let words = try await workspace.tiny("web1", ["--install-source=\(archive)"])
            let before = HostState.capture(watching: [outside, workspace.guests], marker: workspace.path.string)
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 65, "\(outcome)")
            let after = HostState.capture(watching: [outside, workspace.guests], marker: workspace.path.string)
            #expect(after.difference(from: before) == [])
        }
    }

    @Test("links of the guest that lead out of it lead no hook out", arguments: ["tar", "copy"])
    func symlinkAttack(method: String) async throws {
        try await withWorkspace { workspace in
            let outside = workspace.path.appending("outside")
            for name in ["hostname", "hosts", "fstab", "inittab", "resolv.conf", "shadow", "machine-id"] {
                try writeFile(outside.appending(name), "victim\n")
            }
            for name in ["network/interfaces", "apt/sources.list", "ssh/sshd_config", "root/.profile", "grub/grub.cfg"]
            {
                try writeFile(outside.pushing(FilePath(name)), "victim\n")
            }
            for name in ["proc", "dev", "tmp"] { try makeDirectories(outside.appending(name)) }
            let root = try TinyRoot(.symlinkAttack(outside: outside))
            let source = workspace.files.appending("evil")
            if method == "copy" { try root.asDirectory(source) }
            let archive = method == "tar" ? try await root.asTar(in: workspace.files, name: "evil") : source
            let words = try await workspace.tiny(
                "web1",
                ["--install-method=\(method)", "--install-source=\(archive)"]
            )
            let before = HostState.capture(watching: [outside], marker: workspace.path.string)
            let outcome = try await workspace.run(words)
            let after = HostState.capture(watching: [outside], marker: workspace.path.string)
            #expect(after.difference(from: before) == [], "\(outcome)")
        }
    }

    @Test("a release whose programs need vsyscall is installed where the kernel has it, and refused elsewhere")
    func vsyscall() async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("web1", ["--dist=wheezy"])
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.standardError.contains("Debian 7 (wheezy)"))
            if Machine.offersVsyscall {
                #expect(outcome.succeeded, "\(outcome)")
                #expect(outcome.standardError.contains("past its end of life"))
                let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
                // Its kernel, 3.2, reads neither of these.
                #expect(try await root.features().isDisjoint(with: ["metadata_csum", "64bit"]))
            } else {
                #expect(outcome.status == 69)
                #expect(outcome.standardError.contains("vsyscall=emulate"))
                #expect(workspace.capture().difference(from: before) == [])
            }
        }
    }
}
