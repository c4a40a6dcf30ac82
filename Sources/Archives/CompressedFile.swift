import SystemPackage

/// A file that is compressed and nothing else: an index of an archive.
package enum CompressedFile {
    /// The bytes in it; those of the file itself where it is not compressed.
    ///
    /// - Parameter limit: bytes, of which there may not be more.
    /// - Throws: ``ArchiveError``, `damaged` also for what is larger.
    package static func contents(of path: FilePath, limit: Int) throws(ArchiveError) -> [UInt8] {
        let name = printable(path)
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw ArchiveError(.unreadable, "could not open \(name): \((error as? Errno)?.description ?? "\(error)")")
        }
        let stream = try DecompressedStream(descriptor: descriptor, ownsDescriptor: true, name: name)
        var bytes: [UInt8] = []
        while let chunk = stream.next(), !chunk.isEmpty {
            guard bytes.count + chunk.count <= limit else {
                throw ArchiveError(.damaged, "could not read \(name): it unpacks to more than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk)
        }
        if let failure = stream.failure { throw failure }
        return bytes
    }
}
