import Archives
import SystemPackage
import TestSupport
import Testing

@Suite("Initial RAM disks")
struct InitialRAMDiskTests {
    /// A cpio archive in its new format, written by hand after cpio(5).
    private static func cpio(_ files: [(name: String, content: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }
        for (number, file) in (files + [("TRAILER!!!", "")]).enumerated() {
            let fields = [
                number + 1, 0o100644, 0, 0, 1, 0, file.content.utf8.count, 0, 0, 0, 0, file.name.utf8.count + 1, 0,
            ]
            bytes += "070701".utf8
            for field in fields {
                let digits = String(field, radix: 16)
                bytes += (String(repeating: "0", count: 8 - digits.count) + digits).utf8
            }
            bytes += file.name.utf8 + [0]
            pad()
            bytes += file.content.utf8
            pad()
        }
        return bytes
    }

    private static let microcode = cpio([("kernel/x86/microcode/GenuineIntel.bin", "microcode")])

    private func disk(_ bytes: [UInt8]) throws -> InitialRAMDisk {
        let directory = try TemporaryDirectory("initrd")
        try writeFile(directory("initrd.img"), bytes)
        return try InitialRAMDisk(path: directory("initrd.img"))
    }

    private func compressed(_ bytes: [UInt8], by program: String) async throws -> [UInt8] {
        let directory = try TemporaryDirectory("initrd")
        try writeFile(directory("a"), bytes)
        try await run("sh", ["-c", "\(program) -c \"$1\" >\"$1.out\"", "sh", directory("a").string]).orThrow()
        return try readFile(directory("a.out"))
    }

    @Test("drivers are found behind microcode, however they are packed", arguments: ["gzip", "xz", "zstd -q", "bzip2"])
    func finds(program: String) async throws {
        let main = Self.cpio([
            ("usr/lib/modules/6.1.0/kernel/drivers/block/xen-blkfront.ko", "x"),
            ("usr/lib/modules/6.1.0/kernel/net/xen_netfront.ko.xz", "x"), ("init", "#!/bin/sh\n"),
            ("usr/lib/modules/6.1.0/modules.builtin", "kernel/drivers/ata/ahci.ko\n"),
        ])
        let disk = try await disk(
            Self.microcode + [UInt8](repeating: 0, count: 512) + compressed(main, by: program))
        #expect(disk.has("xen-blkfront") == true)
        #expect(disk.has("xen-netfront") == true)
        #expect(disk.has("ata-piix") == false)
    }

    @Test("one that is not packed at all is read, too, and what the kernel has built in counts")
    func plain() async throws {
        #expect(try disk(Self.cpio([("lib/modules/1/xen-blkfront.ko", "x")])).has("xen-blkfront") == true)
        let list = Self.cpio([
            ("lib/modules/1/a.ko", "x"), ("lib/modules/1/modules.builtin", "kernel/drivers/block/xen-blkfront.ko\n"),
        ])
        for bytes in [list, try await compressed(list, by: "gzip")] {
            #expect(try disk(bytes).has("xen-blkfront") == true)
            #expect(try disk(bytes).has("b") == false)
        }
    }

    @Test("where nothing tells what the kernel has built in, a driver that is no module is not missed")
    func unknown() throws {
        #expect(try disk(Self.cpio([("lib/modules/1/a.ko", "x")])).has("xen-blkfront") == nil)
    }

    @Test("where there are no drivers at all nothing is said of them")
    func without() async throws {
        #expect(try await disk(compressed(Self.cpio([("init", "")]), by: "gzip")).has("xen-blkfront") == nil)
    }

    @Test("what is none, or ends too early, is refused")
    func refuses() async throws {
        let whole = Self.cpio([("lib/modules/1/a.ko", String(repeating: "x", count: 5000))])
        for bytes in [Array("no archive at all".utf8), Array(whole.prefix(1000))] {
            #expect(throws: ArchiveError.self) { try disk(bytes) }
        }
        let packed = try await compressed(whole, by: "xz")
        #expect(throws: ArchiveError.self) { try disk(Array(packed.prefix(packed.count / 2))) }
    }

    @Test(
        "the kernel's release is the one directory of its modules",
        arguments: [
            (["lib/modules/6.1.0-50-arm64/kernel/x.ko"], "6.1.0-50-arm64"),
            (
                ["usr/lib/modules/6.12.107+deb13-arm64/modules.dep", "usr/lib/modules/6.12.107+deb13-arm64/x.ko"],
                "6.12.107+deb13-arm64"
            ),
            (["lib/modules/6.1.0/x.ko", "lib/modules/6.2.0/x.ko"], nil), (["lib/modules"], nil), (["init"], nil),
            (["opt/own/lib/modules/6.1.0/x.ko"], nil), (["lib/modules/6\u{1B}]0;x/x.ko"], nil),
        ] as [([String], String?)])
    func kernelRelease(names: [String], release: String?) throws {
        #expect(try disk(Self.cpio(names.map { ($0, "x") })).kernelRelease == release)
    }
}
