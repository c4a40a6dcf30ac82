import Glibc
import SystemPackage

/// A directory of the test's own, removed with its contents when the last reference goes.
///
/// Keep it in a property of the suite, or use `withTemporaryDirectory`. The path is short (a GnuPG home and a Unix
/// socket fit below it), has no symbolic link in it, and others may search it (mode 0755), since apt's unprivileged
/// download user must reach an archive in it.
package final class TemporaryDirectory: Sendable {
    package let path: FilePath

    /// Makes `$TMPDIR/domus-NAME-XXXXXX` (`/tmp` without `TMPDIR`).
    package init(_ name: String = "test") throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let parent = realpath(base.isEmpty ? "/tmp" : base, nil)
        guard let parent else {
            throw TestSupportError("cannot resolve the temporary directory \(base): \(Errno(rawValue: errno))")
        }
        defer { free(parent) }
        var template = Array("\(String(cString: parent))/domus-\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestSupportError("cannot make a temporary directory in \(base): \(Errno(rawValue: errno))")
        }
        path = template.withUnsafeBufferPointer { FilePath(platformString: $0.baseAddress!) }
        chmod(path.string, 0o755)
    }

    deinit { removeTree(path) }

    /// The path of an entry below the directory, `"a/b"`; nothing is made.
    package func callAsFunction(_ relative: String) -> FilePath {
        path.pushing(FilePath(relative))
    }
}

/// Runs `body` with a fresh directory and removes it afterwards, also when `body` throws.
package func withTemporaryDirectory<Result>(
    _ name: String = "test",
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FilePath) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory(name)
    defer { withExtendedLifetime(directory) {} }
    return try await body(directory.path)
}

/// Removes a file or a tree, without following symbolic links and without entering another file system: what a failed
/// test left mounted in there is not emptied.
package func removeTree(_ path: FilePath) {
    var top = stat()
    guard lstat(path.string, &top) == 0 else { return }
    remove(path.string, of: top.st_dev)
}

private func remove(_ path: String, of device: dev_t) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_dev == device else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
        for name in directoryEntries(path) {
            remove("\(path)/\(name)", of: device)
        }
        rmdir(path)
    } else {
        unlink(path)
    }
}

/// The names in a directory, sorted, without `.` and `..`; empty when it cannot be read.
func directoryEntries(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: Int(entry.pointee.d_reclen)) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}
