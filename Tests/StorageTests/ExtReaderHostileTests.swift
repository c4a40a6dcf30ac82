import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

/// Images that nobody made in good faith. A trap would end the whole run: that these tests end is what they show first.
@Suite("A hostile ext file system", Requirement.program("mke2fs", "debugfs"))
struct ExtReaderHostileTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("ext")
        let tree = directory("tree")
        try writeFile(tree.appending("etc/fstab"), String(repeating: "/dev/xvda1 / ext4\n", count: 200))
        try writeFile(tree.appending("etc/small"), "small")
        try writeFile(tree.appending("deep"), [UInt8](repeating: 7, count: 3000))
        try writeFile(tree.appending("spare"), [UInt8](repeating: 9, count: 20 << 10))
        try run(link: "etc/fstab", "near")
        try run(link: String(repeating: "../", count: 60) + "etc/fstab", "far")
    }

    private func run(link target: String, _ name: String) throws {
        let tree = directory("tree")
        try #require(symlink(target, "\(tree)/\(name)") == 0)
    }

    private func image(_ options: String, mebibytes: Int64 = 1) async throws -> ExtImage {
        try await ExtImage(
            at: directory("image"), mebibytes: mebibytes, tree: directory("tree"),
            ["-N", "64"] + options.split(separator: " ").map(String.init))
    }

    private static let plain = "-t ext4 -b 1024 -O ^has_journal,^metadata_csum,^64bit"

    /// How it ends when an image that something was done to is asked for something.
    private func kind(
        _ image: ExtImage, budget: Int = 1 << 20, _ change: (ExtImage) -> Void, asked body: (ExtReader) throws -> Void
    ) throws -> ExtError.Kind? {
        let (original, before) = (image.bytes, image.bytesRead)
        defer { image.bytes = original }
        change(image)
        do {
            try body(try image.reader(budget: budget))
        } catch let error as ExtError {
            #expect(image.bytesRead - before <= budget)
            #expect(!error.message.isEmpty)
            return error.kind
        }
        return nil
    }

    @Test("numbers of the superblock that cannot be")
    func superblock() async throws {
        let image = try await image("-t ext4 -b 1024 -O ^has_journal,64bit")
        let cases: [(offset: Int, width: Int, number: UInt64, kind: ExtError.Kind?)] = [
            (0x38, 2, 0xEF54, .notExt), (0x4C, 4, 2, .unsupported), (0x18, 4, 7, .damaged),
            (0x18, 4, 1 << 31, .damaged),
            (0x58, 2, 0, .damaged), (0x58, 2, 100, .damaged), (0x58, 2, 0xFFFF, .damaged), (0x58, 2, 2048, .damaged),
            (0xFE, 2, 0, .damaged), (0xFE, 2, 32, .damaged), (0xFE, 2, 65, .damaged), (0xFE, 2, 2048, .damaged),
            (0x28, 4, 0, .damaged), (0x28, 4, 0xFFFF_FFFF, .damaged), (0x20, 4, 0, .damaged), (0x4, 4, 0, .damaged),
            (0x150, 4, 0xFFFF_FFFF, .damaged), (0, 4, 1, .damaged), (0x150, 4, 1 << 20, nil), (0x4, 4, 4, .damaged),
            (0x60, 4, 0x1, .unsupported), (0x60, 4, 0x8, .unsupported), (0x60, 4, 0x1000, .unsupported),
            (0x60, 4, 1 << 31, .unsupported),
            // Descriptors where there are none; numbers of groups whose blocks have no number.
            (0x14, 4, 0xFFFF_FFFF, nil),
        ]
        for (offset, width, number, expected) in cases {
            let found = try kind(image, { $0.put(number, at: 1024 + offset, width) }) { reader in
                _ = try reader.contents(of: "/etc/fstab", limit: 10_000)
            }
            #expect(found == expected, "\(number) at \(offset)")
        }
        let features = image.number(at: 1024 + 0x60, 4)
        let found = try kind(image) {
            $0.put(features | 0x10, at: 1024 + 0x60, 4)
            $0.put(0xFFFF_FFFF, at: 1024 + 0x14, 4)
            $0.put(0xFFFF_FFFF, at: 1024 + 0x20, 4)
        } asked: {
            _ = try $0.names(in: "/", limit: 100)
        }
        #expect(found == .damaged)
    }

    @Test("a journal that was not replayed and noted errors are told, and no obstacle")
    func state() async throws {
        let image = try await image(Self.plain)
        let features = image.number(at: 1024 + 0x60, 4)
        image.put(features | 0x4, at: 1024 + 0x60, 4)
        #expect(try image.reader().needsRecovery && !image.reader().isClean)
        #expect(try image.reader().contents(of: "/etc/small", limit: 5) == Array("small".utf8))
        image.put(features, at: 1024 + 0x60, 4)
        #expect(try !image.reader().needsRecovery && image.reader().isClean)
        for state in [0, 2, 3, 5] as [UInt64] {
            image.put(state, at: 1024 + 0x3A, 2)
            #expect(try !image.reader().needsRecovery && !image.reader().isClean)
        }
    }

    @Test("a disk that ends, or gives an error, is unreadable")
    func disk() async throws {
        let image = try await image(Self.plain)
        let end = Int(try #require(try await image.blocks(of: "/etc/fstab").first)) * 1024
        func ask(_ reader: ExtReader) throws { _ = try reader.contents(of: "/etc/fstab", limit: 10_000) }
        #expect(try kind(image, { $0.bytes.removeLast($0.bytes.count - end) }, asked: ask) == .unreadable)
        #expect(try kind(image, { $0.bytes = [] }, asked: ask) == .unreadable)
        struct Broken: Error {}
        let error = #expect(throws: ExtError.self) { try ExtReader { _, _ in throw Broken() } }
        #expect(error?.kind == .unreadable && error?.message.contains("Broken()") == true)
        #expect(try kind(image, budget: 20_000, { _ in }, asked: ask) == nil)
        #expect(try kind(image, budget: 5_000, { _ in }, asked: ask) == .exhausted)
        #expect(try kind(image, budget: 0, { _ in }, asked: ask) == .exhausted)
    }

    @Test("five levels of extents are read; loops, disorder and multiplication are refused")
    func extents() async throws {
        let image = try await image(Self.plain)
        let root = try await image.inode(of: "/deep") + 0x28
        let spare = try await image.blocks(of: "/spare")
        try #require(spare.count >= 8)
        func node(_ place: Int, depth: Int, _ entries: [[UInt64]]) {
            image.put(0xF30A, at: place, 2)
            image.put(UInt64(entries.count), at: place + 2, 2)
            image.put(UInt64(depth), at: place + 6, 2)
            for (index, entry) in entries.enumerated() {
                // An index has the block and its node, a leaf the block, the length and where it lies.
                image.put(entry[0], at: place + 12 * (index + 1), 4)
                image.put(entry.count == 2 ? entry[1] : entry[1] & 0xFFFF, at: place + 12 * (index + 1) + 4, 4)
                image.put(entry.count == 2 ? 0 : entry[2], at: place + 12 * (index + 1) + 8, 4)
            }
        }
        func chain(_ count: Int, leaf: [[UInt64]]) {
            node(root, depth: 5, [[0, spare[0]]])
            for level in 0..<4 {
                node(
                    Int(spare[level]) * 1024, depth: 4 - level,
                    [[UInt64]](repeating: [0, spare[level + 1]], count: count))
            }
            node(Int(spare[4]) * 1024, depth: 0, leaf)
        }
        func read(_ reader: ExtReader) throws { _ = try reader.contents(of: "/deep", limit: 3000) }

        // A block of data, one that is reserved and not written, one of data.
        let good: [[UInt64]] = [[0, 1, spare[6]], [1, 0x8001, spare[7]], [2, 1, spare[7]]]
        chain(1, leaf: good)
        let expected = [9, 0, 9].flatMap { [UInt8](repeating: $0, count: 1024) }.prefix(3000)
        #expect(isSame(try image.reader().contents(of: "/deep", limit: 3000), Array(expected)))
        #expect(try kind(image, { _ in node(root, depth: 6, [[0, spare[0]]]) }, asked: read) == .damaged)
        #expect(try kind(image, { _ in node(root, depth: 4, [[0, spare[0]]]) }, asked: read) == .damaged)
        let second = Int(spare[1]) * 1024
        #expect(try kind(image, { _ in node(second, depth: 3, [[0, spare[1]]]) }, asked: read) == .damaged)
        #expect(try kind(image, { $0.put(1, at: Int(spare[4]) * 1024 + 6, 2) }, asked: read) == .damaged)
        #expect(try kind(image, { $0.put(0xF30B, at: second, 2) }, asked: read) == .damaged)
        #expect(try kind(image, { $0.put(85, at: second + 2, 2) }, asked: read) == .damaged)
        #expect(try kind(image, { $0.put(5, at: root + 2, 2) }, asked: read) == .damaged)
        for bad in [
            [[0, 0, spare[6]]], [[0, 0x8000, 1 << 30]], [[0, 1, 0]], [[0, 1, 1024]], [[0, 2, 1023]],
            [[0, 2, spare[6]], [1, 1, spare[7]]], [[1, 1, spare[6]], [0, 1, spare[7]]],
        ] as [[[UInt64]]] {
            #expect(try kind(image, { _ in chain(1, leaf: bad) }, asked: read) == .damaged, "\(bad)")
        }
        // 84 times 84 times 84 times 84 nodes, that are five.
        #expect(try kind(image, { _ in chain(84, leaf: []) }, asked: read) == .exhausted)
        #expect(try kind(image, { _ in chain(84, leaf: good) }, asked: read) == .damaged)
    }

    @Test("inodes and entries that contradict themselves")
    func contradictions() async throws {
        let image = try await image(Self.plain)
        let deep = try await image.inode(of: "/deep")
        let etc = try await image.inode(of: "/etc")
        let far = try await image.inode(of: "/far")
        let entries = Int(try #require(try await image.blocks(of: "/etc").first)) * 1024
        let target = Int(try #require(try await image.blocks(of: "/far").first)) * 1024
        let flags = image.number(at: deep + 0x20, 4)
        let cases: [(String, Int, Int, UInt64, ExtError.Kind?)] = [
            ("/deep", deep, 2, 0, .damaged), ("/deep", deep, 2, 0x91A4, .damaged), ("/deep", deep, 2, 0xFFFF, .damaged),
            ("/deep", deep + 0x6C, 4, 1 << 31, .damaged), ("/deep", deep + 0x6C, 4, 0x7FFF_FFFF, .exhausted),
            ("/deep", deep + 0x4, 4, 0xFFFF_FFFF, .exhausted), ("/deep", deep + 0x4, 4, 0, nil),
            ("/deep", deep + 0x20, 4, flags | 0x800, .unsupported),
            // Its extents as pointers, and as what it holds.
            ("/deep", deep + 0x20, 4, 0, .damaged), ("/deep", deep + 0x20, 4, 0x1000_0000, .damaged),
            ("/etc", etc + 0x4, 4, 0xFFFF_FFFF, .tooLarge), ("/etc", etc + 0x4, 4, 16 << 20, .exhausted),
            ("/etc", etc + 0x20, 4, flags | 0x800, .unsupported),
            ("/etc", entries, 4, 0xFFFF_FFFF, nil), ("/etc", entries + 4, 2, 0, .damaged),
            ("/etc", entries + 4, 2, 8, .damaged), ("/etc", entries + 4, 2, 13, .damaged),
            ("/etc", entries + 4, 2, 0xFFFC, .damaged), ("/etc", entries + 6, 1, 5, .damaged),
            ("/etc", entries + 24, 4, 0xFFFF_FFFF, nil), ("/etc/fstab", entries + 24, 4, 65, .damaged),
            ("/etc/small", entries + 24, 4, 65, .damaged),
            ("/etc", entries + 24 + 9, 1, 0, .damaged), ("/etc", entries + 24 + 9, 1, 0x2F, .damaged),
            ("/etc", entries + 24 + 6, 1, 0, .damaged), ("/etc", entries + 24 + 9, 1, 0xFF, nil),
            ("/far", far + 0x4, 4, 0, .damaged), ("/far", far + 0x4, 4, 4096, .damaged),
            ("/far", target + 8, 1, 0, .damaged), ("/far", far + 0x20, 4, flags | 0x800, .unsupported),
        ]
        var seen: Set<ExtError.Kind?> = []
        for (path, offset, width, number, expected) in cases {
            let found = try kind(image, { $0.put(number, at: offset, width) }) { reader in
                if path == "/etc" {
                    _ = try reader.names(in: path, limit: 100)
                } else {
                    _ = try reader.contents(of: path, limit: .max)
                }
            }
            // Which of the two files is the first entry mke2fs decides.
            if path.hasPrefix("/etc/") {
                seen.insert(found)
            } else {
                #expect(found == expected, "\(number) at \(path)")
            }
        }
        #expect(seen == [.damaged, nil])
    }
}
