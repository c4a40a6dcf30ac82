import GuestModel

/// Splits a command line into words as a POSIX shell does, without being one.
///
/// Quotes and backslashes mean what they mean in POSIX.1-2017, Shell Command Language, 2.2. What only a shell could
/// carry out (expansions, pipes, redirections, lists) is refused instead of being passed on literally.
package enum ShellWords {
    /// The words of a line, for example of `--role-args` or of a command between backticks.
    ///
    /// - Throws: ``ValueError`` for a quote without its end, and for an unquoted character that needs a shell.
    package static func split(_ text: String) throws(ValueError) -> [String] {
        var scanner = Scanner(text: text)
        return try scanner.scan()
    }

    private struct Scanner {
        let text: String
        var rest: Substring
        var words: [String] = []
        /// The word being read; nil between words, so that `''` is a word and white space is none.
        var word: String?

        init(text: String) {
            self.text = text
            rest = text[...]
        }

        mutating func scan() throws(ValueError) -> [String] {
            while let character = rest.popFirst() {
                switch character {
                case " ", "\t":
                    if let finished = word { words.append(finished) }
                    word = nil
                case "\\":
                    guard let next = rest.popFirst() else {
                        throw ValueError(
                            "\"\(text)\" ends with a backslash that quotes nothing",
                            hint: "write \\\\ for a backslash"
                        )
                    }
                    // A quoted line break is none: it joins two lines.
                    if next != "\n" { append(next) }
                case "'":
                    try singleQuoted()
                case "\"":
                    try doubleQuoted()
                default:
                    try refuse(character, quoted: false)
                    append(character)
                }
            }
            if let finished = word { words.append(finished) }
            return words
        }

        private mutating func append(_ character: Character) {
            word = (word ?? "") + String(character)
        }

        private mutating func singleQuoted() throws(ValueError) {
            guard let end = rest.firstIndex(of: "'") else { throw unclosed("single") }
            word = (word ?? "") + rest[..<end]
            rest = rest[rest.index(after: end)...]
        }

        private mutating func doubleQuoted() throws(ValueError) {
            word = word ?? ""
            while let character = rest.popFirst() {
                switch character {
                case "\"":
                    return
                case "\\":
                    guard let next = rest.popFirst() else { throw unclosed("double") }
                    switch next {
                    case "$", "`", "\"", "\\": append(next)
                    case "\n": break
                    default:
                        append("\\")
                        append(next)
                    }
                default:
                    try refuse(character, quoted: true)
                    append(character)
                }
            }
            throw unclosed("double")
        }

        private func unclosed(_ kind: String) -> ValueError {
            ValueError("\"\(text)\" has a \(kind) quote without its end", hint: "write \\' or \\\" for a quote itself")
        }

        private func refuse(_ character: Character, quoted: Bool) throws(ValueError) {
            let what: String
            switch character {
            case "$": what = "an expansion"
            case "`": what = "a command substitution"
            case "\0": throw ValueError("a NUL cannot be part of an argument")
            case _ where quoted: return
            case "|": what = "a pipe"
            case "<", ">": what = "a redirection"
            case ";", "&", "\n", "\r\n": what = "a list of commands"
            case "(", ")": what = "a subshell"
            case "*", "?", "[": what = "a pattern for file names"
            case "~" where word == nil: what = "a home directory"
            case "#" where word == nil: what = "a comment"
            default: return
            }
            let shown = character.isNewline ? "a line break" : "\"\(character)\""
            throw ValueError(
                "\"\(text)\" needs a shell for \(shown), which is \(what)",
                hint: "no shell is run; put the character in single quotes if it is meant literally, "
                    + "or call a script of your own"
            )
        }
    }
}
