import Mustache

/// A mustache template that writes with the escaping of its file's format, and fails instead of leaving a gap.
///
/// Differences from plain mustache, all of them refusals:
/// - A variable that does not exist, or has no value, is an error; mustache writes nothing.
/// - Values are never escaped for HTML: the escaping is the caller's, whether or not the template says so with
///   `{{% CONTENT_TYPE:XL}}`.
/// - Partials, parents and blocks are refused: there is no place they could come from.
package struct Template: Sendable {
    private let compiled: MustacheTemplate
    private let tags: [Tag]
    private let file: String
    private let escaping: Escaping

    /// Reads a template.
    ///
    /// - Parameter file: What messages call it.
    /// - Throws: ``TemplateError`` for broken mustache, for a template of xen-tools (Perl's Text::Template), and for
    ///   a pragma that names another escaping than the file has.
    package init(_ text: String, file: String, escaping: Escaping) throws(TemplateError) {
        if let line = PerlTemplate.firstLine(in: text) {
            throw TemplateError(
                "this is a template of xen-tools, with Perl in braces; Domus runs no Perl",
                hint: PerlTemplate.advice(on: text),
                file: file,
                line: line
            )
        }
        let tags = TagScanner.tags(of: text)
        for tag in tags { try Self.check(tag, file: file, escaping: escaping) }
        _ = EscapingContentType.registration
        do {
            // The library falls back to HTML without a pragma. On a line of its own it leaves no trace in the output.
            compiled = try MustacheTemplate(string: "{{% CONTENT_TYPE:\(escaping.rawValue)}}\n" + text)
        } catch let error as MustacheTemplate.ParserError {
            throw TemplateError(
                Self.message(of: error.error),
                file: file,
                line: max(1, error.context.lineNumber - 1)
            )
        } catch {
            throw TemplateError("the template cannot be read: \(error)", file: file)
        }
        self.tags = tags
        self.file = file
        self.escaping = escaping
    }

    /// Fills the template.
    ///
    /// - Throws: ``TemplateError`` for a variable that does not exist (in a skipped section too), that has no value
    ///   where it is written out, or whose value the file's format cannot express.
    package func render(_ values: [String: TemplateValue]) throws(TemplateError) -> String {
        try checkNames(against: values)
        let misses = Misses()
        let root = ScopeNode(prefix: "", values: values, kind: .root, escaping: escaping, misses: misses)
        let text = compiled.render(root)
        if let miss = misses.all.first {
            throw error(for: miss, line: line(of: miss.name), known: Set(values.keys))
        }
        return text
    }

    private static func check(_ tag: Tag, file: String, escaping: Escaping) throws(TemplateError) {
        switch tag.kind {
        case .inclusion:
            throw TemplateError(
                "the template includes another one with \"\(tag.body)\", which is not supported",
                hint: "put its text here",
                file: file,
                line: tag.line
            )
        case .pragma:
            let words = tag.body.split { $0 == ":" || $0.isWhitespace }.map(String.init)
            guard words == ["CONTENT_TYPE", escaping.rawValue] else {
                throw TemplateError(
                    "the pragma \"\(tag.body)\" does not fit this file, whose values are escaped as "
                        + escaping.rawValue,
                    hint: "write {{% CONTENT_TYPE:\(escaping.rawValue)}} or leave it out",
                    file: file,
                    line: tag.line
                )
            }
        case .variable, .unescaped, .section, .inverted:
            try checkForm(tag, file: file)
        case .close, .comment, .delimiters: break
        }
    }

    // What the library would answer with silence is refused here.
    private static func checkForm(_ tag: Tag, file: String) throws(TemplateError) {
        guard let transform = tag.transforms.first else {
            guard tag.name == "." || !tag.name.hasPrefix(".") else {
                throw TemplateError(
                    "\"\(tag.name)\" begins with a dot, which is not supported",
                    hint: "leave the dot out",
                    file: file,
                    line: tag.line
                )
            }
            return
        }
        let isKnown =
            switch transform {
            case "uppercased", "lowercased": !tag.name.isEmpty
            case "index": tag.name.isEmpty
            case "first", "last", "even", "odd": tag.name.isEmpty && !tag.kind.isWriting
            default: false
            }
        guard isKnown, tag.transforms.count == 1 else {
            throw TemplateError(
                "\"\(tag.body)\" is not supported",
                hint: "there are uppercased(name) and lowercased(name), and inside lists index() and the conditions "
                    + "first(), last(), even() and odd()",
                file: file,
                line: tag.line
            )
        }
    }

    // A name that stands nowhere in the vocabulary is a slip even in a section that this guest skips.
    private func checkNames(against values: [String: TemplateValue]) throws(TemplateError) {
        let known = Self.vocabulary(of: values)
        for tag in tags where [.variable, .unescaped, .section, .inverted].contains(tag.kind) {
            let parts = tag.name.split(separator: ".").map(String.init)
            guard let first = parts.first else { continue }
            guard known.contains(first) else { throw unknown(first, known: known, line: tag.line) }
            if parts.count > 1 {
                guard case .group? = values[first], parts.count == 2 else {
                    throw TemplateError(
                        "\"\(first)\" has nothing inside it by the name \"\(tag.name.dropFirst(first.count + 1))\"",
                        file: file,
                        line: tag.line
                    )
                }
            } else if case .list? = values[first], tag.kind.isWriting || !tag.transforms.isEmpty {
                throw error(for: .notText(first), line: tag.line)
            }
        }
    }

    private static func vocabulary(of values: [String: TemplateValue]) -> Set<String> {
        var names = Set(values.keys)
        for case .list(let elements, let fields) in values.values {
            names.formUnion(fields)
            for element in elements { names.formUnion(vocabulary(of: element)) }
        }
        return names
    }

    private func error(for miss: Misses.Miss, line: Int?, known: Set<String> = []) -> TemplateError {
        switch miss {
        case .unknown(let name):
            return unknown(name, known: known, line: line)
        case .absent(let name):
            return TemplateError(
                "the variable \"\(name)\" has no value here",
                hint: "put what needs it between {{#\(name)}} and {{/\(name)}}",
                file: file,
                line: line
            )
        case .inexpressible(let name, let scalar):
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let code = "U+" + String(repeating: "0", count: 4 - digits.count) + digits
            return TemplateError(
                "the value of \"\(name)\" holds the control character \(code), which this file cannot express",
                file: file,
                line: line
            )
        case .notText(let name):
            return TemplateError(
                "\"\(name)\" is not a text and cannot be written out",
                hint: "use it as a section, {{#\(name)}}",
                file: file,
                line: line
            )
        }
    }

    private func unknown(_ name: String, known: Set<String>, line: Int?) -> TemplateError {
        let hint =
            if let near = Suggestion.closest(to: name, among: known) {
                "is \(near) meant?"
            } else {
                "the comment at the head of the template that Domus brings names them all"
            }
        return TemplateError("there is no variable \"\(name)\" here", hint: hint, file: file, line: line)
    }

    private func line(of name: String) -> Int? {
        let writing = tags.first { $0.name == name && $0.kind.isWriting }
        return (writing ?? tags.first { $0.name.split(separator: ".").first.map(String.init) == name })?.line
    }

    private static func message(of error: any Error) -> String {
        guard let error = error as? MustacheTemplate.Error else { return "a tag does not end" }
        return switch error {
        case .sectionCloseNameIncorrect: "a section is closed under another name than it was opened with"
        case .unfinishedName: "a tag does not end, or its name holds a character that names do not have"
        case .expectedSectionEnd: "a section is never closed"
        case .invalidSetDelimiter: "the change of delimiters is malformed"
        case .invalidConfigVariableSyntax, .unrecognisedConfigVariable: "the pragma is malformed"
        case .transformAppliedToInheritanceSection, .illegalTokenInsideInheritSection, .textInsideInheritSection:
            "an inheritance section is malformed"
        }
    }
}
