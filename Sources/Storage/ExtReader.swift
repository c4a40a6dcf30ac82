/// Reads an ext2, ext3 or ext4 file system, and never writes.
///
/// For a few small files of a guest's disk. To mount it, or to ask libext2fs, would hand the guest's bytes to C code
/// that runs with all rights of dom0: what pygrub is blamed for (XSA-443). Here no number of the disk is believed: each
/// is held against the block count and the room that it is in, every tree has a depth, every list an order, and one
/// budget bounds all that is read, so that an image can at worst be refused. Checksums are not verified: they guard
/// against accidents, and whoever writes an image in bad faith computes them.
///
/// The source is the kernel's Documentation/filesystems/ext4, whose sections are named where they are followed. What is
/// in the journal and not yet in its place is not seen (see ``needsRecovery``).
///
/// Copies share their budget.
package struct ExtReader {
    /// What a path leads to.
    package struct Entry: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            case file, directory, link
            /// A device, a pipe or a socket.
            case other
        }

        package var kind: Kind
        /// In bytes.
        package var size: Int64
        /// The twelve lowest bits of the mode.
        package var permissions: UInt16
        /// Where a symbolic link leads, as it says; bytes that are no UTF-8 are repaired.
        package var target: String?
    }

    /// How many bytes are read in all, unless the caller says otherwise: some ten thousand look-ups.
    package static let usualBudget = 64 << 20
    /// A directory that is larger is refused.
    static let largestDirectory = 16 << 20
    /// path_resolution(7), the kernel's MAXSYMLINKS.
    static let mostLinks = 40
    /// PATH_MAX, without the byte that ends it.
    static let longestTarget = 4095

    let layout: Layout
    let device: Device

    /// Reads the superblock.
    ///
    /// - Parameters:
    ///   - budget: how many bytes are read in all; the zeros of holes count too, and a read of less than a sector
    ///     counts as one.
    ///   - read: gives bytes at an offset of the file system, fewer at its end only; what it throws becomes an
    ///     ``ExtError`` of the kind `unreadable`. It ends where the disk or the partition ends: how far the file system
    ///     reaches is its own claim, and what lies behind may be another's.
    /// - Throws: ``ExtError`` for what is none, for a feature that is not known, for numbers that cannot be.
    package init(
        budget: Int = Self.usualBudget, read: @escaping (_ offset: Int64, _ count: Int) throws -> [UInt8]
    ) throws(ExtError) {
        device = Device(budget: budget, read: read)
        layout = try Layout(try device.bytes(at: Layout.offset, count: Layout.length))
    }

    /// Whether there are changes in the journal that are not in their places yet: it was not unmounted, or is in use.
    /// What is read is then older than what the guest will see, and may even contradict itself.
    package var needsRecovery: Bool { layout.needsRecovery }

    /// Whether it was unmounted in good order and no error has been noted since.
    package var isClean: Bool { layout.isClean }

    /// nil where there is no such entry, also where a link on the way leads nowhere.
    ///
    /// Symbolic links are followed within the file system: absolute ones from its root, `..` never above it.
    ///
    /// - Parameters:
    ///   - path: from the root, whether it begins with a slash or not.
    ///   - followsLast: false for a link itself, in the place of what it leads to.
    package func entry(at path: String, followsLast: Bool = true) throws(ExtError) -> Entry? {
        guard let inode = try inode(at: path, followsLast: followsLast) else { return nil }
        let target = inode.kind == .link ? try target(of: inode) : nil
        return Entry(
            kind: inode.kind, size: Int64(clamping: inode.size), permissions: inode.permissions,
            target: target.map { String(decoding: $0, as: UTF8.self) })
    }

    /// The bytes of a regular file, links followed; nil where there is none.
    ///
    /// - Parameter limit: the most bytes; a larger file is refused, and not cut.
    package func contents(of path: String, limit: Int) throws(ExtError) -> [UInt8]? {
        guard let inode = try inode(at: path, followsLast: true) else { return nil }
        guard inode.kind == .file else { throw ExtError(.wrongKind, "\(path) is no regular file") }
        return try content(of: inode, limit: limit)
    }

    /// The names in a directory, links followed, in the order that they are found in, without `.` and `..`; nil where
    /// there is none. Bytes that are no UTF-8 are repaired, and the entry is then not found under its name.
    ///
    /// - Parameter limit: the most names; a directory with more is refused.
    package func names(in directory: String, limit: Int) throws(ExtError) -> [String]? {
        guard let inode = try inode(at: directory, followsLast: true) else { return nil }
        guard inode.kind == .directory else { throw ExtError(.wrongKind, "\(directory) is no directory") }
        var names: [String] = []
        try search(inode) { (name, _) throws(ExtError) in
            // The kernel gives no such names to programs either, and who joins a path of them would be led astray.
            guard !name.isEmpty, !name.contains(0), !name.contains(UInt8(ascii: "/")) else {
                throw .damaged("\(directory) has an entry whose name is none")
            }
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { return false }
            guard names.count < limit else { throw ExtError(.tooLarge, "\(directory) has more than \(limit) entries") }
            names.append(String(decoding: name, as: UTF8.self))
            return false
        }
        return names
    }
}
