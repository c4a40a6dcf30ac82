import Glibc
import Storage
import SystemPackage
import TestSupport

/// An image of an ext file system that mke2fs made, or its bytes with changes.
final class ExtImage {
    var bytes: [UInt8]
    /// How many bytes readers have got, all together.
    private(set) var bytesRead = 0
    /// What readers have asked for.
    private(set) var reads: Set<Range<Int>> = []
    let path: FilePath

    /// Makes one from a tree; mke2fs needs neither a mount nor root for that.
    init(at path: FilePath, mebibytes: Int64 = 16, tree: FilePath, _ options: [String]) async throws {
        self.path = path
        try writeFile(path, [])
        let file = try FileDescriptor.open(path, .readWrite)
        try file.closeAfter { try file.resize(to: mebibytes << 20) }
        try await run("mke2fs", ["-q", "-F", "-d", tree.string] + options + [path.string]).orThrow()
        bytes = try readFile(path)
    }

    func reader(budget: Int = ExtReader.usualBudget) throws(ExtError) -> ExtReader {
        try ExtReader(budget: budget) { [self] offset, count in
            let start = min(Int(offset), bytes.count)
            let end = min(start + count, bytes.count)
            bytesRead += end - start
            reads.insert(start..<end)
            return Array(bytes[start..<end])
        }
    }

    /// What debugfs(8), which reads with libext2fs, says.
    func debugfs(_ request: String) async throws -> String {
        try await run("debugfs", ["-R", request, path.string]).orThrow().standardOutput
    }

    func put(_ number: UInt64, at offset: Int, _ width: Int) {
        for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index)) }
    }

    func put(_ text: String, at offset: Int) {
        bytes.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
    }

    func number(at offset: Int, _ width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    var blockSize: Int { 1024 << Int(number(at: 1024 + 0x18, 4)) }

    /// Where the inode of a file is.
    func inode(of file: String) async throws -> Int {
        // "located at block 126, offset 0x0080"
        let words = try await debugfs("imap \(file)").split { " ,\n".contains($0) }
        guard let index = words.firstIndex(of: "block"), let end = words.lastIndex(of: "offset"),
            let block = words[(index + 1)...].lazy.compactMap({ Int($0) }).last,
            let offset = Int(words[end + 1].dropFirst(2), radix: 16)
        else { throw TestSupportError("debugfs does not say where \(file) is") }
        return block * blockSize + offset
    }

    /// The numbers of a file's blocks.
    func blocks(of file: String) async throws -> [UInt64] {
        try await debugfs("blocks \(file)").split { " \n".contains($0) }.compactMap { UInt64($0) }
    }

    func save() throws { try writeFile(path, bytes) }
}

extension ExtReader {
    /// All that is in there, as a tree of the host is listed; at most so many entries, and a directory that cannot be
    /// read is none.
    func walk(most: Int, limit: Int, _ visit: (String, Result<Entry?, any Error>, [UInt8]?) -> Void) {
        var pending = ["/"]
        var count = 0
        while let directory = pending.popLast() {
            let names: [String]
            do {
                names = try self.names(in: directory, limit: most) ?? []
            } catch {
                visit(directory, .failure(error), nil)
                continue
            }
            for name in names {
                count += 1
                if count > most { return }
                let path = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
                do {
                    let entry = try entry(at: path, followsLast: false)
                    let content = entry?.kind == .file ? try contents(of: path, limit: limit) : nil
                    if entry?.kind == .link { _ = try self.entry(at: path) }
                    if entry?.kind == .directory { pending.append(path) }
                    visit(path, .success(entry), content)
                } catch {
                    visit(path, .failure(error), nil)
                }
            }
        }
    }
}

/// Whether two files have the same bytes; a failed comparison of arrays would print them all.
func isSame(_ mine: [UInt8]?, _ other: [UInt8]) -> Bool {
    guard let mine, mine.count == other.count else { return false }
    return mine.isEmpty || memcmp(mine, other, mine.count) == 0
}
