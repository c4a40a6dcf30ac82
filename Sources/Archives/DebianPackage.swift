import Glibc
import SystemPackage

/// A binary package: an ar archive of a version, an archive of control files, and an archive of the package's files
/// (deb(5)).
///
/// Nothing in it is trusted before its digest has been compared with the index's; that is the caller's affair.
package struct DebianPackage: ~Copyable {
    /// One of the files that dpkg keeps about a package: `control`, `postinst`, `md5sums` ...
    package struct ControlFile: Equatable, Sendable {
        package var name: String
        /// 0 to 0o7777.
        package var permissions: UInt16
        /// Seconds since 1970.
        package var modificationTime: Int64
        package var content: [UInt8]

        package init(name: String, permissions: UInt16, modificationTime: Int64, content: [UInt8]) {
            self.name = name
            self.permissions = permissions
            self.modificationTime = modificationTime
            self.content = content
        }
    }

    /// The package's file name, for messages.
    package let name: String
    private let descriptor: FileDescriptor
    private let controlRange: Range<Int64>
    private let dataRange: Range<Int64>

    /// - Throws: `unreadable`, `notAnArchive`, `truncated`.
    package init(path: FilePath) throws(ArchiveError) {
        name = path.lastComponent?.string ?? path.string
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            let reason = (error as? Errno)?.description ?? "\(error)"
            throw ArchiveError(.unreadable, "could not open package \(printable(path)): \(reason)")
        }
        do throws(ArchiveError) {
            let members = try Self.members(of: descriptor, name: name)
            guard members.first?.name == "debian-binary" else {
                throw ArchiveError(.notAnArchive, "could not read package \(name): it is no Debian package")
            }
            guard let control = members.first(where: { $0.name.hasPrefix("control.tar") }),
                let data = members.first(where: { $0.name.hasPrefix("data.tar") })
            else {
                throw ArchiveError(.damaged, "could not read package \(name): it has no control or no data archive")
            }
            controlRange = control.range
            dataRange = data.range
        } catch {
            try? descriptor.close()
            throw error
        }
        self.descriptor = descriptor
    }

    deinit { try? descriptor.close() }

    /// What dpkg keeps about the package, in the archive's order.
    package func controlFiles() throws(ArchiveError) -> [ControlFile] {
        var reader = try ArchiveReader(descriptor: descriptor, range: controlRange, name: name)
        var files: [ControlFile] = []
        while let entry = try reader.next() {
            guard case .file = entry.kind, let name = entry.path.lastComponent?.string else { continue }
            // The largest there are, md5sums and templates, have some megabytes.
            guard entry.size <= 64 << 20 else {
                throw ArchiveError(.damaged, "could not read package \(self.name): its \(name) has \(entry.size) bytes")
            }
            files.append(
                ControlFile(
                    name: name, permissions: entry.permissions, modificationTime: entry.modificationTime,
                    content: try reader.readContent()))
        }
        return files
    }

    /// A reader of the package's files. The package must outlive it.
    package func data() throws(ArchiveError) -> ArchiveReader {
        try ArchiveReader(descriptor: descriptor, range: dataRange, name: name)
    }

    // MARK: - ar

    private struct Member {
        var name: String
        var range: Range<Int64>
    }

    /// The members of an ar archive, whose headers are 60 bytes of text (ar(5)); extended names are not used in packages.
    private static func members(of file: FileDescriptor, name: String) throws(ArchiveError) -> [Member] {
        var size: Int64 = 0
        var status = stat()
        if fstat(file.rawValue, &status) == 0 { size = Int64(status.st_size) }
        guard try read(file, at: 0, count: 8, name) == Array("!<arch>\n".utf8) else {
            throw ArchiveError(.notAnArchive, "could not read package \(name): it is no Debian package")
        }
        var members: [Member] = []
        var position: Int64 = 8
        // A last byte may be missing or superfluous: members begin at even offsets.
        while position + 60 <= size {
            let header = try read(file, at: position, count: 60, name)
            func field(_ range: Range<Int>) -> String {
                String(decoding: header[range], as: UTF8.self).trimmingSpaces
            }
            guard header.suffix(2) == Array("`\n".utf8), let length = Int64(field(48..<58)), length >= 0 else {
                throw ArchiveError(
                    .damaged, "could not read package \(name): the header at byte \(position) is none",
                    hint: DecompressedStream.fetchAgain)
            }
            var member = field(0..<16)
            if member.hasSuffix("/") { member.removeLast() }
            let start = position + 60
            guard length <= size - start else {
                throw ArchiveError(
                    .truncated,
                    "could not read package \(name): it is truncated: \(member) has \(length) bytes, and \(size - start) are there",
                    hint: DecompressedStream.fetchAgain)
            }
            members.append(Member(name: member, range: start..<start + length))
            position = start + length + length % 2
        }
        return members
    }

    private static func read(
        _ file: FileDescriptor, at offset: Int64, count: Int, _ name: String
    ) throws(ArchiveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(file.rawValue, &bytes, count, off_t(offset))
        guard got >= 0 else {
            throw ArchiveError(.unreadable, "could not read package \(name): \(Errno(rawValue: errno))")
        }
        return Array(bytes.prefix(got))
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
