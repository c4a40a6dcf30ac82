/// Exactly these packages and no others: what `--lock` writes, and `--locked` installs.
package struct PackageLock: Sendable, Hashable {
    /// One package, to the last bit.
    package struct Package: Sendable, Hashable, Codable {
        package let name: String
        package let version: String
        package let architecture: String
        /// Of its archive: 64 hexadecimal digits.
        package let sha256: String
        /// That nobody asked for it: apt removes it when nothing needs it any more.
        package let automatic: Bool?

        package init(name: String, version: String, architecture: String, sha256: String, automatic: Bool = false) {
            self.name = name
            self.version = version
            self.architecture = architecture
            self.sha256 = sha256
            self.automatic = automatic ? true : nil
        }

        package var isAutomatic: Bool { automatic == true }

        /// As people write it.
        package var text: String { "\(name) \(version)" }
    }

    package let distribution: String
    package let codename: String
    package let architecture: String
    /// By name and architecture.
    package let packages: [Package]

    package init(distribution: String, codename: String, architecture: String, packages: [Package]) {
        self.distribution = distribution
        self.codename = codename
        self.architecture = architecture
        self.packages = packages.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    /// What is in one and not in the other, in people's words; nil when they are the same.
    package func difference(from wanted: PackageLock) -> String? {
        func key(_ package: Package) -> String { "\(package.name):\(package.architecture)" }
        let mine = Dictionary(packages.map { (key($0), $0) }) { first, _ in first }
        let theirs = Dictionary(wanted.packages.map { (key($0), $0) }) { first, _ in first }
        let more = packages.filter { theirs[key($0)] == nil }.map(\.text)
        let fewer = wanted.packages.filter { mine[key($0)] == nil }.map(\.text)
        let others = packages.filter { package in theirs[key(package)].map { $0.version != package.version } ?? false }
            .map { "\($0.text) in the place of \(theirs[key($0)]?.version ?? "")" }
        var parts: [String] = []
        for (what, names) in [("it has ", more), ("it lacks ", fewer), ("it has ", others)] where !names.isEmpty {
            parts.append(what + Self.list(names))
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// Five of them, and how many more.
    package static func list(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }
}

extension PackageLock: Codable {
    private enum Key: String, CodingKey {
        case format, distribution, codename, architecture, packages
    }

    /// Raised when what is in it means something else.
    private static let format = 1

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let format = try values.decode(Int.self, forKey: .format)
        guard format == Self.format else { throw ValueError("its format is \(format), and 1 is known here") }
        self.init(
            distribution: try values.decode(String.self, forKey: .distribution),
            codename: try values.decode(String.self, forKey: .codename),
            architecture: try values.decode(String.self, forKey: .architecture),
            packages: try values.decode([Package].self, forKey: .packages))
        guard !packages.isEmpty else { throw ValueError("it has no packages") }
        for package in packages {
            // They become words of apt's command line.
            guard Self.isPackage(package.name, package.version), Self.isWord(package.architecture, "-"),
                package.sha256.utf8.count == 64,
                package.sha256.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { throw ValueError("\"\(package.text)\" is no package with its SHA-256") }
        }
        guard Set(packages.map { "\($0.name):\($0.architecture)" }).count == packages.count else {
            throw ValueError("a package is in it twice")
        }
    }

    /// Whether both are words for apt, as policy has them.
    package static func isPackage(_ name: String, _ version: String) -> Bool {
        isWord(name, "+-.") && isWord(version, "+-.:~", upper: true)
    }

    private static func isWord(_ text: String, _ more: String, upper: Bool = false) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first) || (48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || upper && (65...90).contains(byte)
                || more.utf8.contains(byte)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(Self.format, forKey: .format)
        try values.encode(distribution, forKey: .distribution)
        try values.encode(codename, forKey: .codename)
        try values.encode(architecture, forKey: .architecture)
        try values.encode(packages, forKey: .packages)
    }
}
