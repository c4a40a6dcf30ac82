/// A value of XML-RPC, in the form that every release of xapi reads.
///
/// Those up to XenServer 7.4 refuse `<int>`, those from 7.5 on refuse a boolean or a number where they want a text; a bare
/// value is a text, and a number to both (xapi's genOCaml.ml and rpclib's xmlrpc.ml). There is no space between the elements:
/// the older reader takes it for part of a text.
indirect enum XAPIValue: Sendable {
    case text(String)
    case flag(Bool)
    case double(Double)
    case map([(name: String, value: XAPIValue)])
    case list([XAPIValue])

    static func number(_ value: Int64) -> XAPIValue { .text(String(value)) }

    /// A map of texts, as most of xapi's maps are; those that are nil are left out.
    static func texts(_ pairs: KeyValuePairs<String, String?>) -> XAPIValue {
        .map(pairs.compactMap { name, value in value.map { (name, .text($0)) } })
    }

    static let none = XAPIValue.map([])

    /// - Throws: ``XenConfigError`` for a text with a character that no XML document may have.
    func document() throws(XenConfigError) -> String {
        var text = ""
        try print(into: &text)
        return text
    }

    private func print(into text: inout String) throws(XenConfigError) {
        text += "<value>"
        switch self {
        case .text(let value): text += try XMLElement.escape(value, in: "value", isAttribute: false)
        case .flag(let value): text += "<boolean>\(value ? 1 : 0)</boolean>"
        case .double(let value): text += "<double>\(value)</double>"
        case .list(let values):
            text += "<array><data>"
            for value in values { try value.print(into: &text) }
            text += "</data></array>"
        case .map(let members):
            text += "<struct>"
            for (name, value) in members {
                text += "<member><name>\(try XMLElement.escape(name, in: "name", isAttribute: false))</name>"
                try value.print(into: &text)
                text += "</member>"
            }
            text += "</struct>"
        }
        text += "</value>"
    }
}
