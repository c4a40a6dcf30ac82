import GuestModel

/// The one-line style of apt sources: `deb [ option=value ... ] URI SUITE [COMPONENT ...]`.
enum OneLineSources {
    static func read(_ file: NamedText) -> (sources: [AptSource], warnings: [SettingsWarning]) {
        var sources: [AptSource] = []
        var warnings: [SettingsWarning] = []
        for (index, line) in file.lines.enumerated() {
            let origin = file.origin(index + 1)
            let content = withoutComment(line).trimmed
            if content.isEmpty { continue }
            do {
                if let source = try source(in: content, at: origin) { sources.append(source) }
            } catch {
                warnings.append(SettingsWarning("this line is ignored: \(error.message)", at: origin))
            }
        }
        return (sources, warnings)
    }

    /// A `#` starts a comment anywhere but between brackets, where apt lets it stand.
    private static func withoutComment(_ line: String) -> Substring {
        var isBracketed = false
        for index in line.indices {
            switch line[index] {
            case "[" where line[index...].contains("]"): isBracketed = true
            case "]": isBracketed = false
            case "#" where !isBracketed: return line[..<index]
            default: break
            }
        }
        return line[...]
    }

    private static func source(in line: Substring, at origin: Origin) throws(ValueError) -> AptSource? {
        var rest = line
        let type = String(rest.prefix { !$0.isSpace && $0 != "[" })
        rest = rest.dropFirst(type.count).trimmed
        guard type == "deb" || type == "deb-src" else {
            throw ValueError("it starts neither with deb nor with deb-src")
        }
        var options = AptSource.Options()
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw ValueError("its options have no closing bracket") }
            options = parse(options: rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...].trimmed
        }
        // The name of a disc holds spaces between brackets. Nothing can be installed from one here.
        if rest.lowercased().hasPrefix("cdrom:") { return nil }
        let words = rest.words
        guard words.count >= 2 else { throw ValueError("it has no suite") }
        guard words.count >= 3 || words[1].hasSuffix("/") else { throw ValueError("it has no component") }
        return AptSource(
            url: try MirrorURL(parsing: words[0]),
            suite: words[1],
            components: Array(words[2...]),
            isSource: type == "deb-src",
            isEnabled: true,
            options: options,
            origin: origin
        )
    }

    private static func parse(options text: Substring) -> AptSource.Options {
        var options = AptSource.Options()
        for word in text.words {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let value = String(word[word.index(after: equals)...])
            switch word[..<equals].lowercased() {
            case "arch": options.architectures = value.split(separator: ",").map { String($0) }
            case "signed-by": options.signedBy = AptSource.SignedBy(value)
            case "trusted", "allow-insecure": options.isUnverified = options.isUnverified || AptSource.isTrue(value)
            default: break
            }
        }
        return options
    }
}
