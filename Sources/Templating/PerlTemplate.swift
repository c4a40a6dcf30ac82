/// Recognizes the templates of xen-tools, which are Perl's Text::Template: `{$hostname}`, `{ if ($x) { $OUT .= 1 } }`.
enum PerlTemplate {
    /// What its variables are called in mustache, where it is another name.
    private static let names = [
        "PARTITIONS": "the list disks", "image_vbd": "the list disks", "swap_vbd": "the list disks",
        "xen_tools_version": nil, "admins": nil, "OUT": nil, "i": nil, "br": nil, "m": nil, "vn": nil, "vl": nil,
    ]

    /// Which of its variables there are, and what they are called in mustache; those that are its own counters apart.
    static func advice(on text: String) -> String {
        var found: [String] = []
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            rest = rest[rest.index(after: dollar)...]
            let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
            guard !name.isEmpty else { continue }
            let word = names[name].map { $0.map { "\($0) for $\(name)" } } ?? "{{\(name)}}"
            if let word, !found.contains(word) { found.append(word) }
        }
        return "write its variables in mustache (\(found.prefix(8).joined(separator: ", "))"
            + (found.count > 8 ? " ..." : "") + "); domus-template(5) names them all"
    }

    /// The line of the first piece of Perl; nil when there is none.
    static func firstLine(in text: String) -> Int? {
        var line = 1
        var isInBrace = false
        var previous: Unicode.Scalar = "\n"
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : "\n"
            switch scalar {
            case "\n": line += 1
            case "{": isInBrace = previous != "{" && next != "{"
            case "$":
                if isInBrace && (next == "_" || next.properties.isAlphabetic) { return line }
                if scalars[index...].starts(with: "$OUT".unicodeScalars) { return line }
            case " ", "\t", "\r": break
            default: isInBrace = false
            }
            previous = scalar
        }
        return nil
    }
}
