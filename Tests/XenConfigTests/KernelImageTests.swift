import TestSupport
import Testing
import XenConfig

@Suite("Kernel images")
struct KernelImageTests {
    /// A bzImage as small as the boot protocol lets it be.
    private static func bzImage(
        protocolVersion: Int = 0x20F,
        setupSectors: UInt8 = 3,
        payload: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0, 0],
        version: String? = "6.1.0-18-amd64 (builder@example.org) #1 SMP"
    ) -> [UInt8] {
        let setupSize = (setupSectors == 0 ? 5 : Int(setupSectors) + 1) * 512
        var image = [UInt8](repeating: 0, count: setupSize + 0x40)
        image[0x1F1] = setupSectors
        image.replaceSubrange(0x202..<0x206, with: "HdrS".utf8)
        (image[0x206], image[0x207]) = (UInt8(protocolVersion & 0xFF), UInt8(protocolVersion >> 8))
        if let version {
            (image[0x20E], image[0x20F]) = (0x00, 0x02)
            image.replaceSubrange(0x400..<0x400 + version.utf8.count, with: version.utf8)
        }
        image[0x248] = 0x40
        image[0x24C] = UInt8(payload.count)
        return image + payload
    }

    private func inspect(_ image: [UInt8]) -> KernelImage {
        KernelImage { offset, count in Array(image.dropFirst(offset).prefix(count)) }
    }

    @Test(
        "the packing is told by the payload's first bytes, and decides whether GRUB for Xen can start it",
        arguments: [
            ([0x1F, 0x8B, 8, 0], .gzip, true), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz, true),
            ([0x5D, 0, 0, 0x80], .lzma, false),
            ([0x42, 0x5A, 0x68, 0x39], .bzip2, false), ([0x02, 0x21, 0x4C, 0x18], .lz4, false),
            ([0x28, 0xB5, 0x2F, 0xFD], .zstd, false),
            ([0x89, 0x4C, 0x5A, 0x4F, 0, 13], .lzo, true), ([0x7F, 0x45, 0x4C, 0x46], nil, true),
        ] as [([UInt8], KernelImage.Compression?, Bool)]
    )
    func compression(payload: [UInt8], compression: KernelImage.Compression?, boots: Bool) {
        let kernel = inspect(Self.bzImage(payload: payload))
        #expect(kernel.kind == .bzImage(major: 2, minor: 15))
        #expect(kernel.compression == compression)
        #expect(kernel.bootsUnderPVGrub == boots)
    }

    @Test("the version string is found behind its pointer")
    func version() {
        let kernel = inspect(Self.bzImage())
        #expect(kernel.version == "6.1.0-18-amd64 (builder@example.org) #1 SMP")
        #expect(kernel.release == "6.1.0-18-amd64")
        #expect(inspect(Self.bzImage(version: nil)).version == nil)
        // A terminal would obey it.
        #expect(inspect(Self.bzImage(version: "6.1.0\u{1B}]0;x\u{07} #1")).version == nil)
    }

    @Test("no setup sectors mean four")
    func fourSectors() {
        #expect(inspect(Self.bzImage(setupSectors: 0)).compression == .xz)
        #expect(inspect(Self.bzImage(setupSectors: 39)).compression == .xz)
    }

    @Test("a kernel older than protocol 2.08 does not say where its payload is, and no GRUB for Xen takes it")
    func old() {
        let kernel = inspect(Self.bzImage(protocolVersion: 0x207))
        #expect(kernel.compression == nil)
        #expect(!kernel.bootsUnderPVGrub)
    }

    @Test("other files are told apart")
    func others() {
        #expect(inspect([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1]).kind == .elf)
        var arm = [UInt8](repeating: 0, count: 64)
        arm.replaceSubrange(0x38..<0x3C, with: "ARMd".utf8)
        #expect(inspect(arm).kind == .arm64Image)
        #expect(inspect(Array("#!/bin/sh\n".utf8)).kind == .unknown)
        #expect(inspect([]).kind == .unknown)
    }

    @Test("a truncated or damaged kernel is never read out of bounds")
    func damaged() {
        let image = Self.bzImage()
        for length in stride(from: 0, through: image.count, by: 7) { _ = inspect(Array(image.prefix(length))) }
        var random = Seeded(state: 42)
        for _ in 0..<500 {
            var broken = image
            for _ in 0..<8 {
                broken[Int.random(in: 0x1F1..<0x260, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = inspect(broken)
        }
    }
}
