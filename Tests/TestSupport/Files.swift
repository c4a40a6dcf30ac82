import Glibc
import SystemPackage

/// The bytes of a file; throws `TestSupportError` naming it.
package func readFile(_ path: FilePath) throws -> [UInt8] {
    do {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter { try file.readAll() }
    } catch let error as Errno {
        throw TestSupportError("cannot read \(path): \(error)")
    }
}

/// The text of a file, invalid UTF-8 repaired.
package func readText(_ path: FilePath) throws -> String {
    String(decoding: try readFile(path), as: UTF8.self)
}

/// Writes (or overwrites) a file and gives it exactly `mode`, whatever the umask; makes the directories above it.
package func writeFile(_ path: FilePath, _ bytes: some Sequence<UInt8>, mode: mode_t = 0o644) throws {
    try makeDirectories(path.removingLastComponent())
    do {
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite
        )
        try file.closeAfter { _ = try file.writeAll(bytes) }
    } catch let error as Errno {
        throw TestSupportError("cannot write \(path): \(error)")
    }
    chmod(path.string, mode)
}

/// Writes a text file; see `writeFile(_:_:mode:)`.
package func writeFile(_ path: FilePath, _ text: String, mode: mode_t = 0o644) throws {
    try writeFile(path, Array(text.utf8), mode: mode)
}

/// Makes a directory (mode 0755) and those above it that are missing.
package func makeDirectories(_ path: FilePath) throws {
    if path.isEmpty || mkdir(path.string, 0o755) == 0 || errno == EEXIST { return }
    if errno == ENOENT {
        try makeDirectories(path.removingLastComponent())
        if mkdir(path.string, 0o755) == 0 || errno == EEXIST { return }
    }
    throw TestSupportError("cannot make directory \(path): \(Errno(rawValue: errno))")
}

/// The names in a directory, sorted.
package func directoryNames(_ path: FilePath) throws -> [String] {
    guard let stream = opendir(path.string) else {
        throw TestSupportError("cannot list \(path): \(Errno(rawValue: errno))")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Whether something is there, a dangling symbolic link included.
package func fileExists(_ path: FilePath) -> Bool {
    var status = stat()
    return lstat(path.string, &status) == 0
}

/// The target of a symbolic link, nil if it is none.
package func linkTarget(_ path: FilePath) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = buffer.withUnsafeMutableBytes { bytes in
        readlink(path.string, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return length < 0 ? nil : String(decoding: buffer.prefix(length), as: UTF8.self)
}

/// The full path of a program, looked up in `PATH` and then where a user's `PATH` does not reach (`/usr/sbin`, `/sbin`).
package func findProgram(_ name: String) -> FilePath? {
    if name.contains("/") { return access(name, X_OK) == 0 ? FilePath(name) : nil }
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    for directory in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"] {
        let candidate = "\(directory)/\(name)"
        var status = stat()
        if stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(candidate, X_OK) == 0 {
            return FilePath(candidate)
        }
    }
    return nil
}

extension FileDescriptor {
    /// Everything from the offset 0 on, whatever the current offset.
    func readAll() throws -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try buffer.withUnsafeMutableBytes {
                try read(fromAbsoluteOffset: Int64(result.count), into: $0)
            }
            if count == 0 { return result }
            result.append(contentsOf: buffer[..<count])
        }
    }
}
