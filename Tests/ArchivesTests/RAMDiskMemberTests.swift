import Archives
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Files added to an initial RAM disk")
struct RAMDiskMemberTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private static let files = [
        RAMDiskMember.File(
            path: "preseed.cfg", contents: Array("d-i debconf/priority select critical\n".utf8), mode: 0o600),
        RAMDiskMember.File(path: "lib/start.d/S10", contents: Array("#!/bin/sh\n".utf8), mode: 0o755),
        RAMDiskMember.File(path: "lib/start.d/empty", contents: []),
        RAMDiskMember.File(path: "etc/größe", linkTo: "../preseed.cfg"),
    ]

    private func append(_ member: RAMDiskMember, to disk: FilePath) throws -> Int64 {
        let file = try FileDescriptor.open(disk, .readWrite)
        return try file.closeAfter { try member.append(to: file) }
    }

    /// An initial RAM disk as `mkinitramfs` and Debian's installer make theirs, by cpio.
    private func disk(_ names: [String], by program: String = "gzip -n") throws -> FilePath {
        let tree = try scratch.directory("tree")
        for name in names {
            try scratch.directory("tree/" + FilePath(name).removingLastComponent().string)
            try scratch.file("tree/\(name)", "the old \(name)\n".utf8)
        }
        let disk = scratch.path.appending("initrd")
        try ArchivesTests.run(
            "/bin/sh", "-c", "find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc | \(program) >'\(disk)'",
            at: tree)
        return disk
    }

    @Test("cpio lists and unpacks them with their modes, root's, directories before what is in them")
    func listed() throws {
        let archive = try scratch.file("member.gz", RAMDiskMember(Self.files, modificationTime: 86400).archive())
        let list = try ArchivesTests.run(
            "/bin/sh", "-c", "gzip -dc '\(archive)' | TZ=UTC LC_ALL=C.UTF-8 cpio --quiet -tvn")
        let lines = list.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            lines == [
                "-rw------- 1 0 0 37 Jan 2 1970 preseed.cfg",
                "drwxr-xr-x 2 0 0 0 Jan 2 1970 lib",
                "drwxr-xr-x 2 0 0 0 Jan 2 1970 lib/start.d",
                "-rwxr-xr-x 1 0 0 10 Jan 2 1970 lib/start.d/S10",
                "-rw-r--r-- 1 0 0 0 Jan 2 1970 lib/start.d/empty",
                "drwxr-xr-x 2 0 0 0 Jan 2 1970 etc",
                "lrwxrwxrwx 1 0 0 14 Jan 2 1970 etc/größe -> ../preseed.cfg",
            ], "\(list)")
        let tree = try scratch.directory("out")
        try ArchivesTests.run(
            "/bin/sh", "-c", "gzip -dc '\(archive)' | cpio --quiet -i --no-absolute-filenames", at: tree)
        #expect(try read(tree.pushing("lib/start.d/S10")) == Array("#!/bin/sh\n".utf8))
        #expect(try read(tree.pushing("etc/größe")) == Array("d-i debconf/priority select critical\n".utf8))
    }

    @Test("the same files make the same bytes, without a time and a name in them")
    func reproducible() throws {
        let bytes = try RAMDiskMember(Self.files).archive()
        #expect(try RAMDiskMember(Self.files).archive() == bytes)
        // RFC 1952: no flags, no time.
        #expect(Array(bytes.prefix(8)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
        #expect(try RAMDiskMember(Self.files.reversed()).archive() != bytes)
        #expect(try RAMDiskMember([]) == RAMDiskMember([]))
    }

    @Test("a large file comes through whole")
    func large() async throws {
        var random = Seeded(state: 7)
        let content = (0..<3_000_001).map { _ in UInt8.random(in: 0...255, using: &random) }
        let archive = try scratch.file("member.gz", RAMDiskMember([.init(path: "a", contents: content)]).archive())
        try ArchivesTests.run("/bin/sh", "-c", "gzip -dc '\(archive)' | cpio --quiet -i", at: scratch.path)
        #expect(try read(scratch.path.appending("a")) == content)
    }

    @Test(
        "the disk before them stays as it is, and they begin at a multiple of four bytes", arguments: 0..<4,
        ["gzip -n", "cat", "sh -c 'cat; head -c 700 /dev/zero'"])
    func appended(remainder: Int, program: String) throws {
        // What gzip makes of it has the length it has: until it has the right one, another name is added.
        var path = try disk(["init", "lib/modules/1/kernel/a.ko"], by: program)
        var extra: [String] = []
        while program.hasPrefix("gzip"), try read(path).count % 4 != remainder {
            extra = ["x" + String(repeating: "y", count: (extra.first?.count ?? 0))]
            try ArchivesTests.run("/bin/sh", "-c", "rm -rf tree", at: scratch.path)
            path = try disk(["init", "lib/modules/1/kernel/a.ko"] + extra)
        }
        if !program.hasPrefix("gzip") {
            try write(read(path) + [UInt8](repeating: 0, count: remainder), to: path)
        }
        let before = try read(path)
        try #require(before.count % 4 == remainder)
        let start = try Int(append(RAMDiskMember(Self.files, existing: ["lib"]), to: path))
        let after = try read(path)
        #expect(Array(after.prefix(before.count)) == before)
        #expect(start % 4 == 0 && start - before.count < 4)
        #expect(after[before.count..<start].allSatisfy { $0 == 0 })
        #expect(try Array(after[start...]) == RAMDiskMember(Self.files, existing: ["lib"]).archive())
        // A second one, as well.
        _ = try append(RAMDiskMember([.init(path: "second", contents: [1])]), to: path)
        let read = try InitialRAMDisk(path: path)
        #expect(
            read.names == [
                "init", "lib", "lib/modules", "lib/modules/1", "lib/modules/1/kernel", "lib/modules/1/kernel/a.ko",
            ]
                + extra
                + ["preseed.cfg", "lib/start.d", "lib/start.d/S10", "lib/start.d/empty", "etc", "etc/größe", "second"])
        #expect(read.modules == ["a"])
    }

    @Test("bsdcpio reads what gzip members without zeros between them make up", Requirement.program("bsdcpio"))
    func bsdcpio() throws {
        let one = try RAMDiskMember([.init(path: "one", contents: [1])]).archive()
        let two = try RAMDiskMember([.init(path: "two", contents: [2])]).archive()
        let path = try scratch.file("x.gz", one + two)
        // It stops at the end of the first archive, as all readers of cpio do that know nothing of the kernel's.
        #expect(try ArchivesTests.run("/usr/bin/bsdcpio", "-it", "--quiet", "-F", path.string) == "one\n")
        #expect(try InitialRAMDisk(path: path).names == ["one", "two"])
    }

    @Test("a damaged archive behind the first one is noticed", arguments: [0, 1])
    func damaged(padding: Int) throws {
        let one =
            try RAMDiskMember([.init(path: "one", contents: [1])]).archive() + [UInt8](repeating: 0, count: padding)
        let two = try RAMDiskMember([.init(path: "two", contents: Array(repeating: 2, count: 100))]).archive()
        for cut in [two.count / 2, two.count - 1] {
            let path = try scratch.file("cut", one + two.prefix(cut))
            #expect(throws: ArchiveError.self, "\(cut)") { try InitialRAMDisk(path: path) }
        }
        if padding > 0 {
            var wrong = two
            wrong[two.count - 6] ^= 1
            let path = try scratch.file("wrong", one + wrong)
            #expect(throws: ArchiveError.self) { try InitialRAMDisk(path: path) }
        }
    }

    @Test("two archives that unpack to as many bytes are no wrong checksum")
    func equalLengths() throws {
        let one = try RAMDiskMember([.init(path: "one", contents: [1])]).archive()
        let two = try RAMDiskMember([.init(path: "two", contents: [2])]).archive()
        let path = try scratch.file("x", one + [0, 0, 0, 0] + two)
        #expect(try InitialRAMDisk(path: path).names == ["one", "two"])
    }

    @Test("what follows the last archive and is none does not matter; an archive that is not aligned is none")
    func tail() throws {
        let one = try RAMDiskMember([.init(path: "one", contents: [1])]).archive()
        #expect(try InitialRAMDisk(path: scratch.file("x", one + Array("#BOOTCONFIG\n".utf8))).names == ["one"])
        let plain = try read(disk(["init"], by: "cat"))
        #expect(try InitialRAMDisk(path: scratch.file("x", plain + one)).names == ["init", "one"])
        let aligned = one + [UInt8](repeating: 0, count: (4 - one.count % 4) % 4)
        #expect(try InitialRAMDisk(path: scratch.file("x", aligned + plain)).names == ["one", "init"])
        #expect(try InitialRAMDisk(path: scratch.file("x", aligned + [0] + plain)).names == ["one"])
        #expect(throws: ArchiveError.self) { try InitialRAMDisk(path: scratch.file("x", [0] + plain)) }
    }

    @Test("disks of many small archives end in time")
    func many() throws {
        let one = try RAMDiskMember([]).archive() + [0]
        let path = try scratch.file("x", Array(repeatElement(one, count: 20_000).joined()))
        #expect(throws: ArchiveError.self) { try InitialRAMDisk(path: path) }
    }

    @Test(
        "names that the kernel would not unpack, or not there, are refused",
        arguments: [
            "", "/preseed.cfg", "../x", "a/../b", "a/..", "..", ".", "./a", "a//b", "a/", "a\0b", "TRAILER!!!",
            String(repeating: "x", count: 256), String(repeating: "x/", count: 2048) + "x",
        ])
    func refuses(path: String) throws {
        let error = #expect(throws: ArchiveError.self) { try RAMDiskMember([.init(path: path, contents: [])]) }
        #expect(error?.kind == .unsafe)
    }

    @Test("two of one name, a file in a file, and links to nowhere are refused")
    func contradictions() throws {
        func file(_ path: String) -> RAMDiskMember.File { .init(path: path, contents: []) }
        for files in [
            [file("a"), file("a")], [file("a"), file("a/b")], [file("a/b"), file("a")],
            [.init(path: "a", linkTo: "")], [.init(path: "a", linkTo: "x\0y")],
            [.init(path: "a", linkTo: "b"), file("a/b")],
        ] {
            #expect(throws: ArchiveError.self) { try RAMDiskMember(files) }
        }
        #expect(throws: ArchiveError.self) {
            let full = try FileDescriptor.open("/dev/full", .writeOnly)
            try full.closeAfter { _ = try RAMDiskMember([file("a")]).append(to: full) }
        }
    }
}
