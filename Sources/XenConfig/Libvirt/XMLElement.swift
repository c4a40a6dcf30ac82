/// An element of an XML document, as far as libvirt's documents go: it holds other elements or a text, never both.
package struct XMLElement: Sendable {
    package struct Attribute: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    /// With `xen:` before it in the namespace ``xenNamespace``, and the namespace in braces before it in any other.
    package let name: String
    package let attributes: [Attribute]
    package let children: [XMLElement]
    /// What stands directly in it.
    package let text: String
    /// Where it stands in the document that it was read from; 1 for one that was never in a document.
    package let line: Int

    /// The namespace of libvirt's Xen driver for what the domain's own elements do not have (libxl_conf.c,
    /// libxlDomainDefNamespaceParse).
    package static let xenNamespace = "http://libvirt.org/schemas/domain/xen/1.0"

    init(name: String, attributes: [Attribute], children: [XMLElement], text: String, line: Int) {
        self.name = name
        self.attributes = attributes
        self.children = children
        self.text = text
        self.line = line
    }

    /// - Parameter attributes: Those that are nil are left out.
    init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ children: [XMLElement?] = []) {
        self.init(
            name: name,
            attributes: attributes.compactMap { name, value in value.map { Attribute(name: name, value: $0) } },
            children: children.compactMap(\.self),
            text: "",
            line: 1
        )
    }

    init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String) {
        self.init(
            name: name,
            attributes: attributes.compactMap { name, value in value.map { Attribute(name: name, value: $0) } },
            children: [],
            text: text,
            line: 1
        )
    }

    /// The document, with the quotes and the indentation that libvirt itself writes.
    ///
    /// - Throws: ``XenConfigError`` for a text with a character that no XML document may have.
    func document() throws(XenConfigError) -> String {
        var lines = ""
        try print(into: &lines, indentation: "")
        return lines
    }

    private func print(into lines: inout String, indentation: String) throws(XenConfigError) {
        lines += "\(indentation)<\(name)"
        for attribute in attributes {
            lines += " \(attribute.name)='\(try Self.escape(attribute.value, in: name, isAttribute: true))'"
        }
        if !children.isEmpty {
            lines += ">\n"
            for child in children { try child.print(into: &lines, indentation: indentation + "  ") }
            lines += "\(indentation)</\(name)>\n"
        } else if !text.isEmpty {
            lines += ">\(try Self.escape(text, in: name, isAttribute: false))</\(name)>\n"
        } else {
            lines += "/>\n"
        }
    }

    // By scalars: a quote with a combining accent is one Character and still a quote to a parser.
    static func escape(
        _ text: String, in name: String, isAttribute: Bool
    ) throws(XenConfigError) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "'": escaped += "&apos;"
            case "\"": escaped += "&quot;"
            // A parser makes a line feed of it, and a space of all three in an attribute.
            case "\r": escaped += "&#13;"
            case "\n" where isAttribute: escaped += "&#10;"
            case "\t" where isAttribute: escaped += "&#9;"
            case "\n", "\t", " "..."\u{D7FF}", "\u{E000}"..."\u{FFFD}", "\u{10000}"...:
                escaped.unicodeScalars.append(scalar)
            default:
                throw XenConfigError(
                    "the text of <\(name)> has the character \(codePoint(scalar)), which no XML document may have")
            }
        }
        return escaped
    }

    private static func codePoint(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
