import SystemPackage

/// What an initial RAM disk of Linux brings (initramfs buffer format of its documentation): cpio archives one behind the
/// other, the first ones, with microcode, uncompressed, the last one compressed.
package struct InitialRAMDisk: Sendable, Equatable {
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

    // Of a file that may be anybody's.
    private static let mostEntries = 100_000
    private static let mostBytes: Int64 = 4 << 30
    private static let largestList: Int64 = 1 << 20

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
            if entry.name.hasSuffix("/modules.builtin"), builtIn.isEmpty {
                let count = Int(min(entry.content.upperBound - entry.content.lowerBound, Self.largestList))
                noteBuiltIn(Self.read(file, at: entry.content.lowerBound, count: count) ?? [])
            }
            offset = entry.name == "TRAILER!!!" ? Self.skipZeros(file, from: entry.end, size) : entry.end
        }
        guard offset < size else { return }
        var unpacked: Int64 = 0
        var archive = try ArchiveReader(descriptor: file, range: offset..<size, name: name)
        while let entry = try next(of: &archive) {
            entries += 1
            guard entries <= Self.mostEntries else { throw unreadable("it has more than \(Self.mostEntries) entries") }
            unpacked += max(0, min(entry.size, Self.mostBytes))
            guard unpacked <= Self.mostBytes else {
                throw unreadable("it unpacks to more than \(Self.mostBytes) bytes")
            }
            let path = entry.path.string
            note(path)
            if path.hasSuffix("/modules.builtin"), builtIn.isEmpty {
                noteBuiltIn(try archive.readContent(limit: Int(Self.largestList)))
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

    /// An uncompressed entry in the new format of cpio; nil where none begins.
    private static func header(
        _ file: FileDescriptor, at offset: Int64
    ) -> (name: String, content: Range<Int64>, end: Int64)? {
        // Int's own initializer would take a sign.
        func number(_ digits: ArraySlice<UInt8>) -> Int64? {
            let text = String(decoding: digits, as: UTF8.self)
            return text.allSatisfy(\.isHexDigit) ? Int64(text, radix: 16) : nil
        }
        guard let bytes = read(file, at: offset, count: 110), bytes.count == 110,
            ["070701", "070702"].contains(String(decoding: bytes.prefix(6), as: UTF8.self)),
            let fileSize = number(bytes[54..<62]),
            let nameSize = number(bytes[94..<102]).map({ Int($0) }), (1...4096).contains(nameSize),
            let name = read(file, at: offset + 110, count: nameSize), name.count == nameSize
        else { return nil }
        func aligned(_ number: Int64) -> Int64 { (number + 3) / 4 * 4 }
        let start = aligned(offset + 110 + Int64(nameSize))
        return (String(decoding: name.dropLast(), as: UTF8.self), start..<(start + fileSize), aligned(start + fileSize))
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
