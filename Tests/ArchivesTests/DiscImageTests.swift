import Archives
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Disc images", Requirement.program("xorriso"))
struct DiscImageTests {
    private let scratch: Scratch
    private static let kernel: [UInt8] = {
        var random = Seeded(state: 3)
        return (0..<700_001).map { _ in UInt8.random(in: 0...255, using: &random) }
    }()
    private static let info = "Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64 NETINST\n"

    init() throws {
        scratch = try Scratch()
    }

    /// A tree as Debian's discs have it: with links to the release, to the root, and between files.
    private func tree() throws -> FilePath {
        let tree = try scratch.directory("tree")
        for name in [".disk", "dists/bookworm", "install.amd/xen", "pool/main"] {
            try scratch.directory("tree/\(name)")
        }
        try scratch.file("tree/.disk/info", Self.info.utf8)
        try scratch.file("tree/dists/bookworm/Release", "Codename: bookworm\n".utf8)
        try scratch.file("tree/install.amd/vmlinuz", Self.kernel)
        try scratch.file("tree/install.amd/xen/initrd.gz", Self.kernel.reversed())
        try scratch.file("tree/empty", [])
        try scratch.file("tree/pool/main/\(Self.longName)", "long\n".utf8)
        try scratch.file("tree/pool/größe", "size\n".utf8)
        for (name, target) in [
            ("dists/stable", "bookworm"), ("debian", "."), ("install.amd/kernel", "../install.amd/vmlinuz"),
            ("loop", "loop"), ("around", "pool/../back"), ("back", "around"), ("out", "../tree/.disk/info"),
            ("absolute", "/etc/passwd"), ("nowhere", "none"), ("up", "dists/../../.disk/info"),
        ] {
            try #require(symlink(target, tree.pushing(FilePath(name)).string) == 0)
        }
        try #require(link("\(tree)/install.amd/vmlinuz", "\(tree)/install.amd/linux") == 0)
        return tree
    }

    /// Rock Ridge cannot keep this and its other entries in one directory record: they go on elsewhere.
    private static let longName = String(repeating: "long-", count: 48) + "name.deb"

    private func image(_ options: [String] = ["-r", "-J"], _ name: String = "x.iso") throws -> FilePath {
        let path = scratch.path.appending(name)
        let tree = try exists(scratch.path.appending("tree")) ? scratch.path.appending("tree") : tree()
        let words = (["xorriso", "-as", "mkisofs", "-quiet", "-V", "Debian 12.5.0 amd64 n"] + options)
            .map { "'\($0)'" }.joined(separator: " ")
        try ArchivesTests.run("/bin/sh", "-c", "\(words) -o '\(path)' '\(tree)' 2>&1")
        return path
    }

    private func extract(_ names: [String], of image: borrowing DiscImage) throws -> [DiscImage.Extracted] {
        let files = try names.indices.map {
            try FileDescriptor.open(
                scratch.path.appending("out\($0)"), .readWrite, options: [.create, .truncate],
                permissions: .ownerReadWrite)
        }
        defer { for file in files { try? file.close() } }
        return try image.extract(Array(zip(names, files)).map { ($0, $1) })
    }

    @Test("names and what they are, as Rock Ridge has them")
    func lists() throws {
        let image = try DiscImage(path: image())
        #expect(image.label == "Debian 12.5.0 amd64 n")
        #expect(
            Set(image.entries.map(\.path.string)) == [
                ".disk", ".disk/info", "absolute", "around", "back", "debian", "dists", "dists/bookworm",
                "dists/bookworm/Release", "dists/stable", "empty", "install.amd", "install.amd/kernel",
                "install.amd/linux", "install.amd/vmlinuz", "install.amd/xen", "install.amd/xen/initrd.gz", "loop",
                "nowhere", "out", "pool", "pool/größe", "pool/main", "pool/main/\(Self.longName)", "up",
            ])
        #expect(try image.entry("dists/stable").path == "dists/bookworm")
        #expect(try image.entry("install.amd/linux").size == Int64(Self.kernel.count))
        #expect(image.has("debian/debian/dists/stable/Release") && !image.has("dists/trixie/Release"))
        #expect(!image.has("empty/x") && !image.has("empty/..") && !image.has("") && !image.has("/.disk/info"))
    }

    @Test("small files are read, through links, in one way through the image")
    func contents() throws {
        let image = try DiscImage(path: image())
        let names = [
            "install.amd/linux", ".disk/info", "dists/stable/Release", "debian/dists/bookworm/Release", "empty",
            "pool/main/" + Self.longName, "./pool//größe", ".disk/info",
        ]
        let contents = try image.contents(of: names)
        #expect(contents.count == 7)
        #expect(contents[".disk/info"] == Array(Self.info.utf8))
        #expect(contents["dists/stable/Release"] == Array("Codename: bookworm\n".utf8))
        #expect(contents["debian/dists/bookworm/Release"] == Array("Codename: bookworm\n".utf8))
        #expect(contents["empty"] == [])
        #expect(contents["pool/main/" + Self.longName] == Array("long\n".utf8))
        #expect(contents["./pool//größe"] == Array("size\n".utf8))
        #expect(contents["install.amd/linux"] == Self.kernel)
        #expect(try image.contents(of: []) == [:])
    }

    @Test("a kernel and its RAM disk are copied out, with their checksums")
    func extracts() async throws {
        let image = try DiscImage(path: image())
        let names = ["install.amd/xen/initrd.gz", "install.amd/vmlinuz", "install.amd/kernel", "empty"]
        let extracted = try extract(names, of: image)
        for (number, name) in names.enumerated() {
            let path = scratch.path.appending("out\(number)")
            #expect(try extracted[number].size == Int64(read(path).count))
            let sum = try ArchivesTests.run("/usr/bin/sha256sum", path.string)
            #expect(sum.hasPrefix(extracted[number].sha256 + " "), "\(name)")
        }
        #expect(try read(scratch.path.appending("out0")) == Self.kernel.reversed())
        #expect(try read(scratch.path.appending("out2")) == Self.kernel)
    }

    @Test(
        "names of Joliet, and those of plain ISO 9660 as Linux shows them",
        arguments: [
            (["--norock", "-J"], [".disk/info", "dists/bookworm/Release", "pool/größe"]),
            (["--norock"], ["_disk/info", "dists/bookworm/release"]),
            (["-r"], [".disk/info", "dists/stable/Release", "pool/größe"]),
        ])
    func dialects(options: [String], names: [String]) throws {
        let image = try DiscImage(path: image(options))
        #expect(try image.contents(of: names).count == names.count, "\(image.entries.map(\.path))")
        #expect(try extract(["install.amd/vmlinuz"], of: image)[0].size == Int64(Self.kernel.count))
    }

    @Test("a pass over a large image reads its directories, and the files that are wanted")
    func skips() throws {
        let large = try scratch.directory("tree/large")
        for number in 0..<4 {
            try ArchivesTests.run("/usr/bin/truncate", "-s", "20M", large.appending("file\(number)").string)
        }
        _ = try tree()
        let path = try image()
        let image = try DiscImage(path: path)
        let before = try ownReadBytes()
        _ = try image.contents(of: [".disk/info", "dists/stable/Release"])
        #expect(try ownReadBytes() - before < 2 << 20)
        #expect(try status(path).st_size > 80 << 20)
    }

    /// Bytes that this process read so far, be they cached.
    private func ownReadBytes() throws -> Int {
        let line = try readText("/proc/thread-self/io").split(separator: "\n").first { $0.hasPrefix("rchar:") }
        return try #require(line.flatMap { Int($0.dropFirst(7)) })
    }

    @Test(
        "links that lead out, in circles or nowhere are refused",
        arguments: [
            ("loop", ArchiveError.Kind.damaged), ("around", .damaged), ("out", .unsafe), ("absolute", .unsafe),
            ("up", .unsafe), ("nowhere", .missing), ("../.disk/info", .unsafe), ("dists/../../x", .unsafe),
            ("dists", .missing), (".disk/info/x", .missing), ("debian", .missing), ("a\0b", .missing), ("", .missing),
        ])
    func links(name: String, kind: ArchiveError.Kind) throws {
        let image = try DiscImage(path: image())
        let error = #expect(throws: ArchiveError.self) { try image.contents(of: [name]) }
        #expect(error?.kind == kind, "\(error?.message ?? "")")
    }

    @Test("a file larger than the limit is refused before a byte of it is read")
    func limit() throws {
        let image = try DiscImage(path: image())
        let error = #expect(throws: ArchiveError.self) { try image.contents(of: [".disk/info"], limit: 10) }
        #expect(error?.kind == .unsafe && error?.message.contains("should have 10 at most") == true)
        #expect(try image.contents(of: [".disk/info"], limit: Self.info.utf8.count).count == 1)
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        defer { try? full.close() }
        #expect(#expect(throws: ArchiveError.self) { try image.extract(".disk/info", to: full) }?.kind == .noSpace)
    }

    @Test("an image that ends too early is truncated", arguments: [33_000, 40_000, 60_000, 400_000, -2048])
    func truncated(size: Int) throws {
        let bytes = try read(image())
        let cut = try scratch.file("cut.iso", size < 0 ? bytes.dropLast(-size) : bytes.prefix(size))
        let error = #expect(throws: ArchiveError.self) { _ = try DiscImage(path: cut) }
        #expect(error?.kind == ((0..<34_816).contains(size) ? .notAnArchive : .truncated), "\(error?.message ?? "")")
    }

    @Test("what is no image is refused", arguments: ["", "hello", String(repeating: "CD001", count: 20_000)])
    func noImage(content: String) throws {
        let file = try scratch.file("x.iso", content.utf8)
        let error = #expect(throws: ArchiveError.self) { _ = try DiscImage(path: file) }
        #expect(error?.message == "could not read disc image \(file): it is no ISO 9660 image")
        #expect(throws: ArchiveError.self) { _ = try DiscImage(path: scratch.path) }
        #expect(throws: ArchiveError.self) { _ = try DiscImage(path: scratch.path.appending("none")) }
        // No other format is tried.
        let tar = try pack([(ArchiveEntry(path: "a"), "a")], to: scratch.path.appending("x.tar"))
        #expect(throws: ArchiveError.self) { _ = try DiscImage(path: tar) }
    }

    @Test("an image that is changed meanwhile is noticed")
    func changed() throws {
        let path = try image()
        let image = try DiscImage(path: path)
        try write(read(self.image(["--norock"], "y.iso")), to: path)
        #expect(throws: ArchiveError.self) { try image.contents(of: [".disk/info"]) }
    }
}
