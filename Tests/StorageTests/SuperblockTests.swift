import GuestModel
import LinuxHost
import Storage
import SystemPackage
import TestSupport
import Testing

@Suite("What is on a disk, as its first bytes say")
struct SuperblockTests {
    private func made(_ size: Int64, _ words: String...) async throws -> Superblock? {
        try await withTemporaryDirectory("superblock") { directory in
            let image = directory.appending("image")
            _ = try RealFileSystem().createImage(image, size: ByteSize(bytes: size), allocated: false)
            try await run(words[0], Array(words.dropFirst()) + [image.string]).orThrow()
            return Superblock(try RealFileSystem().bytes(of: image, at: 0, count: Superblock.length))
        }
    }

    @Test("ext file systems are told apart, whatever their blocks", Requirement.program("mke2fs"))
    func ext() async throws {
        for (kind, block) in [("ext2", "1024"), ("ext3", "4096"), ("ext4", "4096"), ("ext4", "1024")] {
            let found = try await made(64 << 20, "mke2fs", "-q", "-t", kind, "-b", block)
            #expect(found?.content.description == kind && found?.size == 64 << 20, "\(kind) \(block)")
        }
    }

    @Test("an ext4 may have more blocks than 32 bits hold", Requirement.program("mke2fs"))
    func wide() async throws {
        try await withTemporaryDirectory("superblock") { directory in
            let image = directory.appending("image")
            _ = try RealFileSystem().createImage(image, size: .mebibytes(64), allocated: false)
            try await run("mke2fs", ["-q", "-t", "ext4", "-b", "4096", "-O", "64bit", image.string]).orThrow()
            var bytes = try RealFileSystem().bytes(of: image, at: 0, count: Superblock.length)
            // s_blocks_count_hi (ext4(5)'s layout, kernel documentation).
            bytes[1024 + 0x150] = 2
            let size: Int64 = (64 << 20) + 4096 * (2 << 32)
            #expect(Superblock(bytes)?.size == size)
        }
    }

    @Test("xfs, btrfs and swap", Requirement.program("mkfs.xfs", "mkfs.btrfs", "mkswap"))
    func others() async throws {
        let uuid = "0a1b2c3d-1111-4222-8333-0123456789ab"
        let xfs = try await made(512 << 20, "mkfs.xfs", "-q", "-m", "uuid=\(uuid)")
        #expect(xfs == Superblock(fileSystem: .xfs, uuid: uuid, size: 512 << 20))
        let btrfs = try await made(200 << 20, "mkfs.btrfs", "-q", "-U", uuid)
        #expect(btrfs == Superblock(fileSystem: .btrfs, uuid: uuid, size: 200 << 20))
        let ext = try await made(64 << 20, "mke2fs", "-q", "-t", "ext4", "-U", uuid)
        #expect(ext == Superblock(fileSystem: .ext4, uuid: uuid, size: 64 << 20))
        let swap = try await made(8 << 20, "mkswap", "--uuid", uuid, "--label", "my swap")
        #expect(swap?.content == .swap(label: "my swap") && swap?.uuid == uuid && swap?.size == 8 << 20)
        let plain = try await made(8 << 20, "mkswap", "--uuid", uuid)
        #expect(plain?.content == .swap(label: nil))
    }

    @Test("nothing, and less than nothing, is none")
    func none() {
        #expect(Superblock([]) == nil)
        #expect(Superblock([UInt8](repeating: 0, count: Superblock.length)) == nil)
        #expect(Superblock([UInt8](repeating: 0xFF, count: Superblock.length)) == nil)
        for count in [10, 512, 1080, 4095, 65600] {
            _ = Superblock(Array(repeating: UInt8(ascii: "X"), count: count))
        }
    }

    @Test("a hostile number is no size, and two marks are no answer")
    func hostile() {
        var bytes = [UInt8](repeating: 0, count: Superblock.length)
        bytes.replaceSubrange(0..<4, with: "XFSB".utf8)
        bytes.replaceSubrange(4..<16, with: [UInt8](repeating: 0xFF, count: 12))
        #expect(Superblock(bytes) == nil)
        bytes.replaceSubrange(4..<16, with: [0, 0, 16, 0, 0, 0, 0, 0, 0, 1, 0, 0])
        #expect(
            Superblock(bytes)
                == Superblock(fileSystem: .xfs, uuid: "00000000-0000-0000-0000-000000000000", size: 4096 << 16))
        bytes.replaceSubrange(4086..<4096, with: "SWAPSPACE2".utf8)
        #expect(Superblock(bytes) == nil)
    }
}
