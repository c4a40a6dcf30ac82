import CLinux
import Glibc
import GuestModel
import SystemPackage

extension RealFileSystem: GuestTreeAccess {
    package func entry(of path: String, inTree root: FilePath) throws(HostError) -> FileEntry? {
        try inTree(root, "look at", path) { tree throws(Errno) in
            let file = try Kernel.open(path, inRoot: tree, flags: Kernel.pathOnly)
            defer { try? file.close() }
            return try Kernel.status(of: file.rawValue, "", flags: CLINUX_AT_EMPTY_PATH)
        }
    }

    package func contents(of path: String, inTree root: FilePath, limit: Int) throws(HostError) -> [UInt8]? {
        guard let entry = try entry(of: path, inTree: root), entry.kind == .file else { return nil }
        guard entry.size <= limit else {
            throw HostError("cannot read \(path) of the guest: it has \(entry.size) bytes, more than \(limit)")
        }
        return try inTree(root, "read", path) { tree throws(Errno) in
            let file = try Kernel.open(path, inRoot: tree, flags: O_RDONLY | O_NONBLOCK)
            defer { try? file.close() }
            do {
                return try Kernel.readAll(file, limit: limit)
            } catch {
                throw error as? Errno ?? .fileTooLarge
            }
        }
    }

    package func names(in path: String, inTree root: FilePath) throws(HostError) -> [String] {
        try inTree(root, "read", path) { tree throws(Errno) in
            try Kernel.names(in: Kernel.open(path, inRoot: tree, flags: O_RDONLY | O_DIRECTORY))
        } ?? []
    }

    package func write(
        _ contents: [UInt8], to path: String, inTree root: FilePath, mode: UInt32
    ) throws(HostError) {
        let (parent, name) = try split(path)
        let written: Void? = try inTree(root, "write", path) { tree throws(Errno) in
            let directory = try Kernel.open(parent, inRoot: tree, flags: O_RDONLY | O_DIRECTORY)
            defer { try? directory.close() }
            // Written beside and renamed over: what stood there, a link included, is replaced and never followed.
            let temporary = ".\(name).domus-new"
            unlinkat(directory.rawValue, temporary, 0)
            let raw = openat(directory.rawValue, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            guard raw >= 0 else { throw Kernel.lastError }
            let file = FileDescriptor(rawValue: raw)
            defer { try? file.close() }
            do {
                try file.writeAll(contents)
            } catch {
                throw error as? Errno ?? .ioError
            }
            guard fchmod(raw, mode) == 0,
                renameat(directory.rawValue, temporary, directory.rawValue, name) == 0
            else { throw Kernel.lastError }
        }
        guard written != nil else {
            throw HostError("cannot write \(path) of the guest: there is no directory \(parent) in it")
        }
    }

    package func copyOut(
        _ path: String, ofTree root: FilePath, to target: FilePath, mode: UInt32
    ) throws(HostError) -> FileIdentity {
        guard let entry = try entry(of: path, inTree: root), entry.kind == .file else {
            throw HostError("cannot copy \(path) out of the guest: there is no such file in it")
        }
        let identity = try createImage(target, size: ByteSize(bytes: entry.size), allocated: false)
        let copied: Void? = try inTree(root, "copy", path) { tree throws(Errno) in
            let input = try Kernel.open(path, inRoot: tree, flags: O_RDONLY | O_NONBLOCK)
            defer { try? input.close() }
            do {
                let output = try FileDescriptor.open(target, .writeOnly, options: .closeOnExec)
                defer { try? output.close() }
                try Kernel.copySparse(from: input, to: output, at: 0)
                guard fchmod(output.rawValue, mode) == 0 else { throw Kernel.lastError }
                BackgroundWriter(output)?.begin(at: 0, 0)
            } catch {
                throw error as? Errno ?? .ioError
            }
        }
        guard copied != nil else { throw HostError("cannot copy \(path) out of the guest: it is gone") }
        return identity
    }

    package func detach(_ path: String, ofTree root: FilePath, to target: FilePath) throws(HostError) {
        let parts = path.split(separator: "/").map(String.init)
        do {
            var parent = try Kernel.openTree(root)
            defer { try? parent.close() }
            for (index, part) in parts.enumerated() {
                if mkdirat(parent.rawValue, part, 0o755) != 0, Kernel.lastError != .fileExists {
                    throw Kernel.lastError
                }
                let entry = try Kernel.status(of: parent.rawValue, part, flags: AT_SYMLINK_NOFOLLOW)
                guard entry.kind == .directory else {
                    throw HostError(
                        "cannot put a file system at \(path) of the guest: \(part) is not a directory there",
                        hint: "the mount points of the partitions file must be directories in the guest")
                }
                if index == parts.count - 1 {
                    try Kernel.swapForEmptyDirectory(part, in: parent, to: target)
                } else {
                    let next = openat(parent.rawValue, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    guard next >= 0 else { throw Kernel.lastError }
                    try? parent.close()
                    parent = FileDescriptor(rawValue: next)
                }
            }
        } catch let error as HostError {
            throw error
        } catch {
            throw HostError(cannot: "move \(path) out of the guest's tree", error as? Errno ?? .ioError)
        }
    }

    package func usage(of root: FilePath) throws(HostError) -> (bytes: Int64, inodes: Int64) {
        do throws(Errno) {
            return try Kernel.usage(of: root)
        } catch {
            throw HostError(cannot: "measure \(root)", error)
        }
    }

    /// Runs with the tree open; nil when the path does not exist in it.
    private func inTree<Value>(
        _ root: FilePath, _ action: String, _ path: String, _ body: (FileDescriptor) throws(Errno) -> Value
    ) throws(HostError) -> Value? {
        do throws(Errno) {
            let tree = try Kernel.openTree(root)
            defer { try? tree.close() }
            return try body(tree)
        } catch .noSuchFileOrDirectory, .notDirectory {
            return nil
        } catch {
            throw HostError(cannot: "\(action) \(path) of the guest", error)
        }
    }

    private func split(_ path: String) throws(HostError) -> (parent: String, name: String) {
        let parts = path.split(separator: "/")
        guard let name = parts.last, name != "..", name != "." else {
            throw HostError("cannot write \(path) of the guest: it is no file's name")
        }
        return (parts.count == 1 ? "." : parts.dropLast().joined(separator: "/"), String(name))
    }
}
