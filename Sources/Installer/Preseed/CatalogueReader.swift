/// Reads the lines of `Templates/installer/questions`.
struct CatalogueReader {
    let file: String
    private(set) var releases: [String] = []
    private(set) var aliases: [String: QuestionCatalogue.Alias] = [:]
    private(set) var questions: [String: KnownQuestion] = [:]

    init(file: String) { self.file = file }

    mutating func read(_ line: Substring.UnicodeScalarView, _ number: Int) throws(PreseedError) {
        guard let first = line.first, first != "#" else { return }
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map { String(Substring($0)) }
        switch (fields[0], fields.count) {
        case ("releases", 2):
            releases = Self.list(fields[1], separator: " ")
        case ("alias", 4):
            aliases[fields[1]] = QuestionCatalogue.Alias(question: fields[2], owner: fields[3])
        case (let name, 6) where !name.isEmpty:
            questions[name] = try question(fields, number)
        default:
            throw PreseedError("the line has \(fields.count) fields, where a question has 6", file: file, line: number)
        }
    }

    private func question(_ fields: [String], _ number: Int) throws(PreseedError) -> KnownQuestion {
        var types: [PreseedType] = []
        for word in Self.list(fields[1], separator: "|") {
            guard let type = PreseedType(rawValue: word), type != .seen else {
                throw PreseedError("\"\(word)\" is not a type of a question", file: file, line: number)
            }
            types.append(type)
        }
        let named = fields[2] == "*" ? releases : Self.list(fields[2], separator: ",")
        let owners = Self.list(fields[3], separator: ",")
        guard !types.isEmpty, !owners.isEmpty else {
            throw PreseedError("a question has a type and an owner", file: file, line: number)
        }
        guard Set(named).isSubset(of: releases) else {
            throw PreseedError("a release of the question is not among those of the file", file: file, line: number)
        }
        return KnownQuestion(
            name: fields[0], types: types, releases: named, owners: owners, defaultValue: fields[4],
            choices: Self.choices(fields[5]))
    }

    private static func list(_ text: String, separator: Character) -> [String] {
        text.split(separator: separator).map { String($0) }
    }

    /// Words between a comma and blanks; a backslash in front of a comma makes it one of the word.
    static func choices(_ text: String) -> [String] {
        var found: [String] = []
        var word = String.UnicodeScalarView()
        var isEscaped = false
        func trimmed() -> String { String(Substring(word[...].withoutLeadingBlanks.withoutTrailingBlanks)) }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\" where !isEscaped:
                isEscaped = true
                continue
            case "," where !isEscaped:
                found.append(trimmed())
                word = String.UnicodeScalarView()
            default:
                if isEscaped, scalar != ",", scalar != " ", scalar != "\\" { word.append("\\") }
                word.append(scalar)
            }
            isEscaped = false
        }
        if isEscaped { word.append("\\") }
        found.append(trimmed())
        return found.filter { !$0.isEmpty }
    }
}
