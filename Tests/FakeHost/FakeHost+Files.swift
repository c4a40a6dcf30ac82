import GuestModel
import LinuxHost
import SystemPackage

extension FakeHost: FileReading {
    package func entry(at path: FilePath) throws(HostError) -> FileEntry? {
        try look("look at \(path)") { tree throws(Errno) in
            do throws(Errno) {
                return try tree.find(path.string).map { tree.entry(of: $0) }
            } catch .notDirectory {
                return nil
            }
        }
    }

    package func contents(of path: FilePath, limit: Int) throws(HostError) -> [UInt8] {
        try look("read \(path)") { tree throws(Errno) in
            guard let id = try tree.find(path.string, followsLast: true) else { throw .noSuchFileOrDirectory }
            guard case .file(let bytes, _) = tree[id].body else { throw .isDirectory }
            guard bytes.count <= limit else { throw .fileTooLarge }
            return bytes
        }
    }

    package func bytes(of path: FilePath, at offset: Int64, count: Int) throws(HostError) -> [UInt8] {
        try look("read \(path)") { tree throws(Errno) in
            guard let id = try tree.find(path.string, followsLast: true) else { throw .noSuchFileOrDirectory }
            guard case .file(let bytes, let size) = tree[id].body else { throw .isDirectory }
            // What there are no bytes for is a hole.
            let end = max(offset, min(offset + Int64(count), size))
            // Not one by one: this is half of what some tests do.
            let known = bytes[min(bytes.count, Int(offset))..<min(bytes.count, Int(end))]
            return Array(known) + [UInt8](repeating: 0, count: Int(end - offset) - known.count)
        }
    }

    package func digest(ofImage path: FilePath) async throws(HostError) -> ImageDigest {
        try look("read \(path)") { tree throws(Errno) in try tree.digest(ofImage: path.string) }
    }

    package func hold(_ directory: FilePath) throws(HostError) -> HeldDirectory {
        fatalError("not faked: hold(\(directory))")
    }

    package func names(in directory: FilePath) throws(HostError) -> [String] {
        try look("read the directory \(directory)") { tree throws(Errno) in
            guard let id = try tree.find(directory.string, followsLast: true) else { throw .noSuchFileOrDirectory }
            guard let children = tree.children(of: id) else { throw .notDirectory }
            return children.keys.sorted()
        }
    }

    package func resolved(_ path: FilePath) throws(HostError) -> FilePath {
        try look("find \(path)") { tree throws(Errno) in
            guard let found = try tree.path(of: path.string) else { throw .noSuchFileOrDirectory }
            return FilePath(found)
        }
    }

    package func target(ofLink path: FilePath) throws(HostError) -> FilePath {
        try look("read the link \(path)") { tree throws(Errno) in
            guard let id = try tree.find(path.string) else { throw .noSuchFileOrDirectory }
            guard case .link(let target) = tree[id].body else { throw .invalidArgument }
            return FilePath(target)
        }
    }

    package func blockDevice(at path: FilePath) throws(HostError) -> BlockDevice? {
        try look("look at \(path)") { tree throws(Errno) in
            guard path.starts(with: "/dev"), let id = try tree.find(path.string, followsLast: true),
                case .file(_, let size) = tree[id].body
            else { return nil }
            return BlockDevice(
                size: ByteSize(bytes: size), major: 8, minor: UInt32(truncatingIfNeeded: tree[id].birth),
                isReadOnly: false)
        }
    }

    package func isOpened(_ path: FilePath) throws(HostError) -> Bool {
        try look()
        return false
    }

    /// One whose first words are "taken by".
    package func isTaken(device path: FilePath) throws(HostError) -> Bool {
        try look("look at \(path)") { tree throws(Errno) in tree.text(path.string)?.hasPrefix("taken by") == true }
    }

    package func isLeftWhole(ext device: FilePath) throws(HostError) -> Bool {
        try look()
        return !machine.disk.losesWrites
    }

    package func freeSpace(at path: FilePath) throws(HostError) -> ByteSize {
        try look()
        return machine.disk.freeSpace
    }

    package func mayShareBlocks(at path: FilePath) throws(HostError) -> Bool {
        try look()
        return machine.disk.sharesBlocks
    }

    package func isExecutable(_ path: FilePath) -> Bool {
        let tree = machine.tree
        guard let id = try? tree.find(path.string, followsLast: true), case .file = tree[id].body else { return false }
        return tree[id].mode & 0o111 != 0
    }
}

extension FakeHost: FileChanging {
    package func createDirectory(_ path: FilePath, mode: UInt32) throws(HostError) -> FileIdentity {
        try change("create the directory \(path)") { tree, _ throws(Errno) in
            let place = try tree.parent(of: path.string)
            let id = try tree.make(place.name, in: place.id, mode: mode, .directory([:]))
            return tree.identity(of: id)
        }
    }

    package func createFile(_ path: FilePath, contents: [UInt8], mode: UInt32) throws(HostError) -> FileIdentity {
        try change("create the file \(path)") { tree, extent throws(Errno) in
            let place = try tree.parent(of: path.string)
            let written = extent == .whole ? contents : Array(contents.prefix(contents.count / 2))
            let id = try tree.make(place.name, in: place.id, mode: mode, .file(written, size: Int64(written.count)))
            return tree.identity(of: id)
        }
    }

    package func createImage(_ path: FilePath, size: ByteSize, allocated: Bool) throws(HostError) -> FileIdentity {
        try change("create the image \(path)") { tree, extent throws(Errno) in
            let place = try tree.parent(of: path.string)
            let id = try tree.make(
                place.name, in: place.id, mode: 0o600, .file([], size: extent == .whole ? size.bytes : 0))
            return tree.identity(of: id)
        }
    }

    package func copyRange(from source: FilePath, to target: FilePath, at offset: Int64) throws(HostError) {
        fatalError("not faked: copyRange(from: \(source), to: \(target), at: \(offset))")
    }

    package func copyImage(
        _ source: FilePath, to target: FilePath, shares: Bool, digests: Bool, bypassesCache: Bool
    ) async throws(HostError) -> ImageDigest? {
        try change("copy the image \(source) to \(target)") { tree, extent throws(Errno) in
            guard let from = try tree.find(source.string, followsLast: true),
                let to = try tree.find(target.string, followsLast: true),
                case .file(let bytes, _) = tree[from].body, case .file(_, let size) = tree[to].body
            else { throw .noSuchFileOrDirectory }
            tree[to].body = .file(extent == .whole ? bytes : Array(bytes.prefix(bytes.count / 2)), size: size)
            return digests ? try tree.digest(ofImage: source.string) : nil
        }
    }

    package func zero(_ path: FilePath, from offset: Int64, length: Int64) throws(HostError) {
        try change("write zeros to \(path)") { tree, _ throws(Errno) in
            guard let id = try tree.find(path.string, followsLast: true) else { throw .noSuchFileOrDirectory }
            guard case .file(var bytes, let size) = tree[id].body else { throw .isDirectory }
            for index in bytes.indices where offset..<(offset + length) ~= Int64(index) { bytes[index] = 0 }
            // What is all zeros is as good as a hole.
            tree[id].body = .file(bytes.allSatisfy { $0 == 0 } ? [] : bytes, size: size)
        }
    }

    package func overwrite(_ path: FilePath, at offset: Int64, with new: [UInt8]) throws(HostError) {
        try change("overwrite \(path)") { tree, extent throws(Errno) in
            guard let id = try tree.find(path.string, followsLast: true) else { throw .noSuchFileOrDirectory }
            guard case .file(var bytes, let size) = tree[id].body else { throw .isDirectory }
            let written = extent == .whole ? new[...] : new.prefix(new.count / 2)
            let end = Int(offset) + written.count
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(Int(offset)..<end, with: written)
            tree[id].body = .file(bytes, size: size)
        }
    }

    package func resize(_ path: FilePath, to size: ByteSize, allocated: Bool) throws(HostError) {
        try change("resize \(path) to \(size)") { tree, extent throws(Errno) in
            guard let id = try tree.find(path.string, followsLast: true) else { throw .noSuchFileOrDirectory }
            guard case .file(let bytes, let old) = tree[id].body else { throw .isDirectory }
            let new = extent == .whole ? size.bytes : (old + size.bytes) / 2
            tree[id].body = .file(Array(bytes.prefix(Int(new))), size: new)
        }
    }

    package func rename(_ path: FilePath, to target: FilePath) throws(HostError) {
        try change("rename \(path) to \(target)") { tree, _ throws(Errno) in
            let from = try tree.parent(of: path.string)
            let to = try tree.parent(of: target.string)
            try tree.move(from.name, in: from.id, to: to.name, in: to.id)
        }
    }

    package func remove(_ path: FilePath) throws(HostError) {
        try change("remove \(path)") { tree, _ throws(Errno) in
            let place = try tree.parent(of: path.string)
            try tree.remove(place.name, in: place.id, withContents: false)
        }
    }

    package func removeTree(_ path: FilePath) throws(HostError) {
        try change("remove the tree \(path)") { tree, extent throws(Errno) in
            let place = try tree.parent(of: path.string)
            guard extent == .part, let id = tree.children(of: place.id)?[place.name], let below = tree.children(of: id)
            else { return try tree.remove(place.name, in: place.id, withContents: true) }
            for name in below.keys.sorted().prefix(max(1, below.count / 2)) {
                guard below[name] != nil else { continue }
                try tree.remove(name, in: id, withContents: true)
            }
        }
    }

    package func append(_ text: String, to log: FilePath) throws(HostError) {
        try change("append to \(log)") { tree, _ throws(Errno) in try tree.append(text, to: log.string) }
    }

    package func synchronize(_ path: FilePath) throws(HostError) {
        try change("synchronize \(path)") { tree, _ throws(Errno) in
            guard try tree.find(path.string, followsLast: true) != nil else { throw .noSuchFileOrDirectory }
        }
    }
}

extension FakeTree {
    /// As many digits as a real one has; equal for equal bytes (FNV-1a).
    func digest(ofImage path: String) throws(Errno) -> ImageDigest {
        guard let id = try find(path, followsLast: true), case .file(let bytes, let size) = self[id].body else {
            throw .noSuchFileOrDirectory
        }
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 ^ UInt64(size)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return ImageDigest(String(repeating: "0", count: 64 - digits.count) + digits)
    }

    mutating func append(_ text: String, to log: String) throws(Errno) {
        let place = try parent(of: log)
        let there = children(of: place.id)?[place.name]
        let id = if let there { there } else { try make(place.name, in: place.id, mode: 0o640, .file([], size: 0)) }
        guard case .file(let bytes, _) = self[id].body else { throw .isDirectory }
        let all = bytes + Array(text.utf8)
        self[id].body = .file(all, size: Int64(all.count))
    }
}
