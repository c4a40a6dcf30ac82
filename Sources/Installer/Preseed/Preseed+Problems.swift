extension Preseed {
    /// What is likely to be wrong, in the order of the file.
    ///
    /// - Parameter release: The code name of what is installed, such as `trixie`; nil, or one that the catalogue does
    ///   not know, for no check of what a release asks.
    package func problems(against catalogue: QuestionCatalogue, release: String?) -> [PreseedProblem] {
        var check = PreseedCheck(file: file, catalogue: catalogue, release: release)
        for entry in entries { check.check(entry) }
        var problems = check.problems + passwordProblems()
        problems += suspectComments.map { line in
            PreseedProblem(
                .warning, "a # inside a continued line makes no comment: it is a part of the value",
                hint: "put the # into the first column for a comment", file: file, line: line)
        }
        return problems.enumerated().sorted {
            ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
        }.map(\.element)
    }
}

/// Holds the entries of a file against the catalogue, one after the other.
private struct PreseedCheck {
    let file: String
    let catalogue: QuestionCatalogue
    let release: String?
    private(set) var problems: [PreseedProblem] = []
    /// The last answers so far, by question.
    private var answered: [String: PreseedEntry] = [:]
    /// Questions whose flag was given in front of the answer.
    private var flagged: [String: PreseedEntry] = [:]
    /// A file of nothing but nonsense gets no guesses for all of it, since each takes its time.
    private var guesses = 50

    init(file: String, catalogue: QuestionCatalogue, release: String?) {
        self.file = file
        self.catalogue = catalogue
        self.release = release.flatMap { catalogue.releases.contains($0) ? $0 : nil }
    }

    mutating func check(_ entry: PreseedEntry) {
        checkOrder(entry)
        if entry.hasAddressWithPassword {
            add(
                .error, "the value of \(entry.question) holds an address with a password in it", entry,
                hint: "remove USER:PASSWORD@: the installer and the installed system keep it where all can read it")
        }
        guard let known = catalogue[entry.question] else {
            checkUnknown(entry)
            return
        }
        if let release, !known.releases.contains(release) {
            add(
                .warning,
                "\(entry.question) is not asked in \(release), but in \(known.releases.joined(separator: ", "))",
                entry)
        }
        guard entry.type != .seen else { return }
        if entry.owner == "d-i", !known.owners.contains("d-i") {
            add(
                .warning,
                "\(entry.question) is asked by \(known.owners.joined(separator: ", ")), whom an answer of the owner d-i "
                    + "does not reach", entry, hint: "write \(known.owners[0]) in the place of d-i")
        }
        checkType(entry, known)
        if known.types == [.boolean] || known.types.contains(.boolean) && entry.type == .boolean {
            checkBoolean(entry)
        }
        checkChoices(entry, known)
    }

    /// The last answer counts, and an answer sets the flag `seen`.
    private mutating func checkOrder(_ entry: PreseedEntry) {
        if entry.type == .seen {
            if answered[entry.question] == nil { flagged[entry.question] = entry }
            return
        }
        // Debian's own example repeats answers, to keep each recipe complete.
        if let earlier = answered[entry.question], earlier.value != entry.value {
            let place = earlier.line.map { " in line \($0)" } ?? ""
            add(.warning, "\(entry.question) is answered again; the answer\(place) does not count", entry)
        }
        if let flag = flagged.removeValue(forKey: entry.question) {
            problems.append(
                PreseedProblem(
                    .warning,
                    "the flag seen of \(entry.question) is without effect, since the answer behind it sets it",
                    hint: "move it behind the answer", file: file, line: flag.line))
        }
        answered[entry.question] = entry
    }

    private mutating func checkUnknown(_ entry: PreseedEntry) {
        guard entry.owner == "d-i" else { return }
        if entry.type == .boolean { checkBoolean(entry) }
        var hint: String?
        if let alias = catalogue.aliases[entry.question] {
            hint = "\(entry.question) is a short name for the boot command line; in a file it is \(alias.question)"
        } else if guesses > 0 {
            guesses -= 1
            hint = catalogue.nearestQuestion(to: entry.question).map { "did you mean \($0)?" }
        }
        add(.warning, "\(entry.question) is not a question that debian-installer is known to ask", entry, hint: hint)
    }

    private mutating func checkType(_ entry: PreseedEntry, _ known: KnownQuestion) {
        guard !known.types.contains(where: { entry.type.stands(for: $0) }) else { return }
        let type = known.types.map(\.rawValue).joined(separator: " or ")
        add(
            .warning, "\(entry.question) is of the type \(type), not \(entry.type.rawValue)", entry,
            hint: entry.owner == "d-i"
                ? "debian-installer goes by its own type, so the value has to be one for it" : nil)
    }

    private mutating func checkBoolean(_ entry: PreseedEntry) {
        guard entry.value != "true", entry.value != "false" else { return }
        // Nobody in the installer checks it: scripts compare the answer with "true", and some with "false".
        add(.error, "\(entry.question) is true or false, and \(quoted(entry)) is neither", entry)
    }

    private mutating func checkChoices(_ entry: PreseedEntry, _ known: KnownQuestion) {
        guard !known.choices.isEmpty, !entry.value.isEmpty, !entry.isSensitive else { return }
        let values: [String]
        switch known.types {
        case [.select]: values = [entry.value]
        case [.multiselect]: values = CatalogueReader.choices(entry.value)
        default: return
        }
        for value in values where !known.choices.contains(value) {
            add(
                .warning, "\"\(shortened(value))\" is not among the choices of \(entry.question)", entry,
                hint: "they are \(known.choices.joined(separator: ", "))")
        }
    }

    private mutating func add(
        _ severity: PreseedProblem.Severity, _ message: String, _ entry: PreseedEntry, hint: String? = nil
    ) {
        problems.append(PreseedProblem(severity, message, hint: hint, file: file, line: entry.line))
    }

    private func quoted(_ entry: PreseedEntry) -> String {
        entry.isSensitive || entry.hasAddressWithPassword ? "its value" : "\"\(shortened(entry.value))\""
    }

    private func shortened(_ value: String) -> String {
        value.unicodeScalars.count <= 60 ? value : String(value.unicodeScalars.prefix(57)) + "..."
    }
}
