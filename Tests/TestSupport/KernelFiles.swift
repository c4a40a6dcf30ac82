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
