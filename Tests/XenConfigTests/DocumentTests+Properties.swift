import GuestModel
import TestSupport
import Testing
import XenConfig

/// What holds for any text and any edit.
extension DocumentTests {
    static let versions = [XenVersion(4, 2), XenVersion(4, 5), XenVersion(4, 6), XenVersion(4, 12), .newest]

    /// Texts whole and damaged, with those that are too odd for this version left out.
    private func documents(_ count: Int, seed: UInt64, for version: XenVersion) -> [XenConfigDocument] {
        var writer = ConfigurationWriter(seed: seed)
        return (0..<count).flatMap { _ in
            [Array(writer.configuration().utf8), writer.mutated(), Array(writer.soup().utf8)]
        }.compactMap { try? XenConfigDocument(parsing: $0, for: version) }
    }

    @Test("what is not edited is the same text, and reads as the same", arguments: versions)
    func unedited(version: XenVersion) throws {
        var writer = ConfigurationWriter(seed: 5)
        var accepted = 0
        for _ in 0..<2000 {
            for text in [Array(writer.configuration().utf8), writer.mutated(), Array(writer.soup().utf8)] {
                let file = Result { try XenConfigFile(parsing: text, for: version) }
                let document = Result { try XenConfigDocument(parsing: text, for: version) }
                switch (file, document) {
                case (.success(let file), .success(var document)):
                    accepted += 1
                    #expect(Reading(document.file) == Reading(file))
                    // Edits that change nothing.
                    for key in Set(file.entries.map(\.key)) { try document.set(key, to: #require(file[key])) }
                    try document.remove("nothing")
                    #expect(document.bytes == text)
                case (.failure(let mine), .failure(let theirs)):
                    #expect(mine as? XenConfigError == theirs as? XenConfigError)
                default: Issue.record("only one of the two reads \(text.debugText)")
                }
            }
        }
        #expect(accepted > 1000)
    }

    @Test(
        "an edit changes what one key reads as, and no other assignment and no other comment",
        arguments: versions, 0..<2 as Range<UInt64>)
    func edited(version: XenVersion, seed: UInt64) throws {
        var editor = Editor(seed: seed, version: version)
        var made = 0
        for original in documents(1200, seed: 10 + seed, for: version) {
            var document = original
            let edit = editor.edit(of: document.file)
            do { try edit.make(in: &document) } catch {
                #expect(
                    edit.mayFail(on: original.file, for: version), "\(edit) of \(original.bytes.debugText): \(error)")
                #expect(document.bytes == original.bytes)
                continue
            }
            made += 1
            let context = Comment("\(edit) of \(original.bytes.debugText): \(document.bytes.debugText)")
            var expected = Reading(original.file)
            expected[edit.key] = edit.value(in: original.file).map(Reading.text)
            #expect(Reading(configuration: document.bytes, for: version) == expected, context)
            #expect(Reading(document.file) == expected, context)
            checkPieces(from: original, to: document, by: edit, context)

            let once = document
            if case .set = edit {
                try edit.make(in: &document)
                #expect(document.bytes == once.bytes, context)
            }
            if original.file[edit.key] == nil {
                try document.remove(edit.key)
                #expect([original.bytes, textBeforeLines(original)].contains(document.bytes), context)
            }
        }
        #expect(made > 500)
    }

    /// The text with a line break at its end, and without what xl overlooks there.
    private func textBeforeLines(_ document: XenConfigDocument) -> [UInt8] {
        var bytes = document.bytes
        let isOverlooked = document.file.oddities.contains { $0.message.contains("overlooks") }
        if isOverlooked, bytes.last != UInt8(ascii: "#") { bytes.removeLast() }
        if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        return bytes
    }

    private func checkPieces(
        from original: XenConfigDocument, to document: XenConfigDocument, by edit: Edit, _ context: Comment
    ) {
        let before = ConfigurationPieces(original.bytes)
        let after = ConfigurationPieces(document.bytes)
        #expect(
            after.statements.filter { $0.key != edit.key } == before.statements.filter { $0.key != edit.key }, context)
        // Between the items of a list they stay if its number of items does.
        let count = original.file[edit.key]?.items?.count
        let isKept = count != nil && count == document.file[edit.key]?.items?.count
        func stays(_ comment: ConfigurationPieces.Comment) -> Bool {
            comment.owner != edit.key || isKept && comment.depth == 1
        }
        #expect(after.comments.filter(stays) == before.comments.filter(stays), context)
        if after.statements.count == before.statements.count {
            #expect(after.text(around: edit.key) == before.text(around: edit.key), context)
        }
        if isKept || original.bytes == document.bytes {
            #expect(after.statements.map(\.key) == before.statements.map(\.key), context)
        } else if original.file[edit.key] != nil, case .set = edit {
            // It stands where the last = stood, and all += behind it are gone.
            let entries = original.file.entries
            let own = entries.indices.filter { entries[$0].key == edit.key }
            let place = own.last { entries[$0].operation == .set } ?? own[0]
            let kept = entries.indices.filter { $0 <= place || entries[$0].key != edit.key }
            #expect(after.statements.map(\.key) == kept.map { entries[$0].key }, context)
        }
    }

    @Test("edit after edit, a configuration reads as the values that were set", arguments: versions)
    func edits(version: XenVersion) throws {
        var editor = Editor(seed: 99, version: version)
        for var document in documents(60, seed: 77, for: version) {
            var expected = Reading(document.file)
            for _ in 0..<20 {
                let edit = editor.edit(of: document.file)
                let value = edit.value(in: document.file)
                do { try edit.make(in: &document) } catch { continue }
                expected[edit.key] = value.map(Reading.text)
            }
            #expect(Reading(configuration: document.bytes, for: version) == expected, "\(document.bytes.debugText)")
        }
    }

    @Test("libxlu reads what was edited as Domus does", Oracle.isHere)
    func libxlu() async throws {
        let oracle = try await Oracle()
        let version = try await oracle.version()
        var editor = Editor(seed: 3, version: version)
        var texts: [[UInt8]] = []
        for var document in documents(2000, seed: 4, for: version) {
            for _ in 0..<3 { try? editor.edit(of: document.file).make(in: &document) }
            texts.append(document.bytes)
        }
        let answers = try await oracle.answers(to: texts, kind: "C")
        #expect(answers.count == texts.count && texts.count > 2000)
        for (text, theirs) in zip(texts, answers) {
            #expect(Reading(configuration: text, for: version) == theirs.repaired, "\(text.debugText)")
        }
    }
}

/// Makes up edits.
private struct Editor {
    private var random: Seeded
    private let version: XenVersion

    init(seed: UInt64, version: XenVersion) {
        random = Seeded(state: seed)
        self.version = version
    }

    mutating func edit(of file: XenConfigFile) -> DocumentTests.Edit {
        let fresh = version >= XenVersion(4, 3) ? ["new", "x.y_2"] : ["new"]
        let keys = file.entries.map(\.key)
        let key = any(below(4) == 0 || keys.isEmpty ? fresh : keys)
        let items = file[key]?.items ?? []
        switch below(4) {
        case 0: return .remove(key)
        case 1 where !items.isEmpty: return .item(below(items.count), key, any(hostileTexts))
        case 2 where !items.isEmpty:
            var changed = items
            changed[below(items.count)] = value(1)
            return .set(key, .list(changed))
        default: return .set(key, value(0), after: (0..<below(3)).map { _ in any(keys + ["none"]) })
        }
    }

    private mutating func value(_ depth: Int) -> XenConfigValue {
        switch below(depth > 2 ? 2 : 4) {
        case 0: .number(any(["0", "512", "0x1f", "1e3"]))
        case 1: .string(any(hostileTexts))
        default: .list((0..<below(4)).map { _ in value(below(2) == 0 ? 3 : depth + 1) })
        }
    }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func any<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

extension DocumentTests.Edit {
    fileprivate var key: String {
        switch self {
        case .set(let key, _, _), .item(_, let key, _), .remove(let key): key
        }
    }

    /// What the key should read as then.
    fileprivate func value(in file: XenConfigFile) -> XenConfigValue? {
        switch self {
        case .set(_, let value, _): return value
        case .remove: return nil
        case .item(let index, let key, let text):
            var items = file[key]?.items ?? []
            items[index] = .string(text)
            return .list(items)
        }
    }

    /// Whether there is no way to do it.
    fileprivate func mayFail(on file: XenConfigFile, for version: XenVersion) -> Bool {
        switch self {
        case .set(_, let value, _): version < XenVersion(4, 6) && value.items?.contains { $0.items != nil } == true
        case .item(let index, let key, _): file[key]?.items?[index].text == nil
        case .remove: false
        }
    }
}

extension [UInt8] {
    fileprivate var debugText: String { String(decoding: self, as: UTF8.self).debugDescription }
}
