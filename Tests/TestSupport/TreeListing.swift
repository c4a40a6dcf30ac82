import Glibc
import SystemPackage

/// All that is in a tree, to be compared with another's: kind, mode, owner, time, content, links.
package struct TreeListing: Sendable {
    /// Names relative to the root, with what is to be said of each.
    package private(set) var entries: [String: Entry] = [:]

    package struct Entry: Sendable, Equatable {
        /// `file`, `directory`, `link`, `device`, `fifo`.
        package var kind: String
        package var mode: mode_t
        package var owner: uid_t
        package var group: gid_t
        /// What a link leads to, a device's number.
        package var target = ""
        /// Seconds since 1970; 0 for directories.
        package var modified = 0
        package var content: [UInt8] = []
        /// The first name, in order, of the same file.
        package var isSameAs: String?
    }

    package init(_ root: FilePath) throws {
        var names: [ino_t: String] = [:]
        try read(root, "", &names)
    }

    /// The same, with the numbers that another tree has for the accounts of the same names.
    package func numbered(as other: TreeListing) -> TreeListing {
        func numbers(_ file: String, in listing: TreeListing) -> [Substring: UInt32] {
            let lines = String(decoding: listing.entries[file]?.content ?? [], as: UTF8.self).split(separator: "\n")
            return lines.reduce(into: [:]) { numbers, line in
                let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                if fields.count > 2, let number = UInt32(fields[2]) { numbers[fields[0]] = number }
            }
        }
        func translation(_ file: String) -> [UInt32: UInt32] {
            let theirs = numbers(file, in: other)
            return numbers(file, in: self).reduce(into: [:]) { map, entry in map[entry.value] = theirs[entry.key] }
        }
        let (users, groups) = (translation("etc/passwd"), translation("etc/group"))
        var result = self
        for (name, entry) in entries {
            result.entries[name]?.owner = users[entry.owner] ?? entry.owner
            result.entries[name]?.group = groups[entry.group] ?? entry.group
        }
        return result
    }

    private mutating func read(_ directory: FilePath, _ prefix: String, _ names: inout [ino_t: String]) throws {
        for name in try directoryNames(directory) {
            let path = directory.appending(name)
            let shown = prefix + name
            var status = stat()
            guard lstat(path.string, &status) == 0 else { throw TestSupportError("cannot look at \(path)") }
            var entry = Entry(
                kind: "other", mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid)
            entry.modified = status.st_mtim.tv_sec
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                entry.kind = "file"
                entry.content = try readFile(path)
                if let first = names[status.st_ino] { entry.isSameAs = first }
                if status.st_nlink > 1 { names[status.st_ino] = names[status.st_ino] ?? shown }
            case S_IFDIR:
                entry.kind = "directory"
                entry.modified = 0
            case S_IFLNK:
                entry.kind = "link"
                entry.target = linkTarget(path) ?? ""
            case S_IFCHR, S_IFBLK:
                entry.kind = "device"
                entry.target = "\(status.st_rdev)"
            case S_IFIFO: entry.kind = "fifo"
            default: break
            }
            entries[shown] = entry
            if entry.kind == "directory" { try read(path, shown + "/", &names) }
        }
    }

    /// What differs, a line each.
    ///
    /// - Parameters:
    ///   - since: seconds since 1970: what both made after it may have been made at different times.
    ///   - passingOver: names, with all below them.
    package func differences(from other: TreeListing, since: Int, passingOver: Set<String>) -> [String] {
        Set(entries.keys).union(other.entries.keys).sorted().compactMap { name in
            guard !passingOver.contains(where: { name == $0 || name.hasPrefix($0 + "/") }) else { return nil }
            guard var mine = entries[name] else { return "\(name): not here" }
            guard var theirs = other.entries[name] else { return "\(name): only here" }
            if mine.modified >= since && theirs.modified >= since {
                mine.modified = 0
                theirs.modified = 0
            }
            guard mine != theirs else { return nil }
            var said: [String] = []
            if mine.content != theirs.content {
                said.append("content \(Self.text(mine.content)) and \(Self.text(theirs.content))")
                mine.content = []
                theirs.content = []
            }
            if mine != theirs { said.append("\(mine) and \(theirs)") }
            return "\(name): \(said.joined(separator: "; "))"
        }
    }

    private static func text(_ content: [UInt8]) -> String {
        content.count > 2000 ? "(\(content.count) bytes)" : "\"\(String(decoding: content, as: UTF8.self))\""
    }
}
