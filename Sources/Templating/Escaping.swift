import Mustache

/// What a template's values are written into, and so how they are escaped.
package enum Escaping: String, Sendable, Hashable, CaseIterable {
    /// The inside of a quoted string of an xl configuration (xl.cfg(5)), with either kind of quote.
    ///
    /// Only the escapes that libxlu reads correctly are used; its numeric ones are broken (`\x` skips a character
    /// and both drop the result), so characters that need one cannot be expressed.
    case xl = "XL"
    /// One word of a POSIX shell script, with its own quotes where it needs them.
    case shell = "SHELL"
    /// The text as it is.
    case plain = "PLAIN"

    /// The text, escaped. What cannot be expressed passes unchanged: ask ``offence(in:)`` first.
    package func escape(_ text: String) -> String {
        switch self {
        case .xl: Self.xlString(text)
        case .shell: Self.shellWord(text)
        case .plain: text
        }
    }

    /// The first character that cannot be expressed: NUL everywhere, and for xl strings and plain text the control
    /// characters that have no escape or no meaning there.
    package func offence(in text: String) -> Unicode.Scalar? {
        text.unicodeScalars.first { scalar in
            switch self {
            case .xl: Self.isControl(scalar) && Self.xlEscape(of: scalar) == nil
            case .shell: scalar == "\0"
            case .plain: Self.isControl(scalar) && scalar != "\n" && scalar != "\t"
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 32 || scalar.value == 127 }

    /// The letter behind the backslash; nil for what is written as it is.
    private static func xlEscape(of scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar {
        case "\"", "'", "\\": scalar
        case "\u{07}": "a"
        case "\u{08}": "b"
        case "\u{0C}": "f"
        case "\n": "n"
        case "\r": "r"
        case "\t": "t"
        case "\u{0B}": "v"
        default: nil
        }
    }

    // By scalars, not by characters: a quote with a combining accent is one Character and still a quote to libxlu.
    private static func xlString(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let letter = xlEscape(of: scalar) {
                escaped.append("\\")
                escaped.append(letter)
            } else {
                escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    private static func shellWord(_ text: String) -> String {
        let isSafe = text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "/", ":", ",", "@", "%", "+": true
            default: false
            }
        }
        if isSafe && !text.isEmpty { return text }
        var quoted = String.UnicodeScalarView("'".unicodeScalars)
        for scalar in text.unicodeScalars {
            // Inside single quotes only the quote itself is special, and it cannot be escaped there.
            if scalar == "'" { quoted.append(contentsOf: "'\\''".unicodeScalars) } else { quoted.append(scalar) }
        }
        quoted.append("'")
        return String(quoted)
    }
}

/// The escaping as the template library wants it.
struct EscapingContentType: MustacheContentType {
    let escaping: Escaping

    func escapeText(_ text: String) -> String { escaping.escape(text) }

    /// Makes the names of all ``Escaping`` cases known to the library, once per process.
    static let registration: Void = {
        for escaping in Escaping.allCases {
            MustacheContentTypes.register(EscapingContentType(escaping: escaping), named: escaping.rawValue)
        }
    }()
}
