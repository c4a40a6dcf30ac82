import Archives
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite("Extracting archives")
struct ExtractionTests {
    let scratch: Scratch
    let root: FilePath

    init() throws {
        scratch = try Scratch()
        root = try scratch.directory("root")
    }

    /// Packs the tree `tree` of the scratch directory with the system's tar.
    func tar(_ options: [String], _ operands: [String] = ["."]) throws -> FilePath {
        let archive = scratch.path.appending("real.tar")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/tar")
        process.arguments =
            ["--numeric-owner", "-C", scratch.path.appending("tree").string] + options + ["-cf", archive.string]
            + operands
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return archive
    }

    @Test("Names with ./, without and with a leading slash give the same tree")
    func names() throws {
        try scratch.directory("tree/usr/bin")
        try scratch.file("tree/usr/bin/true", "x".utf8)
        for (index, names) in [["."], ["usr"]].enumerated() {
            let root = try scratch.directory("root\(index)")
            let summary = try extract(archive: tar([], names), into: root)
            #expect(try read(root.appending("usr/bin/true")) == Array("x".utf8))
            #expect(summary.files == 1)
            #expect(summary.warnings == [])
        }
        let tree = scratch.path.appending("tree").string
        _ = try extract(archive: tar(["-P", "--transform", "s,^\(tree),,"], ["\(tree)/usr"]), into: root)
        #expect(try read(root.appending("usr/bin/true")) == Array("x".utf8))
    }

    @Test("Modes, times and links come out as they were", arguments: ["gnu", "posix", "ustar"])
    func metadata(format: String) throws {
        let tree = try scratch.directory("tree")
        try scratch.directory("tree/closed/inner")
        try scratch.file("tree/closed/inner/file", "content".utf8)
        try scratch.file("tree/setuid", "x".utf8)
        #expect(link(tree.appending("setuid").string, tree.appending("also").string) == 0)
        #expect(symlink("/nowhere/at/all", tree.appending("link").string) == 0)
        #expect(mkfifo(tree.appending("fifo").string, 0o640) == 0)
        #expect(chmod(tree.appending("setuid").string, 0o4755) == 0)
        #expect(chmod(tree.appending("closed").string, 0o1500) == 0)
        #expect(chmod(tree.string, 0o750) == 0)
        for name in ["", "closed/inner/file", "setuid", "closed/inner", "closed", "fifo"] {
            let times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 987_654_321, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, name.isEmpty ? tree.string : tree.appending(name).string, times, 0) == 0)
        }
        let before = try inventory(tree)
        let summary = try extract(archive: tar(["--format=\(format)"]), into: root)
        let links = try (status(root.appending("link")), status(tree.appending("link")))
        #expect(links.0.st_mode == links.1.st_mode)
        #expect(try linkTarget(root.appending("link")) == "/nowhere/at/all")
        func withoutLink(_ lines: [String]) -> [String] { lines.filter { !$0.hasPrefix("link ") } }
        #expect(try withoutLink(inventory(root)) == withoutLink(before))
        #expect(try status(root.appending("setuid")).st_ino == status(root.appending("also")).st_ino)
        #expect(try status(root).st_mtim.tv_sec == 987_654_321)
        #expect(try status(root.appending("closed")).st_mtim.tv_sec == 987_654_321)
        #expect(summary.files == 2)
        #expect(summary.hardLinks == 1)
        #expect(summary.symbolicLinks == 1)
        #expect(summary.directories == 3)
        #expect(summary.specialFiles == 1)
        #expect(summary.warnings == [])
        #expect(summary.contentBytes == 8)
        #expect(try summary.archiveBytes == Int64(status(scratch.path.appending("real.tar")).st_size))
    }

    @Test("Owners come out as numbers", .enabled(if: isRoot, "\(rootNeeded)"), arguments: ["gnu", "posix"])
    func owners(format: String) throws {
        let tree = try scratch.directory("tree")
        try scratch.file("tree/file", "x".utf8)
        // Above what octal fields hold, as in user namespaces; the setuid bit must outlive the change of owner.
        #expect(chown(tree.appending("file").string, 3_000_000, 12345) == 0)
        #expect(chmod(tree.appending("file").string, 0o6755) == 0)
        #expect(symlink("x", tree.appending("link").string) == 0)
        #expect(lchown(tree.appending("link").string, 7, 8) == 0)
        _ = try extract(archive: tar(["--format=\(format)"]), into: root)
        let (file, link) = try (status(root.appending("file")), status(root.appending("link")))
        #expect((file.st_uid, file.st_gid) == (3_000_000, 12345))
        #expect(file.st_mode & 0o7777 == 0o6755)
        #expect((link.st_uid, link.st_gid) == (7, 8))
    }

    @Test("The archive's names of owners are not looked up", .enabled(if: isRoot, "\(rootNeeded)"))
    func ownerNames() throws {
        try scratch.directory("tree")
        try scratch.file("tree/file", "x".utf8)
        let archive = scratch.path.appending("named.tar")
        try run(
            "/bin/tar",
            "-C",
            scratch.path.appending("tree").string,
            "--owner=daemon:4242",
            "--group=daemon:4243",
            "-cf",
            archive.string,
            "file"
        )
        try extract(archive: archive, into: root)
        let status = try status(root.appending("file"))
        #expect((status.st_uid, status.st_gid) == (4242, 4243))
    }

    @Test("Device nodes are made", .enabled(if: isRoot, "\(rootNeeded)"))
    func devices() throws {
        let archive = try pack(
            [
                (ArchiveEntry(path: "./dev", kind: .directory, permissions: 0o755), ""),
                (ArchiveEntry(path: "./dev/null", kind: .characterDevice(major: 1, minor: 3), permissions: 0o666), ""),
                (
                    ArchiveEntry(path: "./dev/big", kind: .blockDevice(major: 259, minor: 70_000), permissions: 0o660),
                    ""
                ),
            ],
            to: scratch.path.appending("dev.tar")
        )
        let summary = try extract(archive: archive, into: root)
        #expect(summary.specialFiles == 2)
        #expect(
            try run("/usr/bin/stat", "-c", "%F %t %T %a", root.appending("dev/null").string)
                == "character special file 1 3 666\n"
        )
        #expect(
            try run("/usr/bin/stat", "-c", "%F %t %T %a", root.appending("dev/big").string)
                == "block special file 103 11170 660\n"
        )
    }

    @Test("File capabilities survive", .enabled(if: isRoot, "\(rootNeeded)"), arguments: ["cap_net_raw+ep"])
    func capabilities(capability: String) throws {
        try scratch.directory("tree")
        let ping = try scratch.file("tree/ping", "x".utf8)
        #expect(chown(ping.string, 0, 12) == 0)
        #expect(chmod(ping.string, 0o2755) == 0)
        try run("/sbin/setcap", capability, ping.string)
        let summary = try extract(archive: tar(["--xattrs", "--xattrs-include=*"]), into: root)
        #expect(summary.warnings == [])
        #expect(try run("/sbin/getcap", root.appending("ping").string).contains("cap_net_raw=ep"))
        #expect(try status(root.appending("ping")).st_mode & 0o7777 == 0o2755)
    }

    @Test("Access control lists survive", .enabled(if: isRoot, "\(rootNeeded)"))
    func accessControlLists() throws {
        var tar = RawTar()
        let list = "user::rw-,user::r--:1234,group::r--,mask::r--,other::---"
        tar.add("file", mode: 0o640, content: "x", pax: [("SCHILY.acl.access", list)])
        tar.add("spool", type: "5", mode: 0o750, pax: [("SCHILY.acl.default", list)])
        let summary = try extract(archive: scratch.file("acl.tar", tar.finished), into: root)
        #expect(summary.warnings == [])
        // tar is the one program here that reads them back.
        #expect(
            try run("/bin/tar", "--acls", "-C", root.string, "-cf", scratch.path.appending("back.tar").string, ".")
                == ""
        )
        let back = try run("/bin/tar", "--acls", "-tvvf", scratch.path.appending("back.tar").string)
        #expect(back.contains("a: user::rw-,user:1234:r--,group::r--,mask::r--,other::---"))
        #expect(back.contains("default:user:1234:r--,default:group::r--"))
    }

    @Test("Names keep their bytes, whatever the charset", arguments: ["gnu", "posix"])
    func charset(format: String) throws {
        try scratch.directory("tree")
        let names: [[UInt8]] = [
            Array("Főtanúsítvány.crt".utf8),
            Array("e\u{301}".utf8),  // decomposed: must not be recomposed
            [0x66, 0xfc, 0x72, 0xff],  // Latin-1, and what is no charset's
            Array(repeating: UInt8(ascii: "n"), count: 255),
            Array("日本語".utf8),
        ]
        let directory = Array((scratch.path.appending("tree").string + "/").utf8)
        for name in names {
            try write([1], to: FilePath(bytes: directory + name))
        }
        #expect(FilePath(bytes: names[1]).withPlatformString { symlink($0, directory.path("link")) } == 0)
        #expect(FilePath(bytes: directory + names[2]).withPlatformString { link($0, directory.path("hard")) } == 0)
        let summary = try extract(archive: tar(["--format=\(format)"]), into: root)
        #expect(summary.warnings == [])
        for name in names {
            #expect(exists(FilePath(bytes: Array((root.string + "/").utf8) + name)), "\(name)")
        }
        #expect(try Array(linkTarget(root.appending("link")).utf8) == names[1])
        #expect(try status(root.appending("hard")).st_nlink == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.string).count == names.count + 2)
    }

    @Test("Paths longer than a tar header come out", arguments: ["gnu", "posix"])
    func longPaths(format: String) throws {
        let directory = (0..<40).map { "directory-number-\($0)" }.joined(separator: "/")
        try scratch.directory("tree/" + directory)
        try scratch.file("tree/" + directory + "/file", "deep".utf8)
        #expect(symlink(directory + "/file", scratch.path.appending("tree/link").string) == 0)
        _ = try extract(archive: tar(["--format=\(format)"]), into: root)
        #expect(try read(root.appending("link")) == Array("deep".utf8))
    }

    @Test(
        "A sparse file stays sparse",
        arguments: [["--format=gnu", "--sparse"], ["--format=posix", "--sparse"], []]
    )
    func sparse(options: [String]) throws {
        try scratch.directory("tree")
        let file = try scratch.file("tree/sparse", [])
        let descriptor = try FileDescriptor.open(file, .writeOnly)
        try descriptor.closeAfter {
            _ = try descriptor.writeAll(toAbsoluteOffset: 1 << 20, "middle".utf8)
            try descriptor.resize(to: 2 << 20)
        }
        _ = try extract(archive: tar(options), into: root)
        let status = try status(root.appending("sparse"))
        #expect(status.st_size == 2 << 20)
        #expect(status.st_blocks * 512 < 1 << 17)
        let content = try read(root.appending("sparse"))
        #expect(Array(content[(1 << 20)..<(1 << 20) + 6]) == Array("middle".utf8))
        #expect(content.count { $0 != 0 } == 6)
    }
}

extension FilePath {
    init(bytes: [UInt8]) {
        self = (bytes.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer {
            FilePath(platformString: $0.baseAddress!)
        }
    }
}

extension [UInt8] {
    /// This directory and a name, for C.
    fileprivate func path(_ name: String) -> String { String(decoding: self, as: UTF8.self) + name }
}
