/// Section Directory Entries.
///
/// A directory is read from its beginning to its end, also one with a hash tree: the nodes of that look like entries of
/// no inode, for kernels that know none, and so do the checksums at the end of blocks. A damaged tree cannot hide an
/// entry so.
extension ExtReader {
    /// Calls `visit` with the bytes of each name (`.` and `..` too) and the number of its inode, until it returns true.
    func search(
        _ directory: Inode, _ visit: (_ name: ArraySlice<UInt8>, _ inode: UInt64) throws(ExtError) -> Bool
    ) throws(ExtError) {
        try refuseEncrypted(directory)
        guard directory.size <= UInt64(Self.largestDirectory) else {
            throw ExtError(.tooLarge, "the directory of inode \(directory.number) has \(directory.size) bytes")
        }
        if directory.hasInlineData {
            for range in try inlineRecords(of: directory) {
                if try search(directory.bytes, range, of: directory, visit) { return }
            }
            return
        }
        for block in try blocks(of: directory) {
            guard block != 0 else {
                try device.charge(layout.blockSize)
                continue
            }
            let offset = try layout.offset(ofBlock: block, "the directory of inode \(directory.number)")
            let bytes = try device.bytes(at: offset, count: layout.blockSize)
            if try search(bytes, bytes.indices, of: directory, visit) { return }
        }
    }

    /// The number of an entry's inode; nil where there is none of that name.
    func find(_ name: ArraySlice<UInt8>, in directory: Inode) throws(ExtError) -> UInt64? {
        var found: UInt64?
        try search(directory) { (other, inode) throws(ExtError) in
            guard other == name else { return false }
            found = inode
            return true
        }
        return found
    }

    /// The entries of a block. Whether they tell their kinds (filetype) makes no difference: the inodes know better.
    private func search(
        _ bytes: [UInt8], _ range: Range<Int>, of directory: Inode,
        _ visit: (ArraySlice<UInt8>, UInt64) throws(ExtError) -> Bool
    ) throws(ExtError) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            let inode = try bytes.little(at: start, 4)
            let length = recordLength(try bytes.little(at: start + 4, 2))
            let nameLength = Int(try bytes.little(at: start + 6, 1))
            guard length >= 12, length % 4 == 0, length <= range.upperBound - start, nameLength <= length - 8 else {
                throw .damaged("the directory of inode \(directory.number) has an entry of \(length) bytes")
            }
            if inode != 0, try visit(bytes[(start + 8)..<(start + 8 + nameLength)], inode) { return true }
            start += length
        }
        return false
    }

    /// Sixteen bits do not hold the length of an entry that has a block of 64 KiB to itself: as lengths are multiples
    /// of four, the two lowest bits are the highest there (ext4_rec_len_from_disk of the kernel's ext4.h).
    private func recordLength(_ number: UInt64) -> Int {
        guard layout.blockSize == 0x1_0000 else { return Int(number) }
        if number == 0xFFFF || number == 0 { return layout.blockSize }
        return Int(number & 0xFFFC | (number & 0x3) << 16)
    }
}
