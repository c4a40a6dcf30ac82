import GuestModel

/// The contents of a `xen-tools.conf`, or of a file given with `--config`, read as xen-tools 4.9 reads it
/// (`readConfigurationFile` in Xen::Tools::Common).
///
/// One `key = value` a line; everything behind the first `#` is a comment, quoted or not; a line that ends with a
/// backslash goes on in the next; the last value of a key counts; keys that nobody knows are kept for hooks. A
/// command between backticks is not run here: it is kept as words, for a caller who runs it without a shell.
package struct XenToolsConf: Sendable {
    /// Every assignment in the order of the file, those that a later one overrides included.
    package let entries: [Entry]
    /// Lines without effect: neither comment nor assignment, and keys that are given twice.
    package let warnings: [SettingsWarning]

    /// One assignment.
    package struct Entry: Hashable, Sendable {
        package let key: String
        package let segments: [Segment]
        package let origin: Origin
    }

    /// A piece of a value.
    package enum Segment: Hashable, Sendable {
        case literal(String)
        /// The words of a command whose output, less one line break at its end, is the piece.
        case command([String])
    }

    /// - Throws: ``SettingsError`` for a command that needs a shell, or for more than one command in a value.
    package init(_ source: NamedText) throws(SettingsError) {
        var entries: [Entry] = []
        var warnings: [SettingsWarning] = []
        var seen: [String: Int] = [:]
        for line in Self.logicalLines(of: source.lines) {
            let origin = source.origin(line.number)
            let content = line.text.prefix { $0 != "#" }
            guard let assignment = Self.assignment(in: content) else {
                if !content.trimmed.isEmpty {
                    warnings.append(
                        SettingsWarning("this line is ignored: it is not of the form key = value", at: origin)
                    )
                }
                continue
            }
            if let earlier = seen[assignment.key] {
                warnings.append(
                    SettingsWarning(
                        "\"\(assignment.key)\" is given again; its value in line \(earlier) does not count",
                        at: origin
                    )
                )
            }
            seen[assignment.key] = line.number
            let segments = try Self.segments(of: assignment.value, key: assignment.key, at: origin)
            entries.append(Entry(key: assignment.key, segments: segments, origin: origin))
        }
        self.entries = entries
        self.warnings = warnings
    }

    /// The settings that count, each key once, in the order of the file, with the output of commands put in.
    ///
    /// - Parameter run: Runs a command, given as words, and returns its standard output. It is not called for values
    ///   that a later line overrides.
    /// - Throws: ``SettingsError`` at the line whose command failed.
    nonisolated(nonsending) package func expanded(
        _ run: nonisolated(nonsending) ([String]) async throws -> String
    ) async throws(SettingsError) -> [Setting] {
        var settings: [Setting] = []
        for (index, entry) in entries.enumerated()
        where !entries[(index + 1)...].contains(where: { $0.key == entry.key }) {
            var value = ""
            for segment in entry.segments {
                switch segment {
                case .literal(let text):
                    value += text
                case .command(let words):
                    do {
                        value += Self.chomped(try await run(words))
                    } catch {
                        throw Self.failure(of: words, key: entry.key, error: error, at: entry.origin)
                    }
                }
            }
            settings.append(Setting(key: entry.key, value: value, origin: entry.origin))
        }
        return settings
    }

    private static func failure(of words: [String], key: String, error: any Error, at origin: Origin) -> SettingsError {
        let value = error as? ValueError
        return SettingsError(
            "the value of \"\(key)\" is not known, since the command \"\(words.joined(separator: " "))\" failed: "
                + (value?.message ?? "\(error)"),
            hint: value?.hint ?? "write the value itself in the place of the command",
            at: origin
        )
    }

    private static func chomped(_ output: String) -> String {
        var scalars = output.unicodeScalars
        if scalars.last == "\n" { scalars.removeLast() }
        return String(scalars)
    }
}

extension XenToolsConf {
    private static func logicalLines(of lines: [String]) -> [(number: Int, text: String)] {
        var result: [(number: Int, text: String)] = []
        var index = 0
        while index < lines.count {
            let number = index + 1
            var text = lines[index]
            index += 1
            var isJoined = false
            while text.last == "\\" {
                // A backslash at the end of the file goes away, unless the last line was itself a continuation.
                guard index < lines.count else {
                    if !isJoined { text.removeLast() }
                    break
                }
                text.removeLast()
                text += lines[index]
                index += 1
                isJoined = true
            }
            result.append((number, text))
        }
        return result
    }

    private static func assignment(in line: Substring) -> (key: String, value: String)? {
        // The pattern of xen-tools is not anchored, so equals signs in front of the key are skipped.
        let content = line.drop { $0 == "=" }
        guard let equals = content.firstIndex(of: "=") else { return nil }
        let value = content[content.index(after: equals)...]
        let key = content[..<equals].trimmed
        guard !key.isEmpty, !value.isEmpty else { return nil }
        return (String(key), String(value.trimmed))
    }

    private static func segments(of value: String, key: String, at origin: Origin) throws(SettingsError) -> [Segment] {
        let parts = value.split(separator: "`", omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            return [.literal(value)]
        case 3:
            let words: [String]
            do {
                words = try commandWords(String(parts[1]))
            } catch {
                throw SettingsError(
                    "the value of \"\(key)\" cannot be computed: \(error.message)",
                    hint: error.hint,
                    at: origin
                )
            }
            var segments: [Segment] = [.command(words)]
            if !parts[0].isEmpty { segments.insert(.literal(String(parts[0])), at: 0) }
            if !parts[2].isEmpty { segments.append(.literal(String(parts[2]))) }
            return segments
        case 2:
            throw SettingsError(
                "the value of \"\(key)\" has one backtick, where a command has two",
                hint: "write key = before`command`after",
                at: origin
            )
        default:
            throw SettingsError(
                "the value of \"\(key)\" has \(parts.count - 1) backticks, where xen-tools runs one command a value",
                hint: "put both into a script of your own",
                at: origin
            )
        }
    }

    private static func commandWords(_ command: String) throws(ValueError) -> [String] {
        let words = try ShellWords.split(command)
        guard let first = words.first, !first.isEmpty else {
            throw ValueError("there is no command between the backticks")
        }
        // NAME=value in front of a command is the shell's business, too.
        let name = command.trimmed.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        if !name.isEmpty, command.trimmed.dropFirst(name.count).first == "=", name.first?.isNumber == false {
            throw ValueError(
                "\"\(command)\" needs a shell for the assignment in front of it",
                hint: "no shell is run; write env \(name)=... with the command behind it"
            )
        }
        return words
    }
}
