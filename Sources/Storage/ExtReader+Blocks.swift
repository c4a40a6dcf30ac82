/// Section The Contents of inode.i_block.
extension ExtReader {
    /// The blocks that hold an inode's bytes, in their order; 0 where there is a hole, or where blocks are reserved and
    /// nothing was written yet: zeros, both.
    ///
    /// As many as the budget could pay for at most.
    func blocks(of inode: Inode) throws(ExtError) -> [UInt64] {
        // Before the array: a size is a claim.
        guard let size = Int(exactly: inode.size), size <= device.left else {
            throw ExtError(
                .exhausted, "the inode \(inode.number) has \(inode.size) bytes, more than are read of a disk")
        }
        let count = size / layout.blockSize + (size % layout.blockSize == 0 ? 0 : 1)
        var map = [UInt64](repeating: 0, count: count)
        if inode.hasExtents {
            var tree = ExtentTree(inode: inode.number, map: map)
            let depth = try inode.bytes.little(at: Inode.map.lowerBound + 6, 2)
            guard depth <= ExtentTree.mostLevels else { throw tree.damaged("it has the depth \(depth)") }
            try read(inode.bytes, Inode.map, depth: depth, into: &tree)
            return tree.map
        }
        // Section Direct/Indirect Block Addressing.
        var first = 0
        for index in 0..<15 {
            let level = max(0, index - 11)
            let pointer = try inode.bytes.little(at: Inode.map.lowerBound + 4 * index, 4)
            try fill(&map, from: first, with: pointer, level: level, of: inode.number)
            first += span(level)
        }
        return map
    }

    // MARK: - Block maps

    /// How many blocks a pointer covers: at most 2^42.
    private func span(_ level: Int) -> Int {
        (0..<level).reduce(1) { span, _ in span * (layout.blockSize / 4) }
    }

    /// - Parameter level: how many blocks of pointers are in between.
    private func fill(
        _ map: inout [UInt64], from first: Int, with pointer: UInt64, level: Int, of inode: UInt64
    ) throws(ExtError) {
        guard pointer != 0, first < map.count else { return }
        let offset = try layout.offset(ofBlock: pointer, "the inode \(inode)")
        guard level > 0 else {
            map[first] = pointer
            return
        }
        let pointers = try device.bytes(at: offset, count: layout.blockSize)
        let step = span(level - 1)
        for index in 0..<(layout.blockSize / 4) where first + index * step < map.count {
            let next = try pointers.little(at: 4 * index, 4)
            try fill(&map, from: first + index * step, with: next, level: level - 1, of: inode)
        }
    }

    // MARK: - Extents

    private struct ExtentTree {
        let inode: UInt64
        var map: [UInt64]
        /// The first block that no extent has spoken of. Extents come in their order: two of the same blocks would be
        /// damage, and a way to make much work out of little reading.
        var next: UInt64 = 0

        static let mostLevels = 5

        func damaged(_ reason: String) -> ExtError {
            .damaged("the extent tree of inode \(inode): \(reason)")
        }
    }

    /// A node: in an inode or in a block of its own.
    ///
    /// - Parameter depth: how many levels of nodes are below; a node that says otherwise is refused, so that none is
    ///   below itself.
    private func read(
        _ bytes: [UInt8], _ range: Range<Int>, depth: UInt64, into tree: inout ExtentTree
    ) throws(ExtError) {
        let start = range.lowerBound
        guard try bytes.little(at: start, 2) == 0xF30A else { throw tree.damaged("a node is none") }
        let count = Int(try bytes.little(at: start + 2, 2))
        guard count <= range.count / 12 - 1 else { throw tree.damaged("a node claims to have \(count) entries") }
        guard try bytes.little(at: start + 6, 2) == depth else { throw tree.damaged("a node is in the wrong depth") }
        for index in 0..<count {
            let entry = start + 12 * (index + 1)
            let block = try bytes.little(at: entry, 4)
            guard block >= tree.next else { throw tree.damaged("it has no order") }
            guard block < UInt64(tree.map.count) else { return }
            if depth > 0 {
                let node = try bytes.little(at: entry + 4, 4) | bytes.little(at: entry + 8, 2) << 32
                let offset = try layout.offset(ofBlock: node, "the extent tree of inode \(tree.inode)")
                let child = try device.bytes(at: offset, count: layout.blockSize)
                try read(child, child.indices, depth: depth - 1, into: &tree)
            } else {
                let length = try bytes.little(at: entry + 4, 2)
                let first = try bytes.little(at: entry + 8, 4) | bytes.little(at: entry + 6, 2) << 32
                try add(length: length, from: block, at: first, to: &tree)
            }
        }
    }

    /// - Parameter length: as it is written: above 2^15 for blocks that are reserved and hold nothing yet.
    private func add(
        length: UInt64, from block: UInt64, at first: UInt64, to tree: inout ExtentTree
    ) throws(ExtError) {
        let isWritten = length <= 0x8000
        let length = isWritten ? length : length - 0x8000
        guard length > 0 else { throw tree.damaged("an extent is empty") }
        // Numbers of at most 48 bits.
        guard first > 0, first + length <= layout.blocks else {
            throw tree.damaged("an extent has \(length) blocks from \(first) on")
        }
        tree.next = block + length
        guard isWritten else { return }
        for index in Int(block)..<min(Int(block + length), tree.map.count) {
            tree.map[index] = first + UInt64(index) - block
        }
    }
}
