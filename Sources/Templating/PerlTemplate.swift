/// Recognizes the templates of xen-tools, which are Perl's Text::Template: `{$hostname}`, `{ if ($x) { $OUT .= 1 } }`.
enum PerlTemplate {
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
