import CArchive
import CLinux
import Glibc
import SystemPackage

/// What unpacking a package has put into the tree.
package struct UnpackedFiles: Sendable {
    /// All names of the archive, in its order, with a slash at the beginning; `/.` for the root.
    package var names: [[UInt8]] = []
    /// Its regular files, without a slash at the beginning; a further name of one before it tells which.
    package var regular: [(name: [UInt8], isSameAs: [UInt8]?)] = []
    /// The conffiles that were in the archive.
    package var conffiles: Set<[UInt8]> = []
}

/// Sees what is written.
package typealias ContentObserver = (_ name: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Void

/// Why two packages do not go into one tree.
package struct PackageConflict: Error, Equatable {
    /// Numbers of ``UnpackRules/number``.
    package var package: Int
    package var other: Int
    package var name: String
}

extension PackageTree {
    /// Unpacks a package's files.
    ///
    /// As in dpkg, directories that exist keep their owner and mode, a link to a directory is kept where a package has the
    /// directory, attributes and ACLs are not taken, and conffiles get a suffix until they are configured.
    ///
    /// - Parameter observe: is shown the content of each regular file, in pieces, with the file's name.
    /// - Throws: ``ArchiveError``; ``PackageConflict``.
    package func unpack(
        _ package: borrowing DebianPackage, rules: UnpackRules, isCancelled: () -> Bool = { false },
        observe: ContentObserver? = nil
    ) throws -> UnpackedFiles {
        let previous = NameLocale.raw.enter()
        defer { NameLocale.leave(previous) }
        var reader = try package.data()
        var unpacker = Unpacker(tree: self, rules: rules, package: package.name, observe: observe)
        defer { unpacker.close() }
        while let entry = try reader.nextRaw() {
            if isCancelled() { throw ArchiveError(.cancelled, "stopped while unpacking \(package.name)") }
            try unpacker.take(entry, &reader)
        }
        return unpacker.unpacked
    }
}

/// Unpacks one package.
private struct Unpacker {
    let tree: PackageTree
    let rules: UnpackRules
    /// The package's file name, for messages.
    let package: String
    let observe: ContentObserver?
    var unpacked = UnpackedFiles()

    /// The directory of the last entry: a package's names come directory by directory.
    private var parentName: [UInt8]?
    private var parent: Int32 = -1
    private var parentInode: UInt64 = 0

    init(tree: PackageTree, rules: UnpackRules, package: String, observe: ContentObserver?) {
        self.tree = tree
        self.rules = rules
        self.package = package
        self.observe = observe
    }

    mutating func close() {
        if parent >= 0 { Glibc.close(parent) }
        parent = -1
        parentName = nil
    }

    mutating func take(_ entry: OpaquePointer, _ reader: inout ArchiveReader) throws {
        let name = try checked(bytes(of: archive_entry_pathname(entry)))
        unpacked.names.append(Array("/".utf8) + (name.isRoot ? Array(".".utf8) : name.bytes))
        let kind = ArchiveEntry.Kind(entry)
        guard !name.isRoot else {
            guard kind == .directory else { throw refusal(name.bytes, "it would replace the root directory") }
            try makeRoot(entry)
            return
        }
        if kind == .directory { return try makeDirectory(name.bytes, entry) }

        let (directory, leaf) = TreeName.split(name.bytes)
        try enter(directory, shown: name.bytes)
        var link: [UInt8]?
        if case .symbolicLink(let target) = kind { link = target.rawBytes }
        switch tree.claim(.init(directory: parentInode, name: leaf), name: name.bytes, rules: rules, link: link) {
        case .mine: break
        case .theirs(let other):
            if kind == .file { try passOver(name.bytes, replacedBy: other, &reader) }
            return
        case .conflict(let other):
            throw PackageConflict(
                package: rules.number, other: other, name: "/" + printable(name.bytes))
        }
        switch kind {
        case .file:
            let isConffile = rules.conffiles.contains(name.bytes)
            if isConffile { unpacked.conffiles.insert(name.bytes) }
            unpacked.regular.append((name.bytes, nil))
            try makeFile(isConffile ? leaf + UnpackRules.newSuffix : leaf, entry, &reader, shown: name.bytes)
        case .symbolicLink(let target):
            try makeLink(leaf, to: target, entry, shown: name.bytes)
        case .hardLink:
            let isConffile = rules.conffiles.contains(name.bytes)
            if isConffile { unpacked.conffiles.insert(name.bytes) }
            try makeHardLink(isConffile ? leaf + UnpackRules.newSuffix : leaf, entry, shown: name.bytes)
        case .characterDevice, .blockDevice, .fifo:
            try makeNode(leaf, entry, shown: name.bytes)
        case .directory, .socket, .unknown:
            throw refusal(name.bytes, "dpkg knows no such kind of file")
        }
    }

    /// dpkg would have unpacked it before the other came, and known its content.
    private mutating func passOver(_ name: [UInt8], replacedBy other: Int, _ reader: inout ArchiveReader) throws {
        guard rules.number < other, let observe else { return }
        unpacked.regular.append((name, nil))
        while let block = try reader.nextBlock() { observe(name, block.bytes) }
    }

    // MARK: - Kinds

    /// The first package in order that has the root gives it its mode.
    private func makeRoot(_ entry: OpaquePointer) throws {
        var status = stat()
        guard fstat(tree.descriptor, &status) == 0 else { throw failure([], "look at") }
        guard tree.takesDirectory(UInt64(status.st_ino), rules.number) else { return }
        guard fchownat(tree.descriptor, ".", owner(entry), group(entry), 0) == 0,
            fchmodat(tree.descriptor, ".", mode(entry), 0) == 0
        else { throw failure([], "set the mode of") }
    }

    private mutating func makeDirectory(_ name: [UInt8], _ entry: OpaquePointer) throws {
        let (directory, leaf) = TreeName.split(name)
        try enter(directory, shown: name)
        let path = TreeName.cString(leaf)
        // Nobody enters it before it is what it is to be.
        var code: Int32 = 0
        let isMade = tree.makeDirectory(by: rules.number) {
            guard mkdirat(parent, path, 0o700) == 0 else {
                code = errno
                return nil
            }
            return try? inode(path)
        }
        if isMade { return try settleNode(path, entry, name: name, isLink: false) }
        errno = code
        guard errno == EEXIST else { throw failure(name, "make the directory") }
        // A link to a directory stays, as in dpkg: so has the administrator, or a merged /usr, wanted it.
        let existing = try tree.openDirectory(name)
        guard existing >= 0 else { throw refusal(name, "what is in its place is not a directory") }
        defer { Glibc.close(existing) }
        var status = stat()
        guard fstat(existing, &status) == 0 else { throw failure(name, "look at") }
        guard tree.takesDirectory(UInt64(status.st_ino), rules.number) else { return }
        guard fchownat(existing, ".", owner(entry), group(entry), 0) == 0,
            fchmodat(existing, ".", mode(entry), 0) == 0
        else { throw failure(name, "set the mode of") }
    }

    private mutating func makeFile(
        _ leaf: [UInt8], _ entry: OpaquePointer, _ reader: inout ArchiveReader, shown: [UInt8]
    ) throws {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let path = TreeName.cString(leaf)
        var temporary: [CChar]?
        var file = openat(parent, path, flags, 0o600)
        if file < 0, errno == EEXIST {
            try refuseDirectory(path, shown)
            let name = temporaryName(leaf)
            temporary = name
            unlinkat(parent, name, 0)
            file = openat(parent, name, flags, 0o600)
        }
        guard file >= 0 else { throw failure(shown, "make") }
        defer { Glibc.close(file) }
        var length: Int64 = 0
        while let block = try reader.nextBlock() {
            try write(block.bytes, to: file, at: block.offset, shown)
            observe?(shown, block.bytes)
            length = block.offset + Int64(block.bytes.count)
        }
        // A hole at the end.
        if length < archive_entry_size(entry), ftruncate(file, off_t(archive_entry_size(entry))) != 0 {
            throw failure(shown, "write")
        }
        guard fchown(file, owner(entry), group(entry)) == 0,
            // After the owner, whose change takes setuid and setgid bits away.
            fchmod(file, mode(entry)) == 0,
            futimens(file, Self.times(entry)) == 0
        else { throw failure(shown, "set the mode of") }
        guard let temporary else { return }
        let place = PackageTree.Place(directory: parentInode, name: leaf)
        switch tree.settle(place, of: rules.number, { renameat(parent, temporary, parent, path) == 0 }) {
        case true?: break
        case false?: throw failure(shown, "put in place")
        // Another package has replaced it meanwhile.
        case nil: unlinkat(parent, temporary, 0)
        }
    }

    private func makeLink(_ leaf: [UInt8], to target: FilePath, _ entry: OpaquePointer, shown: [UInt8]) throws {
        guard !target.isEmpty else { throw refusal(shown, "it is a symbolic link to nothing") }
        let path = TreeName.cString(leaf)
        let link = TreeName.cString(target.rawBytes)
        if symlinkat(link, parent, path) != 0 {
            guard errno == EEXIST else { throw failure(shown, "make the link") }
            // dpkg lets a directory stay where a package has a link.
            if try kind(of: path) == S_IFDIR { return }
            let temporary = temporaryName(leaf)
            unlinkat(parent, temporary, 0)
            guard symlinkat(link, parent, temporary) == 0, renameat(parent, temporary, parent, path) == 0 else {
                throw failure(shown, "make the link")
            }
        }
        try settleNode(path, entry, name: shown, isLink: true)
    }

    private mutating func makeHardLink(_ leaf: [UInt8], _ entry: OpaquePointer, shown: [UInt8]) throws {
        let target = try checked(bytes(of: archive_entry_hardlink(entry)))
        guard !target.isRoot else { throw refusal(shown, "it is a hard link to a directory") }
        unpacked.regular.append((shown, target.bytes))
        let (directory, name) = TreeName.split(target.bytes)
        let source = try tree.openDirectory(directory)
        guard source >= 0 else { throw failure(shown, "find what is linked by") }
        defer { Glibc.close(source) }
        let suffix = rules.conffiles.contains(target.bytes) ? UnpackRules.newSuffix : []
        let from = TreeName.cString(name + suffix)
        let path = TreeName.cString(leaf)
        if linkat(source, from, parent, path, 0) == 0 { return }
        guard errno == EEXIST else { throw failure(shown, "make the link") }
        try refuseDirectory(path, shown)
        guard unlinkat(parent, path, 0) == 0, linkat(source, from, parent, path, 0) == 0 else {
            throw failure(shown, "make the link")
        }
    }

    private func makeNode(_ leaf: [UInt8], _ entry: OpaquePointer, shown: [UInt8]) throws {
        let path = TreeName.cString(leaf)
        let type = archive_entry_mode(entry) & S_IFMT
        let device = dev_t(archive_entry_rdev(entry))
        if mknodat(parent, path, type | 0o600, device) != 0 {
            guard errno == EEXIST else { throw failure(shown, "make") }
            try refuseDirectory(path, shown)
            guard unlinkat(parent, path, 0) == 0, mknodat(parent, path, type | 0o600, device) == 0 else {
                throw failure(shown, "make")
            }
        }
        try settleNode(path, entry, name: shown, isLink: false)
    }

    /// Owner, mode and time of what has no descriptor.
    private func settleNode(_ path: [CChar], _ entry: OpaquePointer, name: [UInt8], isLink: Bool) throws {
        guard fchownat(parent, path, owner(entry), group(entry), AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure(name, "set the owner of")
        }
        if !isLink {
            // fchmodat follows, but what is there was made just now and is no link.
            guard fchmodat(parent, path, mode(entry), 0) == 0 else {
                throw failure(name, "set the mode of")
            }
        }
        guard utimensat(parent, path, Self.times(entry), AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure(name, "set the time of")
        }
    }

    // MARK: - Places

    /// Makes the directory the one that entries are put into.
    private mutating func enter(_ directory: [UInt8], shown: [UInt8]) throws {
        if parentName == directory { return }
        close()
        var found = try tree.openDirectory(directory)
        if found < 0 {
            // Archives have an entry for each directory before what is in it; one that has none gets plain ones.
            try tree.makeDirectories(directory)
            found = try tree.openDirectory(directory)
        }
        guard found >= 0 else { throw failure(shown, "find the directory of") }
        var status = stat()
        guard fstat(found, &status) == 0 else {
            Glibc.close(found)
            throw failure(shown, "look at the directory of")
        }
        parent = found
        parentInode = UInt64(status.st_ino)
        parentName = directory
    }

    private func inode(_ path: [CChar]) throws -> UInt64 {
        var status = stat()
        guard fstatat(parent, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure([], "look at") }
        return UInt64(status.st_ino)
    }

    private func kind(of path: [CChar]) throws -> mode_t {
        var status = stat()
        guard fstatat(parent, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure([], "look at") }
        return status.st_mode & S_IFMT
    }

    private func refuseDirectory(_ path: [CChar], _ shown: [UInt8]) throws {
        if try kind(of: path) == S_IFDIR { throw refusal(shown, "a directory is in its place") }
    }

    /// One that no other package uses at the same time.
    private func temporaryName(_ leaf: [UInt8]) -> [CChar] {
        TreeName.cString(leaf + Array(".domus-\(rules.number)".utf8))
    }

    // MARK: - What the archive says

    private func checked(_ name: [UInt8]?) throws -> EntryName {
        do {
            return try EntryName(name)
        } catch {
            throw refusal(name ?? [], error == .climbs ? "it has \"..\" in its path" : "it has no name")
        }
    }

    private func owner(_ entry: OpaquePointer) -> uid_t { uid_t(truncatingIfNeeded: archive_entry_uid(entry)) }
    private func group(_ entry: OpaquePointer) -> gid_t { gid_t(truncatingIfNeeded: archive_entry_gid(entry)) }
    private func mode(_ entry: OpaquePointer) -> mode_t { archive_entry_mode(entry) & 0o7777 }

    private static func times(_ entry: OpaquePointer) -> [timespec] {
        [
            timespec(tv_sec: 0, tv_nsec: Int(CLINUX_UTIME_NOW)),
            timespec(tv_sec: archive_entry_mtime(entry), tv_nsec: archive_entry_mtime_nsec(entry)),
        ]
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int64, _ shown: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                file, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(shown, "write") }
            done += count
        }
    }

    // MARK: - Errors

    private func refusal(_ name: [UInt8], _ reason: String) -> ArchiveError {
        ArchiveError(.unsafe, "refused to unpack /\(printable(name)) of package \(package): \(reason)")
    }

    private func failure(_ name: [UInt8], _ what: String) -> ArchiveError {
        .afterCall { "could not \(what) /\(printable(name)) of package \(package): \($0)" }
    }
}
