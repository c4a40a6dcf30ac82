/// The address of an archive, as it stands behind `deb` in a list of apt sources.
///
/// It may hold a user's name and password (sources.list(5)), so it prints itself without them.
package struct MirrorURL: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The address itself, credentials included, without a slash at its end: for the program that uses it only.
    package let text: String
    /// `http`, `https`, `file` ..., in lower case.
    package let scheme: String

    /// - Throws: ``ValueError`` for a text that is not an address with a scheme and a host or path, and for characters
    ///   that a line of apt sources could not hold.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write an address such as http://ftp.debian.org/debian"
        let shown = Self.redacted(text)
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
            text[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }),
            text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !Self.forbidden.contains($0) })
        else { throw ValueError("\"\(shown)\" is not the address of an archive", hint: hint) }
        let scheme = text[..<colon].lowercased()
        let behind = text[text.index(after: colon)...]
        if scheme == "file" || scheme == "copy" {
            guard behind.hasPrefix("/") else {
                throw ValueError("\"\(shown)\" has no absolute path", hint: "write file:/path/of/the/archive")
            }
        } else {
            let authority = behind.dropFirst(2).prefix { $0 != "/" }
            let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
            guard behind.hasPrefix("//"), !host.prefix(while: { $0 != ":" }).isEmpty else {
                throw ValueError("\"\(shown)\" has no host", hint: hint)
            }
        }
        var whole = text[...]
        while whole.hasSuffix("/"), whole.dropLast().last != "/", whole.dropLast().last != ":" { whole.removeLast() }
        self.text = String(whole)
        self.scheme = scheme
    }

    /// The address with `***` in the place of a user's name and password.
    package var redacted: String { Self.redacted(text) }

    /// Any text with the credentials of the address in it, if there are some, replaced by `***`.
    package static func redacted(_ text: String) -> String {
        guard let slashes = text.range(of: "://") else { return text }
        let behind = text[slashes.upperBound...]
        let authority = behind.prefix { !"/?#".contains($0) }
        var end = authority.lastIndex(of: "@")
        if end == nil, let port = authority.split(separator: ":", maxSplits: 1).dropFirst().first,
            !port.allSatisfy(\.isNumber)
        {
            // A password with an unescaped slash in it: what stands before the last @ is not a host, but secret.
            end = behind.lastIndex(of: "@")
        }
        guard let end else { return text }
        return text[..<slashes.upperBound] + "***" + behind[end...]
    }

    /// An address without the user and password in it, for others to read and use.
    package static func withoutUser(_ text: String) -> String { redacted(text).replacing("***@", with: "") }

    /// Whether it is a directory of this machine.
    package var isLocal: Bool { scheme == "file" || scheme == "copy" }

    /// The parts of the path, without empty ones.
    package var pathComponents: [Substring] {
        let behind = text[text.index(after: text.firstIndex(of: ":") ?? text.startIndex)...]
        let path = behind.hasPrefix("//") ? behind.dropFirst(2).drop { $0 != "/" } : behind
        return path.split(separator: "/")
    }

    package var description: String { redacted }
    package var debugDescription: String { redacted }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Quotes and brackets have meanings of their own in apt's files, in xl's and in shells.
    private static let forbidden = Set("\"'`[]<>\\".utf8)
}

extension StringProtocol {
    /// Where a short text occurs first; the standard library has no search for strings without Foundation.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(needle) {
                return index..<self.index(index, offsetBy: needle.count)
            }
            formIndex(after: &index)
        }
        return nil
    }
}
