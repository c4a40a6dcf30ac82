import Foundation
import SystemPackage
import TestSupport
import Testing

/// The chain from a keyring to an image, with a mirror whose images are those of Debian's own package.
@Suite(
    "domus netboot", Requirement.root, Requirement.program("gpg", "gpgv", "dpkg-deb", "apt-ftparchive"),
    NetbootPackage.isThere)
struct NetbootTests {
    /// `--json` of fetch and list.
    struct Document: Decodable {
        var id: String
        var flavour: String
        var kernel: String
        var initrd: String
        var kernelRelease: String?
        var types: [String]?
        var hasModulesInArchive: Bool?
        var source: String
        var signer: String?
    }

    static func fetch(_ mirror: InstallerMirror, _ more: [String] = []) -> [String] {
        [
            "netboot", "fetch", "--dist=bookworm", "--arch=amd64", "--mirror=\(mirror.url)",
            "--keyring=\(mirror.keyring)", "--json",
        ]
            + more
    }

    static func documents(_ outcome: Outcome) throws -> [Document] {
        try JSONDecoder().decode([Document].self, from: Data(outcome.standardOutput.utf8))
    }

    static func document(_ outcome: Outcome) throws -> Document {
        try JSONDecoder().decode(Document.self, from: Data(outcome.standardOutput.utf8))
    }

    private func withMirror(
        keyExpires: String = "never", keyTime: String? = nil,
        _ body: (Workspace, inout InstallerMirror) async throws -> Void
    ) async throws {
        try await withWorkspace { workspace in
            var mirror = try await InstallerMirror.make(
                in: workspace.path, images: NetbootPackage.fetched(), keyExpires: keyExpires, keyTime: keyTime)
            try await body(workspace, &mirror)
        }
    }

    /// No image, and nothing of a run.
    private func nothingIsLeft(in workspace: Workspace) throws {
        let netboot = workspace.state.appending("netboot")
        for name in ["objects", "sets"] where fileExists(netboot.appending(name)) {
            #expect(try directoryNames(netboot.appending(name)) == [])
        }
        if fileExists(netboot) {
            #expect(try directoryNames(netboot).filter { $0.hasPrefix(".") } == [])
        }
    }

    @Test("fetches the images made for Xen, proven, and keeps them by their content")
    func fetching() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let outcome = try await workspace.run(Self.fetch(mirror)).orThrow()
            let set = try Self.document(outcome)
            #expect(set.flavour == "xen")
            #expect(set.kernelRelease == mirror.images.kernelRelease)
            // A real kernel, packed with XZ: its notes say that it can be all of them.
            #expect(set.types == ["pv", "pvh", "hvm", "pvhvm"])
            #expect(set.signer?.count == 40)
            #expect(try readFile(FilePath(set.kernel)) == readFile(mirror.images.kernel))
            #expect(try readFile(FilePath(set.initrd)) == readFile(mirror.images.initrd) + [0, 0, 0, 0])
            // The kernel is the same for every machine: it is there once.
            let generic = try Self.document(
                try await workspace.run(Self.fetch(mirror, ["--flavour=generic"])).orThrow())
            #expect(generic.kernel == set.kernel)
            #expect(try directoryNames(workspace.state.pushing("netboot/objects")).count == 3)
            let listed = try Self.documents(try await workspace.run(["netboot", "list", "--json"]).orThrow())
            #expect(Set(listed.map(\.id)) == [set.id, generic.id])
            #expect(try directoryNames(workspace.state.appending("netboot")).filter { $0.hasPrefix(".") } == [])
        }
    }

    @Test("copies them out for who drives xl by hand, and writes over nothing")
    func output() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let target = workspace.path.appending("out")
            try makeDirectories(target)
            try await workspace.run(Self.fetch(mirror, ["--output=\(target)"])).orThrow()
            #expect(try readFile(target.appending("vmlinuz")) == readFile(mirror.images.kernel))
            let again = try await workspace.run(Self.fetch(mirror, ["--output=\(target)"]))
            #expect(again.status == 73)
        }
    }

    /// A link of the chain, and what is said of it.
    enum Break: String, CaseIterable {
        case wrongKey, changedRelease, unsigned, expired, otherSuite, toCome
        case changedSums, changedKernel, truncatedInitrd, changedInitrd
    }

    @Test("refuses each broken link, and keeps nothing", arguments: Break.allCases)
    func broken(_ link: Break) async throws {
        try await withMirror { workspace, mirror in
            var words: String
            var keyring = mirror.keyring
            switch link {
            case .expired:
                mirror.date = Date(timeIntervalSinceNow: -20 * 86400)
                mirror.validUntil = Date(timeIntervalSinceNow: -10 * 86400)
                words = "has not been valid since"
            case .toCome:
                mirror.date = Date(timeIntervalSinceNow: 3 * 86400)
                words = "which is to come"
            case .otherSuite:
                mirror.codename = "trixie"
                words = "is of trixie, not of bookworm"
            case .wrongKey:
                keyring = mirror.unrelatedKeyring
                words = "has no such key"
            default: words = ""
            }
            try await mirror.publish()
            let suite = mirror.suiteDirectory
            let xen = mirror.imagesDirectory.pushing("netboot/xen")
            func change(_ file: FilePath, _ body: (inout [UInt8]) -> Void) throws {
                var bytes = try readFile(file)
                body(&bytes)
                try writeFile(file, bytes)
            }
            switch link {
            case .changedRelease:
                try change(suite.appending("InRelease")) { bytes in
                    let place = bytes.firstRange(of: Array("Codename".utf8))?.lowerBound ?? 0
                    bytes[place] ^= 0x20
                }
                words = "was changed after it was signed"
            case .unsigned:
                for name in ["InRelease", "Release.gpg"] {
                    try FileManager.default.removeItem(atPath: suite.appending(name).string)
                }
                words = "bears no signature"
            case .changedSums:
                try change(mirror.imagesDirectory.appending("SHA256SUMS")) { $0[0] = $0[0] == 0x30 ? 0x31 : 0x30 }
                words = "SHA256SUMS of \(mirror.url) is not what the archive signed"
            case .changedKernel:
                try change(xen.appending("vmlinuz")) { $0[4096] ^= 1 }
                words = "netboot/xen/vmlinuz is not what the archive signed"
            case .changedInitrd:
                try change(xen.appending("initrd.gz")) { $0[4096] ^= 1 }
                words = "netboot/xen/initrd.gz is not what the archive signed"
            case .truncatedInitrd:
                try change(xen.appending("initrd.gz")) { $0.removeLast(1000) }
                words = "netboot/xen/initrd.gz is not what the archive signed"
            default: break
            }
            let before = workspace.capture()
            let outcome = try await workspace.run(Self.fetch(mirror, ["--keyring=\(keyring)"]))
            #expect(outcome.status == 65, "\(outcome.standardError)")
            #expect(outcome.standardError.contains(words), "\(outcome.standardError)")
            try nothingIsLeft(in: workspace)
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test("refuses an older archive than it has seen there before, unless it is asked to")
    func replay() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            try await workspace.run(Self.fetch(mirror)).orThrow()
            mirror.date = Date(timeIntervalSinceNow: -40 * 86400)
            try await mirror.publish()
            let replayed = try await workspace.run(Self.fetch(mirror))
            #expect(replayed.status == 65)
            #expect(replayed.standardError.contains("replaying an old one"), "\(replayed.standardError)")
            try await workspace.run(Self.fetch(mirror, ["--allow-older"])).orThrow()
            // Having been told once does not make it forget.
            #expect(try await workspace.run(Self.fetch(mirror)).status == 65)
        }
    }

    @Test("takes what nothing proves only when it is told to, and says so")
    func unverified() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let outcome = try await workspace.run(
                Self.fetch(mirror, ["--keyring=\(mirror.unrelatedKeyring)", "--no-verify"])
            ).orThrow()
            #expect(try Self.document(outcome).signer == nil)
            #expect(outcome.standardError.contains("nothing proves these images"))
        }
    }

    @Test("an expired key is good for a release of the past, and for no other")
    func expiredKey() async throws {
        try await withMirror(keyExpires: "10d", keyTime: "20180101T000000") { workspace, mirror in
            mirror.date = Date(timeIntervalSince1970: 1_514_800_000)
            try await mirror.publish()
            let living = try await workspace.run(Self.fetch(mirror))
            #expect(living.status == 65)
            #expect(living.standardError.contains("has expired"), "\(living.standardError)")
            (mirror.suite, mirror.codename) = ("wheezy", "wheezy")
            mirror.validUntil = Date(timeIntervalSince1970: 1_515_000_000)
            try await mirror.publish()
            let outcome = try await workspace.run(
                [
                    "netboot", "fetch", "--dist=wheezy", "--arch=amd64", "--mirror=\(mirror.url)",
                    "--keyring=\(mirror.keyring)",
                ]
            ).orThrow()
            #expect(outcome.standardError.contains("has expired since, as those of old releases do"))
        }
    }

    @Test("an archive without images for Xen gives the others, with what that means")
    func generic() async throws {
        try await withMirror { workspace, mirror in
            mirror.flavours = ["generic"]
            try await mirror.publish()
            let outcome = try await workspace.run(Self.fetch(mirror)).orThrow()
            #expect(try Self.document(outcome).flavour == "generic")
            #expect(outcome.standardError.contains("not made for Xen"), "\(outcome.standardError)")
            let only = try await workspace.run(Self.fetch(mirror, ["--flavour=xen"]))
            #expect(only.status == 69)
        }
    }

    @Test(
        "takes an archive whose time is over when it is told to, and nothing else that is wrong with it",
        arguments: ["--allow-older", "--no-verify"])
    func overdue(option: String) async throws {
        try await withMirror { workspace, mirror in
            mirror.date = Date(timeIntervalSinceNow: -20 * 86400)
            mirror.validUntil = Date(timeIntervalSinceNow: -10 * 86400)
            try await mirror.publish()
            #expect(try await workspace.run(Self.fetch(mirror)).status == 65)
            try await workspace.run(Self.fetch(mirror, [option])).orThrow()
            let other = ["--keyring=\(mirror.unrelatedKeyring)", "--allow-older"]
            #expect(try await workspace.run(Self.fetch(mirror, other)).status == 65)
        }
    }

    @Test("a disk that is full while an image comes is told as such, and keeps nothing of it")
    func fullDisk() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let served = try FixtureMirror(.serving(mirror.directory))
            let command = workspace.domus(Self.fetch(mirror, ["--mirror=\(served.url)"]))
            let look = "\"$@\"; status=$?; find \(workspace.state)/netboot -type f; exit $status"
            // The kernel has 8 MB, the initial RAM disk 40.
            let outcome = try await command.wrapped(
                in: SmallTmpfs.prefix(mebibytes: 24, at: workspace.state) + ["sh", "-c", look, "sh"]
            ).run()
            #expect(outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.contains("wget could not write it"), "\(outcome)")
            let left = outcome.standardOutput.split(separator: "\n").filter { $0.hasPrefix("/") }
            #expect(left.allSatisfy { $0.contains("/netboot/seen/") }, "\(left)")
        }
    }

    @Test("a release to come takes the package of its predecessor's images")
    func predecessor() async throws {
        try await withMirror { workspace, mirror in
            (mirror.suite, mirror.codename) = ("sid", "sid")
            mirror.losesImages = true
            #expect(mirror.hasPackage == false)
            try await mirror.publish()
            let words = Self.fetch(mirror).map { $0 == "--dist=bookworm" ? "--dist=sid" : $0 }
            let none = try await workspace.run(words)
            #expect(none.status == 69)
            #expect(none.standardError.contains("no package of the installer's images in sid"), "\(none)")
            mirror.hasPackage = true
            try await mirror.publish()
            let set = try Self.document(try await workspace.run(words).orThrow())
            #expect(set.source == "\(NetbootPackage.name) \(mirror.images.version)")
        }
    }

    @Test("says when the archive has no modules for the images' kernel any more")
    func modules() async throws {
        try await withMirror { workspace, mirror in
            mirror.modulesRelease = "6.1.0-99-amd64"
            try await mirror.publish()
            let outcome = try await workspace.run(Self.fetch(mirror)).orThrow()
            #expect(
                outcome.standardError.contains("no modules of the installer for Linux \(mirror.images.kernelRelease)"),
                "\(outcome.standardError)")
        }
    }

    @Test("takes them from the archive's package, or from such a package that is here, if the index has its digest")
    func package() async throws {
        try await withMirror { workspace, mirror in
            mirror.losesImages = true
            mirror.hasPackage = true
            try await mirror.publish()
            let outcome = try await workspace.run(Self.fetch(mirror)).orThrow()
            let set = try Self.document(outcome)
            #expect(set.source == "\(NetbootPackage.name) \(mirror.images.version)")
            #expect(try readFile(FilePath(set.initrd)) == readFile(mirror.images.initrd))
            let here = try await workspace.run(Self.fetch(mirror, ["--from=\(mirror.images.file)"])).orThrow()
            #expect(try Self.document(here).id == set.id)
            let other = workspace.files.appending("other.deb")
            try writeFile(other, readFile(mirror.images.file) + [10])
            let refused = try await workspace.run(Self.fetch(mirror, ["--from=\(other)"]))
            #expect(refused.status == 65)
            #expect(refused.standardError.contains("as the archive signed it"), "\(refused.standardError)")
        }
    }

    /// A disc of two architectures, with the list of its maker's, which is signed.
    private func disc(_ workspace: Workspace, _ mirror: InstallerMirror) async throws -> (
        disc: FilePath, sums: FilePath
    ) {
        let tree = workspace.path.appending("tree")
        let images = try await NetbootPackage.fetched()
        try writeFile(
            tree.pushing(".disk/info"),
            "Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64/i386 DVD 20240210-11:29\n")
        for (directory, extra) in [("install.amd", [1]), ("install.amd/xen", [2]), ("install.386", [3])]
            as [(String, [UInt8])]
        {
            try writeFile(tree.pushing(FilePath("\(directory)/vmlinuz")), readFile(images.kernel))
            try writeFile(tree.pushing(FilePath("\(directory)/initrd.gz")), extra)
        }
        let disc = workspace.files.appending("debian-12.5.0-dvd.iso")
        try await run(
            "xorriso", ["-as", "mkisofs", "-quiet", "-r", "-J", "-V", "Debian 12.5.0", "-o", disc.string, tree.string],
            timeout: .seconds(300)
        ).orThrow()
        let sums = workspace.files.appending("SHA256SUMS")
        let line = try await Command("sha256sum", ["debian-12.5.0-dvd.iso"], directory: workspace.files).run().orThrow()
        try writeFile(sums, line.standardOutput)
        try await mirror.signDetached(sums)
        return (disc, sums)
    }

    @Test(
        "takes the images of a disc that its maker's signed list proves, and of no other",
        Requirement.program("xorriso"))
    func discs() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let (disc, sums) = try await disc(workspace, mirror)
            func fetch(_ more: [String]) async throws -> Outcome {
                try await workspace.run(
                    [
                        "netboot", "fetch", "--from=\(disc)", "--json", "--mirror=\(mirror.url)",
                        "--keyring=\(mirror.keyring)",
                        "--arch=amd64",
                    ] + more)
            }
            let set = try Self.document(try await fetch(["--sums=\(sums)"]).orThrow())
            // Of the release that it says itself, and made for Xen.
            #expect(set.id.hasPrefix("bookworm-amd64-xen-") && set.signer?.count == 40)
            #expect(try readFile(FilePath(set.initrd)) == [2])
            let other = try Self.document(try await fetch(["--sums=\(sums)", "--arch=i386"]).orThrow())
            #expect(other.flavour == "generic")
            #expect(try readFile(FilePath(other.initrd)) == [3])
            for (options, status, words) in [
                // Neither the list nor the archive has them.
                ([], 65, "nothing proves"),
                (["--sums=\(sums)", "--keyring=\(mirror.unrelatedKeyring)"], 65, "has no such key"),
                (["--sums=\(sums)", "--dist=trixie"], 64, "is a disc of bookworm"),
                (["--sums=\(sums)", "--arch=arm64"], 66, "no installer's images for arm64"),
            ] as [([String], Int32, String)] {
                let refused = try await fetch(options)
                #expect(refused.status == status, "\(options): \(refused.standardError)")
                #expect(refused.standardError.contains(words), "\(refused.standardError)")
            }
            #expect(try Self.document(try await fetch(["--no-verify"]).orThrow()).signer == nil)
            var bytes = try readFile(disc)
            bytes[bytes.count - 3000] ^= 1
            try writeFile(disc, bytes)
            let changed = try await fetch(["--sums=\(sums)"])
            #expect(changed.status == 65)
            #expect(changed.standardError.contains("is not in"), "\(changed.standardError)")
        }
    }

    @Test("a damaged file is noticed by verify, and fetched again")
    func damage() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let set = try Self.document(try await workspace.run(Self.fetch(mirror)).orThrow())
            #expect(try await workspace.run(["netboot", "verify"]).orThrow().standardOutput == "\(set.id): whole\n")
            var bytes = try readFile(FilePath(set.initrd))
            bytes[bytes.count / 2] ^= 4
            try writeFile(FilePath(set.initrd), bytes)
            let found = try await workspace.run(["netboot", "verify", set.id])
            #expect(found.status == 65)
            #expect(found.standardOutput.contains("\(set.initrd) is damaged"), "\(found.standardOutput)")
            try await workspace.run(Self.fetch(mirror)).orThrow()
            try await workspace.run(["netboot", "verify"]).orThrow()
        }
    }

    @Test("prune leaves the newest of each kind, and no file without a set")
    func pruning() async throws {
        try await withMirror { workspace, mirror in
            mirror.initrd = Array("one".utf8)
            try await mirror.publish()
            let old = try Self.document(try await workspace.run(Self.fetch(mirror)).orThrow())
            mirror.initrd = Array("another".utf8)
            mirror.date += 1
            try await mirror.publish()
            try await Task.sleep(for: .seconds(1.1))
            let new = try Self.document(try await workspace.run(Self.fetch(mirror)).orThrow())
            #expect(old.id != new.id)
            let shown = try await workspace.run(["netboot", "prune", "--dry-run"]).orThrow()
            #expect(shown.standardOutput == "Would remove: \(old.id)\n")
            #expect(fileExists(FilePath(old.initrd)))
            #expect(try await workspace.run(["netboot", "prune"]).orThrow().standardOutput == "Removed: \(old.id)\n")
            #expect(!fileExists(FilePath(old.initrd)))
            #expect(fileExists(FilePath(new.initrd)) && fileExists(FilePath(new.kernel)))
            try await workspace.run(["netboot", "prune", new.id]).orThrow()
            #expect(try directoryNames(workspace.state.pushing("netboot/objects")) == [])
        }
    }

    @Test("while one process changes what the store has, no other does")
    func together() async throws {
        try await withMirror { workspace, mirror in
            try await mirror.publish()
            let set = try Self.document(try await workspace.run(Self.fetch(mirror)).orThrow())
            let store = workspace.state.appending("netboot")
            let lock = try FileDescriptor.open(store, .readOnly, options: [.directory, .closeOnExec])
            #expect(flock(lock.rawValue, LOCK_EX) == 0)
            // The fetch begins after prune has seen that there is none.
            let prune = try workspace.domus(["netboot", "prune", set.id]).start()
            try await Self.waits(prune)
            let fetch = try workspace.domus(Self.fetch(mirror)).start()
            try await Self.waits(fetch)
            #expect(fileExists(FilePath(set.kernel)))
            try lock.close()
            #expect(await prune.wait().status == 0)
            let outcome = await fetch.wait()
            // If it came second it has found that the images are gone, and says so.
            #expect(
                outcome.status == 0 || outcome.status == 75 && outcome.standardError.contains("were removed while"),
                "\(outcome)")
            // What is described is there, and nothing else.
            let described = try directoryNames(store.appending("sets")).map {
                try readText(store.appending("sets").appending($0))
            }
            for object in try directoryNames(store.appending("objects")) {
                #expect(described.contains { $0.contains(object) })
            }
            if !described.isEmpty { try await workspace.run(["netboot", "verify"]).orThrow() }
        }
    }

    /// Until the kernel says that a process waits for somebody else's lock (`->` in proc_locks(5)).
    private static func waits(_ process: RunningCommand) async throws {
        for _ in 0..<600 {
            let locks = try readText("/proc/locks").split(separator: "\n").map { $0.split(separator: " ") }
            if locks.contains(where: { $0.contains("->") && $0.contains("\(process.processID)") }) { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("it does not wait for the lock")
    }

    @Test("a fetch that is interrupted leaves nothing")
    func interruption() async throws {
        try await withWorkspace { workspace in
            let images = try await NetbootPackage.fetched()
            let mirror = try await InstallerMirror.make(in: workspace.path, images: images)
            let silent = try FixtureMirror(.silent)
            defer { silent.stop() }
            let running = try workspace.domus(Self.fetch(mirror, ["--mirror=\(silent.url)"])).start()
            let scratch = workspace.state.appending("netboot")
            #expect(
                try await Workspace.wait(of: running) {
                    ((try? directoryNames(scratch)) ?? []).contains { $0.hasPrefix(".domus-") }
                })
            running.send(SIGTERM)
            let outcome = await running.wait()
            #expect(outcome.status == 143, "\(outcome.standardError)")
            try nothingIsLeft(in: workspace)
        }
    }
}
