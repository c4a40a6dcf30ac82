/// Small files that pass for a kernel and its initial RAM disk where only their headers are read.
package enum KernelFiles {
    /// A file with the header of an x86 bzImage (Documentation/arch/x86/boot.rst in Linux): `HdrS` at 0x202, boot
    /// protocol 2.15, a 64-bit entry point, and the version string that `file` prints.
    package static func kernel(version: String) -> [UInt8] {
        var image = [UInt8](repeating: 0, count: 32 * 1024)
        func put(_ bytes: [UInt8], at offset: Int) {
            image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        put([4], at: 0x1f1)  // setup sectors after the first
        put([0x55, 0xaa], at: 0x1fe)  // boot flag
        put([0xeb, 0x66], at: 0x200)  // jump over the header
        put(Array("HdrS".utf8), at: 0x202)
        put([0x0f, 0x02], at: 0x206)  // protocol 2.15
        put([0x00, 0x04], at: 0x20e)  // version string at 0x200 + 0x400
        put([0x01], at: 0x211)  // loaded high: bzImage
        put([0x03], at: 0x236)  // 64-bit entry, loadable above 4 GiB
        put(Array("\(version) (fixture@example.org) #1 SMP test\0".utf8), at: 0x600)
        return image
    }

    /// Such a file with an ELF file in it, not packed, whose notes of Xen's have these types (xen/include/public/elfnote.h).
    package static func kernel(version: String, notes: [UInt8], isWide: Bool = true) -> [UInt8] {
        let elf = elf(notes: notes, isWide: isWide)
        var image = kernel(version: version)
        // payload_offset, from the end of the setup, and payload_length.
        let offset = image.count - 5 * 512
        for (place, number) in [(0x248, offset), (0x24c, elf.count)] {
            for byte in 0..<4 { image[place + byte] = UInt8(number >> (8 * byte) & 0xff) }
        }
        return image + elf
    }

    /// An ELF file of x86 with nothing but notes (elf(5)): one of GNU's, and Xen's.
    package static func elf(notes: [UInt8], isWide: Bool = true) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xff) } }
        func note(_ name: String, _ type: Int, _ value: [UInt8]) -> [UInt8] {
            func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4) }
            let name = Array(name.utf8) + [0]
            return number(name.count, 4) + number(value.count, 4) + number(type, 4) + padded(name) + padded(value)
        }
        let body = note("GNU", 18, Array("build id".utf8)) + notes.flatMap { note("Xen", Int($0), Array("value".utf8)) }
        let (word, head, entry) = isWide ? (8, 64, 56) : (4, 52, 32)
        let ident: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, isWide ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9)
        let header =
            ident + number(2, 2) + number(isWide ? 62 : 3, 2) + number(1, 4) + number(0, word) + number(head, word)
            + number(0, word) + number(0, 4) + number(head, 2) + number(entry, 2) + number(1, 2) + number(0, 6)
        let place = number(head + entry, word)
        let sizes = number(body.count, word)
        let program =
            isWide
            ? number(4, 4) + number(4, 4) + place + place + place + sizes + sizes + number(4, 8)
            : number(4, 4) + place + place + place + sizes + sizes + number(4, 4) + number(4, 4)
        return header + program + body
    }

    /// A cpio archive without a file, compressed with gzip.
    package static let initialRAMDisk: [UInt8] = {
        let digits = Array(
            "1f8b080000000000020333303730373034200e10ab0e1d24c11821418e9e3eae418a8a8a0c400000d6e9ec357c000000"
        )
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
    }()

    /// The lines of a kernel's configuration that matter to a Xen guest.
    package static let configuration = """
        CONFIG_HYPERVISOR_GUEST=y
        CONFIG_PARAVIRT=y
        CONFIG_XEN=y
        CONFIG_XEN_PV=y
        CONFIG_XEN_PVH=y
        CONFIG_XEN_BLKDEV_FRONTEND=m
        CONFIG_XEN_NETDEV_FRONTEND=m
        CONFIG_HVC_XEN=y

        """
}
