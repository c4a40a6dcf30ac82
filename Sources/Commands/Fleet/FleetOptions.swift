import ArgumentParser
import GuestModel

/// How many guests are made at once.
struct FleetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Make so many guests, whose numbers --hostname=web%02d has in their names.", valueName: "n"))
    var count: String?

    @Option(help: ArgumentHelp("The first one's number (1).", valueName: "n"))
    var start: String?

    @Option(
        help: ArgumentHelp(
            "How many are made at the same time (one for each of the host's CPUs; of clones four).", valueName: "n"))
    var parallel: String?

    /// The numbers; nil for one guest that has none.
    func numbers() throws(OptionError) -> ClosedRange<Int>? {
        guard let count else {
            for (name, value) in [("start", start), ("parallel", parallel)] where value != nil {
                throw OptionError("--\(name) is for many guests", hint: "say how many with --count")
            }
            return nil
        }
        let first = try Self.number(start ?? "1", "start", 0...999_999)
        return first...(first + (try Self.number(count, "count", 1...10_000)) - 1)
    }

    /// - Parameters:
    ///   - cores: how many CPUs there are.
    ///   - clones: whether the guests are clones of a base: those wait for the disk most of the time, where an installation
    ///     computes, and fills memory.
    func limit(cores: Int, clones: Bool) throws(OptionError) -> Int {
        guard let parallel else { return clones ? min(max(cores, 1) * 4, 16) : min(max(cores, 1), 8) }
        return try Self.number(parallel, "parallel", 1...64)
    }

    private static func number(
        _ text: String, _ name: String, _ range: ClosedRange<Int>
    ) throws(OptionError) -> Int {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), range.contains(number) else {
            throw OptionError(
                "--\(name): \"\(text)\" is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// Names with a number in them: `web%02d`, `node%d.example.org`.
struct NamePattern {
    private let before: String
    private let after: String
    /// Digits at least, with zeros in front.
    private let width: Int

    /// - Throws: ``ValueError`` for a text without a number's place, or with more than one.
    init(_ text: String) throws(ValueError) {
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        guard parts.count == 2, let end = parts[1].firstIndex(of: "d") else {
            throw ValueError(
                "\"\(text)\" has no place for the guests' numbers, or more than one",
                hint: "write %d, or %02d for numbers of two digits, once: web%02d")
        }
        let digits = parts[1][..<end]
        guard digits.isEmpty || digits.first == "0", let width = digits.isEmpty ? 1 : Int(digits), (1...9) ~= width
        else {
            throw ValueError("\"\(text)\": %\(digits)d is no place for a number", hint: "write %d or %02d")
        }
        before = String(parts[0])
        after = String(parts[1][parts[1].index(after: end)...])
        self.width = width
    }

    func name(_ number: Int) -> String {
        let digits = String(number)
        return before + String(repeating: "0", count: max(0, width - digits.count)) + digits + after
    }
}
