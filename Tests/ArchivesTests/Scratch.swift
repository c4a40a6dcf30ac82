import Archives
import Foundation
import Glibc
import SystemPackage

/// A directory of the test's own, removed with everything in it when the test is over.
final class Scratch {
    let path: FilePath

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/archives-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        // Resolved, since the temporary directory itself may be a link.
        path = FilePath(
            URL(fileURLWithFileSystemRepresentation: template, isDirectory: true, relativeTo: nil)
                .resolvingSymlinksInPath().path
        )
    }

    deinit {
        _ = try? run("/bin/rm", "-rf", "--one-file-system", path.string)
    }

    /// Makes a directory and gives its path.
    @discardableResult
    func directory(_ name: String) throws -> FilePath {
        let directory = path.appending(name)
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        return directory
    }

    @discardableResult
    func file(_ name: String, _ content: some Sequence<UInt8>) throws -> FilePath {
        let file = path.appending(name)
        try write(Array(content), to: file)
        return file
    }
}

struct ToolFailure: Error, CustomStringConvertible {
    let description: String
}

/// Runs a program of the system, and gives what it printed.
@discardableResult
func run(_ arguments: String..., at directory: FilePath? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    if let directory {
        process.currentDirectoryURL = URL(fileURLWithPath: directory.string)
    }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ToolFailure(description: "\(arguments.joined(separator: " ")): \(process.terminationStatus): \(text)")
    }
    return text
}

func read(_ path: FilePath) throws -> [UInt8] {
    let descriptor = try FileDescriptor.open(path, .readOnly)
    return try descriptor.closeAfter {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            if count == 0 { return content }
            content.append(contentsOf: buffer[..<count])
        }
    }
}

func write(_ content: [UInt8], to path: FilePath) throws {
    let descriptor = try FileDescriptor.open(
        path,
        .writeOnly,
        options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead]
    )
    try descriptor.closeAfter { _ = try descriptor.writeAll(content) }
}

func status(_ path: FilePath) throws -> stat {
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0 else { throw Errno(rawValue: errno) }
    return status
}

/// Whether something is there, be it a link that leads nowhere.
func exists(_ path: FilePath) -> Bool {
    (try? status(path)) != nil
}

func linkTarget(_ path: FilePath) throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: path.string)
}

/// Everything below a directory, as one text per entry: name, type and mode, owner, links, times, a hash of the content.
func inventory(_ directory: FilePath) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: directory.string).sorted().map { name in
        let path = directory.appending(name)
        let status = try status(path)
        let content = status.st_mode & S_IFMT == S_IFREG ? try read(path).hashValue : 0
        return "\(name) \(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid) \(status.st_nlink)"
            + " \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(content)"
    } + ["mode \(String(try status(directory).st_mode, radix: 8))"]
}

let isRoot = geteuid() == 0
let rootNeeded: String = "needs root: owners, device nodes and capabilities"

/// Reads all entries, and so notices whatever is wrong with the archive.
@discardableResult
func entries(of archive: FilePath) throws -> [ArchiveEntry] {
    var reader = try ArchiveReader(path: archive)
    var entries: [ArchiveEntry] = []
    while let entry = try reader.next() {
        entries.append(entry)
    }
    return entries
}

/// Packs entries with the room's own writer.
@discardableResult
func pack(_ entries: [(ArchiveEntry, String)], to path: FilePath) throws -> FilePath {
    var writer = try ArchiveWriter(to: path)
    for (entry, content) in entries {
        try writer.add(entry, content: Array(content.utf8))
    }
    try writer.finish()
    return path
}
