import GuestModel

/// The deb822 style of apt sources: stanzas of `Name: value` with several types, URIs and suites in each.
enum Deb822Sources {
    static func read(_ file: NamedText) -> (sources: [AptSource], warnings: [SettingsWarning]) {
        var reader = Reader(file: file)
        for (index, line) in file.lines.enumerated() { reader.take(line, number: index + 1) }
        reader.endStanza()
        return (reader.sources, reader.warnings)
    }

    private struct Reader {
        let file: NamedText
        var sources: [AptSource] = []
        var warnings: [SettingsWarning] = []
        /// The fields of the stanza that is being read, under their names in lower case.
        var fields: [String: Sourced<String>] = [:]
        var current: String?

        init(file: NamedText) { self.file = file }

        mutating func take(_ line: String, number: Int) {
            // A comment may stand between the lines of a field.
            if line.first == "#" { return }
            if line.trimmed.isEmpty {
                endStanza()
            } else if line.first?.isSpace == true {
                guard let name = current, let field = fields[name] else {
                    return ignore(number, "it continues no field")
                }
                fields[name] = Sourced("\(field.value)\n\(line.trimmed)", at: field.origin)
            } else if let colon = line.firstIndex(of: ":") {
                let name = line[..<colon].trimmed.lowercased()
                if let earlier = fields[name] {
                    ignore(number, "the field is there already, in line \(earlier.origin.line)")
                    current = nil
                    return
                }
                fields[name] = Sourced(String(line[line.index(after: colon)...].trimmed), at: file.origin(number))
                current = name
            } else {
                ignore(number, "it is not of the form Name: value")
            }
        }

        private mutating func ignore(_ number: Int, _ why: String) {
            warnings.append(SettingsWarning("this line is ignored: \(why)", at: file.origin(number)))
        }

        mutating func endStanza() {
            defer {
                fields = [:]
                current = nil
            }
            guard let first = fields.values.min(by: { $0.origin.line < $1.origin.line })?.origin else { return }
            func words(_ name: String) -> [String] { fields[name]?.value.words ?? [] }
            for needed in ["types", "uris", "suites"] where words(needed).isEmpty {
                warnings.append(SettingsWarning("this stanza is ignored: it has no \(needed)", at: first))
                return
            }
            var options = AptSource.Options()
            options.architectures = words("architectures")
            options.signedBy = (fields["signed-by"]?.value).flatMap { AptSource.SignedBy($0.trimmedLines) }
            options.isUnverified = ["trusted", "allow-insecure"].contains { AptSource.isTrue(fields[$0]?.value ?? "") }
            let isEnabled = !AptSource.isFalse(fields["enabled"]?.value ?? "yes")
            let origin = fields["uris"]?.origin ?? first
            for type in words("types") {
                guard type == "deb" || type == "deb-src" else {
                    warnings.append(
                        SettingsWarning("a type of this stanza is ignored: it is neither deb nor deb-src", at: first)
                    )
                    continue
                }
                for uri in words("uris") where !uri.lowercased().hasPrefix("cdrom:") {
                    guard let url = try? MirrorURL(parsing: uri) else {
                        warnings.append(SettingsWarning("an address of this stanza is ignored: it is none", at: origin))
                        continue
                    }
                    for suite in words("suites") {
                        guard suite.hasSuffix("/") || !words("components").isEmpty else {
                            warnings.append(
                                SettingsWarning("a suite of this stanza is ignored: it has no component", at: origin)
                            )
                            continue
                        }
                        sources.append(
                            AptSource(
                                url: url,
                                suite: suite,
                                components: words("components"),
                                isSource: type == "deb-src",
                                isEnabled: isEnabled,
                                options: options,
                                origin: origin
                            )
                        )
                    }
                }
            }
        }
    }
}

extension String {
    /// The lines of a field's value, in which a lone dot stands for an empty one.
    fileprivate var trimmedLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line == "." ? "" : String(line.trimmed)
        }.joined(separator: "\n").trimmed.description
    }
}
