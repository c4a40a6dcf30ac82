import SystemPackage
import TestSupport

/// One thing to show on the Xen host: a shell script that dom0 runs, and what its first lines say about it.
///
/// A scenario is a file in `Tests/XenLab/Scenarios`; the harness knows none by name. Its header is made of comments:
///
///     #!/bin/sh
///     # summary: PV, with the guest's own kernel
///     # roots: bookworm
///     # archives: bookworm
///     # limit: 600
///     # tags: slow
struct Scenario: Sendable {
    /// The file's name.
    let name: String
    let file: FilePath
    /// What it shows, in a few words.
    let summary: String
    /// The root archives (`Tests/XenLab/Roots`) that it wants on its host.
    let roots: [String]
    /// The archives of packages (`Tests/XenLab/Archives`) too.
    let archives: [String]
    /// Seconds of dom0's clock after which it is given up.
    let limit: Int
    let tags: Set<String>

    /// Not part of `make check-xen`.
    var isSlow: Bool { tags.contains("slow") }

    /// Reads a scenario's header.
    ///
    /// - Throws: ``LabError`` for a header without summary, with a key or tag that means nothing, or a limit that is no
    ///   number of seconds.
    init(name: String, file: FilePath, text: String) throws {
        // A shell in dom0 gets the name; and an editor's copies are no scenarios.
        guard !name.isEmpty, name.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }) else {
            throw LabError("\(file): a scenario's name is made of small letters, digits and hyphens")
        }
        var values: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#!") { continue }
            guard line.hasPrefix("# "), let colon = line.firstIndex(of: ":") else { break }
            let key = String(line[line.index(line.startIndex, offsetBy: 2)..<colon])
            guard ["summary", "roots", "archives", "limit", "tags"].contains(key) else {
                throw LabError("\(file): the header has \"\(key)\", which means nothing here")
            }
            values[key] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        guard let summary = values["summary"], !summary.isEmpty else {
            throw LabError("\(file): the header has no summary")
        }
        guard let limit = Int(values["limit"] ?? "900"), limit > 0 else {
            throw LabError("\(file): \"\(values["limit"] ?? "")\" is not a limit in seconds")
        }
        func words(_ key: String) -> [String] { values[key]?.split(separator: " ").map(String.init) ?? [] }
        let tags = Set(words("tags"))
        if let unknown = tags.subtracting(["slow"]).min() {
            throw LabError("\(file): the tag \"\(unknown)\" means nothing here")
        }
        self.name = name
        self.file = file
        self.summary = summary
        self.limit = limit
        self.tags = tags
        roots = words("roots")
        archives = words("archives")
    }

    /// All scenarios of a directory, by name.
    static func all(in directory: FilePath) throws -> [Scenario] {
        try entries(of: directory).map {
            let file = directory.appending($0)
            return try Scenario(name: $0, file: file, text: readText(file))
        }
    }
}
