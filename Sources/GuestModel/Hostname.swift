/// A guest's name: a host name after RFC 1123, fully qualified or not.
///
/// It becomes part of paths, of the domain's name in Xen and of volume names, so it holds no slash and no
/// dot at either end: letters (of either case, kept as given), digits and inner hyphens only, 63 characters a label.
package struct Hostname: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The name as given.
    package let name: String

    /// - Throws: ``ValueError`` with the label that is wrong.
    package init(_ text: String) throws(ValueError) {
        guard !text.isEmpty else { throw ValueError("the host name is empty") }
        // 64 is HOST_NAME_MAX of Linux: the kernel of the guest could not take more.
        guard text.utf8.count <= 64 else {
            throw ValueError("the host name \"\(text)\" has \(text.utf8.count) characters; Linux takes 64 at most")
        }
        for label in text.split(separator: ".", omittingEmptySubsequences: false) {
            let valid =
                (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
                && label.first != "-" && label.last != "-"
            guard valid else {
                throw ValueError(
                    "\"\(text)\" is not a host name: "
                        + (label.isEmpty
                            ? "it begins or ends with a dot, or has two in a row"
                            : "\"\(label)\" cannot be a part of one"),
                    hint: "use letters, digits and hyphens, separated by dots: web1 or web1.example.org"
                )
            }
        }
        guard !text.split(separator: ".").allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
            throw ValueError("\"\(text)\" is a number or an address, not a host name")
        }
        name = text
    }

    /// The part before the first dot.
    package var short: String { String(name.prefix { $0 != "." }) }

    /// The part behind the first dot, if there is one.
    package var domain: String? {
        name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) }
    }

    package var description: String { name }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}
