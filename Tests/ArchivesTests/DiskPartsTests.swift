import Archives
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// The stream that xapi imports: what a reader that goes by its rules makes of it.
@Suite("Disks in XVA archives")
struct DiskPartsTests {
    private static let part = 4096
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A raw ustar header's fields, as ocaml-tar reads them.
    private struct Member: Equatable {
        let name: String
        let content: [UInt8]
    }

    private func members(of archive: [UInt8]) throws -> [Member] {
        var members: [Member] = []
        var offset = 0
        func text(_ start: Int, _ count: Int) -> String {
            String(decoding: archive[(offset + start)..<(offset + start + count)].prefix { $0 != 0 }, as: UTF8.self)
        }
        while offset + 512 <= archive.count, archive[offset] != 0 {
            #expect(text(257, 6) == "ustar")
            #expect(["0", "\0", ""].contains(text(156, 1)))
            #expect(text(345, 155) == "")
            let size = try #require(Int(text(124, 12).trimmingCharacters(in: .whitespaces), radix: 8))
            members.append(Member(name: text(0, 100), content: Array(archive[(offset + 512)..<(offset + 512 + size)])))
            offset += 512 + (size + 511) / 512 * 512
        }
        // Nothing but the end, and nothing behind it.
        #expect(archive[offset...].elementsEqual([UInt8](repeating: 0, count: 1024)))
        return members
    }

    /// What stream_vdi.ml does, recv_all_vdi: the parts of the disks in turn, what is left out counted in the first part's
    /// length.
    private func received(_ members: [Member], sizes: [(id: String, size: Int)]) throws -> [[UInt8]] {
        var rest = members[...]
        var firstLength = -1
        var disks: [[UInt8]] = []
        for (id, size) in sizes.sorted(by: { $0.id < $1.id }) {
            var disk: [UInt8] = []
            var last = -1
            while disk.count < size {
                let (first, second) = (rest.popFirst(), rest.popFirst())
                let member = try #require(first)
                let sum = try #require(second)
                #expect(member.name.hasPrefix(id + "/") && sum.name == member.name + ".checksum")
                if firstLength < 0 { firstLength = member.content.count }
                let digits = String(member.name.dropFirst(id.count + 1))
                let number = try #require(Int(digits))
                #expect(digits.count == 8 && number > last && member.content.count % 512 == 0)
                disk += [UInt8](repeating: 0, count: firstLength * (number - last - 1)) + member.content
                last = number
                try expectSum(sum.content, of: member)
            }
            disks.append(disk)
        }
        #expect(rest.isEmpty)
        return disks
    }

    private func expectSum(_ sum: [UInt8], of member: Member) throws {
        let file = try scratch.file("part", member.content)
        let printed = try run("/usr/bin/sha1sum", file.string)
        #expect(String(decoding: sum, as: UTF8.self) == printed.prefix { $0 != " " })
    }

    private func stream(_ disks: [(path: FilePath, id: String, size: Int, length: Int)]) throws -> [UInt8] {
        let archive = scratch.path.appending("x.xva")
        let file = try FileDescriptor.open(
            archive, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        var writer = try ArchiveWriter(streamingTo: file, name: "x.xva")
        for disk in disks {
            let seal = try writer.add(
                disk: disk.path, length: Int64(disk.length), size: Int64(disk.size), partSize: Self.part,
                below: disk.id, isCancelled: { false })
            try writer.add(seal)
        }
        try writer.finish()
        return Array(try Data(contentsOf: URL(fileURLWithPath: archive.string)))
    }

    /// Sparse files and full ones, whole parts and not.
    @Test("what is received is what was there, with zeros behind it", arguments: 0..<24)
    func roundTrip(seed: Int) throws {
        var generator = Seeded(state: UInt64(seed) &+ 77)
        var disks: [(path: FilePath, id: String, size: Int, length: Int)] = []
        var contents: [[UInt8]] = []
        for number in 0..<(1 + seed % 3) {
            let length = 1 + Int(generator.next() % UInt64(Self.part * 12))
            var content = [UInt8](repeating: 0, count: length)
            for _ in 0..<(generator.next() % 6) {
                let start = Int(generator.next() % UInt64(length))
                for index in start..<min(length, start + Int(generator.next() % 9000)) { content[index] = 0xA5 }
            }
            let path = try scratch.file("disk\(number)", content)
            // Holes where the zeros are, or not.
            if seed % 2 == 0 { try run("/usr/bin/fallocate", "--dig-holes", path.string) }
            let size = (length + Self.part - 1) / Self.part * Self.part + Self.part * (seed % 2)
            disks.append((path, "Ref:000\(number + 3)", size, length))
            contents.append(content + [UInt8](repeating: 0, count: size - length))
        }
        let members = try members(of: stream(disks))
        #expect(try received(members, sizes: disks.map { ($0.id, $0.size) }) == contents)
    }

    @Test("what is all zeros takes two parts")
    func sparse() throws {
        let path = try scratch.file("disk", [])
        try run("/usr/bin/truncate", "-s", "1G", path.string)
        let archive = scratch.path.appending("x.xva")
        let file = try FileDescriptor.open(archive, .writeOnly, options: .create, permissions: .ownerReadWrite)
        var writer = try ArchiveWriter(streamingTo: file, name: "x.xva")
        let seal = try writer.add(
            disk: path, length: 1 << 30, size: 1 << 30, partSize: 1 << 20, below: "Ref:3", isCancelled: { false })
        try writer.add(seal)
        try writer.finish()
        let members = try members(of: Array(try Data(contentsOf: URL(fileURLWithPath: archive.string))))
        #expect(
            members.map(\.name) == [
                "Ref:3/00000000", "Ref:3/00000000.checksum", "Ref:3/00001023", "Ref:3/00001023.checksum",
            ])
        // The example of xapi's own documentation (vhd-tool, tar.md).
        #expect(String(decoding: members[1].content, as: UTF8.self) == "3b71f43ff30f4b15b5cd85dd9e95ebc7e84eb5a3")
    }

    @Test("a disk that changes while it is read is not whole", arguments: ["shrinks", "grows", "is written to"])
    func changes(how: String) throws {
        let length = Self.part * 9 + 100
        let path = try scratch.file("disk", [UInt8](repeating: 1, count: length))
        let null = try FileDescriptor.open("/dev/null", .writeOnly)
        var asked = 0
        let error = #expect(throws: ArchiveError.self) {
            var writer = try ArchiveWriter(streamingTo: null, name: "x")
            let seal = try writer.add(
                disk: path, length: Int64(length), size: Int64(Self.part * 12), partSize: Self.part, below: "Ref:3",
                isCancelled: {
                    asked += 1
                    guard asked == 3 else { return false }
                    switch how {
                    // What is gone is a hole to who looks for data.
                    case "shrinks": truncate(path.string, off_t(Self.part * 2))
                    case "grows": truncate(path.string, off_t(length + 1))
                    default:
                        let file = try? FileDescriptor.open(path, .readWrite)
                        _ = try? file?.writeAll(toAbsoluteOffset: 0, [2])
                        try? file?.close()
                    }
                    return false
                })
            try writer.add(seal)
        }
        #expect(error?.kind == .changed && error?.message == "\(path) was changed while it was read")
    }

    @Test("what is not as long as it was, or has become a pipe, is not begun")
    func replaced() throws {
        let path = try scratch.file("disk", [1, 2])
        try run("/usr/bin/mkfifo", scratch.path.appending("pipe").string)
        for (source, kind) in [(path, ArchiveError.Kind.changed), (scratch.path.appending("pipe"), .unreadable)] {
            let null = try FileDescriptor.open("/dev/null", .writeOnly)
            let error = #expect(throws: ArchiveError.self) {
                var writer = try ArchiveWriter(streamingTo: null, name: "x")
                _ = try writer.add(
                    disk: source, length: 1, size: Int64(Self.part), partSize: Self.part, below: "Ref:3",
                    isCancelled: { false })
            }
            #expect(error?.kind == kind)
        }
    }

    @Test("it ends when it is asked to, and says when nobody reads")
    func ends() throws {
        let path = try scratch.file("disk", [1])
        let file = try FileDescriptor.open("/dev/full", .writeOnly)
        let error = #expect(throws: ArchiveError.self) {
            var writer = try ArchiveWriter(streamingTo: file, name: "on standard output")
            _ = try writer.add(
                disk: path, length: 1, size: Int64(Self.part) * 9, partSize: Self.part, below: "Ref:3",
                isCancelled: { false })
            try writer.finish()
        }
        #expect(error?.message == "could not write archive on standard output: Write error: No space left on device")
        let null = try FileDescriptor.open("/dev/null", .writeOnly)
        #expect(throws: CancellationError.self) {
            var writer = try ArchiveWriter(streamingTo: null, name: "x")
            _ = try writer.add(
                disk: path, length: 1, size: Int64(Self.part), partSize: Self.part, below: "Ref:3",
                isCancelled: { true })
        }
    }
}
