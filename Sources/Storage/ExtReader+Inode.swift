extension ExtReader {
    /// Section Index Nodes.
    struct Inode {
        let number: UInt64
        let kind: Entry.Kind
        let permissions: UInt16
        /// In bytes; less than 2^63.
        let size: UInt64
        /// All of it, with the attributes behind its fields.
        let bytes: [UInt8]
        private let flags: UInt64

        /// Where i_block is: a map of blocks, a tree of extents, or the content itself.
        static let map = 0x28..<0x64

        var isEncrypted: Bool { flags & 0x800 != 0 }
        var hasExtents: Bool { flags & 0x8_0000 != 0 }
        var hasInlineData: Bool { flags & 0x1000_0000 != 0 }

        init(_ bytes: [UInt8], number: UInt64, _ layout: Layout) throws(ExtError) {
            let mode = try bytes.little(at: 0, 2)
            kind =
                switch mode & 0xF000 {
                case 0x8000: .file
                case 0x4000: .directory
                case 0xA000: .link
                case 0x1000, 0x2000, 0x6000, 0xC000: .other
                default: throw .damaged("the inode \(number) has the mode 0x\(String(mode, radix: 16))")
                }
            permissions = UInt16(truncatingIfNeeded: mode & 0xFFF)
            // For what is no file the upper half was the number of an ACL once.
            let isWide = kind == .file || layout.hasLargeDirectories
            size = try bytes.little(at: 0x4, 4) | (isWide ? try bytes.little(at: 0x6C, 4) << 32 : 0)
            guard size <= UInt64(Int64.max) else { throw .damaged("the inode \(number) claims to have \(size) bytes") }
            flags = try bytes.little(at: 0x20, 4)
            self.number = number
            self.bytes = bytes
        }
    }

    func inode(_ number: UInt64) throws(ExtError) -> Inode {
        let offset = try layout.offset(ofInode: number, on: device)
        return try Inode(try device.bytes(at: offset, count: layout.inodeSize), number: number, layout)
    }

    func refuseEncrypted(_ inode: Inode) throws(ExtError) {
        guard !inode.isEncrypted else { throw ExtError(.unsupported, "the inode \(inode.number) is encrypted") }
    }

    /// The bytes of a file, or of a link that is kept like one.
    func content(of inode: Inode, limit: Int) throws(ExtError) -> [UInt8] {
        try refuseEncrypted(inode)
        guard let size = Int(exactly: inode.size), size <= limit else {
            throw ExtError(.tooLarge, "the inode \(inode.number) has \(inode.size) bytes, more than \(limit)")
        }
        if inode.hasInlineData { return try inlineContent(of: inode, size: size) }
        let map = try blocks(of: inode)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(map.count * layout.blockSize)
        var index = 0
        while index < map.count {
            let first = map[index]
            var end = index + 1
            while end < map.count, first == 0 ? map[end] == 0 : map[end] == first + UInt64(end - index) { end += 1 }
            let count = (end - index) * layout.blockSize
            if first == 0 {
                try device.charge(count)
                bytes += [UInt8](repeating: 0, count: count)
            } else {
                let offset = try layout.offset(ofBlock: first, "the inode \(inode.number)")
                bytes += try device.bytes(at: offset, count: count)
            }
            index = end
        }
        bytes.removeLast(bytes.count - size)
        return bytes
    }

    /// Where a link leads (section Symbolic Links): in the inode when it is shorter than 60 bytes.
    func target(of inode: Inode) throws(ExtError) -> [UInt8] {
        try refuseEncrypted(inode)
        guard inode.size > 0, inode.size <= UInt64(Self.longestTarget) else {
            throw .damaged("the symbolic link of inode \(inode.number) has \(inode.size) bytes")
        }
        let isFast = inode.size < UInt64(Inode.map.count) && !inode.hasExtents
        let target =
            isFast
            ? Array(inode.bytes[Inode.map].prefix(Int(inode.size)))
            : try content(of: inode, limit: Self.longestTarget)
        guard !target.contains(0) else {
            throw .damaged("the symbolic link of inode \(inode.number) leads to no path")
        }
        return target
    }
}
