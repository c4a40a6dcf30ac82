/// One package of an index: the fields that lead to its file.
package struct PackageStanza: Sendable, Equatable {
    package let name: String
    package let version: String
    /// Below the archive's root.
    package let filename: String
    package let sha256: String
    package let size: Int64

    /// Finds a package in an index (deb822(5)), whose digest must have been proven.
    ///
    /// - Returns: nil where there is none, or where a field is missing.
    package init?(named name: String, in index: [UInt8]) {
        let key = Array("Package: \(name)\n".utf8)
        var start: Int?
        if index.starts(with: key) {
            start = 0
        } else if let found = index.firstRange(of: [10] + key) {
            start = found.lowerBound + 1
        }
        guard let start else { return nil }
        let end = index[start...].firstRange(of: [10, 10])?.lowerBound ?? index.endIndex
        var fields: [Substring: String] = [:]
        let text = String(decoding: index[start..<end], as: UTF8.self)
        for line in text.split(separator: "\n") {
            guard line.first != " ", let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        guard let version = fields["Version"], let filename = fields["Filename"], let sha256 = fields["SHA256"],
            let size = fields["Size"].flatMap({ Int64($0) }), size >= 0, ReleaseFile.isDigest(sha256),
            !filename.split(separator: "/").contains("..")
        else { return nil }
        self.name = name
        self.version = version
        self.filename = filename
        self.sha256 = sha256.lowercased()
        self.size = size
    }

    /// The names of packages in an index that begin and end so, in its order.
    package static func names(in index: [UInt8], from prefix: String, to suffix: String) -> [String] {
        let key = Array("\nPackage: \(prefix)".utf8)
        var names: [String] = []
        var rest = index[...]
        if rest.starts(with: key.dropFirst()) { rest = [10] + rest }
        while let found = rest.firstRange(of: key) {
            let end = rest[found.upperBound...].firstIndex(of: 10) ?? rest.endIndex
            let name = prefix + String(decoding: rest[found.upperBound..<end], as: UTF8.self)
            if name.hasSuffix(suffix) { names.append(name) }
            rest = rest[end...]
        }
        return names
    }
}
