import CArchive
import Glibc
import SystemPackage

/// Packs a directory into a tar archive whose names begin with `./`, compressed as the suffix of its name says.
///
/// Numeric owners, times to the second, hard links, extended attributes, ACLs, device nodes and holes in files go in; sockets do not, nor
/// what lies on other file systems (their mount points do). Entries are in the order of their names' bytes. The tree
/// must not change meanwhile.
///
/// - Parameter isCancelled: asked before each entry; `true` ends the work with an error of kind `cancelled`.
/// - Throws: `cannotWrite`; what there is of the archive is left for the caller to remove, without its end marker.
package func pack(
    tree: FilePath,
    to archive: FilePath,
    isCancelled: () -> Bool = { false }
) throws(ArchiveError) {
    var writer = try ArchiveWriter(to: archive)
    try writer.addTree(tree, isCancelled: isCancelled)
    try writer.finish()
}

extension ArchiveWriter {
    /// Adds a directory and all below it; see `pack(tree:to:)`.
    package mutating func addTree(_ root: FilePath, isCancelled: () -> Bool = { false }) throws(ArchiveError) {
        let previous = NameLocale.utf8.enter()
        defer { NameLocale.leave(previous) }
        let disk = try ArchiveHandle(archive_read_disk_new())
        archive_read_disk_set_symlink_physical(disk.raw)
        // File flags are the host file system's own affair (compression, extents).
        archive_read_disk_set_behavior(disk.raw, ARCHIVE_READDISK_NO_FFLAGS)
        guard let links = archive_entry_linkresolver_new() else { throw failure(root, "out of memory") }
        defer { archive_entry_linkresolver_free(links) }
        archive_entry_linkresolver_set_strategy(links, archive_format(archive.raw))

        let device = try status(of: root).st_dev
        var pending = [Node(path: root, name: [UInt8(ascii: ".")])]
        while let node = pending.popLast() {
            if isCancelled() {
                throw ArchiveError(.cancelled, "stopped while writing archive \(name)")
            }
            var status = try status(of: node.path)
            guard status.st_mode & S_IFMT != S_IFSOCK else { continue }
            try add(node, status: &status, disk: disk.raw, links: links)
            if status.st_mode & S_IFMT == S_IFDIR, status.st_dev == device {
                // Reversed, since the last one is taken first.
                pending.append(contentsOf: try children(of: node).reversed())
            }
        }
    }

    private struct Node {
        let path: FilePath
        let name: [UInt8]
    }

    private func add(
        _ node: Node,
        status: inout stat,
        disk: OpaquePointer,
        links: OpaquePointer
    ) throws(ArchiveError) {
        guard let created = archive_entry_new() else { throw failure(node.path, "out of memory") }
        var entry: OpaquePointer? = created
        defer { archive_entry_free(entry) }
        (node.name.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer {
            archive_entry_copy_pathname(entry, $0.baseAddress)
        }
        node.path.withPlatformString { archive_entry_copy_sourcepath(entry, $0) }
        archive_entry_copy_stat(entry, &status)
        guard archive_read_disk_entry_from_file(disk, entry, -1, &status) == ARCHIVE_OK else {
            let text = bytes(of: archive_error_string(disk)).map(printable) ?? "libarchive gives no reason"
            throw failure(node.path, text)
        }
        // The second name of a file becomes a link to the first. tar holds no entry back, so no other comes out.
        var heldBack: OpaquePointer?
        archive_entry_linkify(links, &entry, &heldBack)
        guard let entry else { return }
        try writeHeader(entry)
        if archive_entry_hardlink(entry) == nil, status.st_mode & S_IFMT == S_IFREG, archive_entry_size(entry) > 0 {
            try copyFile(node.path, size: archive_entry_size(entry))
        }
    }

    private func copyFile(_ path: FilePath, size: Int64) throws(ArchiveError) {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec])
            defer { try? file.close() }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
            defer { buffer.deallocate() }
            var rest = size
            while rest > 0 {
                let count = try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(min(rest, 262_144))))
                )
                guard count > 0 else { throw failure(path, "it shrank by \(rest) bytes while it was read") }
                try writeContent(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
                rest -= Int64(count)
            }
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw failure(path, "\(error)")
        }
    }

    private func children(of node: Node) throws(ArchiveError) -> [Node] {
        guard let stream = node.path.withPlatformString({ opendir($0) }) else {
            throw failure(node.path, "\(Errno(rawValue: errno))")
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let found = readdir(stream) else {
                guard errno == 0 else { throw failure(node.path, "\(Errno(rawValue: errno))") }
                break
            }
            let name = withUnsafePointer(to: &found.pointee.d_name) {
                bytes(of: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) ?? []
            }
            if name != [UInt8(ascii: ".")], name != Array("..".utf8) {
                names.append(name)
            }
        }
        let slash = UInt8(ascii: "/")
        return names.sorted { $0.lexicographicallyPrecedes($1) }.map { name in
            let path = (node.path.rawBytes + [slash] + name).map(CChar.init(bitPattern:)) + [0]
            return Node(
                path: path.withUnsafeBufferPointer { FilePath(platformString: $0.baseAddress!) },
                name: node.name + [slash] + name
            )
        }
    }

    private func status(of path: FilePath) throws(ArchiveError) -> stat {
        var status = stat()
        guard path.withPlatformString({ lstat($0, &status) }) == 0 else {
            throw failure(path, "\(Errno(rawValue: errno))")
        }
        return status
    }

    private func failure(_ path: FilePath, _ reason: String) -> ArchiveError {
        ArchiveError(.cannotWrite, "could not add \(printable(path)) to archive \(name): \(reason)")
    }
}
