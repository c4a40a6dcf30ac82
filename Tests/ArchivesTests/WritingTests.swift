import Archives
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite("Writing archives")
struct WritingTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("The system's tar reads what is written", arguments: [".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".txz"])
    func systemReads(suffix: String) throws {
        let archive = try pack(
            [
                (ArchiveEntry(path: "./etc", kind: .directory, permissions: 0o755), ""),
                (ArchiveEntry(path: "./etc/café", permissions: 0o4711, owner: 33, group: 5_000_000), "latte\n"),
                (ArchiveEntry(path: "./link", kind: .symbolicLink(to: "etc/café"), permissions: 0o777), ""),
                (ArchiveEntry(path: "./hard", kind: .hardLink(to: "./etc/café")), ""),
                (ArchiveEntry(path: FilePath("./" + String(repeating: "long/", count: 60) + "x")), "x"),
            ],
            to: scratch.path.appending("x" + suffix)
        )
        #expect(try status(archive).st_mode & 0o7777 == 0o600)
        let list = try run("/bin/tar", "--numeric-owner", "--quoting-style=literal", "-tvf", archive.string)
        #expect(list.contains("-rws--x--x 33/5000000"))
        #expect(list.contains("./etc/café"))
        #expect(list.contains("./link -> etc/café"))
        #expect(list.contains("link to ./etc/café"))
        #expect(list.contains(String(repeating: "long/", count: 60)))
    }

    @Test("Names that are no UTF-8 are stored byte by byte")
    func binaryNames() throws {
        let name = FilePath(bytes: [0x66, 0xfc, 0xff])
        let archive = try pack([(ArchiveEntry(path: name), "x")], to: scratch.path.appending("x.tar"))
        #expect(try entries(of: archive).map(\.path) == [name])
    }

    @Test("An archive that was not finished is truncated")
    func unfinished() throws {
        let path = scratch.path.appending("x.tar.gz")
        do {
            var writer = try ArchiveWriter(to: path)
            try writer.add(ArchiveEntry(path: "x"), content: [1, 2, 3])
        }
        let error = #expect(throws: ArchiveError.self) { try entries(of: path) }
        #expect(error.map { [.truncated, .empty].contains($0.kind) } == true, "\(error?.message ?? "")")
    }

    @Test("A suffix that names no format is refused")
    func suffix() throws {
        let path = scratch.path.appending("x.zip")
        let error = #expect(throws: ArchiveError.self) { _ = try ArchiveWriter(to: path) }
        #expect(error?.message == "could not write archive \(path.string): its suffix names no format")
        #expect(error?.hint == "use one of .tar, .tar.gz, .tar.xz, .tar.zst")
        #expect(!exists(path))
    }

    @Test("A tree comes back as it was, packed and extracted")
    func roundTrip() throws {
        let tree = try scratch.directory("tree")
        try scratch.directory("tree/usr/bin")
        try scratch.directory("tree/empty")
        try scratch.file("tree/usr/bin/tool", "#!/bin/sh\n".utf8)
        try scratch.file("tree/usr/zero", [])
        #expect(link(tree.appending("usr/bin/tool").string, tree.appending("usr/bin/same").string) == 0)
        #expect(symlink("/usr/bin/tool", tree.appending("tool").string) == 0)
        #expect(mkfifo(tree.appending("fifo").string, 0o600) == 0)
        #expect(chmod(tree.appending("usr/bin/tool").string, 0o4751) == 0)
        #expect(chmod(tree.appending("empty").string, 0o1777) == 0)
        #expect(chmod(tree.string, 0o700) == 0)
        if isRoot {
            #expect(chown(tree.appending("usr/zero").string, 100_000, 4) == 0)
            try run("/sbin/setcap", "cap_chown+ep", tree.appending("usr/zero").string)
        }
        let sparse = try FileDescriptor.open(
            tree.appending("sparse"),
            .writeOnly,
            options: [.create],
            permissions: [.ownerReadWrite]
        )
        try sparse.closeAfter {
            _ = try sparse.writeAll(toAbsoluteOffset: 5 << 20, "end".utf8)
        }
        // Times are kept to the second.
        try run("/usr/bin/find", tree.string, "-depth", "-exec", "touch", "-h", "-d", "@987654321", "{}", "+")
        let before = try inventory(tree)
        let archive = scratch.path.appending("tree.tar.zst")
        try pack(tree: tree, to: archive)
        let root = try scratch.directory("root")
        let summary = try extract(archive: archive, into: root)
        #expect(summary.warnings == [])
        #expect(summary.hardLinks == 1)
        #expect(try inventory(root) == before)
        #expect(try linkTarget(root.appending("tool")) == "/usr/bin/tool")
        #expect(try status(root.appending("sparse")).st_blocks * 512 < 1 << 20)
        if isRoot {
            #expect(try run("/sbin/getcap", root.appending("usr/zero").string).contains("cap_chown=ep"))
        }
    }

    @Test("Names in a tree keep their bytes, and come in order")
    func treeNames() throws {
        let tree = Array((try scratch.directory("tree").string + "/").utf8)
        for name in [[0xe9, 0xff], Array("b".utf8), Array("a".utf8), Array("é".utf8)] as [[UInt8]] {
            try write([7], to: FilePath(bytes: tree + name))
        }
        let archive = scratch.path.appending("x.tar")
        try pack(tree: scratch.path.appending("tree"), to: archive)
        let expected = [".", "./a", "./b", "./é"].map { Array($0.utf8) } + [Array("./".utf8) + [0xe9, 0xff]]
        #expect(try entries(of: archive).map(\.path) == expected.map(FilePath.init(bytes:)))
    }

    @Test("A tree that does not exist is refused by name")
    func missingTree() throws {
        let missing = scratch.path.appending("missing")
        let archive = scratch.path.appending("x.tar")
        let error = #expect(throws: ArchiveError.self) { try pack(tree: missing, to: archive) }
        #expect(
            error?.message == "could not add \(missing.string) to archive \(archive.string): No such file or directory"
        )
    }
}
