/// Takes a preseed file apart as `/bin/debconf-set-selections` of debian-installer does, which is a shell script of the
/// component preseed-common (read and tried in 1.117; that of Debian 11 to 13 is the same to the byte).
///
/// Its rules, where they differ from those of the program of the same name in the installed system:
/// - only a `#` in the first column makes a comment;
/// - comments and blank lines are dropped first, so both may stand inside a continued line;
/// - a line that ends with a backslash is joined to the next with one blank, whatever blanks stood there;
/// - every carriage return is dropped;
/// - the type is not looked at, other than `seen`.
///
/// What that script would read in a way that nobody means is refused here: a `#` that is not in the first column (the
/// line behind it would count), a backslash at the end of the file (its line would vanish without a word), and the end
/// of a continued line that is no more than `-n` (which its `echo` takes for an option) or `*` (which becomes `bin`,
/// and all lines behind it are lost).
struct PreseedReader {
    private(set) var elements: [Preseed.Element] = []
    /// Continuation lines that begin with a `#`.
    private(set) var suspectComments: [Int] = []

    private let file: String
    /// The pieces of a continued line, and where it began; nil between entries.
    private var pending: (text: String.UnicodeScalarView, line: Int)?

    /// A preseed file is a few kilobytes.
    private static let largest = 1 << 20

    init(_ text: String, file: String) throws(PreseedError) {
        self.file = file
        guard text.utf8.count <= Self.largest else {
            throw PreseedError(
                "it is of \(text.utf8.count) bytes, where a preseed file has at most \(Self.largest)", file: file)
        }
        guard text.unicodeScalars.first != "\u{FEFF}" else {
            throw PreseedError(
                "it begins with a byte order mark, which debian-installer takes for a part of the first word",
                hint: "save the file as UTF-8 without a byte order mark", file: file, line: 1)
        }
        var number = 0
        var last = 0
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            number += 1
            if !line.isEmpty { last = number }
            try read(line, number)
        }
        guard pending == nil else {
            throw PreseedError(
                "the last line ends with a backslash, so debian-installer would drop the whole answer",
                hint: "remove the backslash, or add the line that it announces", file: file, line: last)
        }
    }

    private mutating func read(_ physical: Substring.UnicodeScalarView, _ number: Int) throws(PreseedError) {
        let line = String.UnicodeScalarView(physical.filter { $0 != "\r" })
        if let bad = line.first(where: \.isForbiddenInPreseed) {
            throw error("there is the control character U+\(Self.hexadecimal(bad)) in the line", number)
        }
        if line.first == "#" {
            elements.append(.comment(String(Substring(line[...].withoutTrailingBlanks))))
            return
        }
        var piece = line[...].withoutLeadingBlanks
        if piece.isEmpty {
            if pending == nil { elements.append(.comment("")) }
            return
        }
        if piece.first == "#" {
            guard pending != nil else {
                throw error(
                    "a # that does not stand in the first column makes no comment: debian-installer would take the line "
                        + "for an answer", number, hint: "remove the blanks in front of it")
            }
            suspectComments.append(number)
        }
        if let trap = Self.trap(in: line) {
            throw error(
                "debian-installer would not take this line as it is, but as \(trap)", number,
                hint: "put a blank in front of it")
        }
        let isContinued = piece.last == "\\"
        if isContinued { piece = piece.dropLast().withoutTrailingBlanks }
        var joined = pending?.text ?? String.UnicodeScalarView()
        let start = joined.isEmpty ? number : pending?.line ?? number
        if !joined.isEmpty { joined.append(" ") }
        joined.append(contentsOf: piece)
        guard joined.lazy.map({ UTF8.width($0) }).reduce(0, +) <= PreseedEntry.longest else {
            throw error("the answer is longer than \(PreseedEntry.longest) bytes", start)
        }
        if isContinued {
            pending = (joined, start)
        } else {
            pending = nil
            elements.append(.entry(try entry(joined, start)))
        }
    }

    /// What the script, which is careless with quotes, would make of a line; nil for the line itself.
    private static func trap(in line: String.UnicodeScalarView) -> String? {
        if line.first == "-", line.count > 1, line.dropFirst().allSatisfy({ "neE".unicodeScalars.contains($0) }) {
            return "an option of echo"
        }
        // A pattern with a blank in it matches no file of the installer.
        guard line.contains(where: { "*?[".unicodeScalars.contains($0) }), !line.contains(where: \.isBlank),
            line.last != "\\"
        else { return nil }
        return "a pattern of the names of files"
    }

    private func entry(_ text: String.UnicodeScalarView, _ line: Int) throws(PreseedError) -> PreseedEntry {
        var rest = text[...].withoutLeadingBlanks
        func field() -> String {
            let word = rest.prefix { !$0.isBlank }
            rest = rest[word.endIndex...].withoutLeadingBlanks
            return String(Substring(word))
        }
        let owner = field()
        let question = field()
        let kind = field()
        guard !kind.isEmpty else {
            throw error(
                "an answer has four parts, of which the \(question.isEmpty ? "question" : "type") is missing", line,
                hint: "write OWNER QUESTION TYPE VALUE, such as: d-i netcfg/get_hostname string guest")
        }
        try Preseed.check(owner: owner, question: question, file: file, line: line)
        // The word is not quoted: where the type was forgotten, it is the value.
        guard let type = PreseedType(rawValue: kind) else {
            let types = PreseedType.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("the third word is not a type of debconf", line, hint: "types are \(types)")
        }
        let value = String(Substring(rest.withoutTrailingBlanks))
        guard type != .seen || value == "true" || value == "false" else {
            throw error("the flag seen of \(question) is neither true nor false", line)
        }
        return PreseedEntry(owner: owner, question: question, type: type, value: value, line: line)
    }

    private func error(_ message: String, _ line: Int, hint: String? = nil) -> PreseedError {
        PreseedError(message, hint: hint, file: file, line: line)
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
