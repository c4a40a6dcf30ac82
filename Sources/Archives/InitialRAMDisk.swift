import SystemPackage

/// What an initial RAM disk of Linux brings (initramfs buffer format of its documentation): cpio archives one behind the
/// other, the first ones, with microcode, uncompressed, the last one compressed.
package struct InitialRAMDisk: Sendable, Equatable {
    /// The names of the kernel modules in it, without directory and suffix: `xen-blkfront`.
    package private(set) var modules: Set<String> = []
    /// The names of those that its kernel has built in; empty where it does not say.
    package private(set) var builtIn: Set<String> = []

    /// Whether a driver is there, as a module or in the kernel; nil where nothing is said of drivers at all.
    package func has(_ module: String) -> Bool? {
        if modules.isEmpty && builtIn.isEmpty { return nil }
        return modules.contains(module) || builtIn.contains(module)
    }

    // Of a file that may be anybody's.
    private static let mostEntries = 100_000

    /// Reads the names in a file; nothing is unpacked onto a disk.
    ///
    /// - Throws: ``ArchiveError`` for what is none.
    package init(path: FilePath) throws(ArchiveError) {
        let name = path.string
        func unreadable(_ reason: String) -> ArchiveError {
            ArchiveError(.unreadable, "could not read the initial RAM disk \(name): \(reason)")
        }
        let file: FileDescriptor
        let size: Int64
        do {
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw unreadable((error as? Errno)?.description ?? "\(error)")
        }
        defer { try? file.close() }
        do {
            size = try file.seek(offset: 0, from: .end)
        } catch {
            throw unreadable("\(error)")
        }
        var offset: Int64 = 0
        var entries = 0
        while let entry = Self.header(file, at: offset) {
            entries += 1
            guard entries <= Self.mostEntries, entry.end <= size else { throw unreadable("it is damaged") }
            note(entry.name)
            offset = entry.name == "TRAILER!!!" ? Self.skipZeros(file, from: entry.end, size) : entry.end
        }
        guard offset < size else { return }
        var archive = try ArchiveReader(descriptor: file, range: offset..<size, name: name)
        while let entry = try next(of: &archive) {
            entries += 1
            guard entries <= Self.mostEntries else { throw unreadable("it has more than \(Self.mostEntries) entries") }
            let path = entry.path.string
            note(path)
            if path.hasSuffix("/modules.builtin") {
                let text = String(decoding: try archive.readContent(limit: 1 << 20), as: UTF8.self)
                builtIn.formUnion(text.split(separator: "\n").compactMap { Self.module(String($0)) })
            }
        }
    }

    /// libarchive takes an archive without a file for one that is cut short.
    private func next(of archive: inout ArchiveReader) throws(ArchiveError) -> ArchiveEntry? {
        do throws(ArchiveError) {
            return try archive.next()
        } catch {
            guard error.kind == .truncated, modules.isEmpty, archive.bytesRead < 512 else { throw error }
            return nil
        }
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

    /// An uncompressed entry in the new format of cpio; nil where none begins.
    private static func header(_ file: FileDescriptor, at offset: Int64) -> (name: String, end: Int64)? {
        guard let bytes = read(file, at: offset, count: 110), bytes.count == 110,
            ["070701", "070702"].contains(String(decoding: bytes.prefix(6), as: UTF8.self)),
            let fileSize = Int64(String(decoding: bytes[54..<62], as: UTF8.self), radix: 16),
            let nameSize = Int(String(decoding: bytes[94..<102], as: UTF8.self), radix: 16),
            (1...4096).contains(nameSize),
            let name = read(file, at: offset + 110, count: nameSize), name.count == nameSize
        else { return nil }
        func aligned(_ number: Int64) -> Int64 { (number + 3) / 4 * 4 }
        let end = aligned(aligned(offset + 110 + Int64(nameSize)) + fileSize)
        return (String(decoding: name.dropLast(), as: UTF8.self), end)
    }

    private static func skipZeros(_ file: FileDescriptor, from start: Int64, _ size: Int64) -> Int64 {
        var offset = start
        while offset < size, let bytes = read(file, at: offset, count: 4096), !bytes.isEmpty {
            if let index = bytes.firstIndex(where: { $0 != 0 }) { return offset + Int64(index) }
            offset += Int64(bytes.count)
        }
        return size
    }

    private static func read(_ file: FileDescriptor, at offset: Int64, count: Int) -> [UInt8]? {
        try? [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try file.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
