/// A paragraph of `Field: value` lines (deb822(5)): a package's control file, or what an index has of it.
struct Stanza: Sendable {
    /// As it stands, without the empty lines around it.
    let text: String
    /// By name in lower case; continued lines keep their line feeds.
    private let fields: [String: String]

    init(_ text: some StringProtocol) {
        var fields: [String: String] = [:]
        var current: String?
        var kept: [Substring] = []
        for line in String(text).split(separator: "\n", omittingEmptySubsequences: true) {
            kept.append(line)
            if line.first == " " || line.first == "\t" {
                if let current { fields[current, default: ""] += "\n" + line }
                continue
            }
            guard let colon = line.firstIndex(of: ":") else {
                current = nil
                continue
            }
            let name = line[..<colon].lowercased()
            var value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            while let last = value.last, last == " " || last == "\t" { value.removeLast() }
            fields[name] = String(value)
            current = name
        }
        self.text = kept.joined(separator: "\n")
        self.fields = fields
    }

    /// - Parameter name: in lower case.
    subscript(_ name: String) -> String? { fields[name] }
}
