import LinuxHost
import SystemPackage

/// What tests put into a tree beforehand, and look for afterwards. A mistake in a test traps.
extension FakeTree {
    /// Makes a directory and those above it that are missing.
    @discardableResult
    package mutating func makeDirectories(_ path: String, mode: UInt32 = 0o755) -> ID {
        do {
            var here = Self.root
            for part in path.split(separator: "/").map(String.init) {
                if let next = children(of: here)?[part] {
                    here = next
                } else {
                    here = try make(part, in: here, mode: mode, .directory([:]))
                }
            }
            return here
        } catch {
            fatalError("cannot make \(path) in the fake tree: \(error)")
        }
    }

    /// Writes a file over what is there, in directories that are made where they are missing.
    @discardableResult
    package mutating func put(_ text: String, at path: String, mode: UInt32 = 0o644) -> FileIdentity {
        put(.file(Array(text.utf8), size: Int64(text.utf8.count)), at: path, mode: mode)
    }

    @discardableResult
    package mutating func put(link target: String, at path: String) -> FileIdentity {
        put(.link(target), at: path, mode: 0o777)
    }

    @discardableResult
    package mutating func put(_ body: Body, at path: String, mode: UInt32) -> FileIdentity {
        var parts = path.split(separator: "/").map(String.init)
        let name = parts.removeLast()
        let directory = makeDirectories(parts.joined(separator: "/"))
        do {
            if let there = children(of: directory)?[name] {
                guard case .file = self[there].body else { throw Errno.isDirectory }
                self[there].body = body
                return identity(of: there)
            }
            // In two steps: the tree that is asked must be the one after the change.
            let id = try make(name, in: directory, mode: mode, body)
            return identity(of: id)
        } catch {
            fatalError("cannot put \(path) into the fake tree: \(error)")
        }
    }

    /// Removes what is at the path, with all in it.
    package mutating func take(_ path: String) {
        do {
            let place = try parent(of: path)
            try remove(place.name, in: place.id, withContents: true)
        } catch {
            fatalError("cannot take \(path) from the fake tree: \(error)")
        }
    }

    /// The text of a file; nil when there is none.
    package func text(_ path: String) -> String? {
        guard let id = try? find(path, followsLast: true), case .file(let bytes, _)? = nodes[id]?.body else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Every path with what is there, identity included: equal snapshots are equal file systems.
    ///
    /// - Parameter ignored: a directory whose contents do not count: that of the logs.
    package func snapshot(ignoring ignored: String? = nil) -> [String: String] {
        var result: [String: String] = [:]
        func visit(_ id: ID, _ path: String) {
            let node = self[id]
            let digits = "\(String(node.mode, radix: 8)) inode \(node.inode) born \(node.birth)"
            switch node.body {
            case .directory(let children):
                result[path.isEmpty ? "/" : path] = "directory \(digits)"
                if let ignored, path == ignored { return }
                for (name, child) in children { visit(child, "\(path)/\(name)") }
            case .file(let bytes, let size):
                result[path] = "file \(digits), \(size) bytes: \(String(decoding: bytes, as: UTF8.self))"
            case .link(let target): result[path] = "link to \(target)"
            case .device: result[path] = "device \(digits)"
            }
        }
        visit(Self.root, "")
        return result
    }
}
