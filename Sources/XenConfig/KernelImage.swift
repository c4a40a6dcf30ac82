import GuestModel

/// What a kernel's file says of itself: enough to know which loaders can boot it.
package struct KernelImage: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A bzImage of x86 with the version of its boot protocol (Documentation/arch/x86/boot.rst of Linux).
        case bzImage(major: Int, minor: Int)
        /// An ELF file: an unpacked kernel, or GRUB for Xen.
        case elf
        /// An Image of 64-bit Arm.
        case arm64Image
        /// A zImage of 32-bit Arm.
        case armZImage
        /// None of these.
        case unknown
    }

    /// How the payload inside a bzImage is packed.
    package enum Compression: String, Hashable, Sendable, CaseIterable {
        case gzip, xz, lzma, bzip2, lz4, zstd, lzo

        var magic: [UInt8] {
            switch self {
            case .gzip: [0x1F, 0x8B]
            case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
            case .lzma: [0x5D, 0x00, 0x00]
            case .bzip2: [0x42, 0x5A, 0x68]
            case .lz4: [0x02, 0x21, 0x4C, 0x18]
            case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
            case .lzo: [0x89, 0x4C, 0x5A, 0x4F]
            }
        }
    }

    package let kind: Kind
    /// nil where the payload is not packed, or the kernel is too old to say where it is (protocol before 2.08).
    package let compression: Compression?
    /// Where in a bzImage the packed ELF file of the kernel is, in bytes; nil where the file does not say.
    package let payload: Range<Int>?
    /// The kernel's release and build, as uname(1) prints them; nil where the file does not say.
    package let version: String?

    /// The kernel's release alone: `6.1.0-18-amd64`.
    package var release: String? { version?.split(separator: " ").first.map(String.init) }

    /// Whether GRUB for Xen can start it as a PV guest: a bzImage must be packed with what GRUB unpacks.
    ///
    /// Measured with GRUB 2.06: XZ boots, LZ4 fails with "not xen image". PVH has no such limit, for there GRUB
    /// lets the kernel unpack itself.
    package var bootsUnderPVGrub: Bool {
        switch kind {
        case .elf: true
        case .bzImage(let major, let minor):
            (major, minor) >= (2, 8) && compression.map { [.gzip, .xz, .lzo].contains($0) } ?? true
        case .arm64Image, .armZImage, .unknown: false
        }
    }

    /// Whether its Linux can be a PVH guest: 4.11 was the first. True where the file does not say which it is.
    package var canBePVH: Bool { Self.canBePVH(release: release ?? "") }

    /// The same by the release's name, as in `vmlinuz-4.9.0-13-amd64`.
    package static func canBePVH(release: String) -> Bool {
        let numbers = release.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return true }
        return (major, minor) >= (4, 11)
    }

    /// Whether the domain builder of a release can unpack it for a PV or PVH guest.
    ///
    /// From xc_try_..._decode in xg_dom_bzimageloader.c (before 4.15 tools/libxc/xc_dom_bzimageloader.c) at the tags
    /// RELEASE-4.1.0 to RELEASE-4.22.0. Debian builds it with all of them.
    package func isUnpacked(by version: XenVersion) -> Bool {
        switch compression {
        case nil, .gzip, .bzip2, .lzma, .lzo: true
        case .xz: version >= XenVersion(4, 2)
        case .lz4: version >= XenVersion(4, 4)
        case .zstd: version >= XenVersion(4, 15)
        }
    }

    /// Reads a kernel's header, its version string and the first bytes of its payload.
    ///
    /// - Parameter read: Gives up to `count` bytes of the file from `offset` on, fewer at its end.
    /// - Throws: What `read` throws.
    package init<Failure>(
        reading read: (_ offset: Int, _ count: Int) throws(Failure) -> [UInt8]
    ) throws(Failure) {
        let header = try read(0, 0x268)
        var compression: Compression?
        var version: String?
        var payload: Range<Int>?
        if header.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
            kind = .elf
        } else if Self.bytes(of: header, at: 0x38, count: 4) == Array("ARMd".utf8) {
            kind = .arm64Image
        } else if Self.number(in: header, at: 0x24, bytes: 4) == 0x016F_2818 {
            kind = .armZImage
        } else if Self.bytes(of: header, at: 0x202, count: 4) == Array("HdrS".utf8),
            let number = Self.number(in: header, at: 0x206, bytes: 2)
        {
            kind = .bzImage(major: number >> 8, minor: number & 0xFF)
            // Zero means four, for kernels from before the field.
            let setupSectors = header[0x1F1] == 0 ? 4 : Int(header[0x1F1])
            let setupSize = (setupSectors + 1) * 512
            if let pointer = Self.number(in: header, at: 0x20E, bytes: 2), pointer > 0, pointer + 0x200 < setupSize {
                let text = try read(pointer + 0x200, min(512, setupSize - pointer - 0x200)).prefix { $0 != 0 }
                // It is anybody's, and goes to terminals.
                let isText = !text.isEmpty && text.allSatisfy { (0x20..<0x7F).contains($0) }
                version = isText ? String(decoding: text, as: UTF8.self) : nil
            }
            if number >= 0x208, let offset = Self.number(in: header, at: 0x248, bytes: 4), offset > 0 {
                let magic = try read(setupSize + offset, 8)
                compression = Compression.allCases.first { magic.starts(with: $0.magic) }
                if let length = Self.number(in: header, at: 0x24C, bytes: 4), length > 0 {
                    payload = (setupSize + offset)..<(setupSize + offset + length)
                }
            }
        } else {
            kind = .unknown
        }
        self.compression = compression
        self.payload = payload
        self.version = version
    }

    private static func bytes(of header: [UInt8], at offset: Int, count: Int) -> [UInt8]? {
        offset + count <= header.count ? Array(header[offset..<offset + count]) : nil
    }

    private static func number(in header: [UInt8], at offset: Int, bytes count: Int) -> Int? {
        bytes(of: header, at: offset, count: count)?.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
