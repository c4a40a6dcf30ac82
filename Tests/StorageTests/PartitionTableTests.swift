import Storage
import SystemPackage
import TestSupport
import Testing

/// The reader of partition tables, held against sfdisk(8), which writes them.
@Suite("partition tables", Requirement.program("sfdisk"))
struct PartitionTableTests {
    private func table(_ script: String, size: String = "200M") async throws -> (PartitionTable?, [String]) {
        try await withTemporaryDirectory("table") { directory in
            let image = directory.appending("disk")
            try await run("truncate", ["-s", size, image.string]).orThrow()
            try await Command("sfdisk", ["-q", image.string], input: script).run().orThrow()
            let dump = try await run("sfdisk", ["-d", image.string]).orThrow().standardOutput
            let lines = dump.split(separator: "\n").filter { $0.hasPrefix(image.string) }.map {
                String($0.dropFirst(image.string.count))
            }
            return (Self.read(try readFile(image)), lines)
        }
    }

    private static func read(_ bytes: [UInt8]) -> PartitionTable? {
        PartitionTable(size: Int64(bytes.count)) { offset, count in
            offset < Int64(bytes.count) ? Array(bytes[Int(offset)..<min(Int(offset) + count, bytes.count)]) : []
        }
    }

    /// `1 : start= 2048, size= 32768, type=82` as a number and bytes.
    private static func entry(_ line: String) -> (Int, Range<Int64>)? {
        let words = line.split { " :,=".contains($0) }
        guard words.count > 4, let number = Int(words[0]), let start = Int64(words[2]), let size = Int64(words[4])
        else {
            return nil
        }
        return (number, (start * 512)..<((start + size) * 512))
    }

    @Test(
        "are read as sfdisk writes them",
        arguments: [
            "label: dos\nsize=20M, type=82\ntype=83, bootable\n",
            "label: dos\nsize=20M, type=83\ntype=5\nsize=30M, type=82\nsize=40M, type=83\ntype=83\n",
            "label: gpt\nsize=1M, type=21686148-6449-6E6F-744E-656564454649\nsize=50M, type=uefi\ntype=linux\n",
        ])
    func agree(script: String) async throws {
        let (table, lines) = try await table(script)
        let found = try #require(table)
        let all = lines.compactMap(Self.entry)
        #expect(all.count == lines.count && !all.isEmpty)
        // The extended partition is none of its own.
        let expected = lines.filter { !$0.contains("type=5") }.compactMap(Self.entry)
        #expect(found.entries.map(\.number) == expected.map(\.0))
        #expect(found.entries.map(\.range) == expected.map(\.1))
        #expect(!found.hasBootCode)
        if script.contains("gpt") {
            #expect(found.entries.map(\.type) == [PartitionTable.biosBoot, PartitionTable.efiSystem, 0])
        }
    }

    @Test("whatever is changed in one, it is read to an end, and inside the disk")
    func damaged() async throws {
        for script in [
            "label: dos\nsize=20M, type=83\ntype=5\nsize=3M, type=82\nsize=4M, type=83\ntype=83\n",
            "label: gpt\ntype=linux\n",
        ] {
            try await withTemporaryDirectory("table") { directory in
                let image = directory.appending("disk")
                try await run("truncate", ["-s", "64M", image.string]).orThrow()
                try await Command("sfdisk", ["-q", image.string], input: script).run().orThrow()
                let whole = try readFile(image)
                var seed = Seeded(state: 1)
                for _ in 0..<2000 {
                    var changes: [Int: UInt8] = [:]
                    for _ in 0..<4 {
                        let places = [446..<512, 512..<604, 1024..<1200, (20 << 20)..<(20 << 20) + 2048]
                        let place = try #require(places.randomElement(using: &seed)?.randomElement(using: &seed))
                        changes[place] = UInt8.random(in: 0...255, using: &seed)
                    }
                    // Not in the bytes themselves, of which there are too many to copy each time.
                    let table = PartitionTable(size: Int64(whole.count)) { offset, count in
                        guard offset < Int64(whole.count) else { return [] }
                        var bytes = Array(whole[Int(offset)..<min(Int(offset) + count, whole.count)])
                        for (place, byte) in changes where bytes.indices.contains(place - Int(offset)) {
                            bytes[place - Int(offset)] = byte
                        }
                        return bytes
                    }
                    for entry in table?.entries ?? [] {
                        #expect(entry.range.lowerBound > 0 && entry.range.upperBound <= Int64(whole.count))
                    }
                }
            }
        }
    }

    @Test("what is no table is none")
    func none() {
        #expect(Self.read([]) == nil)
        #expect(Self.read([UInt8](repeating: 0, count: 4096)) == nil)
        var bytes = [UInt8](repeating: 0x41, count: 4096)
        (bytes[510], bytes[511]) = (0x55, 0xAA)
        #expect(Self.read(bytes) == nil, "text that happens to end so")
    }
}
