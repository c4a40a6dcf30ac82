import LinuxHost
import SystemPackage

extension FakeHost: GuestTreeAccess {
    package func entry(of path: String, inTree root: FilePath) throws(HostError) -> FileEntry? {
        try look("look at \(path) of the guest") { tree throws(Errno) in
            do throws(Errno) {
                return try tree.find(path, under: tree.top(root), followsLast: true).map { tree.entry(of: $0) }
            } catch .notDirectory {
                return nil
            }
        }
    }

    package func contents(of path: String, inTree root: FilePath, limit: Int) throws(HostError) -> [UInt8]? {
        try look("read \(path) of the guest") { tree throws(Errno) in
            guard let id = try tree.find(path, under: tree.top(root), followsLast: true),
                case .file(let bytes, _) = tree[id].body
            else { return nil }
            return bytes
        }
    }

    package func names(in path: String, inTree root: FilePath) throws(HostError) -> [String] {
        try look("read \(path) of the guest") { tree throws(Errno) in
            guard let id = try tree.find(path, under: tree.top(root), followsLast: true) else { return [] }
            return tree.children(of: id)?.keys.sorted() ?? []
        }
    }

    package func write(
        _ contents: [UInt8], to path: String, inTree root: FilePath, mode: UInt32
    ) throws(HostError) {
        try change("write \(path) of the guest") { tree, extent throws(Errno) in
            let place = try tree.parent(of: path, under: tree.top(root))
            guard extent == .whole else {
                let temporary = ".\(place.name).domus-new"
                _ = try tree.make(temporary, in: place.id, mode: mode, .file([], size: 0))
                return
            }
            if tree.children(of: place.id)?[place.name] != nil {
                try tree.remove(place.name, in: place.id, withContents: false)
            }
            _ = try tree.make(place.name, in: place.id, mode: mode, .file(contents, size: Int64(contents.count)))
        }
    }

    package func copyOut(
        _ path: String, ofTree root: FilePath, to target: FilePath, mode: UInt32
    ) throws(HostError) -> FileIdentity {
        try change("copy \(path) of the guest to \(target)") { tree, extent throws(Errno) in
            guard let source = try tree.find(path, under: tree.top(root), followsLast: true),
                case .file(let bytes, let size) = tree[source].body
            else { throw .noSuchFileOrDirectory }
            let place = try tree.parent(of: target.string)
            let copy = try tree.make(
                place.name, in: place.id, mode: mode, .file(extent == .whole ? bytes : [], size: size))
            return tree.identity(of: copy)
        }
    }

    package func detach(_ path: String, ofTree root: FilePath, to target: FilePath) throws(HostError) {
        try change("detach \(path) of the guest to \(target)") { tree, extent throws(Errno) in
            var here = try tree.top(root)
            for part in path.split(separator: "/").map(String.init).dropLast() {
                if let next = tree.children(of: here)?[part] {
                    here = next
                } else {
                    here = try tree.make(part, in: here, mode: 0o755, .directory([:]))
                }
                guard tree.children(of: here) != nil else { throw .notDirectory }
            }
            guard let name = FilePath(path).lastComponent?.string else { throw .invalidArgument }
            let to = try tree.parent(of: target.string)
            if tree.children(of: here)?[name] == nil {
                _ = try tree.make(name, in: here, mode: 0o755, .directory([:]))
            }
            try tree.move(name, in: here, to: to.name, in: to.id)
            if extent == .whole { _ = try tree.make(name, in: here, mode: 0o755, .directory([:])) }
        }
    }

    package func usage(of root: FilePath) throws(HostError) -> (bytes: Int64, inodes: Int64) {
        try look("measure \(root)") { tree throws(Errno) in
            var total: (bytes: Int64, inodes: Int64) = (0, 0)
            func measure(_ id: FakeTree.ID) {
                for child in tree.children(of: id)?.values.map({ $0 }) ?? [] {
                    total.bytes += tree.entry(of: child).allocated
                    total.inodes += 1
                    measure(child)
                }
            }
            try measure(tree.top(root))
            return total
        }
    }
}

extension FakeTree {
    /// The directory that is a guest's `/`.
    fileprivate func top(_ root: FilePath) throws(Errno) -> ID {
        guard let id = try find(root.string, followsLast: true) else { throw .noSuchFileOrDirectory }
        guard children(of: id) != nil else { throw .notDirectory }
        return id
    }
}
