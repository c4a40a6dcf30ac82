import Glibc
import SystemPackage
import TestSupport
import Testing

/// Domus's own installation, held against mmdebstrap's and dpkg's.
@Suite("domus bootstrap", Requirement.bootstrapping)
struct NativeBootstrapTests {
    /// What is different, and why; domus-bootstrap(8) has the same list.
    static let known: Set<String> = [
        // mmdebstrap puts sources that it is given as a file into sources.list.d, and copies these of the host.
        "etc/apt/sources.list", "etc/apt/sources.list.d", "etc/hostname", "etc/resolv.conf",
        // What is on /run is gone at the first boot.
        "run",
        // apt has not run in the tree: its locks, and its directories' modes, come with its first run.
        "var/cache/apt/archives", "var/lib/apt/lists", "var/log/apt", "etc/apt/preferences.d", "etc/apt/auth.conf.d",
        "etc/apt/trusted.gpg.d", "etc/apt/apt.conf.d",
        // The option that mmdebstrap is given, not to be asked.
        "etc/dpkg/dpkg.cfg.d",
        // Only mmdebstrap writes it where there is one architecture.
        "var/lib/dpkg/arch",
        // What these were before dpkg's last change.
        "var/lib/dpkg/status-old", "var/lib/dpkg/diversions-old", "var/lib/dpkg/statoverride-old",
    ]

    /// debootstrap's layout, which mmdebstrap makes only when it is asked to.
    private static let mergedUsrHook = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"

    @Test(
        "makes what mmdebstrap makes of the same packages, whatever is in them",
        Requirement.program("mmdebstrap"), arguments: ["minbase", "important"]
    )
    func equal(variant: String) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let start = time(nil)
            let tree = workspace.path.appending("tree")
            try await workspace.bootstrap(tree, archive, mirror, ["--variant=\(variant)", "--include=corners"])
                .orThrow()
            let other = workspace.path.appending("other")
            // With mounts of its own: other tests watch the host's.
            try await run(
                "unshare",
                [
                    "--mount", "--propagation=private", "mmdebstrap", "--mode=root", "--dpkgopt=force-confold",
                    "--hook-directory=\(Self.mergedUsrHook)",
                    "--variant=\(variant)", "--include=corners",
                    "--architectures=\(archive.architecture)",
                    archive.release.suite, other.string,
                    "deb [signed-by=\(archive.keyring)] \(mirror.url) \(archive.release.suite) main",
                ], timeout: .seconds(300)
            ).orThrow()
            let (mine, theirs) = (try TreeListing(tree), try TreeListing(other))
            var passedOver = Self.known
            // The order in it is no matter.
            passedOver.insert("var/lib/apt/extended_states")
            #expect(mine.differences(from: theirs, since: start, passingOver: passedOver) == [])
            let automatic = "var/lib/apt/extended_states"
            #expect(try stanzas(tree.pushing(FilePath(automatic))) == stanzas(other.pushing(FilePath(automatic))))

            for command in [["dpkg", "--audit"], ["dpkg", "--verify"]] {
                // Not nothing: the packages have no md5sums, and a script has changed a conffile.
                let (mine, theirs) = (
                    try await run("chroot", [tree.string] + command).orThrow(),
                    try await run("chroot", [other.string] + command).orThrow()
                )
                #expect(mine.standardOutput == theirs.standardOutput, "\(command)")
            }
            let states = try await run("chroot", [tree.string, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n"])
            #expect(Set(states.standardOutput.split(separator: "\n")) == ["ii "])
        }
    }

    /// Said of the tree itself, in case both are wrong.
    @Test("diversions, conffiles, triggers, overrides and scripts do what they are for")
    func corners() async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let tree = workspace.path.appending("tree")
            // With a password, which is nowhere to be found afterwards.
            try await workspace.domus([
                "bootstrap", "--keyring=\(archive.keyring)", "--variant=minbase", "--include=corners",
                archive.release.suite, tree.string, mirror.url.replacing("://", with: "://user:s3cr3t@"),
            ]).run(timeout: .seconds(300)).orThrow()
            let search = try await run("grep", ["-rlaF", "-e", "s3cr3t", workspace.path.string])
            #expect(search.status == 1, "the password is in \(search.standardOutput)")
            func text(_ name: String) throws -> String { try readText(tree.pushing(FilePath(name))) }
            let listing = try TreeListing(tree).entries
            #expect(try text("usr/bin/hello").contains("diverted"))
            #expect(try text("usr/bin/hello.distrib").contains("Hello, world!"))
            #expect(try text("etc/corner/made-before.conf") == "of the script\n")
            #expect(try text("etc/corner/plain.conf") == "plain\n")
            #expect(listing["etc/corner/second.conf"]?.isSameAs == "etc/corner/plain.conf")
            #expect(listing.keys.filter { $0.hasSuffix(".dpkg-new") || $0.contains("tmp.ci") } == [])
            #expect(try text("usr/share/corner-files/replaced") == "of corner-replaces\n")
            #expect(try !text("var/lib/dpkg/info/corner-files.list").contains("/replaced\n"))
            #expect(try text("var/lib/dpkg/info/corner-replaces.list").contains("/replaced\n"))
            // Set by its own script: dpkg does not look again before it unpacks the package.
            #expect(listing["usr/bin/corner-overrides"]?.mode == 0o755)
            #expect(try text("var/lib/corner-listens").contains("triggered corner-named"))
            #expect(try text("var/lib/early-docs") == "/usr/share/early-docs\n")
            #expect(listing["usr/bin/corner"]?.target == "/etc/alternatives/corner")
            #expect(listing["usr/share/corner-files/set id"]?.mode == 0o4750)
        }
    }

    @Test("packs an archive, and writes a file system", arguments: ["root.tar.zst", "root.tar", "root.img"])
    func formats(name: String) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let target = workspace.path.appending(name)
            let outcome = try await workspace.bootstrap(target, archive, mirror, ["--variant=essential"]).orThrow()
            #expect(outcome.standardOutput == "Debian 12 (bookworm) is in \(target)\n")
            if name.hasSuffix(".img") {
                let image = GuestImage(target)
                #expect(try await image.complaint() == nil)
                #expect(try await image.text("/etc/passwd")?.hasPrefix("root:") == true)
            } else {
                let list = try await run("tar", ["-tvf", target.string]).orThrow().standardOutput
                #expect(list.contains("./etc/passwd\n"))
            }
            #expect(try workspace.runsLeft() == [])
        }
    }

    @Test(
        "leaves nothing of a bootstrap that fails",
        arguments: [
            (["--include=fails-to-install"], Int32(1), "dpkg could not configure the packages"),
            (["--include=no-such-package"], 1, "Unable to locate package no-such-package"),
            (["--include=clashes"], 1, "both have /usr/bin/hello"),
            (["--variant=everything"], 64, "is not a set of packages"),
            (["--include=hello-"], 64, "is not a package"),
        ]
    )
    func failures(options: [String], status: Int32, message: String) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let before = workspace.capture()
            let outcome = try await workspace.bootstrap(workspace.path.appending("tree"), archive, mirror, options)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.standardError.contains(message), "\(outcome)")
            #expect(try await workspace.settledDifference(from: before) == [])
            #expect(!fileExists(workspace.path.appending("tree")))
        }
    }

    @Test("takes packages out of a directory of this host, whatever signs are in their names")
    func directory() async throws {
        let archive = try await FixtureArchive.make()
        try await withWorkspace { workspace in
            let tree = workspace.path.appending("tree")
            try await workspace.domus([
                "bootstrap", "--keyring=\(archive.keyring)", "--variant=essential", "--include=corner-plus++",
                archive.release.suite, tree.string, archive.fileURL,
            ]).run(timeout: .seconds(300)).orThrow()
            #expect(fileExists(tree.pushing("usr/share/corner-plus")))
            #expect(
                try readText(tree.pushing("etc/apt/sources.list"))
                    == "deb \(archive.fileURL) \(archive.release.suite) main\n")
        }
    }

    @Test("an older release is installed by debootstrap, and left in the same way")
    func older() async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("buster"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let tree = workspace.path.appending("tree")
            let outcome = try await workspace.bootstrap(
                tree, archive, mirror, ["--variant=minbase", "--include=hello"])
            try outcome.orThrow()
            #expect(outcome.standardError.contains("Debian 10 (buster) is installed by debootstrap: it is too old"))
            let states = try await run(
                "chroot", [tree.string, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n"]
            )
            .orThrow().standardOutput.split(separator: "\n")
            #expect(states.contains("ii hello"))
            #expect(states.allSatisfy { $0.hasPrefix("ii ") })
            #expect(try readText(tree.pushing("etc/apt/sources.list")) == "deb \(mirror.url) buster main\n")
            // What debootstrap leaves of the host and of its work.
            for name in ["etc/hostname", "etc/resolv.conf", "var/log/bootstrap.log", "debootstrap"] {
                #expect(!fileExists(tree.pushing(FilePath(name))), "\(name)")
            }
            let packages = tree.pushing("var/cache/apt/archives")
            #expect(try directoryNames(packages).filter { $0.hasSuffix(".deb") } == [])
            #expect(try workspace.runsLeft() == [])
        }
    }

    @Test(
        "what debootstrap cannot do is refused before anything is done",
        arguments: [
            ("--variant=standard", "has no variant standard"), ("--variant=essential", "has no variant essential"),
            ("--include=hello=1.0", "takes no version"),
        ]
    )
    func olderRefused(option: String, message: String) async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("buster"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let before = workspace.capture()
            let outcome = try await workspace.bootstrap(workspace.path.appending("tree"), archive, mirror, [option])
            #expect(outcome.status == 69, "\(outcome)")
            #expect(outcome.standardError.contains(message), "\(outcome)")
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test("takes no place that somebody has")
    func places() async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let taken = workspace.path.appending("taken")
            try writeFile(taken.appending("kept"), "kept\n")
            for (target, status, message) in [
                (taken, Int32(73), "exists already"), (workspace.path.pushing("no/where"), 66, "there is no directory"),
                (workspace.path.appending("root.squashfs"), 64, "format that is not written here"),
            ] {
                let outcome = try await workspace.bootstrap(target, archive, mirror, [])
                #expect(outcome.status == status, "\(outcome)")
                #expect(outcome.standardError.contains(message), "\(outcome)")
            }
            #expect(try readText(taken.appending("kept")) == "kept\n")
            // Empty, and where the command is run: an unset variable would replace it.
            let here = workspace.path.appending("here")
            try makeDirectories(here)
            for words in [
                ["bookworm", ""], ["", "root"], ["bookworm", "root", ""], ["bookworm", "."], ["bookworm", ".."],
            ] {
                var command = workspace.domus(["bootstrap", "--keyring=\(archive.keyring)"] + words)
                command.directory = here
                let before = try TreeListing(here).entries
                let outcome = try await command.run()
                #expect(outcome.status == 64, "\(words): \(outcome)")
                #expect(try TreeListing(here).entries == before)
            }
            let empty = workspace.path.appending("empty")
            try makeDirectories(empty)
            try await workspace.bootstrap(empty, archive, mirror, ["--variant=essential"]).orThrow()
            #expect(fileExists(empty.pushing("etc/passwd")))
        }
    }

    /// Where a run is killed.
    enum Moment: String, CaseIterable {
        case downloading
        case configuring
        case packing
    }

    @Test("leaves nothing when it is killed, after domus recover", arguments: Moment.allCases)
    func killed(moment: Moment) async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let target = workspace.path.appending(moment == .packing ? "root.tar.xz" : "root")
            let before = workspace.capture()
            let running = try workspace.domus([
                "bootstrap", "--keyring=\(archive.keyring)", "--components=main",
                "--include=\(moment == .configuring ? "hangs-at-install" : "corners")", archive.release.suite,
                target.string,
                mirror.url,
            ]).start()
            let log = workspace.logs.appending("bootstrap-\(target.lastComponent?.string ?? "").log")
            #expect(
                try await Workspace.wait(of: running) {
                    switch moment {
                    case .downloading: mirror.requests.contains { $0.contains("/pool/") }
                    case .configuring: (try? readText(log).contains("Setting up hangs-at-install")) == true
                    case .packing:
                        ((try? workspace.runsLeft()) ?? []).contains { run in
                            fileExists(workspace.path.appending(run).appending("root.tar.xz"))
                        }
                    }
                })
            running.send(SIGKILL)
            #expect(await running.wait().ending == .signalled(SIGKILL))
            #expect(try workspace.runsLeft().count == 1)
            let recovered = try await workspace.run(["recover"]).orThrow()
            #expect(recovered.standardOutput.contains("bootstrap:\(target)"), "\(recovered)")
            #expect(try await workspace.settledDifference(from: before) == [])
            #expect(!fileExists(target))
            #expect(try workspace.runsLeft() == [])
        }
    }

    private func stanzas(_ file: FilePath) throws -> Set<String> {
        guard fileExists(file) else { return [] }
        // An empty line ends each.
        return Set(try readText(file).replacing("\n\n", with: "\u{1}").split(separator: "\u{1}").map(String.init))
    }
}

extension Workspace {
    /// `domus bootstrap`, from a mirror of the test's own.
    func bootstrap(
        _ target: FilePath, _ archive: FixtureArchive, _ mirror: FixtureMirror, _ options: [String]
    ) async throws -> Outcome {
        try await domus(
            ["bootstrap", "--keyring=\(archive.keyring)", "--components=main"] + options
                + [archive.release.suite, target.string, mirror.url]
        ).run(timeout: .seconds(300))
    }

    /// Working directories of runs in this directory.
    func runsLeft() throws -> [String] { try directoryNames(path).filter { $0.hasPrefix(".domus") } }
}
