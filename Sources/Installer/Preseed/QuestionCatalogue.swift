import Templating

/// What debian-installer and some packages ask, of several releases: the file `Templates/installer/questions`.
package struct QuestionCatalogue: Sendable {
    /// Code names, the oldest first.
    package let releases: [String]
    /// The short names that the installer has for its boot command line.
    package let aliases: [String: Alias]

    package struct Alias: Hashable, Sendable {
        package let question: String
        package let owner: String
    }

    private let named: [String: KnownQuestion]
    private let numbered: [Numbered]

    /// A question whose name holds a number.
    private struct Numbered: Sendable {
        let prefix: String
        let suffix: String
        let question: KnownQuestion

        func matches(_ name: String) -> Bool {
            guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return false }
            let digits = name.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
            return name.utf8.count > prefix.utf8.count + suffix.utf8.count
                && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }

    /// - Parameters:
    ///   - text: In the format that the head of the file describes.
    ///   - file: For messages.
    /// - Throws: ``PreseedError`` at the first line that is not of the format.
    package init(parsing text: String, file: String) throws(PreseedError) {
        var reader = CatalogueReader(file: file)
        for (index, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            try reader.read(line.last == "\r" ? line.dropLast() : line, index + 1)
        }
        releases = reader.releases
        aliases = reader.aliases
        named = reader.questions
        numbered = reader.questions.values.compactMap { question in
            guard let mark = question.name.firstRange(of: KnownQuestion.number) else { return nil }
            return Numbered(
                prefix: String(question.name[..<mark.lowerBound]), suffix: String(question.name[mark.upperBound...]),
                question: question)
        }.sorted { $0.question.name < $1.question.name }
    }

    package var questions: [KnownQuestion] { named.values.sorted { $0.name < $1.name } }

    /// The question of this name.
    package subscript(name: String) -> KnownQuestion? {
        named[name] ?? numbered.first { $0.matches(name) }?.question
    }

    /// The question that somebody may have meant.
    func nearestQuestion(to name: String) -> String? { Suggestion.closest(to: name, among: named.keys) }

    /// The short name that somebody may have meant.
    func nearestAlias(to name: String) -> String? { Suggestion.closest(to: name, among: aliases.keys) }
}
