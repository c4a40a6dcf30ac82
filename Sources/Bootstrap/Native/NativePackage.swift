import Archives

/// A package that is to be installed: what the index says of it.
struct NativePackage: Sendable {
    /// Its place in the order in which apt named them.
    let number: Int
    let stanza: Stanza
    let name: String
    let version: String
    let architecture: String
    /// Hexadecimal digits of the archive's SHA-256, from an index whose signature apt has verified.
    let digest: String
    /// Bytes of the archive.
    let size: Int64
    /// What apt calls its file.
    let file: String

    /// - Returns: nil when it is not a package's stanza.
    init?(number: Int, stanza: Stanza, file: String) {
        guard let name = stanza["package"], let version = stanza["version"], let architecture = stanza["architecture"],
            let digest = stanza["sha256"], let size = stanza["size"].flatMap({ Int64($0) }),
            Self.isName(name), Self.isName(architecture)
        else { return nil }
        self.number = number
        self.stanza = stanza
        self.name = name
        self.version = version
        self.architecture = architecture
        self.digest = digest
        self.size = size
        self.file = file
    }

    /// A name becomes a part of paths and of command lines (deb-control(5)).
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first) || (48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || "+-.".utf8.contains(byte)
        }
    }

    /// What its files in dpkg's directory are called: several architectures of it can be installed at once.
    var infoName: String { stanza["multi-arch"] == "same" ? "\(name):\(architecture)" : name }

    var isEssential: Bool { stanza["essential"] == "yes" }

    /// What it is called and what it provides.
    func answers(to relation: PackageRelation) -> Bool {
        if relation.name == name { return relation.admits(version) }
        return PackageRelation.groups(stanza["provides"]).joined().contains { provided in
            // Only a provision with a version answers to a relation with one (deb-control(5)).
            provided.name == relation.name
                && (relation.comparison == nil || (provided.comparison == .equal && relation.admits(provided.version)))
        }
    }

    /// Whether its files take the place of the other's.
    func replaces(_ other: NativePackage) -> Bool {
        PackageRelation.groups(stanza["replaces"]).joined().contains { other.answers(to: $0) }
    }
}

/// What dpkg keeps about a package, from the package itself.
struct PackageContents: Sendable {
    let control: Stanza
    let files: [DebianPackage.ControlFile]

    /// - Throws: ``BootstrapError`` when it is another package than the index said.
    init(_ files: [DebianPackage.ControlFile], of package: NativePackage) throws(BootstrapError) {
        let control = files.first { $0.name == "control" }
            .map { Stanza(String(decoding: $0.content, as: UTF8.self)) }
        guard let control, control["package"] == package.name, control["version"] == package.version,
            control["architecture"] == package.architecture
        else {
            throw BootstrapError(
                "the package \(package.name) \(package.version) of the index is another one inside", cause: .badData)
        }
        self.control = control
        self.files = files
    }

    func hasFile(_ name: String) -> Bool { files.contains { $0.name == name } }

    /// What the package says of its conffiles, in its order: names without a slash at the beginning.
    ///
    /// An obsolete one, which is to go with an upgrade (`remove-on-upgrade /etc/x`), is not in the package
    /// (deb-conffiles(5)); dpkg keeps its name all the same.
    var conffiles: [(name: [UInt8], isObsolete: Bool)] {
        guard let file = files.first(where: { $0.name == "conffiles" }) else { return [] }
        return file.content.split(separator: UInt8(ascii: "\n")).compactMap { line in
            var line = line
            while let last = line.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { line.removeLast() }
            if line.first == UInt8(ascii: "/") { return (Array(line.dropFirst()), false) }
            let flag = Array("remove-on-upgrade /".utf8)
            return line.starts(with: flag) ? (Array(line.dropFirst(flag.count)), true) : nil
        }
    }
}
