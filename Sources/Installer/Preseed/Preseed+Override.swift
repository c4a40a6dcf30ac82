extension Preseed {
    /// Takes an answer as it is given on debian-installer's boot command line: `QUESTION=VALUE`, where the question may be
    /// one of its short names (`hostname=guest`); `OWNER:QUESTION=VALUE` for a package that the catalogue does not know;
    /// `QUESTION?=VALUE` for a mere default, which the question still shows where it is asked (`env2debconf` of the
    /// installer's preseed-common; appendix B.2 of its manual).
    ///
    /// The type and the owner are those that the catalogue, else the file, has for the question, else `string` and
    /// `d-i`.
    ///
    /// - Throws: ``PreseedError``, also for a password: a command line can be seen by everybody on the machine.
    package mutating func override(
        _ assignment: String, catalogue: QuestionCatalogue
    ) throws(PreseedError) {
        guard let equals = assignment.unicodeScalars.firstIndex(of: "=") else {
            throw PreseedError(
                "an answer is given as QUESTION=VALUE, and there is no = in it",
                hint: "such as netcfg/get_hostname=guest, or hostname=guest")
        }
        var name = Substring(assignment.unicodeScalars[..<equals])
        let isDefault = name.last == "?"
        if isDefault { name.removeLast() }
        let owner = name.firstIndex(of: ":").map { String(name[..<$0]) }
        let key = String(owner.map { name.dropFirst($0.count + 1) } ?? name)
        let value = String(assignment.unicodeScalars[assignment.unicodeScalars.index(after: equals)...])
        let alias = catalogue.aliases[key]
        let question = alias?.question ?? key
        try Self.check(owner: owner ?? "d-i", question: question, file: nil, line: nil)
        guard question.utf8.contains(UInt8(ascii: "/")) else {
            throw PreseedError(
                "\"\(key)\" is neither a question nor a short name of debian-installer for one",
                hint: catalogue.nearestAlias(to: key).map { "did you mean \($0)?" }
                    ?? "short names are \(catalogue.aliases.keys.sorted().joined(separator: ", "))")
        }
        let known = catalogue[question]
        let existing = self[question]
        let type = known?.types.first ?? existing?.type ?? .string
        let entry = PreseedEntry(
            owner: owner ?? alias?.owner ?? existing?.owner ?? known?.owners.first ?? "d-i", question: question,
            type: type,
            value: value, line: nil)
        guard !entry.isPlainPassword else {
            throw PreseedError(
                "\(question) is a password, and everybody on the machine can read command lines",
                hint: "write it into a preseed file that only root can read")
        }
        try set(question: question, type: type, value: value, owner: entry.owner)
        if isDefault { try set(question: question, type: .seen, value: "false", owner: entry.owner) }
    }
}
