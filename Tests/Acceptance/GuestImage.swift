import SystemPackage
import TestSupport

/// A guest's ext file system, read and checked by its own developers' programs, without mounting it.
struct GuestImage {
    let file: FilePath
    /// Where the file system begins in the file, in bytes.
    var offset = 0

    init(_ file: FilePath, offset: Int = 0) {
        self.file = file
        self.offset = offset
    }

    /// As the programs of e2fsprogs take it.
    private var name: String { offset == 0 ? file.string : "\(file)?offset=\(offset)" }

    /// What e2fsck(8) has to say; nil when the file system is clean.
    func complaint() async throws -> String? {
        let outcome = try await run("e2fsck", ["-fn", name])
        return outcome.succeeded ? nil : outcome.description
    }

    /// The text of a file in it; nil when there is none.
    func text(_ path: String) async throws -> String? {
        let outcome = try await debugfs("cat \"\(path)\"")
        return outcome.standardError.contains("File not found") ? nil : outcome.standardOutput
    }

    /// The names in a directory, without the two dots.
    func names(in path: String) async throws -> [String] {
        // /inode/mode/uid/gid/name/size/
        try await debugfs("ls -p \"\(path)\"").standardOutput.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "/", omittingEmptySubsequences: false)
            return fields.count > 5 && fields[5] != "." && fields[5] != ".." ? String(fields[5]) : nil
        }
    }

    /// The mode of a file in octal digits: `"0600"`; nil when there is none.
    func mode(_ path: String) async throws -> String? {
        let text = try await debugfs("stat \"\(path)\"").standardOutput
        guard let start = text.firstRange(of: "Mode:")?.upperBound else { return nil }
        return String(text[start...].drop { $0 == " " }.prefix { $0.isNumber })
    }

    /// Where a symbolic link leads; nil when it is none.
    func link(_ path: String) async throws -> String? {
        let text = try await debugfs("stat \"\(path)\"").standardOutput
        guard let start = text.firstRange(of: "Fast link dest: \"")?.upperBound else { return nil }
        return String(text[start...].prefix { $0 != "\"" })
    }

    /// Copies a file out.
    func dump(_ path: String, to target: FilePath) async throws {
        _ = try await debugfs("dump \"\(path)\" \"\(target)\"")
    }

    func uuid() async throws -> String { try await superblock("Filesystem UUID:") }

    func features() async throws -> Set<String> {
        Set(try await superblock("Filesystem features:").split(separator: " ").map(String.init))
    }

    private func superblock(_ label: String) async throws -> String {
        let text = try await run("dumpe2fs", ["-h", name]).orThrow().standardOutput
        let line = text.split(separator: "\n").first { $0.hasPrefix(label) } ?? ""
        return String(line.dropFirst(label.count).drop { $0 == " " })
    }

    private func debugfs(_ request: String) async throws -> Outcome {
        try await run("debugfs", ["-R", request, name]).orThrow()
    }
}

/// What blkid(8) says of an image: `UUID`, `TYPE`.
func blkid(_ image: FilePath, _ tag: String) async throws -> String {
    let outcome = try await run("blkid", ["--probe", "--match-tag", tag, "--output", "value", image.string])
    return outcome.standardOutput.filter { $0 != "\n" }
}

/// The fields of a mount table's lines.
func mountTable(_ text: String?) -> [[String]] {
    (text ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }
        .map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init) }
}
