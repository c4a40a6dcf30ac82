import Crypto
import Glibc
import SystemPackage

/// The image of a disc (ISO 9660), such as distributions publish their installers in.
///
/// Names are Rock Ridge's where the image has them (all of Debian's and Ubuntu's have), Joliet's else, and else those of
/// ISO 9660 in small letters. libarchive reads it with the parser of this format and no other; see ``ArchiveReader``.
/// Nothing in the image is trusted: whether it is the distribution's is for its checksum to tell.
package struct DiscImage: ~Copyable, Sendable {
    /// A file that was copied out of the image.
    package struct Extracted: Equatable, Sendable {
        /// In bytes.
        package var size: Int64
        /// 64 hexadecimal digits.
        package var sha256: String
    }

    /// The image's path, for messages.
    package let name: String
    /// What the disc is called: "Debian 12.5.0 amd64 n".
    package let label: String
    /// Everything in it but its root, in the order of the names' bytes; names are relative to the root. Hard links are
    /// files that share another's content.
    package let entries: [ArchiveEntry]

    let index: [FilePath: Int]
    private let file: FileDescriptor
    private let size: Int64
    private let descriptors: VolumeDescriptors
    /// What was wrong with an entry that is not among them.
    private let warning: String?

    /// Reads the directories of an image, and no file in it.
    ///
    /// - Throws: `unreadable`, `notAnArchive`, `truncated`, `damaged`, `unsafe`.
    package init(path: FilePath) throws(ArchiveError) {
        let name = printable(path)
        let file: FileDescriptor
        do {
            // Not blocking: what is a pipe would be waited for.
            file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch {
            throw ArchiveError(
                .unreadable,
                "could not open disc image \(name): \((error as? Errno)?.description ?? "\(error)")")
        }
        do throws(ArchiveError) {
            let found = try Self.walk(file, name: name)
            // Of two with the same name the first one counts, as it does for Linux.
            index = Dictionary(found.entries.enumerated().map { ($1.path, $0) }, uniquingKeysWith: min)
            size = found.size
            descriptors = found.descriptors
            label = found.descriptors.label
            entries = found.entries
            warning = found.warning
        } catch {
            try? file.close()
            throw error
        }
        self.file = file
        self.name = name
    }

    deinit { try? file.close() }

    /// The content of small files, read in one way through the image.
    ///
    /// - Parameters:
    ///   - names: relative to the root; links in the image are followed, and lead nowhere else.
    ///   - limit: the bytes that each of them may have.
    /// - Returns: by the names that were asked for.
    /// - Throws: `missing`, `unsafe` for a larger one and for a link that leads out of the image, `damaged`.
    package func contents(of names: some Sequence<String>, limit: Int = 1 << 20) throws(ArchiveError)
        -> [String: [UInt8]]
    {
        let names = Array(names)
        var contents = [[UInt8]](repeating: [], count: names.count)
        try read(names, limit: Int64(limit)) { piece, number throws(ArchiveError) in
            contents[number].append(contentsOf: piece)
        }
        return Dictionary(zip(names, contents)) { first, _ in first }
    }

    /// Copies a file out of the image, wherever the descriptor stands, and leaves it open.
    package func extract(
        _ name: String, to target: FileDescriptor, limit: Int64 = 4 << 30
    ) throws(ArchiveError) -> Extracted {
        try extract([(name, target)], limit: limit)[0]
    }

    /// Copies files out of the image in one way through it.
    ///
    /// - Parameter limit: the bytes that each of them may have.
    /// - Returns: one for each target, in their order.
    /// - Throws: as ``contents(of:limit:)``, and `cannotExtract` and `noSpace`.
    package func extract(
        _ targets: [(name: String, file: FileDescriptor)], limit: Int64 = 4 << 30
    ) throws(ArchiveError) -> [Extracted] {
        var sums = [SHA256](repeating: SHA256(), count: targets.count)
        var sizes = [Int64](repeating: 0, count: targets.count)
        try read(targets.map(\.name), limit: limit) { piece, number throws(ArchiveError) in
            sums[number].update(bufferPointer: piece)
            sizes[number] += Int64(piece.count)
            do {
                _ = try targets[number].file.writeAll(piece)
            } catch {
                let code = error as? Errno
                let isFull = code == .noSpace || code == Errno(rawValue: EDQUOT)
                throw ArchiveError(
                    isFull ? .noSpace : .cannotExtract,
                    "could not copy \(printable(Array(targets[number].name.utf8))) out of disc image \(name): "
                        + (code?.description ?? "\(error)"),
                    hint: isFull ? "make room" : nil)
            }
        }
        return zip(sizes, sums).map { size, sum in
            Extracted(
                size: size,
                sha256: sum.finalize().reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) })
        }
    }

    /// Hands out the content of files piece by piece, each with the number of its name.
    private func read(
        _ names: [String], limit: Int64, _ use: (UnsafeRawBufferPointer, Int) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var wanted: [FilePath: [Int]] = [:]
        for (number, name) in names.enumerated() {
            let entry = try file(name)
            guard entry.size <= limit else {
                throw ArchiveError(
                    .unsafe,
                    "refused \(printable(Array(name.utf8))) of disc image \(self.name): it has \(entry.size) bytes, and "
                        + "should have \(limit) at most")
            }
            wanted[entry.path, default: []].append(number)
        }
        guard !wanted.isEmpty else { return }
        var pass = try DiscImagePass(file, size: size, name: name, descriptors: descriptors)
        while !wanted.isEmpty, let entry = try pass.next() {
            guard let numbers = wanted.removeValue(forKey: entry.path) else { continue }
            guard index[entry.path].map({ entries[$0] == entry }) == true else { throw changed }
            try pass.content(of: entry) { piece throws(ArchiveError) in
                for number in numbers { try use(piece, number) }
            }
        }
        guard wanted.isEmpty else { throw changed }
    }

    private var changed: ArchiveError {
        ArchiveError(.changed, "could not read disc image \(name): it was changed meanwhile")
    }

    /// The file of that name, behind all links.
    private func file(_ name: String) throws(ArchiveError) -> ArchiveEntry {
        let entry = try self.entry(name)
        guard entry.kind == .file else {
            throw ArchiveError(
                .missing, "could not read \(printable(Array(name.utf8))) of disc image \(self.name): it is no file")
        }
        return entry
    }

    func missing(_ name: String) -> ArchiveError {
        ArchiveError(
            .missing,
            "disc image \(self.name) has no \(printable(Array(name.utf8)))"
                + (warning.map { ", and is damaged: \($0)" } ?? ""))
    }

    private static func walk(
        _ file: FileDescriptor, name: String
    ) throws(ArchiveError) -> (size: Int64, descriptors: VolumeDescriptors, entries: [ArchiveEntry], warning: String?) {
        let size: Int64
        do {
            size = try file.seek(offset: 0, from: .end)
        } catch {
            throw ArchiveError(.unreadable, "could not read disc image \(name): \(error)")
        }
        guard let descriptors = VolumeDescriptors(file) else { throw DiscImagePass.notAnImage(name) }
        guard descriptors.size <= size else {
            throw ArchiveError(
                .truncated,
                "could not read disc image \(name): it is truncated: it should have \(descriptors.size) bytes, and has "
                    + "\(size)", hint: DecompressedStream.fetchAgain)
        }
        var pass = try DiscImagePass(file, size: size, name: name, descriptors: descriptors)
        var entries: [ArchiveEntry] = []
        while let entry = try pass.next() { entries.append(entry) }
        let sorted = entries.map { (key: $0.path.rawBytes, entry: $0) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.entry)
        return (size, descriptors, sorted, pass.warning)
    }
}
