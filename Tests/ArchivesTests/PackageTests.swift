import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Archives

/// Packages that dpkg-deb(1) builds, and a tree to unpack them into.
private struct PackageWorkshop {
    let directory: TemporaryDirectory
    var root: FilePath { directory("root") }

    init() throws {
        directory = try TemporaryDirectory("package")
        try makeDirectories(root)
    }

    /// - Parameter script: makes the package's files in the directory that it runs in.
    func build(_ name: String, _ script: String, compression: String = "xz", conffiles: String = "") async throws
        -> FilePath
    {
        let tree = directory(name)
        try makeDirectories(tree.appending("DEBIAN"))
        try writeFile(
            tree.pushing("DEBIAN/control"),
            "Package: \(name)\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: test\n")
        if !conffiles.isEmpty { try writeFile(tree.pushing("DEBIAN/conffiles"), conffiles) }
        try await run("sh", ["-ec", "umask 022; cd \"$1\"; \(script)", "sh", tree.string]).orThrow()
        let package = directory("\(name).deb")
        try await run("dpkg-deb", ["--root-owner-group", "-Z\(compression)", "-b", tree.string, package.string])
            .orThrow()
        return package
    }

    func text(_ name: String) throws -> String { try readText(root.pushing(FilePath(name))) }

    @discardableResult
    func unpack(_ package: FilePath, into tree: PackageTree, _ rules: UnpackRules = UnpackRules(number: 0)) throws
        -> UnpackedFiles
    {
        try tree.unpack(DebianPackage(path: package), rules: rules)
    }
}

@Suite("Debian packages", Requirement.program("dpkg-deb"))
struct PackageTests {
    @Test("are read whatever they are compressed with", arguments: ["none", "gzip", "xz", "zstd"])
    func compressions(compression: String) async throws {
        let workshop = try PackageWorkshop()
        let script = "mkdir -p usr/share/a; seq 100000 > usr/share/a/numbers; echo hi > usr/share/a/odd"
        let package = try await workshop.build("a", script, compression: compression)
        let control = try DebianPackage(path: package).controlFiles()
        #expect(control.map(\.name) == ["control"])
        #expect(String(decoding: control[0].content, as: UTF8.self).hasPrefix("Package: a\n"))
        let files = try workshop.unpack(package, into: PackageTree(root: workshop.root))
        #expect(
            files.names.map { String(decoding: $0, as: UTF8.self) } == [
                "/.", "/usr", "/usr/share", "/usr/share/a", "/usr/share/a/numbers", "/usr/share/a/odd",
            ])
        #expect(try workshop.text("usr/share/a/numbers").hasSuffix("\n99999\n100000\n"))
        #expect(try workshop.text("usr/share/a/odd") == "hi\n")
    }

    @Test("that are cut anywhere, or are something else, are refused")
    func damaged() async throws {
        let workshop = try PackageWorkshop()
        let package = try await workshop.build("a", "mkdir -p usr/share; head -c 50000 /dev/urandom > usr/share/noise")
        let bytes = try readFile(package)
        let cut = workshop.directory("cut.deb")
        for length in [0, 7, 8, 40, 68, 100, 200, bytes.count / 2, bytes.count - 200, bytes.count - 9] {
            try writeFile(cut, bytes.prefix(length))
            #expect(throws: ArchiveError.self, "\(length) bytes") {
                try workshop.unpack(cut, into: PackageTree(root: workshop.root))
            }
        }
        var changed = bytes
        changed[bytes.count - 3000] ^= 0x40
        try writeFile(cut, changed)
        #expect(throws: ArchiveError.self) { try workshop.unpack(cut, into: PackageTree(root: workshop.root)) }
        for text in ["", "!<arch>\n", "no package at all, but long enough to be looked at twice\n"] {
            try writeFile(cut, text)
            #expect(throws: ArchiveError.self) { _ = try DebianPackage(path: cut) }
        }
    }

    @Test("follow links of the tree that stay inside, and none that leads out")
    func links() async throws {
        let workshop = try PackageWorkshop()
        let outside = workshop.directory("outside")
        try makeDirectories(outside)
        try makeDirectories(workshop.root.pushing("usr/bin"))
        symlink("usr/bin", workshop.root.appending("bin").string)
        // Inside the tree this is /outside, wherever the tree is.
        symlink("/absolute", workshop.root.appending("opt").string)
        symlink("../../../../../../..\(outside)", workshop.root.appending("srv").string)
        try makeDirectories(workshop.root.appending("absolute"))
        let tree = try PackageTree(root: workshop.root)
        try workshop.unpack(
            try await workshop.build("a", "mkdir -p bin opt; echo a > bin/tool; echo b > opt/file"), into: tree)
        #expect(try workshop.text("usr/bin/tool") == "a\n")
        #expect(try linkTarget(workshop.root.appending("bin")) == "usr/bin")
        #expect(try workshop.text("absolute/file") == "b\n")
        let package = try await workshop.build("b", "mkdir -p srv; echo c > srv/file")
        #expect(throws: ArchiveError.self) { try workshop.unpack(package, into: tree) }
        #expect(try directoryNames(outside) == [])
    }

    @Test("leave directories as they are, and put their files in the place of others")
    func existing() async throws {
        let workshop = try PackageWorkshop()
        let kept = workshop.root.appending("kept")
        try makeDirectories(kept)
        chmod(kept.string, 0o711)
        for name in ["file", "link", "hard"] { try writeFile(kept.appending(name), "old\n") }
        let package = try await workshop.build(
            "a",
            "mkdir kept; echo new > kept/file; ln -s file kept/link; ln kept/file kept/hard; mkfifo kept/pipe; "
                + "chmod 2755 kept/file")
        try workshop.unpack(package, into: PackageTree(root: workshop.root))
        var status = stat()
        #expect(stat(kept.string, &status) == 0 && status.st_mode & 0o7777 == 0o711)
        #expect(try workshop.text("kept/hard") == "new\n")
        #expect(try linkTarget(kept.appending("link")) == "file")
        #expect(stat(kept.appending("file").string, &status) == 0 && status.st_mode & 0o7777 == 0o2755)
        #expect(status.st_nlink == 2)
        #expect(try directoryNames(kept) == ["file", "hard", "link", "pipe"])

        try makeDirectories(workshop.root.pushing("kept/file2"))
        let clash = try await workshop.build("b", "mkdir kept; echo x > kept/file2")
        #expect(throws: ArchiveError.self) { try workshop.unpack(clash, into: PackageTree(root: workshop.root)) }
    }

    @Test("have conffiles wait under another name, their hard links too")
    func conffiles() async throws {
        let workshop = try PackageWorkshop()
        let package = try await workshop.build(
            "a", "mkdir etc; echo a > etc/a; ln etc/a etc/b; echo c > etc/c", conffiles: "/etc/a\n/etc/b\n")
        let rules = UnpackRules(number: 0, conffiles: [Array("etc/a".utf8), Array("etc/b".utf8)])
        let files = try workshop.unpack(package, into: PackageTree(root: workshop.root), rules)
        #expect(try directoryNames(workshop.root.appending("etc")) == ["a.dpkg-new", "b.dpkg-new", "c"])
        #expect(files.conffiles == rules.conffiles)
    }

    @Test("do not get into each other's way unless one says that it replaces the other", arguments: [false, true])
    func conflicts(replacerIsFirst: Bool) async throws {
        let workshop = try PackageWorkshop()
        // Two names of one place.
        try makeDirectories(workshop.root.pushing("usr/bin"))
        symlink("usr/bin", workshop.root.appending("bin").string)
        let old = try await workshop.build("old", "mkdir -p usr/bin; echo old > usr/bin/tool")
        let new = try await workshop.build("new", "mkdir bin; echo new > bin/tool")
        let tree = try PackageTree(root: workshop.root)
        let order = [(old, 0), (new, 1)]
        var seen: [String] = []
        for (package, number) in replacerIsFirst ? order.reversed() : order {
            _ = try tree.unpack(
                DebianPackage(path: package),
                rules: UnpackRules(number: number, precedence: { first, _ in first == 1 ? .first : .second }),
                observe: { _, bytes in seen.append(String(decoding: bytes, as: UTF8.self)) })
        }
        // Each is known, as if they had been unpacked in their order.
        #expect(seen.sorted() == ["new\n", "old\n"])
        #expect(try workshop.text("usr/bin/tool") == "new\n")
        #expect(tree.losses(of: 0) == [Array("usr/bin/tool".utf8): 1])
        #expect(tree.losses(of: 1).isEmpty)

        let other = try await workshop.build("other", "mkdir -p usr/bin; echo other > usr/bin/tool")
        let error = #expect(throws: PackageConflict.self) {
            try workshop.unpack(other, into: tree, UnpackRules(number: 2))
        }
        #expect(error == PackageConflict(package: 2, other: 1, name: "/usr/bin/tool"))
        #expect(try workshop.text("usr/bin/tool") == "new\n")
    }

    @Test("get the owner and the mode that somebody wants, once they are in place", Requirement.root)
    func override() async throws {
        let workshop = try PackageWorkshop()
        let package = try await workshop.build("a", "mkdir -p usr/bin; echo b > usr/bin/b")
        let tree = try PackageTree(root: workshop.root)
        try workshop.unpack(package, into: tree)
        try tree.apply(.init(owner: 1, group: 8, permissions: 0o2750), to: Array("usr/bin/b".utf8))
        var status = stat()
        #expect(stat(workshop.root.pushing("usr/bin/b").string, &status) == 0)
        #expect(status.st_uid == 1 && status.st_gid == 8 && status.st_mode & 0o7777 == 0o2750)
    }

    @Test("two that are unpacked at once give a directory the mode of the first in order", arguments: [false, true])
    func directories(isReversed: Bool) async throws {
        let workshop = try PackageWorkshop()
        let packages = [
            (try await workshop.build("a", "mkdir -m 2750 shared; echo a > shared/a"), 0),
            (try await workshop.build("b", "mkdir -m 755 shared; echo b > shared/b"), 1),
        ]
        let tree = try PackageTree(root: workshop.root)
        func mode() -> mode_t {
            var status = stat()
            return stat(workshop.root.appending("shared").string, &status) == 0 ? status.st_mode & 0o7777 : 0
        }
        for (package, number) in isReversed ? packages.reversed() : packages {
            try workshop.unpack(package, into: tree, UnpackRules(number: number))
        }
        #expect(mode() == 0o2750)
        // When scripts have run, what is there stays.
        chmod(workshop.root.appending("shared").string, 0o700)
        tree.settle()
        try workshop.unpack(packages[0].0, into: tree, UnpackRules(number: 0))
        #expect(mode() == 0o700)
    }

    @Test("that wait in a tree of their own are put in place as if they had been unpacked there")
    func merge() async throws {
        let workshop = try PackageWorkshop()
        let stage = workshop.directory("stage")
        try makeDirectories(stage.pushing("usr/bin"))
        try makeDirectories(workshop.root.pushing("usr/bin"))
        for root in [stage, workshop.root] { symlink("usr/bin", root.appending("bin").string) }
        let (tree, waiting) = (try PackageTree(root: workshop.root), try PackageTree(root: stage))
        let old = try await workshop.build(
            "old",
            "mkdir -p -m 750 etc/both; mkdir -p usr/bin; echo old > usr/bin/tool; echo kept > etc/both/kept; "
                + "mkdir -p usr/share/dir; echo d > usr/share/dir/file; ln -s dir usr/share/link")
        try workshop.unpack(old, into: tree)
        let new = try await workshop.build(
            "new",
            "mkdir bin; echo new > bin/tool; mkdir -p -m 755 etc/both; echo more > etc/both/more; "
                + "mkdir -p usr/share/new/deep; echo n > usr/share/new/deep/file; ln usr/share/new/deep/file etc/hard; "
                + "mkdir -p usr/share/link; echo l > usr/share/link/inside; echo x > etc/diverted")
        try workshop.unpack(new, into: waiting, UnpackRules(number: 1))
        // A script has made it meanwhile.
        try writeFile(workshop.root.pushing("etc/hard"), "of a script\n")
        try tree.merge(
            waiting,
            diversions: [
                PackageDiversion(
                    from: Array("etc/diverted".utf8), to: Array("etc/diverted.distrib".utf8), keeper: 0)
            ],
            precedence: { first, _ in first == 1 ? .first : .second })

        #expect(try workshop.text("usr/bin/tool") == "new\n")
        #expect(tree.losses(of: 0) == [Array("usr/bin/tool".utf8): 1])
        #expect(try directoryNames(workshop.root.pushing("etc/both")) == ["kept", "more"])
        var status = stat()
        #expect(stat(workshop.root.pushing("etc/both").string, &status) == 0 && status.st_mode & 0o7777 == 0o750)
        #expect(stat(workshop.root.pushing("etc/hard").string, &status) == 0 && status.st_nlink == 2)
        // Through a link that the tree has.
        #expect(try workshop.text("usr/share/dir/inside") == "l\n")
        #expect(try directoryNames(workshop.root.appending("etc")) == ["both", "diverted.distrib", "hard"])
        #expect(try linkTarget(workshop.root.appending("bin")) == "usr/bin")

        // What has been moved is known: as a whole, and one by one.
        for (name, owner) in [("usr/share/new/deep/file", 1), ("bin/tool", 1), ("etc/diverted.distrib", 1)] {
            let other = try await workshop.build("other", "mkdir -p \"$(dirname \(name))\"; echo other > \(name)")
            let error = #expect(throws: PackageConflict.self, "\(name)") {
                try workshop.unpack(other, into: tree, UnpackRules(number: 2))
            }
            #expect(error == PackageConflict(package: 2, other: owner, name: "/\(name)"))
            try await run("rm", ["-r", workshop.directory("other").string]).orThrow()
        }
    }

    @Test("that wait do not get into the way of what is there")
    func mergeConflict() async throws {
        let workshop = try PackageWorkshop()
        let stage = workshop.directory("stage")
        try makeDirectories(stage)
        let (tree, waiting) = (try PackageTree(root: workshop.root), try PackageTree(root: stage))
        try workshop.unpack(try await workshop.build("a", "mkdir etc; echo a > etc/file"), into: tree)
        try workshop.unpack(
            try await workshop.build("b", "mkdir etc; echo b > etc/file"), into: waiting, UnpackRules(number: 1))
        let error = #expect(throws: PackageConflict.self) { try tree.merge(waiting, precedence: { _, _ in .neither }) }
        #expect(error == PackageConflict(package: 1, other: 0, name: "/etc/file"))
        try tree.merge(waiting, precedence: { _, _ in .second })
        #expect(try workshop.text("etc/file") == "a\n")
        #expect(tree.losses(of: 1) == [Array("etc/file".utf8): 0])
    }
}
