import CLinux
import Glibc
import GuestModel
import SystemPackage

/// The files of the real host.
package struct RealFileSystem: FileReading {
    package init() {}

    package func entry(at path: FilePath) throws(HostError) -> FileEntry? {
        do {
            return try Kernel.status(of: AT_FDCWD, path.string, flags: AT_SYMLINK_NOFOLLOW)
        } catch .noSuchFileOrDirectory, .notDirectory {
            return nil
        } catch {
            throw HostError(cannot: "look at \(path)", error)
        }
    }

    package func contents(of path: FilePath, limit: Int) throws(HostError) -> [UInt8] {
        do {
            // Not blocking: a FIFO of that name must not stop us.
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { try? file.close() }
            return try Kernel.readAll(file, limit: limit)
        } catch let error as Errno {
            throw HostError(cannot: "read \(path)", error)
        } catch {
            throw HostError("cannot read \(path): it has more than \(limit) bytes")
        }
    }

    package func bytes(of path: FilePath, at offset: Int64, count: Int) throws(HostError) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { try? file.close() }
            return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                while filled < count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                    let read = try file.read(fromAbsoluteOffset: offset + Int64(filled), into: rest)
                    if read == 0 { break }
                    filled += read
                }
            }
        } catch {
            throw HostError(cannot: "read \(path)", error as? Errno ?? .ioError)
        }
    }

    package func names(in directory: FilePath) throws(HostError) -> [String] {
        do {
            let file = try FileDescriptor.open(directory, .readOnly, options: [.closeOnExec, .directory])
            return try Kernel.names(in: file)
        } catch {
            throw HostError(cannot: "read the directory \(directory)", error as? Errno ?? .ioError)
        }
    }

    package func resolved(_ path: FilePath) throws(HostError) -> FilePath {
        guard let found = realpath(path.string, nil) else {
            throw HostError(cannot: "find \(path)", Kernel.lastError)
        }
        defer { free(found) }
        return FilePath(platformString: found)
    }

    package func target(ofLink path: FilePath) throws(HostError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink(path.string, &buffer, Int(PATH_MAX)) > 0 else {
            throw HostError(cannot: "read the link \(path)", Kernel.lastError)
        }
        return FilePath(platformString: buffer)
    }

    package func blockDevice(at path: FilePath) throws(HostError) -> BlockDevice? {
        do {
            // Looked at before it is opened: to open a terminal, or a tape, has effects.
            var status = clinux_file_status()
            guard clinux_statx(AT_FDCWD, path.string, CLINUX_AT_NO_AUTOMOUNT, &status) == 0 else {
                throw Kernel.lastError
            }
            guard status.mode & 0o170000 == 0o060000 else { return nil }
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { try? file.close() }
            var bytes: UInt64 = 0
            let readOnly = clinux_block_device_is_read_only(file.rawValue)
            guard clinux_block_device_size(file.rawValue, &bytes) == 0, readOnly >= 0 else { throw Kernel.lastError }
            return BlockDevice(
                size: ByteSize(bytes: Int64(clamping: bytes)), major: clinux_major(status.special_device),
                minor: clinux_minor(status.special_device), isReadOnly: readOnly != 0)
        } catch {
            throw HostError(cannot: "look at the device \(path)", error as? Errno ?? .ioError)
        }
    }

    package func isOpened(_ path: FilePath) throws(HostError) -> Bool {
        do {
            // A lease on writing is given only where nobody else has the file open (fcntl(2)).
            let file = try FileDescriptor.open(path, .readWrite, options: [.closeOnExec, .nonBlocking])
            defer { try? file.close() }
            if clinux_write_lease(file.rawValue) == 0 { return false }
            return Kernel.lastError == .resourceTemporarilyUnavailable
        } catch {
            throw HostError(cannot: "open \(path)", error as? Errno ?? .ioError)
        }
    }

    package func isTaken(device path: FilePath) throws(HostError) -> Bool {
        do {
            // For a block device, and only without O_CREAT, "exclusive" means just this (open(2)).
            let file = try FileDescriptor.open(
                path, .readOnly, options: [.closeOnExec, .nonBlocking, .exclusiveCreate])
            try file.close()
            return false
        } catch Errno.resourceBusy {
            return true
        } catch {
            throw HostError(cannot: "look at the device \(path)", error as? Errno ?? .ioError)
        }
    }

    package func isLeftWhole(ext device: FilePath) throws(HostError) -> Bool {
        do {
            let file = try FileDescriptor.open(device, .readOnly, options: .closeOnExec)
            // Fields of its superblock: Documentation/filesystems/ext4/super.rst.
            return try file.closeAfter {
                var block = [UInt8](repeating: 0, count: 1024)
                guard try block.withUnsafeMutableBytes({ try file.read(fromAbsoluteOffset: 1024, into: $0) }) == 1024
                else { throw Errno.ioError }
                let needsRecovery = block[0x60] & 0x4 != 0
                // s_magic; s_state, which is unmounted cleanly and neither with errors nor with orphans.
                return block[0x38] == 0x53 && block[0x39] == 0xEF && block[0x3A] & 0x7 == 0x1 && !needsRecovery
            }
        } catch {
            throw HostError(cannot: "look whether the file system on \(device) is whole", error as? Errno ?? .ioError)
        }
    }

    package func freeSpace(at path: FilePath) throws(HostError) -> ByteSize {
        let information = try fileSystem(at: path)
        return ByteSize(bytes: Int64(information.f_bavail) * Int64(information.f_frsize))
    }

    package func mayShareBlocks(at path: FilePath) throws(HostError) -> Bool {
        // EXT4_SUPER_MAGIC, of ext2 and ext3, too, and TMPFS_MAGIC: linux/magic.h.
        try ![0xEF53, 0x0102_1994].contains(fileSystem(at: path).f_type)
    }

    /// What the file system of the nearest existing ancestor says of itself.
    private func fileSystem(at path: FilePath) throws(HostError) -> statfs {
        var ancestor = path
        while true {
            var information = statfs()
            if statfs(ancestor.string, &information) == 0 { return information }
            let error = Kernel.lastError
            guard error == .noSuchFileOrDirectory, ancestor.removeLastComponent() else {
                throw HostError(cannot: "look at the file system of \(path)", error)
            }
        }
    }

    package func isExecutable(_ path: FilePath) -> Bool {
        var information = stat()
        return stat(path.string, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
            && access(path.string, X_OK) == 0
    }
}

extension RealFileSystem: FileChanging {
    package func createDirectory(_ path: FilePath, mode: UInt32) throws(HostError) -> FileIdentity {
        guard mkdir(path.string, mode) == 0 else { throw HostError(cannot: "create \(path)", Kernel.lastError) }
        // mkdir takes the umask off.
        guard chmod(path.string, mode) == 0 else { throw HostError(cannot: "create \(path)", Kernel.lastError) }
        return try identity(of: path)
    }

    package func createFile(_ path: FilePath, contents: [UInt8], mode: UInt32) throws(HostError) -> FileIdentity {
        try creating(path, mode: mode) { file in
            try file.writeAll(contents)
            guard fsync(file.rawValue) == 0 else { throw Kernel.lastError }
        }
    }

    package func createImage(_ path: FilePath, size: ByteSize, allocated: Bool) throws(HostError) -> FileIdentity {
        try creating(path, mode: 0o600) { try Self.give($0, size, allocated: allocated) }
    }

    static func give(_ file: FileDescriptor, _ size: ByteSize, allocated: Bool) throws {
        if allocated {
            let result = posix_fallocate(file.rawValue, 0, off_t(size.bytes))
            guard result == 0 else { throw Errno(rawValue: result) }
        } else {
            guard ftruncate(file.rawValue, off_t(size.bytes)) == 0 else { throw Kernel.lastError }
        }
    }

    package func copyRange(from source: FilePath, to target: FilePath, at offset: Int64) throws(HostError) {
        do {
            let input = try FileDescriptor.open(source, .readOnly, options: .closeOnExec)
            defer { try? input.close() }
            let output = try FileDescriptor.open(target, .writeOnly, options: .closeOnExec)
            defer { try? output.close() }
            try Kernel.copySparse(from: input, to: output, at: offset)
        } catch {
            throw HostError(cannot: "copy \(source) into \(target)", error as? Errno ?? .ioError)
        }
    }

    package func zero(_ path: FilePath, from offset: Int64, length: Int64) throws(HostError) {
        do {
            let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
            defer { try? file.close() }
            // For a device, Linux 4.9: by the device's own means where it has them, by writing where not.
            let mode = CLINUX_FALLOC_FL_ZERO_RANGE | CLINUX_FALLOC_FL_KEEP_SIZE
            guard clinux_fallocate(file.rawValue, mode, offset, length) == 0 else { throw Kernel.lastError }
        } catch {
            throw HostError(cannot: "write zeros to \(path)", error as? Errno ?? .ioError)
        }
    }

    package func overwrite(_ path: FilePath, at offset: Int64, with bytes: [UInt8]) throws(HostError) {
        do {
            let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
            defer { try? file.close() }
            try file.writeAll(toAbsoluteOffset: offset, bytes)
            guard fsync(file.rawValue) == 0 else { throw Kernel.lastError }
        } catch {
            throw HostError(cannot: "write \(path)", error as? Errno ?? .ioError)
        }
    }

    package func resize(_ path: FilePath, to size: ByteSize, allocated: Bool) throws(HostError) {
        do {
            let file = try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
            defer { try? file.close() }
            if allocated {
                let old = try file.seek(offset: 0, from: .end)
                let result = posix_fallocate(file.rawValue, off_t(old), off_t(max(size.bytes - old, 1)))
                guard result == 0 else {
                    // What was allocated before there was no more.
                    _ = ftruncate(file.rawValue, off_t(old))
                    throw Errno(rawValue: result)
                }
            } else {
                guard ftruncate(file.rawValue, off_t(size.bytes)) == 0 else { throw Kernel.lastError }
            }
            guard fsync(file.rawValue) == 0 else { throw Kernel.lastError }
        } catch {
            throw HostError(cannot: "give \(path) the size of \(size)", error as? Errno ?? .ioError)
        }
    }

    package func rename(_ path: FilePath, to target: FilePath) throws(HostError) {
        do throws(Errno) {
            try Kernel.renameWithoutReplacing(path.string, to: target.string)
        } catch {
            throw HostError(cannot: "rename \(path) to \(target)", error)
        }
    }

    package func remove(_ path: FilePath) throws(HostError) {
        guard Glibc.remove(path.string) == 0 else { throw HostError(cannot: "remove \(path)", Kernel.lastError) }
    }

    package func removeTree(_ path: FilePath) throws(HostError) {
        do throws(Errno) {
            try Kernel.removeTree(path)
        } catch {
            throw HostError(cannot: "remove \(path) and what is in it", error)
        }
    }

    package func append(_ text: String, to log: FilePath) throws(HostError) {
        do {
            let file = try FileDescriptor.open(
                log, .writeOnly, options: [.append, .create, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o640))
            defer { try? file.close() }
            try file.writeAll(Array(text.utf8))
        } catch {
            throw HostError(cannot: "write the log \(log)", error as? Errno ?? .ioError)
        }
    }

    package func synchronize(_ path: FilePath) throws(HostError) {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            defer { try? file.close() }
            guard fsync(file.rawValue) == 0 else { throw Kernel.lastError }
        } catch {
            throw HostError(cannot: "write \(path) to the disk", error as? Errno ?? .ioError)
        }
    }

    private func identity(of path: FilePath) throws(HostError) -> FileIdentity {
        guard let entry = try entry(at: path) else {
            throw HostError(cannot: "look at \(path)", .noSuchFileOrDirectory)
        }
        return entry.identity
    }

    /// Makes a new file and fills it; a half-filled one is taken away again.
    func creating(
        _ path: FilePath, mode: UInt32, fill: (FileDescriptor) throws -> Void
    ) throws(HostError) -> FileIdentity {
        do {
            let file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: FilePermissions(rawValue: mode))
            defer { try? file.close() }
            do {
                guard fchmod(file.rawValue, mode) == 0 else { throw Kernel.lastError }
                try fill(file)
                return try Kernel.status(of: file.rawValue, "", flags: CLINUX_AT_EMPTY_PATH).identity
            } catch {
                unlink(path.string)
                throw error
            }
        } catch {
            throw error as? HostError ?? HostError(cannot: "create \(path)", error as? Errno ?? .ioError)
        }
    }
}
