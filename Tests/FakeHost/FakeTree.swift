import LinuxHost
import SystemPackage

/// A file system in memory: a plain value, so that two states of it can be compared, and one be gone back to.
///
/// Inode numbers are given again as soon as they are free, as ext4 does; the time of birth never is.
package struct FakeTree: Sendable {
    /// A file's key in the table; never given twice.
    package typealias ID = Int64

    package enum Body: Sendable, Equatable {
        case directory([String: ID])
        /// `size` may be more than there are bytes: the rest is a hole.
        case file([UInt8], size: Int64)
        case link(String)
        case device
    }

    package struct Node: Sendable, Equatable {
        package let inode: UInt64
        package let birth: ID
        package var mode: UInt32
        package var body: Body
    }

    package static let root: ID = 1
    package private(set) var nodes: [ID: Node]
    private var lastBirth: ID = 1
    /// What stat(2) calls the device, which may be another one after the power was off.
    package var device: UInt64 = 1

    package init() {
        nodes = [Self.root: Node(inode: 2, birth: Self.root, mode: 0o755, body: .directory([:]))]
    }

    package subscript(id: ID) -> Node {
        get {
            guard let node = nodes[id] else { fatalError("the fake tree has no node \(id)") }
            return node
        }
        set { nodes[id] = newValue }
    }

    /// The names in a directory; nil for anything else.
    package func children(of id: ID) -> [String: ID]? {
        if case .directory(let children) = self[id].body { children } else { nil }
    }

    // MARK: Looking

    /// Walks a path; links lead on from `root`, which nothing leads out of.
    ///
    /// - Returns: nil when there is nothing.
    /// - Throws: `notDirectory`, `tooManySymbolicLinkLevels`.
    package func find(_ path: String, under root: ID = Self.root, followsLast: Bool = false) throws(Errno) -> ID? {
        try walk(path, under: root, followsLast: followsLast)?.last
    }

    /// The path without links and dots; nil when there is nothing.
    package func path(of path: String) throws(Errno) -> String? {
        guard let way = try walk(path, under: Self.root, followsLast: true) else { return nil }
        let names = zip(way, way.dropFirst()).map { parent, child in
            children(of: parent)?.first { $0.value == child }?.key ?? ""
        }
        return "/" + names.joined(separator: "/")
    }

    /// The nodes from the root to the path's own, without detours.
    private func walk(_ path: String, under root: ID, followsLast: Bool) throws(Errno) -> [ID]? {
        var way = [root]
        var rest = path.split(separator: "/").map(String.init)[...]
        var links = 0
        while let part = rest.popFirst() {
            guard let here = way.last, let children = children(of: here) else { throw .notDirectory }
            switch part {
            case ".": continue
            case "..":
                if way.count > 1 { way.removeLast() }
                continue
            default: break
            }
            guard let next = children[part] else { return nil }
            if case .link(let target) = self[next].body, followsLast || !rest.isEmpty {
                links += 1
                guard links < 40 else { throw .tooManySymbolicLinkLevels }
                if target.hasPrefix("/") { way = [root] }
                rest = (target.split(separator: "/").map(String.init) + rest)[...]
                continue
            }
            way.append(next)
        }
        return way
    }

    /// The directory that a path's last name is in, links followed.
    package func parent(of path: String, under root: ID = Self.root) throws(Errno) -> (id: ID, name: String) {
        let parts = path.split(separator: "/").map(String.init)
        guard let name = parts.last, name != ".", name != ".." else { throw .invalidArgument }
        guard
            let id = try find(parts.dropLast().joined(separator: "/"), under: root, followsLast: true)
        else { throw .noSuchFileOrDirectory }
        guard children(of: id) != nil else { throw .notDirectory }
        return (id, name)
    }

    package func identity(of id: ID) -> FileIdentity {
        FileIdentity(device: device, inode: self[id].inode, birth: self[id].birth)
    }

    package func entry(of id: ID) -> FileEntry {
        let node = self[id]
        let identity = identity(of: id)
        return switch node.body {
        case .directory:
            FileEntry(kind: .directory, identity: identity, mode: node.mode, size: 4096, allocated: 4096)
        case .file(let bytes, let size):
            FileEntry(
                kind: .file, identity: identity, mode: node.mode, size: size, allocated: Int64(bytes.count),
                changed: Int64(bitPattern: bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
            )
        case .link(let target):
            FileEntry(
                kind: .symbolicLink, identity: identity, mode: 0o777, size: Int64(target.utf8.count), allocated: 0)
        case .device:
            FileEntry(kind: .other, identity: identity, mode: node.mode, size: 0, allocated: 0)
        }
    }

    // MARK: Changing

    /// Makes a node under a name that must be free.
    package mutating func make(_ name: String, in directory: ID, mode: UInt32, _ body: Body) throws(Errno) -> ID {
        guard var children = children(of: directory) else { throw .notDirectory }
        guard children[name] == nil else { throw .fileExists }
        let taken = Set(nodes.values.map(\.inode))
        var inode: UInt64 = 3
        while taken.contains(inode) { inode += 1 }
        lastBirth += 1
        nodes[lastBirth] = Node(inode: inode, birth: lastBirth, mode: mode, body: body)
        children[name] = lastBirth
        nodes[directory]?.body = .directory(children)
        return lastBirth
    }

    /// Takes a name away, with what is below it when `withContents` says so.
    package mutating func remove(_ name: String, in directory: ID, withContents: Bool) throws(Errno) {
        guard var children = children(of: directory) else { throw .notDirectory }
        guard let id = children[name] else { throw .noSuchFileOrDirectory }
        if let below = self.children(of: id) {
            guard withContents || below.isEmpty else { throw .directoryNotEmpty }
            for child in below.keys.sorted() { try remove(child, in: id, withContents: true) }
        }
        nodes[id] = nil
        children[name] = nil
        nodes[directory]?.body = .directory(children)
    }

    /// Gives a node another place, which must be free.
    package mutating func move(
        _ name: String, in directory: ID, to target: String, in targetDirectory: ID
    ) throws(Errno) {
        guard let id = children(of: directory)?[name] else { throw .noSuchFileOrDirectory }
        guard var there = children(of: targetDirectory) else { throw .notDirectory }
        guard there[target] == nil else { throw .fileExists }
        there[target] = id
        nodes[targetDirectory]?.body = .directory(there)
        guard var here = children(of: directory) else { throw .notDirectory }
        here[name] = nil
        nodes[directory]?.body = .directory(here)
    }
}
