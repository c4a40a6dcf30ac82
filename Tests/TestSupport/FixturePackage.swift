import SystemPackage

/// A Debian package to be built: its control fields, its files, its maintainer scripts.
struct FixturePackage: Sendable {
    var name: String
    var version = "1.0"
    var architecture: String
    var priority = "optional"
    var essential = false
    /// Relation fields in the order of the control file: `("Depends", "libc6")`.
    var relations: [(field: String, value: String)] = []
    var entries: [TreeEntry] = []
    /// By name: `preinst`, `postinst`, `prerm`, `postrm`, `conffiles`, `triggers`.
    var scripts: [String: String] = [:]

    /// Without the epoch, as in Debian's pool.
    var fileName: String { "\(name)_\(version.split(separator: ":").last ?? "")_\(architecture).deb" }

    /// The control paragraph, without an empty line at the end.
    var control: String {
        var lines = [
            "Package: \(name)", "Version: \(version)", "Architecture: \(architecture)",
            "Maintainer: Fixture <fixture@example.org>", "Section: misc", "Priority: \(priority)",
        ]
        if essential { lines.append("Essential: yes") }
        for (field, value) in relations where !value.isEmpty { lines.append("\(field): \(value)") }
        lines.append("Description: \(name) for tests")
        return lines.joined(separator: "\n") + "\n"
    }

    mutating func depends(on other: String) {
        for index in relations.indices where relations[index].field == "Depends" {
            let names = relations[index].value.split(separator: ",").map { $0.drop { $0 == " " } }
            if !names.contains(other[...]) { relations[index].value += ", \(other)" }
            return
        }
        relations.append(("Depends", other))
    }

    /// Builds the .deb into `pool`, with `staging` for its tree. Big packages are not compressed: it is about time.
    func build(into pool: FilePath, staging: FilePath) async throws -> FilePath {
        let tree = staging.appending(fileName)
        defer { removeTree(tree) }
        try TreeEntry.write([.directory("")], below: tree)
        try TreeEntry.write(entries, below: tree)
        try writeFile(tree.pushing("DEBIAN/control"), control)
        for (name, text) in scripts {
            let isScript = name != "conffiles" && name != "triggers"
            try writeFile(tree.pushing(FilePath("DEBIAN/\(name)")), text, mode: isScript ? 0o755 : 0o644)
        }
        let result = pool.appending(fileName)
        let isBig = entries.contains { if case .copy = $0.content { true } else { false } }
        let compression = isBig ? ["-Znone"] : ["-Zxz", "-z1"]
        // Owners other than root are the package's own, and then all of them are.
        let isRoots = entries.allSatisfy { $0.owner == 0 && $0.group == 0 }
        let arguments =
            (isRoots ? ["--root-owner-group"] : []) + compression + ["--build", tree.string, result.string]
        // One time in all packages, however long building them takes: two of them bring the same link.
        try await run("dpkg-deb", arguments, environment: ["SOURCE_DATE_EPOCH": "1700000000"]).orThrow()
        return result
    }
}
