import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

/// Changes at random, the same ones on every run, of what a reader reads.
@Suite("Damaged ext file systems", Requirement.program("mke2fs"))
struct ExtReaderMutationTests {
    private static let budget = 1 << 20

    private static let variants = [
        "-t ext2 -b 1024 -O ^dir_index", "-t ext4 -b 1024 -O 64bit,metadata_csum,^has_journal",
        "-t ext4 -b 1024 -O inline_data,^has_journal -I 256",
        "-t ext4 -b 1024 -g 256 -O meta_bg,64bit,^resize_inode,^flex_bg,^has_journal",
    ]

    private func plant(_ tree: FilePath) throws {
        try writeFile(tree.appending("etc/fstab"), String(repeating: "/dev/xvda1 / ext4\n", count: 80))
        try writeFile(tree.appending("etc/inittab"), "id:2:initdefault:\n")
        try writeFile(tree.appending("etc/middle"), [UInt8](repeating: 7, count: 110))
        try writeFile(tree.appending("large"), [UInt8](repeating: 9, count: 20 << 10))
        let links = [
            ("etc/abs", "/etc/fstab"), ("near", "etc/inittab"), ("loop", "loop"),
            ("far", String(repeating: "../", count: 60) + "etc/fstab"), ("dir", "/etc"),
        ]
        for (name, target) in links { try #require(symlink(target, "\(tree)/\(name)") == 0) }
    }

    /// Does something to one of the pieces that a reader has read.
    private func mutate(_ image: ExtImage, _ reads: [Range<Int>], _ generator: inout Seeded) {
        guard let range = reads.randomElement(using: &generator) else { return }
        let width = [1, 2, 4].randomElement(using: &generator) ?? 1
        // In large pieces what matters stands at the beginning.
        let reach = Bool.random(using: &generator) ? range.count : min(range.count, 128)
        let offset = range.lowerBound + Int.random(in: 0...(reach - width), using: &generator) / width * width
        let old = image.number(at: offset, width)
        let number: UInt64 =
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: 0
            case 1: UInt64.max
            case 2: old &+ 1
            case 3: old &- 1
            case 4: old ^ 1 << UInt64.random(in: 0..<UInt64(8 * width), using: &generator)
            case 5: 1 << UInt64(8 * width - 1)
            default: generator.next()
            }
        image.put(number, at: offset, width)
    }

    @Test("end in a value or an error, within the budget", arguments: variants.indices)
    func mutations(index: Int) async throws {
        let directory = try TemporaryDirectory("ext")
        try plant(directory("tree"))
        let image = try await ExtImage(
            at: directory("image"), mebibytes: 1, tree: directory("tree"),
            ["-N", "64"] + Self.variants[index].split(separator: " ").map(String.init))
        var paths = 0
        try image.reader().walk(most: 100, limit: 1 << 15) { _, _, _ in paths += 1 }
        #expect(paths >= 11)
        let reads = image.reads.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        let original = image.bytes
        var generator = Seeded(state: UInt64(index))
        var (values, errors, refused) = (0, 0, 0)
        for _ in 0..<1000 {
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(image, reads, &generator) }
            let before = image.bytesRead
            do {
                let reader = try image.reader(budget: Self.budget)
                reader.walk(most: 40, limit: 1 << 15) { _, result, content in
                    if case .success = result { values += 1 } else { errors += 1 }
                    if let content, content.count > 1 << 15 { Issue.record("more bytes than were asked for") }
                }
            } catch {
                refused += 1
            }
            #expect(image.bytesRead - before <= Self.budget)
            image.bytes = original
        }
        // They reached what they should reach.
        #expect(values > 5000 && errors > 300 && refused > 3, "\(values), \(errors), \(refused)")
    }

    @Test("every byte of the superblock and of an inode, with the values at the edges")
    func everyByte() async throws {
        let directory = try TemporaryDirectory("ext")
        try plant(directory("tree"))
        let image = try await ExtImage(
            at: directory("image"), mebibytes: 1, tree: directory("tree"),
            ["-N", "64", "-t", "ext4", "-b", "1024", "-O", "^has_journal,meta_bg,64bit,^resize_inode,inline_data"])
        try image.reader().walk(most: 100, limit: 1 << 15) { _, _, _ in }
        let pieces = image.reads.filter { $0.lowerBound == 1024 || $0.count < 1024 }
        #expect(pieces.count > 10)
        var runs = 0
        for offset in Set(pieces.flatMap { $0.prefix(0x160) }) {
            let old = image.bytes[offset]
            for new in [0, 0x7F, 0x80, 0xFF] as [UInt8] where new != old {
                image.bytes[offset] = new
                let before = image.bytesRead
                if let reader = try? image.reader(budget: Self.budget) {
                    _ = try? reader.contents(of: "/far", limit: 1 << 15)
                    _ = try? reader.contents(of: "/etc/middle", limit: 1 << 15)
                    _ = try? reader.contents(of: "/large", limit: 1 << 15)
                }
                #expect(image.bytesRead - before <= Self.budget)
                runs += 1
            }
            image.bytes[offset] = old
        }
        #expect(runs > 5000, "\(runs)")
    }
}
