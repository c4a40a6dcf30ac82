import Foundation
import SystemPackage
import TestSupport
import Testing

/// Bases in files, and guests that are copies of them, with real file systems and loop devices.
@Suite(
    "bases", Requirement.bootstrapping, Requirement.loopDevices, Requirement.mountNamespaces, Machine.mounts("ext4"))
struct BaseTests {
    /// A guest that has room for a base.
    private static let size = "--size=320M"

    private func clone(
        _ hostname: String, _ more: [String] = [], in workspace: Workspace
    ) async throws -> [String] {
        try await workspace.tiny(hostname, [Self.size, "--base=cached"] + more)
    }

    /// The only base, by its number.
    private func base(in workspace: Workspace) async throws -> String {
        let list = try JSONList(try await workspace.run(["base", "list", "--json"]).orThrow().standardOutput).documents
        #expect(list.count == 1)
        return try #require(list.first?["id"] as? String)
    }

    private func root(of guest: String, in workspace: Workspace) -> GuestImage {
        GuestImage(workspace.images(of: guest).appending("disk.img"))
    }

    private func machineID(_ root: GuestImage) async throws -> String { try await root.text("/etc/machine-id") ?? "" }

    @Test("the first guest makes the base, and all are whole and their own", arguments: ["ext4", "ext2"])
    func clones(kind: String) async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/80-install-kernel", "mkdir -p \"$1/srv\"; date +%N >\"$1/srv/made\"")
            let first = try await workspace.run(clone("web1", ["--fs=\(kind)"], in: workspace)).orThrow()
            #expect(first.standardError.contains("is made first"))
            let id = try await base(in: workspace)
            let image = workspace.bases.appending("\(id).img")
            let digest = try await run("sha256sum", [image.string]).orThrow().standardOutput
            let second = try await workspace.run(clone("web2", ["--fs=\(kind)", "--ip=192.0.2.9/24"], in: workspace))
                .orThrow()
            #expect(!second.standardError.contains("is made first"))
            #expect(second.standardError.contains("Clone the base \(id)"))
            var uuids: Set<String> = []
            for name in ["web1", "web2"] {
                let root = root(of: name, in: workspace)
                #expect(try await root.complaint() == nil, "\(name)")
                #expect(try await root.text("/etc/hostname") == "\(name)\n")
                #expect(fileSize(root.file) == 320 << 20)
                uuids.insert(try await root.uuid())
                #expect(try await root.text("/etc/fstab")?.contains(root.uuid()) == true)
            }
            #expect(uuids.count == 2)
            // The hook of the phase base ran once.
            let marks = [
                try await root(of: "web1", in: workspace).text("/srv/made"),
                try await root(of: "web2", in: workspace).text("/srv/made"),
            ]
            #expect(marks[0] != nil && marks[0] == marks[1])
            #expect(
                try await root(of: "web2", in: workspace).text("/etc/network/interfaces")?.contains("192.0.2.9") == true
            )
            // Nobody writes into it.
            #expect(try await run("sha256sum", [image.string]).orThrow().standardOutput == digest)
            #expect(try await workspace.run(["base", "verify"]).orThrow().standardOutput.contains("\(id): whole"))
            // A guest goes, and a base, and the others stay.
            try await workspace.run(["delete", "web1"]).orThrow()
            try await workspace.run(["base", "remove", id]).orThrow()
            #expect(!fileExists(image))
            #expect(try await root(of: "web2", in: workspace).complaint() == nil)
        }
    }

    @Test("a base that has been damaged makes no guest, however little is wrong with it")
    func damaged() async throws {
        try await withWorkspace { workspace in
            try await workspace.run(clone("web1", in: workspace)).orThrow()
            let id = try await base(in: workspace)
            let image = workspace.bases.appending("\(id).img")
            // One bit, in a block of /bin/busybox, which no check of the file system would look at.
            let blocks = try await run("debugfs", ["-R", "blocks /bin/busybox", image.string]).standardOutput
            let block = try #require(blocks.split(separator: " ").compactMap { Int($0) }.last)
            let flip = "printf '\\001' | dd of=\"$1\" bs=1 seek=$2 conv=notrunc status=none"
            try await run("sh", ["-c", flip, "sh", image.string, "\(block * 4096 + 77)"]).orThrow()
            #expect(try await GuestImage(image).complaint() == nil)

            let words = try await clone("web2", in: workspace)
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 65, "\(outcome)")
            #expect(outcome.standardError.contains("the base \(id) is damaged: \(image)"))
            #expect(try await workspace.settledDifference(from: before) == [])
            let verify = try await workspace.run(["base", "verify", "--json"])
            #expect(verify.status == 65 && verify.standardOutput.contains("\"condition\" : \"damaged\""), "\(verify)")
            let export = try await workspace.run(["base", "export", id, "\(workspace.path)/x.tar"])
            #expect(export.status == 65, "\(export)")
            #expect(!fileExists(workspace.path.appending("x.tar")))
            try await workspace.run(["base", "remove", id]).orThrow()
            try await workspace.run(words).orThrow()
            #expect(try await root(of: "web2", in: workspace).complaint() == nil)
        }
    }

    @Test("a base whose making was killed is none, and recovery leaves nothing of it")
    func killed() async throws {
        try await withWorkspace { workspace in
            try workspace.script("etc/hooks.d/99-clean-base", Wait.body(in: workspace))
            let words = try await clone("web1", in: workspace)
            let running = try workspace.domus(words).start()
            #expect(try await Workspace.wait(of: running) { Wait.hasBegun(in: workspace) })
            running.send(SIGKILL)
            _ = await running.wait()
            removeTree(workspace.settings.appending("hooks.d"))
            #expect(try await workspace.run(["base", "list"]).orThrow().standardOutput == "")
            try await workspace.run(["recover"]).orThrow()
            #expect(!fileExists(workspace.guests.appending("domains")))
            try await workspace.run(words).orThrow()
            #expect(try await root(of: "web1", in: workspace).complaint() == nil)
        }
    }

    @Test("two that need the same base at once: one makes it, the other waits, and both are its clones")
    func together() async throws {
        try await withWorkspace { workspace in
            var runs: [RunningCommand] = []
            for name in ["web1", "web2", "web3"] {
                runs.append(try await workspace.domus(clone(name, in: workspace)).start())
            }
            var texts: [String] = []
            for run in runs { texts.append(try await run.wait().orThrow().standardError) }
            #expect(texts.filter { $0.contains("Publish the base") }.count == 1, "\(texts)")
            let id = try await base(in: workspace)
            #expect(try listing(workspace.bases) == ["\(id).img"])
            for name in ["web1", "web2", "web3"] {
                #expect(try await root(of: name, in: workspace).complaint() == nil)
            }
        }
    }

    @Test("a clone is off its loop device when it is unmounted, while the hooks of another go on")
    func unmounted() async throws {
        try await withWorkspace { workspace in
            try workspace.script(
                "etc/role.d/wait",
                "[ \"$hostname\" = web1 ] || exec sleep 1\nwhile ! test -e \(workspace.files)/go; do sleep 0.05; done")
            // What comes after the unmounting: the other guest's role has begun before, and is not through.
            try workspace.script(
                "bin/mkswap",
                """
                for file; do :; done
                losetup --list --noheadings | grep -F "${file%/*}/" >>\(workspace.path)/busy
                echo "$file" >>\(workspace.path)/looked
                exec /sbin/mkswap "$@"
                """)
            let words = try await clone("web%d", ["--count=2", "--parallel=2", "--role=wait"], in: workspace)
            var command = workspace.domus(words)
            command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
            let running = try command.start()
            #expect(try await Workspace.wait(for: workspace.configuration(of: "web2"), of: running))
            #expect(try readText(workspace.path.appending("looked")).split(separator: "\n").count == 1)
            #expect(try readText(workspace.path.appending("busy")) == "")
            try writeFile(workspace.files.appending("go"), "")
            try await running.wait().orThrow()
            for name in ["web1", "web2"] { #expect(try await root(of: name, in: workspace).complaint() == nil) }
        }
    }

    @Test("a link to a directory is a home, as the administrator has it")
    func linked() async throws {
        try await withWorkspace { workspace in
            try makeDirectories(workspace.guests.pushing("domains"))
            try makeDirectories(workspace.guests.pushing("elsewhere"))
            try await run("ln", ["-s", "../elsewhere", workspace.bases.string]).orThrow()
            try await workspace.run(clone("web1", in: workspace)).orThrow()
            let id = try await base(in: workspace)
            try await workspace.run(clone("web2", ["--base=offline"], in: workspace)).orThrow()
            #expect(try await workspace.run(["base", "verify", id]).orThrow().standardOutput.contains("whole"))
        }
    }

    @Test(
        "a clone shares the blocks of its base where the file system can, unless a full image was asked for",
        Requirement.program("filefrag"), Machine.mounts("xfs"))
    func shared() async throws {
        try await withWorkspace { workspace in
            let image = workspace.path.appending("xfs")
            try await run("sh", ["-c", "truncate -s 1500M \"$1\" && mkfs.xfs -q \"$1\"", "sh", image.string]).orThrow()
            let sparse = workspace.domus(try await clone("web1", in: workspace))
            let full = workspace.domus(try await clone("web2", ["--image=full"], in: workspace))
            func words(_ command: Command) -> String {
                ([command.program] + command.arguments).map { "'\($0)'" }.joined(separator: " ")
            }
            let script = """
                mkdir "$2" && mount -o loop "$1" "$2" && \(words(sparse)) >&2 && \(words(full)) >&2 || exit 1
                for name in web1 web2; do
                    filefrag -v "$2/domains/$name/disk.img" | grep -c shared
                    e2fsck -fn "$2/domains/$name/disk.img" >&2 || exit 2
                done
                """
            let outcome = try await run(
                "unshare", ["--mount", "sh", "-c", script, "sh", image.string, workspace.guests.string]
            ).orThrow()
            let counts = outcome.standardOutput.split(separator: "\n").compactMap { Int($0) }
            #expect(counts.count == 2 && counts[0] > 0 && counts[1] == 0, "\(outcome)")
        }
    }

    @Test("a clone that the disk has no room for leaves nothing")
    func noRoom() async throws {
        try await withWorkspace { workspace in
            // Of a tar a guest with roles has a base of its own.
            let role = "dd if=/dev/urandom of=\"$1/much\" bs=1M count=$(cat \(workspace.files)/count) status=none"
            try workspace.script("etc/role.d/much", role)
            try writeFile(workspace.files.appending("count"), "1")
            let first = workspace.domus(try await clone("web1", ["--role=much"], in: workspace))
            let second = workspace.domus(try await clone("web2", ["--role=much"], in: workspace))
            let script = """
                look() { find "$directory" | sort; }
                "$@" >/dev/null || exit 99
                before=$(look)
                echo 100 >\(workspace.files)/count
                \(([second.program] + second.arguments).map { "'\($0)'" }.joined(separator: " ")) >/dev/null
                status=$?
                [ "$before" = "$(look)" ] && echo same
                exit $status
                """
            var command = first.wrapped(
                in: SmallTmpfs.prefix(mebibytes: 96, at: workspace.guests) + ["sh", "-c", script, "sh"])
            command.environment["directory"] = workspace.guests.string
            let outcome = try await command.run()
            #expect(outcome.standardOutput == "same\n" && outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.contains("there is no room left"), "\(outcome)")
        }
    }

    @Test("no guest is made of a clone that the kernel gave up after its last hook")
    func givenUp() async throws {
        try await withWorkspace { workspace in
            let flag = workspace.files.appending("go-on")
            try workspace.script("etc/role.d/wait", "echo it has begun\nuntil [ -e \(flag) ]; do sleep 0.1; done")
            try writeFile(flag, "")
            try await workspace.run(clone("web1", ["--role=wait"], in: workspace)).orThrow()
            try await run("rm", [flag.string]).orThrow()
            let before = workspace.capture()
            let running = try workspace.domus(try await clone("web2", ["--role=wait"], in: workspace)).start()
            let log = workspace.log(of: "web2")
            let hasBegun = try await Workspace.wait(of: running) {
                fileExists(log) && (try? readText(log))?.contains("it has begun") == true
            }
            #expect(hasBegun)
            // Its mount is the program's own, and nobody else sees it; its loop device everybody does.
            let loops = try await run("losetup", ["--noheadings", "--raw", "--output=NAME,BACK-FILE"]).orThrow()
            let loop = loops.standardOutput.split(separator: "\n").first { $0.contains(workspace.path.string) }?
                .split(separator: " ").first?.dropFirst("/dev/".count)
            // Of ext4: as if what it read made no sense.
            let fault = "/sys/fs/ext4/\(try #require(loop))/trigger_fs_error"
            try await run("sh", ["-c", "echo 1 >\(fault)"]).orThrow()
            try writeFile(flag, "")
            let outcome = await running.wait()
            #expect(outcome.status != 0 && outcome.standardError.contains("while:  Unmount the clone"), "\(outcome)")
            try await run("rm", [flag.string]).orThrow()
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test("what one host exports another imports, and its guests find it")
    func transfer() async throws {
        try await withWorkspace { workspace in
            let words = try await workspace.tiny("any", [Self.size]).dropFirst().filter { !$0.hasPrefix("--hostname") }
            try await workspace.run(["base", "build"] + words).orThrow()
            let id = try await base(in: workspace)
            let archive = workspace.path.appending("base.tar.zst")
            try await workspace.run(["base", "export", id, archive.string]).orThrow()
            #expect(try await workspace.run(["base", "export", id, archive.string]).status == 73)

            try await withWorkspace(waitsOnly: true) { other in
                let dry = try await other.run(["base", "import", archive.string, "--dry-run"]).orThrow()
                #expect(dry.standardOutput.hasPrefix("Would import:"))
                #expect(!fileExists(other.guests))
                try await other.run(["base", "import", archive.string]).orThrow()
                let imported = try await base(in: other)
                let again = try await other.run(["base", "import", archive.string]).orThrow()
                #expect(again.standardError.contains("there is that base already"))
                // Of the same options a guest there is its clone: the tar itself is the same file.
                let tiny = workspace.files.appending("tiny.tar")
                let made = try await other.run(
                    other.tiny("web1", [Self.size, "--base=offline", "--install-source=\(tiny)"])
                ).orThrow()
                #expect(made.standardError.contains("Clone the base \(imported)"))
                let roots = [root(of: "web1", in: other), GuestImage(workspace.bases.appending("\(id).img"))]
                #expect(try await roots[0].complaint() == nil)
                for path in ["/bin/busybox", "/etc/passwd"] {
                    let targets = [other.path.appending("a"), other.path.appending("b")]
                    for (root, target) in zip(roots, targets) { try await root.dump(path, to: target) }
                    #expect(try await run("cmp", targets.map(\.string)).succeeded, "\(path)")
                }

                // What was changed on its way is refused, and so is what has no description.
                try await run(
                    "sh", ["-c", "printf x | dd of=\"$1\" bs=1 seek=5000 conv=notrunc", "sh", archive.string]
                )
                .orThrow()
                let before = other.capture()
                let bad = try await other.run(["base", "import", archive.string])
                #expect(bad.status == 65 && bad.standardError.contains("is not the archive that"), "\(bad)")
                try await run("rm", ["\(archive).json"]).orThrow()
                #expect(try await other.run(["base", "import", archive.string]).status == 66)
                #expect(try await other.settledDifference(from: before) == [])
            }
        }
    }

    @Test("pruning takes what nobody has used for long, and the least recently used of too much")
    func prune() async throws {
        try await withWorkspace { workspace in
            try await workspace.run(clone("web1", in: workspace)).orThrow()
            let id = try await base(in: workspace)
            #expect(try await workspace.run(["base", "prune"]).orThrow().standardOutput == "")
            let dry = try await workspace.run(["base", "prune", "--max-size=1M", "--dry-run"]).orThrow()
            #expect(dry.standardOutput == "Would remove: \(id) (\(workspace.bases)/\(id).img)\n")
            #expect(try await workspace.run(["base", "prune", "--max-size=1G"]).orThrow().standardOutput == "")
            #expect(try await workspace.run(["base", "prune", "--older-than=soon"]).status == 64)
            let real = try await workspace.run(["base", "prune", "--max-size=0"]).orThrow()
            #expect(real.standardOutput == "Removed: \(id) (\(workspace.bases)/\(id).img)\n")
            #expect(try listing(workspace.bases) == [])
            #expect(try await workspace.run(["base", "list"]).orThrow().standardOutput == "")
            #expect(try await root(of: "web1", in: workspace).complaint() == nil)
        }
    }
}
