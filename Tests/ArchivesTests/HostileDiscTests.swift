import Archives
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Hostile disc images", Requirement.program("xorriso"), .serialized)
struct HostileDiscTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    /// An image small enough that most of it is directories.
    private func image(_ options: [String] = ["-r", "-J"]) throws -> [UInt8] {
        for name in ["tree/a/b/c", "tree/dists"] { try scratch.directory(name) }
        for number in 0..<8 {
            try scratch.file("tree/a/\(number)" + String(repeating: "n", count: number * 30), "text \(number)\n".utf8)
        }
        try scratch.file("tree/a/b/c/deep", Array(repeating: 1, count: 5000))
        for (target, name) in [("a", "link"), (String(repeating: "x/", count: 120) + "y", "far"), (".", "dists/up")] {
            unlink(scratch.path.pushing(FilePath("tree/\(name)")).string)
            try #require(symlink(target, scratch.path.pushing(FilePath("tree/\(name)")).string) == 0)
        }
        let path = scratch.path.appending("x.iso")
        try ArchivesTests.run(
            "/bin/sh", "-c",
            "xorriso -as mkisofs -quiet -V X \(options.joined(separator: " ")) -o '\(path)' '\(scratch.path)/tree' 2>&1"
        )
        return try read(path)
    }

    /// Reads all that there is, and lets errors pass that say so.
    private func readAll(_ path: FilePath) throws {
        do {
            let image = try DiscImage(path: path)
            for entry in image.entries {
                do {
                    _ = try image.contents(of: [entry.path.string], limit: 10_000)
                } catch {}
            }
        } catch {}
    }

    @Test("images with wrong bytes are read or refused, and neither crash nor hang", arguments: 0..<300)
    func mutated(seed: Int) throws {
        let (whole, used) = try Self.images[seed % 3].get()
        var bytes = whole
        var random = Seeded(state: UInt64(seed))
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            let index = used.randomElement(using: &random)!
            bytes[index] = Bool.random(using: &random) ? .random(in: 0...255, using: &random) : bytes[index] &+ 1
        }
        let clock = ContinuousClock()
        let time = try clock.measure { try readAll(scratch.file("mutated.iso", bytes)) }
        #expect(time < .seconds(5))
    }

    private static let images = [["-r", "-J"], ["--norock", "-J"], ["--norock"]].map { options in
        Result {
            let bytes = try HostileDiscTests().image(options)
            // Where something stands, and not in the boot sectors.
            return (bytes, bytes.indices.filter { bytes[$0] != 0 && $0 >= 32768 })
        }
    }

    @Test("names that climb out are refused")
    func climbs() throws {
        var bytes = try image(["-r"])
        // The Rock Ridge name "dists" becomes "../.." in its entry: NM, length, version, flags, name.
        let name = Array("NM".utf8) + [10, 1, 0] + Array("dists".utf8)
        let at = try #require(bytes.firstRange(of: name))
        bytes.replaceSubrange(at, with: Array("NM".utf8) + [10, 1, 0] + Array("../..".utf8))
        let error = #expect(throws: ArchiveError.self) {
            _ = try DiscImage(path: scratch.file("climbs.iso", bytes))
        }
        #expect(
            error?.kind == .unsafe && error?.message.contains("climbs with \"..\"") == true, "\(error?.message ?? "")")
    }

    /// Where Rock Ridge entries go on: the block, the offset in it, and the length, each in both orders of bytes.
    private static func continuation(_ block: UInt32, _ offset: UInt32, _ length: UInt32) -> [UInt8] {
        Array("CE".utf8) + [28, 1]
            + [block, offset, length].flatMap { number in
                [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
                    + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            }
    }

    private static func word(_ bytes: some Collection<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    @Test(
        "entries that go on in a circle, or ever more of them, are refused at once", .timeLimit(.minutes(1)),
        arguments: [1, 2, 70])
    func circles(count: Int) throws {
        var bytes = try image(["-r"])
        let first = try #require(bytes.firstRange(of: Array("CE".utf8) + [28, 1])).lowerBound
        let block = Self.word(bytes[first + 4..<first + 8])
        // One leads back to itself; more of them each lead to a block of more.
        let next = count == 1 ? block : block + 1
        let entries = Array(repeatElement(Self.continuation(next, 0, UInt32(28 * count)), count: count).joined())
        let area = Int(block) * 2048
        bytes.replaceSubrange(area..<area + entries.count, with: entries)
        if count > 1 {
            let more = Array(
                repeatElement(Self.continuation(block + 2, 0, UInt32(28 * count)), count: count).joined())
            bytes.replaceSubrange(area + 2048..<area + 2048 + more.count, with: more)
        }
        bytes.replaceSubrange(first..<first + 28, with: Self.continuation(block, 0, UInt32(28 * count)))
        let error = #expect(throws: ArchiveError.self) {
            _ = try DiscImage(path: scratch.file("circle.iso", bytes))
        }
        #expect(error?.message.contains("lead in circles") == true, "\(error?.message ?? "")")
    }

    @Test("a directory that contains itself, or says that it is huge, is refused")
    func directories() throws {
        let whole = try image(["--norock"])
        // The directory record of "A": its length, extent and size stand before the name, in both orders.
        let name = try #require(
            whole.indices.first { index in
                index > 34_816 && whole[index] == UInt8(ascii: "A") && whole[index - 1] == 1
                    && whole[index - 8] & 2 == 2
            })
        let record = name - 33
        let root = Self.word(whole[32768 + 158..<32768 + 162])
        var loop = whole
        loop.replaceSubrange(
            record + 2..<record + 6, with: [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: root >> $0) })
        var huge = whole
        huge.replaceSubrange(record + 10..<record + 14, with: [0, 0, 0, 0xf0])
        for bytes in [loop, huge] {
            let error = #expect(throws: ArchiveError.self) { _ = try DiscImage(path: scratch.file("x.iso", bytes)) }
            #expect(error?.kind == .damaged, "\(error?.message ?? "")")
        }
        // One that really is so large, in a sparse file.
        let path = try scratch.file("sparse.iso", huge)
        let file = try FileDescriptor.open(path, .readWrite)
        try file.closeAfter {
            try file.writeAll(toAbsoluteOffset: 32768 + 80, [0xff, 0xff, 0xff, 0x7f])
            try file.resize(to: 6 << 40)
        }
        let error = #expect(throws: ArchiveError.self) { _ = try DiscImage(path: path) }
        #expect(error?.message.contains("directories are larger") == true, "\(error?.message ?? "")")
    }
}
