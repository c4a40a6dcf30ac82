/// What the installer's console says last, where xenconsoled keeps it: how far it has come, and whether it waits for
/// somebody.
///
/// The text frontend of cdebconf writes a title and then `... 25%... 50%`; it asks with `Prompt:`, and notes end with
/// `[Press enter to continue]` (seen with Debian 12).
package enum InstallerConsole: Sendable, Equatable {
    /// Nobody has answered: the question, as far as it can be told.
    case asks(String)
    /// The title of what it is doing.
    case does(String)

    /// - Parameter tail: the last bytes of the console.
    package init?(tail: [UInt8]) {
        // Carriage returns and control characters of terminals; it is a guest's, so nothing of it goes out as it is.
        let text = String(decoding: tail, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            String(
                String.UnicodeScalarView(
                    line.unicodeScalars.filter { $0.value >= 32 && $0.value < 127 || $0.value > 160 }.prefix(200))
            ).split(separator: " ").joined(separator: " ")
        }.filter { !$0.isEmpty }
        guard let last = lines.last else { return nil }
        if last.hasPrefix("Prompt:") || last.hasSuffix("[Press enter to continue]") {
            // The text stands before it, under a line that begins with exclamation marks where it is an error.
            let question = lines.dropLast().last { $0.hasPrefix("!!") } ?? lines.dropLast().last ?? last
            self = .asks(question)
            return
        }
        // TITLE ... 25%... 50%
        guard let title = lines.last(where: { $0.contains("...") && $0.first?.isLetter == true }),
            let end = title.firstRange(of: "...")
        else { return nil }
        let words = title[..<end.lowerBound].split(separator: " ").joined(separator: " ")
        guard !words.isEmpty else { return nil }
        self = .does(words)
    }
}
