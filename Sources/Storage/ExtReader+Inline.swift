/// Section Inline Data: what fits has no blocks. Its beginning takes the place of the map, the rest is the value of the
/// attribute `system.data` in the same inode.
extension ExtReader {
    func inlineContent(of inode: Inode, size: Int) throws(ExtError) -> [UInt8] {
        var bytes = Array(inode.bytes[Inode.map])
        if size > bytes.count, let rest = try inlineAttribute(of: inode) { bytes += inode.bytes[rest] }
        guard size <= bytes.count else {
            throw .damaged("the inode \(inode.number) claims to hold \(size) bytes and has \(bytes.count)")
        }
        bytes.removeLast(bytes.count - size)
        return bytes
    }

    /// Where the entries of a directory are, in its inode; the number of its parent stands before them.
    func inlineRecords(of directory: Inode) throws(ExtError) -> [Range<Int>] {
        let first = (Inode.map.lowerBound + 4)..<Inode.map.upperBound
        guard directory.size > UInt64(Inode.map.count) else { return [first] }
        return [first] + [try inlineAttribute(of: directory)].compactMap(\.self)
    }

    /// Where the value of `system.data` is, in the inode (section Extended Attributes); nil without one.
    private func inlineAttribute(of inode: Inode) throws(ExtError) -> Range<Int>? {
        let bytes = inode.bytes
        // An inode of 128 bytes has no attributes in it.
        guard bytes.count > 128 else { return nil }
        let header = 128 + Int(try bytes.little(at: 0x80, 2))
        guard header <= bytes.count - 8, try bytes.little(at: header, 4) == 0xEA02_0000 else { return nil }
        let first = header + 4
        var entry = first
        // The list ends with four zeros.
        while try bytes.little(at: entry, 4) != 0 {
            let nameLength = Int(try bytes.little(at: entry, 1))
            let prefix = try bytes.little(at: entry + 1, 1)
            guard nameLength <= bytes.count - entry - 16 else { break }
            let name = bytes[(entry + 16)..<(entry + 16 + nameLength)]
            if prefix == 7, name.elementsEqual("data".utf8) {
                let start = first + Int(try bytes.little(at: entry + 2, 2))
                let size = Int(try bytes.little(at: entry + 8, 4))
                guard try bytes.little(at: entry + 4, 4) == 0, start <= bytes.count, size <= bytes.count - start else {
                    break
                }
                return start..<(start + size)
            }
            entry += 16 + (nameLength + 3) / 4 * 4
        }
        throw .damaged("the attributes of inode \(inode.number)")
    }
}
