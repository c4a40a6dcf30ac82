import Archives

/// What dpkg(1) writes down of packages that it has unpacked, in `/var/lib/dpkg`.
struct PackageDatabase: Sendable {
    let tree: PackageTree

    /// A package of which everything but the configuration is done.
    struct Unpacked: Sendable {
        let package: NativePackage
        let contents: PackageContents
        let files: UnpackedFiles
        /// MD5 of its files by their names, where it brings none: dpkg makes them, conffiles included.
        let digests: [[UInt8]: String]?
    }

    private static let directory = "var/lib/dpkg"

    /// The files that dpkg expects of a system without packages.
    func prepare() throws(ArchiveError) {
        for name in ["alternatives", "info", "parts", "triggers", "updates"] {
            try tree.makeDirectories("\(Self.directory)/\(name)")
        }
        for name in ["diversions", "status"] {
            try tree.write([], to: "\(Self.directory)/\(name)")
        }
        try tree.write(Array("1\n".utf8), to: "\(Self.directory)/info/format")
        try tree.write([], to: "\(Self.directory)/triggers/Lock", permissions: 0o600)
        try tree.write([], to: "\(Self.directory)/triggers/Unincorp")
    }

    /// Adds packages, as unpacked. dpkg must not be running.
    func add(_ packages: [Unpacked]) throws(ArchiveError) {
        var status: [UInt8] = []
        for unpacked in packages {
            try writeInfo(unpacked)
            status += stanza(of: unpacked) + Array("\n\n".utf8)
        }
        try tree.write(status, to: "\(Self.directory)/status", appending: true)
        try addTriggers(packages)
    }

    /// Where a package's own files are while it is unpacked: its script runs from there, and debconf(7) looks there for the
    /// package's name and its questions.
    private static let stage = "\(directory)/tmp.ci"

    /// The path of a script that may run before its package is unpacked.
    static let stagedPreinst = "/\(stage)/preinst"

    func stage(_ contents: PackageContents) throws(ArchiveError) {
        try tree.makeDirectories(Self.stage)
        for file in contents.files where Self.isKept(file.name) || file.name == "control" {
            try tree.write(
                file.content, to: "\(Self.stage)/\(file.name)", permissions: Self.permissions(of: file),
                modificationTime: file.modificationTime)
        }
    }

    func clearStage() throws(ArchiveError) { try tree.removeDirectory(Self.stage) }

    private func writeInfo(_ unpacked: Unpacked) throws(ArchiveError) {
        let stem = "\(Self.directory)/info/\(unpacked.package.infoName)"
        for file in unpacked.contents.files where Self.isKept(file.name) {
            try tree.write(
                file.content, to: "\(stem).\(file.name)", permissions: Self.permissions(of: file),
                modificationTime: file.modificationTime)
        }
        try writeList(of: unpacked.package, unpacked.files)
        if let digests = unpacked.digests {
            let lost = tree.losses(of: unpacked.package.number)
            var lines: [String] = []
            for file in unpacked.files.regular {
                // What an earlier package has kept, dpkg would not have unpacked.
                if let winner = lost[file.name], winner < unpacked.package.number { continue }
                guard let digest = digests[file.isSameAs ?? file.name] else { continue }
                lines.append("\(digest)  \(String(decoding: file.name, as: UTF8.self))\n")
            }
            try tree.write(Array(lines.joined().utf8), to: "\(stem).md5sums")
        }
    }

    /// dpkg makes scripts executable that are not.
    private static func permissions(of file: DebianPackage.ControlFile) -> UInt16 {
        let scripts = ["preinst", "postinst", "prerm", "postrm"]
        return scripts.contains(file.name) && file.permissions & 0o111 != 0o111 ? 0o755 : file.permissions
    }

    private func writeList(of package: NativePackage, _ files: UnpackedFiles) throws(ArchiveError) {
        let lost = tree.losses(of: package.number)
        var list: [UInt8] = []
        for name in files.names where lost[Array(name.dropFirst())] == nil { list += name + [UInt8(ascii: "\n")] }
        try tree.write(list, to: "\(Self.directory)/info/\(package.infoName).list")
    }

    /// Takes the files that others have taken out of the lists of packages.
    func rewriteLists(_ packages: [(NativePackage, UnpackedFiles)]) throws(ArchiveError) {
        for (package, files) in packages where !tree.losses(of: package.number).isEmpty {
            try writeList(of: package, files)
        }
    }

    /// `control` is what the status file is made of. A name that dpkg does not allow would be a part of a path here.
    private static func isKept(_ name: String) -> Bool {
        name != "control" && name != "list" && !name.isEmpty
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// dpkg orders fields as it likes when it writes the file the next time.
    private func stanza(of unpacked: Unpacked) -> [UInt8] {
        var lines = unpacked.contents.control.text.split(separator: "\n")[...]
        let first = lines.popFirst() ?? ""
        var text = [String(first), "Status: install ok unpacked"] + lines.map(String.init)
        let conffiles = unpacked.contents.conffiles.filter { conffile in
            conffile.isObsolete || unpacked.files.conffiles.contains(conffile.name)
        }
        if !conffiles.isEmpty { text.append("Conffiles:") }
        for conffile in conffiles {
            // In the place of a digest: nothing has been configured yet (dpkg's lib/dpkg/fields.c).
            let mark = conffile.isObsolete ? "newconffile remove-on-upgrade" : "newconffile"
            text.append(" /\(String(decoding: conffile.name, as: UTF8.self)) \(mark)")
        }
        return Array(text.joined(separator: "\n").utf8)
    }

    // MARK: - Triggers

    /// Who is to be told of what: dpkg writes it down when it unpacks, and reads it when it configures
    /// (deb-triggers(5), and dpkg's doc/triggers.txt).
    private func addTriggers(_ packages: [Unpacked]) throws(ArchiveError) {
        var paths: [String] = []
        var named: [String: [String]] = [:]
        // Said twice, the last counts; dpkg ends at a file with two lines of one package for one path.
        func put(_ line: String, in lines: inout [String]) {
            lines.removeAll { $0 == line || $0 == "\(line)/noawait" || "\($0)/noawait" == line }
            lines.append(line)
        }
        for unpacked in packages {
            for (trigger, isAwaited) in Self.interests(of: unpacked.contents) {
                let listener = Self.listener(unpacked.package, isAwaited: isAwaited)
                if trigger.hasPrefix("/") {
                    put("\(trigger) \(listener)", in: &paths)
                } else if Self.isTriggerName(trigger) {
                    put(listener, in: &named[trigger, default: []])
                }
            }
        }
        let directory = "\(Self.directory)/triggers"
        func text(_ lines: [String]) -> [UInt8] { Array(lines.map { "\($0)\n" }.joined().utf8) }
        if !paths.isEmpty { try tree.write(text(paths), to: "\(directory)/File", appending: true) }
        for (name, listeners) in named.sorted(by: { $0.key < $1.key }) {
            try tree.write(text(listeners), to: "\(directory)/\(name)", appending: true)
        }
    }

    /// What a package wants to be told of.
    private static func interests(of contents: PackageContents) -> [(trigger: String, isAwaited: Bool)] {
        guard let file = contents.files.first(where: { $0.name == "triggers" }) else { return [] }
        return String(decoding: file.content, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard words.count == 2, words[0].hasPrefix("interest") else { return nil }
            return (String(words[1]), words[0] != "interest-noawait")
        }
    }

    /// Notes that packages which are configured are to be told of files below their paths. One that is configured later sees
    /// them by itself.
    ///
    /// - Parameters:
    ///   - files: names with a slash at the beginning.
    ///   - listeners: the packages that are configured.
    func activate(by files: [[[UInt8]]], listeners: [PackageContents]) throws(ArchiveError) {
        var paths: Set<String> = []
        for listener in listeners {
            for trigger in Self.interests(of: listener).map(\.trigger) where trigger.hasPrefix("/") {
                paths.insert(trigger)
            }
        }
        let activated = paths.sorted().filter { path in
            let exact = Array(path.utf8)
            let below = exact + [UInt8(ascii: "/")]
            return files.joined().contains { $0 == exact || $0.starts(with: below) }
        }
        guard !activated.isEmpty else { return }
        // By nobody who would wait: these packages are not configured themselves (dpkg's doc/triggers.txt).
        try tree.write(
            Array(activated.map { "\($0) -\n" }.joined().utf8), to: "\(Self.directory)/triggers/Unincorp",
            appending: true)
    }

    private static func listener(_ package: NativePackage, isAwaited: Bool) -> String {
        package.infoName + (isAwaited ? "" : "/noawait")
    }

    /// A trigger's name becomes a file's; dpkg allows no others (dpkg's trig_name_is_illegal).
    private static func isTriggerName(_ name: String) -> Bool {
        guard let first = name.utf8.first,
            (48...57).contains(first) || (97...122).contains(first) || (65...90).contains(first)
        else { return false }
        return name.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "/") }
    }

    // MARK: - What scripts have asked for

    /// Names that a package has diverted from all others (dpkg-divert(1)): from, to, by whom; `:` is the administrator.
    func diversions() throws(ArchiveError) -> [(from: [UInt8], to: [UInt8], owner: String)] {
        let lines = (try tree.contents(of: "\(Self.directory)/diversions") ?? []).split(separator: UInt8(ascii: "\n"))
        return stride(from: 0, to: lines.count - lines.count % 3, by: 3).map { at in
            (
                Array(lines[at].dropFirst()), Array(lines[at + 1].dropFirst()),
                String(decoding: lines[at + 2], as: UTF8.self)
            )
        }
    }

    /// Owners and modes that the administrator, or a script, has set (dpkg-statoverride(1)): `root mail 2755 /usr/bin/x`.
    func overrides() throws(ArchiveError) -> [[UInt8]: UnpackRules.Override] {
        let text = String(decoding: try tree.contents(of: "\(Self.directory)/statoverride") ?? [], as: UTF8.self)
        var overrides: [[UInt8]: UnpackRules.Override] = [:]
        guard !text.isEmpty else { return overrides }
        let users = try numbers("etc/passwd")
        let groups = try numbers("etc/group")
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count == 4, let user = Self.number(words[0], users), let group = Self.number(words[1], groups),
                let mode = UInt16(words[2], radix: 8)
            else { continue }
            overrides[Array(words[3].utf8.dropFirst())] = .init(owner: user, group: group, permissions: mode)
        }
        return overrides
    }

    /// `#8` or a name.
    private static func number(_ word: Substring, _ known: [String: UInt32]) -> UInt32? {
        word.hasPrefix("#") ? UInt32(word.dropFirst()) : known[String(word)]
    }

    private func numbers(_ file: String) throws(ArchiveError) -> [String: UInt32] {
        var numbers: [String: UInt32] = [:]
        for line in String(decoding: try tree.contents(of: file) ?? [], as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: ":", omittingEmptySubsequences: false)
            if words.count > 2, let number = UInt32(words[2]) { numbers[String(words[0])] = number }
        }
        return numbers
    }
}
