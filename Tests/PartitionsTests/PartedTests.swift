import Foundation
import Glibc
import Partitions
import SystemPackage
import Testing

private let mebibyte: Int64 = 1 << 20

/// An image file of the test's own, removed after it.
final class Image {
    let path: FilePath

    init(mebibytes: Int64) throws {
        var template = Array((NSTemporaryDirectory() + "/partitions-test-XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        path = FilePath(template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        close(descriptor)
        try resize(mebibytes: mebibytes)
    }

    deinit {
        unlink(path.string)
    }

    func resize(mebibytes: Int64) throws {
        guard truncate(path.string, off_t(mebibytes << 20)) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Writes or reads raw bytes.
    func overwrite(_ bytes: [UInt8], at offset: Int64) throws {
        let file = try FileDescriptor.open(path, .readWrite)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: offset, bytes) }
    }

    func bytes(at offset: Int64, count: Int) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: count)
            let read = try bytes.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: offset, into: $0) }
            return Array(bytes[..<read])
        }
    }
}

/// What `sfdisk --json` says, in the parts that are compared.
struct Sfdisk: Decodable {
    struct Table: Decodable {
        struct Partition: Decodable {
            let node: String
            let start: Int64
            let size: Int64
            let type: String
            let uuid: String
            let name: String?
        }
        let label: String
        let partitions: [Partition]
    }
    let partitiontable: Table

    static let path = "/sbin/sfdisk"
    static let isHere = FileManager.default.isExecutableFile(atPath: path)
    static let needed: Comment = "needs sfdisk (package fdisk), which judges what libparted wrote"

    static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    static func table(of image: Image) throws -> Table {
        let (_, output) = try run(["--json", image.path.string])
        return try JSONDecoder().decode(Sfdisk.self, from: Data(output.utf8)).partitiontable
    }
}

@Suite("Partition tables by libparted")
struct PartedTests {
    static let layout = [
        PartitionPlan(name: "bios boot", type: .biosBoot, size: .bytes(mebibyte)),
        PartitionPlan(name: "efi", type: .efiSystem, size: .bytes(64 * mebibyte)),
        PartitionPlan(name: "root", type: .linuxFilesystem, size: .rest),
        PartitionPlan(name: "", type: .linuxSwap, size: .bytes(32 * mebibyte)),
    ]

    @Test(
        "sfdisk sees the partitions that were planned, and finds no fault",
        .enabled(if: Sfdisk.isHere, Sfdisk.needed)
    )
    func sfdiskAgrees() throws {
        let image = try Image(mebibytes: 512)
        let layout = try GPTLayout(Self.layout)
        let written = try Parted.createGPT(on: image.path, layout: layout)
        let table = try Sfdisk.table(of: image)
        #expect(table.label == "gpt")
        let planned = try layout.geometry(onDiskOf: 512 * mebibyte)
        #expect(table.partitions.map { $0.start * 512 } == planned.map(\.startByte))
        #expect(table.partitions.map { $0.size * 512 } == planned.map(\.lengthBytes))
        #expect(table.partitions.map(\.type) == Self.layout.map(\.type.rawValue))
        #expect(table.partitions.map { $0.name ?? "" } == Self.layout.map(\.name))
        #expect(table.partitions.map { $0.uuid.lowercased() } == written.map(\.uniqueGUID))
        #expect(Set(written.map(\.uniqueGUID)).count == 4)
        let verdict = try Sfdisk.run(["--verify", image.path.string])
        #expect(verdict.status == 0)
        #expect(verdict.output.contains("No errors detected"))
    }

    @Test("The protective MBR covers the disk and is not bootable")
    func protectiveMBR() throws {
        let image = try Image(mebibytes: 64)
        try Parted.createGPT(on: image.path, layout: GPTLayout([Self.layout[2]]))
        let sector = try image.bytes(at: 0, count: 512)
        #expect(Array(sector[510...]) == [0x55, 0xaa])
        #expect(sector[446] == 0)
        #expect(sector[450] == 0xee)
        #expect(Array(sector[454..<458]) == [1, 0, 0, 0])
        let sectors = 64 * 2048 - 1
        #expect(Array(sector[458..<462]) == (0..<4).map { UInt8(truncatingIfNeeded: sectors >> (8 * $0)) })
        #expect(sector[462..<510].allSatisfy { $0 == 0 })
    }

    @Test("What is written is read back, and stays in its place when the image grows")
    func readBack() throws {
        let image = try Image(mebibytes: 128)
        let written = try Parted.createGPT(on: image.path, layout: GPTLayout(Self.layout))
        #expect(written.map(\.type) == Self.layout.map(\.type))
        #expect(try Parted.partitions(of: image.path) == written)
        try image.resize(mebibytes: 256)
        #expect(try Parted.partitions(of: image.path) == written)
        #expect(try image.bytes(at: 256 * mebibyte - 512, count: 512).allSatisfy { $0 == 0 }, "reading must not repair")
    }

    @Test("The last partition takes the room of a disk that has grown, and nothing else changes")
    func growLast() throws {
        let image = try Image(mebibytes: 128)
        let written = try Parted.createGPT(on: image.path, layout: GPTLayout(Self.layout))
        let last = try #require(written.last)
        #expect(throws: PartitionError.self, "there is no room") { try Parted.growLast(last.number, on: image.path) }
        try image.resize(mebibytes: 256)
        let error = #expect(throws: PartitionError.self) { try Parted.growLast(1, on: image.path) }
        #expect(error?.kind == .invalidLayout)
        #expect(try Parted.partitions(of: image.path) == written, "a refusal changes nothing")
        let grown = try Parted.growLast(last.number, on: image.path)
        #expect(grown.lengthBytes == 255 * mebibyte - last.startByte && grown.uniqueGUID == last.uniqueGUID)
        #expect(try Parted.partitions(of: image.path) == written.dropLast() + [grown])
        // The copy of the table is at the disk's new end (UEFI specification 2.10, section 5.3.2).
        #expect(try image.bytes(at: 256 * mebibyte - 512, count: 8) == Array("EFI PART".utf8))
        // And reading repairs nothing afterwards either.
        try image.resize(mebibytes: 300)
        #expect(try Parted.partitions(of: image.path) == written.dropLast() + [grown])
        #expect(try image.bytes(at: 300 * mebibyte - 512, count: 512).allSatisfy { $0 == 0 })
    }

    @Test("A type that is none of ours is read as such", .enabled(if: Sfdisk.isHere, Sfdisk.needed))
    func foreignType() throws {
        let image = try Image(mebibytes: 64)
        try Parted.createGPT(on: image.path, layout: GPTLayout([Self.layout[2]]))
        let home = "933AC7E1-2EB4-4F13-B844-0E14E2AEF915"
        #expect(try Sfdisk.run(["--part-type", image.path.string, "1", home]).status == 0)
        #expect(try Parted.partitions(of: image.path).map(\.type) == [nil])
    }

    @Test("A new table replaces an old one")
    func replaces() throws {
        let image = try Image(mebibytes: 128)
        try Parted.createGPT(on: image.path, layout: GPTLayout(Self.layout))
        try Parted.createGPT(on: image.path, layout: GPTLayout([Self.layout[2]]))
        #expect(try Parted.partitions(of: image.path).map(\.name) == ["root"])
    }

    @Test("The smallest disk that the plan names works", arguments: [1, 128])
    func smallest(count: Int) throws {
        let plans = (1...count).map {
            PartitionPlan(name: "p\($0)", type: .linuxFilesystem, size: .bytes(mebibyte))
        }
        let layout = try GPTLayout(plans)
        let image = try Image(mebibytes: layout.minimumDiskBytes / mebibyte)
        #expect(try Parted.createGPT(on: image.path, layout: layout).count == count)
    }

    @Test("An image that is too small is refused with numbers, and not touched")
    func tooSmall() throws {
        let image = try Image(mebibytes: 50)
        let error = #expect(throws: PartitionError.self) {
            try Parted.createGPT(on: image.path, layout: GPTLayout(Self.layout))
        }
        #expect(error?.kind == .tooSmall)
        #expect(
            error?.message == "could not partition \(image.path): the partitions need a disk of 104857600 bytes"
                + " (100 MiB), and it has 52428800 (50 MiB)"
        )
        #expect(try image.bytes(at: 0, count: Int(mebibyte)).allSatisfy { $0 == 0 })
    }

    @Test("An image without a table is refused in libparted's words")
    func noTable() throws {
        let image = try Image(mebibytes: 16)
        let error = #expect(throws: PartitionError.self) { try Parted.partitions(of: image.path) }
        #expect(error?.kind == .unreadable)
        #expect(error?.message.contains("unrecognised disk label") == true, "\(error?.message ?? "")")
    }

    @Test("A damaged table is refused in libparted's words, also when its copy is whole")
    func damaged() throws {
        let image = try Image(mebibytes: 128)
        try Parted.createGPT(on: image.path, layout: GPTLayout(Self.layout))
        try image.overwrite([0xff, 0xff, 0xff], at: 1024 + 128)
        let error = #expect(throws: PartitionError.self) { try Parted.partitions(of: image.path) }
        #expect(error?.message.contains("primary GPT table is corrupt") == true, "\(error?.message ?? "")")
    }

    @Test("An MBR partition table is refused by its name", .enabled(if: Sfdisk.isHere, Sfdisk.needed))
    func otherTable() throws {
        let image = try Image(mebibytes: 16)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "echo ',8M' | \(Sfdisk.path) -q --label dos '\(image.path)'"]
        try process.run()
        process.waitUntilExit()
        let error = #expect(throws: PartitionError.self) { try Parted.partitions(of: image.path) }
        #expect(error?.message.hasSuffix("it has a partition table of type msdos, not a GPT") == true)
    }

    @Test("A missing image, an empty one and a directory are refused")
    func noImage() throws {
        let layout = try GPTLayout(Self.layout)
        let empty = try Image(mebibytes: 0)
        for (path, reason) in [
            ("/nonexistent/disk.img", "No such file or directory"), (empty.path, "the file is empty"),
            ("/tmp", "it is neither a file nor a block device"),
        ] as [(FilePath, String)] {
            let error = #expect(throws: PartitionError.self) { try Parted.createGPT(on: path, layout: layout) }
            #expect(error?.message == "could not partition \(path): \(reason)")
        }
    }

    @Test("A block device is partitioned like a file", .enabled(if: LoopDevice.isPossible, LoopDevice.needed))
    func blockDevice() throws {
        let image = try Image(mebibytes: 128)
        let loop = try LoopDevice(image)
        let written = try Parted.createGPT(on: loop.path, layout: GPTLayout(Self.layout))
        #expect(try Parted.partitions(of: loop.path) == written)
        try loop.detach()
        #expect(try Parted.partitions(of: image.path) == written)
    }

    @Test("Many tables may be made at once")
    func concurrent() async throws {
        let layout = try GPTLayout(Self.layout)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let image = try Image(mebibytes: 128)
                    return try Parted.createGPT(on: image.path, layout: layout).count
                }
            }
            for try await count in group {
                #expect(count == 4)
            }
        }
    }
}
