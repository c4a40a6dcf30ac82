/// path_resolution(7), with this file system as all there is.
extension ExtReader {
    private static let root: UInt64 = 2

    /// What a path leads to; nil where there is nothing.
    func inode(at path: String, followsLast: Bool) throws(ExtError) -> Inode? {
        let root = try inode(Self.root)
        // The directories from the root to where the walk is: `..` is the one before, whatever the disk says of it, and
        // before the root is none.
        var trail = [root]
        var names = Self.names(of: Array(path.utf8))
        var links = 0
        while let name = names.popLast() {
            guard let here = trail.last, here.kind == .directory else { return nil }
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            guard let number = try find(name, in: here) else { return nil }
            let found = try inode(number)
            guard found.kind == .link, followsLast || !names.isEmpty else {
                trail.append(found)
                continue
            }
            links += 1
            guard links <= Self.mostLinks else {
                throw ExtError(.tooManyLinks, "\(path) leads through more than \(Self.mostLinks) symbolic links")
            }
            let target = try target(of: found)
            if target.first == UInt8(ascii: "/") { trail = [root] }
            names += Self.names(of: target)
        }
        return trail.last
    }

    /// The last one first. A path that ends with a slash names a directory, as if a `.` followed.
    private static func names(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        let names = path.split(separator: UInt8(ascii: "/"))
        let end = path.last == UInt8(ascii: "/") ? [ArraySlice(".".utf8)] : []
        return end + names.reversed()
    }
}
