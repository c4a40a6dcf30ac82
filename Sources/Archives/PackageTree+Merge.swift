import CLinux
import Glibc
import SystemPackage

extension PackageTree {
    /// Moves all that has been unpacked into another tree of the same file system into this one, as if it had been unpacked
    /// here now: what is here stays where dpkg lets it stay. The other tree is empty then, but for directories.
    ///
    /// A directory that is not here yet is moved as a whole, so that it takes as long as the directories are many that both
    /// have.
    ///
    /// - Parameter precedence: who prevails where two packages have the same file; both as their numbers.
    /// - Throws: ``ArchiveError``; ``PackageConflict``.
    package func merge(
        _ other: PackageTree, diversions: [PackageDiversion] = [],
        precedence: @escaping @Sendable (Int, Int) -> UnpackRules.Precedence
    ) throws {
        for diversion in diversions {
            try other.move(diversion)
        }
        var merger = Merger(source: other, target: self, precedence: precedence)
        try merger.merge([], [])
        takeOver(other, directories: merger.directories)
    }

    /// Renames what others than the keeper have unpacked under a name that is diverted.
    private func move(_ diversion: PackageDiversion) throws {
        let (from, to) = (diversion.from, diversion.to)
        guard let owner = try owner(of: from), owner != diversion.keeper else { return }
        let (old, new) = (TreeName.split(from), TreeName.split(to))
        try makeDirectories(new.directory)
        let (source, target) = (try openDirectory(old.directory), try openDirectory(new.directory))
        defer {
            if source >= 0 { close(source) }
            if target >= 0 { close(target) }
        }
        guard source >= 0, target >= 0,
            renameat(source, TreeName.cString(old.leaf), target, TreeName.cString(new.leaf)) == 0
        else {
            throw ArchiveError.afterCall { "could not divert /\(printable(from)) to /\(printable(to)): \($0)" }
        }
        try note(diversion)
    }
}

/// Merges one tree into another.
private struct Merger {
    let source: PackageTree
    let target: PackageTree
    let precedence: @Sendable (Int, Int) -> UnpackRules.Precedence
    /// Which directory of the target one of the source has become, by inode.
    var directories: [UInt64: UInt64] = [:]

    /// Merges a directory that both have; the names may differ by links of the target.
    mutating func merge(_ name: [UInt8], _ place: [UInt8]) throws {
        let from = try source.openDirectory(name)
        let into = try target.openDirectory(place)
        defer {
            if from >= 0 { close(from) }
            if into >= 0 { close(into) }
        }
        guard from >= 0, into >= 0 else { throw failure(name, "find") }
        let (old, new) = (try inode(of: from, name), try inode(of: into, name))
        directories[old] = new
        guard let leaves = TreeName.all(in: from) else { throw failure(name, "list") }
        for leaf in leaves {
            let path = TreeName.cString(leaf)
            let child = name.isEmpty ? leaf : name + [UInt8(ascii: "/")] + leaf
            if clinux_renameat2(from, path, into, path, CLINUX_RENAME_NOREPLACE) == 0 { continue }
            guard errno == EEXIST else { throw failure(child, "move") }
            let mine = try kind(from, path, child)
            let theirs = try kind(into, path, child)
            if mine == S_IFDIR {
                // A link to a directory stays.
                guard theirs == S_IFDIR || theirs == S_IFLNK else {
                    throw refusal(child, "what is in its place is not a directory")
                }
                try merge(child, place.isEmpty ? leaf : place + [UInt8(ascii: "/")] + leaf)
                continue
            }
            if mine == S_IFLNK, theirs == S_IFDIR || isSameLink(from, into, path) { continue }
            guard theirs != S_IFDIR else { throw refusal(child, "a directory is in its place") }
            try replace(child, leaf, from, into, old: old, new: new)
        }
    }

    /// A file that both have.
    private func replace(
        _ child: [UInt8], _ leaf: [UInt8], _ from: Int32, _ into: Int32, old: UInt64, new: UInt64
    ) throws {
        let path = TreeName.cString(leaf)
        if let owner = source.owner(of: .init(directory: old, name: leaf)) {
            let rules = UnpackRules(number: owner, precedence: precedence)
            switch target.claim(.init(directory: new, name: leaf), name: child, rules: rules) {
            case .mine: break
            case .theirs:
                source.forget(.init(directory: old, name: leaf))
                return
            case .conflict(let other):
                throw PackageConflict(package: owner, other: other, name: "/" + printable(child))
            }
        }
        guard renameat(from, path, into, path) == 0 else { throw failure(child, "move") }
    }

    // MARK: - Looking

    private func inode(of directory: Int32, _ name: [UInt8]) throws -> UInt64 {
        var status = stat()
        guard fstat(directory, &status) == 0 else { throw failure(name, "look at") }
        return UInt64(status.st_ino)
    }

    private func kind(_ directory: Int32, _ path: [CChar], _ name: [UInt8]) throws -> mode_t {
        var status = stat()
        guard fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure(name, "look at") }
        return status.st_mode & S_IFMT
    }

    private func isSameLink(_ from: Int32, _ into: Int32, _ path: [CChar]) -> Bool {
        func target(_ directory: Int32) -> [CChar]? {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlinkat(directory, path, &buffer, buffer.count)
            return count >= 0 ? Array(buffer[..<count]) : nil
        }
        guard let mine = target(from) else { return false }
        return mine == target(into)
    }

    private func refusal(_ name: [UInt8], _ reason: String) -> ArchiveError {
        ArchiveError(.unsafe, "refused to put /\(printable(name)) in place: \(reason)")
    }

    private func failure(_ name: [UInt8], _ what: String) -> ArchiveError {
        .afterCall { "could not \(what) /\(printable(name)): \($0)" }
    }
}
