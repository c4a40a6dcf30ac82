import GuestModel
import LinuxHost
import SystemPackage
import TestSupport
import Testing

@Suite("Copying images")
struct SparseTests {
    private let files = RealFileSystem()

    @Test("holes stay holes and bytes arrive at their offset", arguments: [Int64(0), 1 << 20, 3 << 20])
    func holes(offset: Int64) async throws {
        try await withTemporaryDirectory { directory in
            let source = directory.appending("part.img")
            let target = directory.appending("disk.img")
            let pattern = (0..<(64 << 10)).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
            _ = try files.createImage(source, size: .mebibytes(8), allocated: false)
            let file = try FileDescriptor.open(source, .writeOnly)
            try file.closeAfter {
                // In the beginning, in the middle and at the very end.
                for position in [Int64(0), 5 << 20, (8 << 20) - Int64(pattern.count)] {
                    _ = try file.writeAll(toAbsoluteOffset: position, pattern)
                }
            }
            _ = try files.createImage(target, size: .mebibytes(16), allocated: false)
            try files.copyRange(from: source, to: target, at: offset)

            let copied = try readFile(target)
            let original = try readFile(source)
            #expect(copied.count == (offset == 0 ? copied.count : 16 << 20))
            #expect(copied[Int(offset)..<Int(offset) + original.count].elementsEqual(original))
            #expect(copied[..<Int(offset)].allSatisfy { $0 == 0 })
            #expect(copied[(Int(offset) + original.count)...].allSatisfy { $0 == 0 })
            let blocks = try #require(try files.entry(at: target)).allocated
            #expect(blocks < 1 << 20, "the copy of three pieces of 64 KiB takes \(blocks) bytes")
        }
    }

    @Test("bytes arrive on a block device, as a partition on a volume does", Requirement.loopDevices)
    func device() async throws {
        try await withTemporaryDirectory { directory in
            let source = directory.appending("part.img")
            let image = directory.appending("device.img")
            _ = try files.createImage(source, size: .mebibytes(4), allocated: false)
            let file = try FileDescriptor.open(source, .writeOnly)
            try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 3 << 20, Array("data".utf8)) }
            _ = try files.createImage(image, size: .mebibytes(8), allocated: false)
            let loop = try await run("losetup", ["--find", "--show", image.string]).orThrow().standardOutput
            let device = FilePath(loop.filter { $0 != "\n" })
            let result = Result {
                try files.copyRange(from: source, to: device, at: 1 << 20)
                try files.synchronize(device)
            }
            try await run("losetup", ["--detach", device.string]).orThrow()
            try result.get()
            let copied = try readFile(image)
            #expect(copied.count == 8 << 20)
            #expect(copied[(4 << 20)..<(4 << 20) + 4].elementsEqual("data".utf8))
            #expect(copied.count { $0 != 0 } == 4)
        }
    }

    @Test("an image that is all hole copies to nothing")
    func empty() async throws {
        try await withTemporaryDirectory { directory in
            _ = try files.createImage(directory.appending("a"), size: .mebibytes(4), allocated: false)
            _ = try files.createImage(directory.appending("b"), size: .mebibytes(8), allocated: false)
            try files.copyRange(from: directory.appending("a"), to: directory.appending("b"), at: 1 << 20)
            let entry = try #require(try files.entry(at: directory.appending("b")))
            #expect(entry.allocated == 0)
            #expect(entry.size == 8 << 20)
        }
    }

    @Test("the target must be there")
    func missing() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("a"), "x")
            #expect(throws: HostError.self) {
                try files.copyRange(from: directory.appending("a"), to: directory.appending("b"), at: 0)
            }
            #expect(!fileExists(directory.appending("b")))
        }
    }
}
