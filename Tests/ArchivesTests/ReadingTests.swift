import Archives
import SystemPackage
import Testing

@Suite("Reading archives")
struct ReadingTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    /// How to make GNU tar compress.
    static let compressions = ["", "--gzip", "--xz", "--zstd"]

    /// A tar archive of a few files made by the system's tar.
    func realArchive(_ options: [String] = [], name: String = "real.tar") throws -> FilePath {
        let tree = try scratch.directory("tree")
        try scratch.directory("tree/etc")
        try scratch.file("tree/etc/hostname", "demo\n".utf8)
        // Not compressible, so that there is something to cut.
        var generator = SystemRandomNumberGenerator()
        try scratch.file("tree/blob", (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        try scratch.file("tree/zeros", [UInt8](repeating: 0, count: 3000))
        let archive = scratch.path.appending(name)
        for option in options where !option.isEmpty {
            try run("/bin/tar", "-C", tree.string, option, "-cf", archive.string, "etc", "blob", "zeros")
            return archive
        }
        try run("/bin/tar", "-C", tree.string, "-cf", archive.string, "etc", "blob", "zeros")
        return archive
    }

    @Test("An archive of the system's tar is listed, however it is compressed", arguments: compressions)
    func lists(compression: String) throws {
        let entries = try entries(of: realArchive([compression]))
        #expect(entries.map(\.path.string) == ["etc", "etc/hostname", "blob", "zeros"])
        #expect(entries.map(\.kind) == [.directory, .file, .file, .file])
        #expect(entries.map(\.size) == [0, 5, 200_000, 3000])
        #expect(entries[1].permissions == 0o644)
    }

    @Test("The content of an entry can be read, or a part of it")
    func content() throws {
        var reader = try ArchiveReader(path: realArchive(["--gzip"]))
        _ = try reader.next()
        _ = try reader.next()
        #expect(try reader.readContent() == Array("demo\n".utf8))
        _ = try reader.next()
        #expect(try reader.readContent(limit: 70_000) == Array(read(scratch.path.appending("tree/blob"))[..<70_000]))
        #expect(try reader.next()?.path == "zeros")
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
        #expect(try reader.bytesRead == Int64(status(scratch.path.appending("real.tar")).st_size))
    }

    @Test("An open descriptor can be read from, and stays open")
    func descriptor() throws {
        let descriptor = try FileDescriptor.open(realArchive(["--xz"]), .readOnly)
        try descriptor.closeAfter {
            do {
                var reader = try ArchiveReader(descriptor: descriptor, name: "standard input")
                #expect(try reader.next()?.path == "etc")
            }
            #expect(try descriptor.seek(offset: 0, from: .start) == 0)
        }
    }

    @Test("A truncated archive is an error wherever it is cut", arguments: compressions)
    func truncated(compression: String) throws {
        let whole = try read(realArchive([compression]))
        // The end of a plain tar is nothing but padding: behind the first zero block nothing is lost.
        let needed = compression.isEmpty ? 205_824 : whole.count
        let cuts = Set(
            [1024, 1025, 1535, 1536, needed - 1, needed - 9, needed - 300] + stride(from: 2000, to: needed, by: 9_999)
        )
        for cut in cuts.sorted() where cut < needed {
            let archive = try scratch.file("cut.tar", whole[..<cut])
            let error = #expect(throws: ArchiveError.self, "cut at \(cut) of \(whole.count)") {
                try entries(of: archive)
            }
            #expect(error?.kind == .truncated, "cut at \(cut) of \(whole.count): \(error?.message ?? "")")
            #expect(error?.message.contains("is truncated") == true)
        }
    }

    @Test("A tar archive that stops between two entries is truncated, even after zeros at the end of a file")
    func cutAtBoundary() throws {
        let whole = try read(realArchive())
        for boundary in [512, 1536, 202_240, 205_824] {
            #expect(boundary % 512 == 0)
            let archive = try scratch.file("cut.tar", whole[..<boundary])
            let error = #expect(throws: ArchiveError.self) { try entries(of: archive) }
            #expect(error?.kind == .truncated, "cut at \(boundary)")
            #expect(error?.message.contains("without the marker that ends a tar archive") == true)
        }
        #expect(try entries(of: scratch.file("enough.tar", whole[..<(205_824 + 512)])).count == 4)
    }

    @Test("A compressed archive whose tar inside stops between two entries is truncated")
    func cutInside() throws {
        let cut = try scratch.file("cut.tar", read(realArchive())[..<202_240])
        try run("/bin/gzip", "-k", cut.string)
        let error = #expect(throws: ArchiveError.self) { try entries(of: scratch.path.appending("cut.tar.gz")) }
        #expect(error?.kind == .truncated)
    }

    @Test("An archive cut between an extended header and its entry is truncated")
    func cutAfterExtendedHeader() throws {
        var tar = RawTar()
        tar.add("first")
        let boundary = tar.bytes.count
        tar.add("second", pax: [("comment", "x")])
        let archive = try scratch.file("cut.tar", tar.bytes[..<(boundary + 1024)])
        let error = #expect(throws: ArchiveError.self) { try entries(of: archive) }
        #expect(error?.kind == .truncated)
    }

    @Test("A compressed archive with a damaged end is an error", arguments: ["--gzip", "--xz", "--zstd"])
    func damagedEnd(compression: String) throws {
        var bytes = try read(realArchive([compression]))
        bytes[bytes.count - 7] ^= 0x20
        let error = #expect(throws: ArchiveError.self) { try entries(of: scratch.file("damaged", bytes)) }
        #expect(error?.kind == .damaged, "\(error?.message ?? "")")
    }

    @Test("Compressed content with a wrong bit is an error", arguments: ["--gzip", "--xz", "--zstd"])
    func damagedMiddle(compression: String) throws {
        var bytes = try read(realArchive([compression]))
        bytes[bytes.count / 2] ^= 0x01
        let error = #expect(throws: ArchiveError.self) { try entries(of: scratch.file("damaged", bytes)) }
        #expect(error != nil)
    }

    @Test("Several gzip members after one another are one archive")
    func gzipMembers() throws {
        let whole = try read(realArchive())
        try scratch.file("a", whole[..<100_000])
        try scratch.file("b", whole[100_000...])
        try run("/bin/gzip", "a", "b", at: scratch.path)
        let joined = try read(scratch.path.appending("a.gz")) + read(scratch.path.appending("b.gz"))
        #expect(try entries(of: scratch.file("joined.gz", joined)).count == 4)
    }

    @Test(
        "What is no archive is refused with a reason",
        arguments: [
            ("", "the file is empty"),
            ("hello, world\n", "it is neither a tar nor a cpio archive"),
            (String(repeating: "hello, world\n", count: 1000), "it is neither a tar nor a cpio archive"),
            ("#mtree\n./x type=file contents=/etc/hostname\n", "it is neither a tar nor a cpio archive"),
        ]
    )
    func noArchive(content: String, reason: String) throws {
        let file = try scratch.file("file", content.utf8)
        let error = #expect(throws: ArchiveError.self) { try entries(of: file) }
        #expect(error?.message == "could not read archive \(file.string): \(reason)")
    }

    @Test("A compressed nothing is refused", arguments: ["gzip", "xz", "zstd"])
    func compressedNothing(tool: String) throws {
        let file = try scratch.file("file", [])
        try run("/bin/sh", "-c", "\(tool) -c <'\(file.string)' >'\(file.string).z'")
        let error = #expect(throws: ArchiveError.self) { try entries(of: scratch.path.appending("file.z")) }
        #expect(error?.kind == .empty)
    }

    @Test("A missing file and a directory are refused by name")
    func unreadable() throws {
        let missing = scratch.path.appending("missing.tar")
        #expect(throws: ArchiveError.self) { try entries(of: missing) }
        let error = #expect(throws: ArchiveError.self) { try entries(of: scratch.path) }
        #expect(error?.message == "could not read archive \(scratch.path.string): it is a directory")
    }

    @Test("A cpio archive is read too")
    func cpio() throws {
        // "newc" with one file and the trailer: what initramfs tools write.
        func entry(_ name: String, mode: String, content: String) -> [UInt8] {
            func hex(_ value: Int) -> String {
                String(repeating: "0", count: 8 - String(value, radix: 16).count) + String(value, radix: 16)
            }
            var bytes = Array(
                ("070701" + hex(1) + mode + hex(0) + hex(0) + hex(1) + hex(0) + hex(content.utf8.count)
                    + String(repeating: hex(0), count: 4) + hex(name.utf8.count + 1) + hex(0) + name + "\0").utf8
            )
            bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
            bytes += content.utf8
            return bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
        }
        let whole =
            entry("init", mode: "000081ed", content: "#!/bin/sh\n") + entry("TRAILER!!!", mode: "00000000", content: "")
        let entries = try entries(of: scratch.file("x.cpio", whole))
        #expect(entries.map(\.path) == ["init"])
        #expect(entries.map(\.permissions) == [0o755])
    }

    @Test("A name with terminal escapes is shown harmlessly")
    func escapes() throws {
        var tar = RawTar()
        tar.add("..\u{1b}[2J/../x")
        let root = try scratch.directory("root")
        let error = #expect(throws: ArchiveError.self) {
            try extract(archive: scratch.file("x.tar", tar.finished), into: root)
        }
        #expect(error?.message.contains("\\u{1b}[2J") == true)
        #expect(error?.message.contains("\u{1b}") == false)
    }
}
