import SystemPackage

/// What an initial RAM disk of Linux brings (initramfs buffer format of its documentation): cpio archives one behind the
/// other, the first ones, with microcode, uncompressed, those behind compressed, with zeros between them.
///
/// What stands behind the first compressed archive is read where that is packed with gzip, whose data tell where they end; the
/// other decompressors take it for a part of theirs, and for damaged.
package struct InitialRAMDisk: Sendable, Equatable {
    /// The names in all of its archives, in their order, relative to the root: of two that are the same, the later one counts.
    package private(set) var names: [String] = []
    /// The names of the kernel modules in it, without directory and suffix: `xen-blkfront`.
    package private(set) var modules: Set<String> = []
    /// The names of those that its kernel has built in; empty where it does not say.
    package private(set) var builtIn: Set<String> = []

    /// Whether a driver is there, as a module or in the kernel; nil where it is no module, and nothing tells what the kernel
    /// has built in.
    package func has(_ module: String) -> Bool? {
        if modules.contains(module) || builtIn.contains(module) { return true }
        return builtIn.isEmpty ? nil : false
    }

    /// The release of the kernel that its modules are for, as their directory is called; nil where there is none, or more than
    /// one.
    package var kernelRelease: String? {
        let releases = Set(
            names.compactMap { name -> Substring? in
                let parts = name.split(separator: "/")
                guard let modules = parts.firstIndex(of: "modules"), modules > 0, modules <= 2,
                    parts[modules - 1] == "lib",
                    parts.count > modules + 2
                else { return nil }
                return parts[modules + 1]
            })
        // It is anybody's, and goes to terminals.
        guard releases.count == 1, let release = releases.first, release.utf8.allSatisfy({ (0x21..<0x7F).contains($0) })
        else { return nil }
        return String(release)
    }

    // Of a file that may be anybody's.
    private static let mostArchives = 1000
    private static let mostEntries = 100_000
    private static let mostNameBytes = 16 << 20
    private static let mostBytes: Int64 = 4 << 30
    private static let largestList = 1 << 20

    private var entries = 0
    private var nameBytes = 0
    private var bytes: Int64 = 0

    /// Reads the names in a file; nothing is unpacked onto a disk.
    ///
    /// - Throws: ``ArchiveError`` for what is none.
    package init(path: FilePath) throws(ArchiveError) {
        let name = path.string
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw Self.unreadable(name, (error as? Errno)?.description ?? "\(error)")
        }
        defer { try? file.close() }
        let size: Int64
        do {
            size = try file.seek(offset: 0, from: .end)
        } catch {
            throw Self.unreadable(name, "\(error)")
        }
        var offset: Int64 = 0
        var packed = 0
        while true {
            offset = try listPlain(file, from: offset, name)
            guard offset < size else { return }
            guard let end = try listPacked(file, offset..<size, name) else {
                // What is behind the last one may be anything, such as a boot configuration.
                if packed > 0 { return }
                throw Self.unreadable(name, "it has no cpio archive at byte \(offset)", .notAnArchive)
            }
            packed += 1
            guard packed <= Self.mostArchives else {
                throw Self.unreadable(name, "it has more than \(Self.mostArchives) archives")
            }
            offset = end
        }
    }

    /// Where the uncompressed archives end that begin there, if any does.
    private mutating func listPlain(_ file: FileDescriptor, from start: Int64, _ name: String) throws(ArchiveError)
        -> Int64
    {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var next = start
        var archive = CPIOStream(at: start, name: name) { () throws(ArchiveError) in
            do {
                let count = try file.read(fromAbsoluteOffset: next, into: buffer)
                next += Int64(count)
                return UnsafeRawBufferPointer(rebasing: buffer[..<count])
            } catch {
                throw Self.unreadable(name, "\(error)")
            }
        }
        try list(&archive, name)
        return archive.position
    }

    /// Where a compressed archive ends; nil if there is none.
    private mutating func listPacked(_ file: FileDescriptor, _ range: Range<Int64>, _ name: String) throws(ArchiveError)
        -> Int64?
    {
        let stream = try DecompressedStream(descriptor: file, ownsDescriptor: false, name: name, range: range)
        guard stream.isCompressed else { return nil }
        func next() throws(ArchiveError) -> UnsafeRawBufferPointer {
            guard let piece = stream.next() else {
                throw stream.failure ?? Self.unreadable(name, "it cannot be decompressed")
            }
            return piece
        }
        var archive = CPIOStream(at: 0, name: name, next)
        try list(&archive, name)
        guard archive.isArchive else { return nil }
        // To its end, so that a damaged tail or a wrong checksum is noticed.
        while !stream.reachedEnd { _ = try next() }
        return range.lowerBound + max(1, stream.bytesRead)
    }

    private mutating func list(_ archive: inout CPIOStream, _ name: String) throws(ArchiveError) {
        while let entry = try archive.next() {
            let path = (try? EntryName(entry.name)).map { String(decoding: $0.bytes, as: UTF8.self) }
            entries += 1
            if path != "" { names.append(path ?? String(decoding: entry.name, as: UTF8.self)) }
            nameBytes += entry.name.count
            bytes += entry.size
            guard entries <= Self.mostEntries, nameBytes <= Self.mostNameBytes else {
                throw Self.unreadable(name, "it has more than \(Self.mostEntries) entries")
            }
            guard bytes <= Self.mostBytes else {
                throw Self.unreadable(name, "it unpacks to more than \(Self.mostBytes) bytes")
            }
            if let path { note(path) }
            if entry.name.suffix(16).elementsEqual("/modules.builtin".utf8), builtIn.isEmpty {
                noteBuiltIn(try archive.content(limit: Self.largestList))
            }
        }
    }

    private static func unreadable(
        _ name: String, _ reason: String, _ kind: ArchiveError.Kind = .unreadable
    ) -> ArchiveError {
        ArchiveError(kind, "could not read the initial RAM disk \(name): \(reason)")
    }

    private mutating func noteBuiltIn(_ list: [UInt8]) {
        let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
        builtIn = Set(lines.compactMap { Self.module(String($0)) })
    }

    private mutating func note(_ path: String) {
        if let module = Self.module(path) { modules.insert(module) }
    }

    /// `kernel/drivers/block/xen-blkfront.ko.xz`; a name may have hyphens or underscores (modprobe(8)).
    private static func module(_ path: String) -> String? {
        let name = path.split(separator: "/").last ?? ""
        guard let suffix = name.firstRange(of: ".ko"), suffix.lowerBound > name.startIndex else { return nil }
        return String(name[..<suffix.lowerBound].map { $0 == "_" ? "-" : $0 })
    }
}
