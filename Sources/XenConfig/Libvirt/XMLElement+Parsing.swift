import CXML

extension XMLElement {
    /// The most that a document may have. libvirt's domains have a few KiB; more is no domain, and a parser's time
    /// grows with the square of some of it.
    package static let maximumSize = 256 << 10

    /// How deep elements may stand in each other.
    package static let maximumDepth = 64

    /// Reads a document without trusting it: nothing is loaded, no entity is replaced, and a document type, with which
    /// entities come, ends the reading before any of it is looked at.
    ///
    /// - Parameter file: What messages call the document.
    /// - Throws: ``XenConfigError`` with its place for what is no XML, has a document type, or is too large or too
    ///   deep.
    init(parsing bytes: [UInt8], file: String?) throws(XenConfigError) {
        guard bytes.count <= Self.maximumSize else {
            throw XenConfigError(
                "the document has \(bytes.count) bytes; a libvirt domain has at most \(Self.maximumSize)", file: file)
        }
        guard let context = xmlNewParserCtxt() else { throw XenConfigError("no memory for an XML parser", file: file) }
        defer { xmlFreeParserCtxt(context) }
        context.pointee.sax.pointee.internalSubset = { context, _, _, _ in
            xmlStopParser(context?.assumingMemoryBound(to: xmlParserCtxt.self))
        }
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
            | XML_PARSE_NOCDATA.rawValue
        let document = bytes.withUnsafeBytes { buffer in
            xmlCtxtReadMemory(context, buffer.baseAddress, Int32(buffer.count), nil, nil, Int32(options))
        }
        defer { xmlFreeDoc(document) }
        let error = xmlCtxtGetLastError(context)
        if context.pointee.errNo == XML_ERR_USER_STOP.rawValue {
            throw XenConfigError(
                "the document has a document type (<!DOCTYPE), which no libvirt domain has", file: file)
        }
        guard let document, let root = xmlDocGetRootElement(document) else {
            let position = error.map {
                XenConfigError.Position(line: max(1, Int($0.pointee.line)), column: max(1, Int($0.pointee.int2)))
            }
            let reason = error.flatMap(\.pointee.message).map { String(cString: $0) }?.prefix { $0 != "\n" }
            throw XenConfigError(
                "the document is no XML: \(reason ?? "it has no element")", file: file, position: position)
        }
        self = try Self.element(root, depth: 1, file: file)
    }

    private static func element(
        _ node: UnsafeMutablePointer<xmlNode>, depth: Int, file: String?
    ) throws(XenConfigError) -> XMLElement {
        let line = Int(xmlGetLineNo(node))
        guard depth <= maximumDepth else {
            throw XenConfigError(
                "elements stand in each other deeper than \(maximumDepth)", file: file,
                position: .init(line: max(1, line), column: 1))
        }
        var attributes: [Attribute] = []
        var property = node.pointee.properties
        while let current = property {
            attributes.append(
                Attribute(
                    name: qualified(current.pointee.name, in: current.pointee.ns),
                    value: content(of: current.pointee.children)))
            property = current.pointee.next
        }
        var children: [XMLElement] = []
        var child = node.pointee.children
        while let current = child {
            if current.pointee.type == XML_ELEMENT_NODE {
                children.append(try element(current, depth: depth + 1, file: file))
            }
            child = current.pointee.next
        }
        return XMLElement(
            name: qualified(node.pointee.name, in: node.pointee.ns), attributes: attributes, children: children,
            text: content(of: node.pointee.children), line: max(1, line))
    }

    private static func qualified(
        _ name: UnsafePointer<xmlChar>?, in namespace: UnsafeMutablePointer<xmlNs>?
    ) -> String {
        let local = name.map { String(cString: $0) } ?? ""
        guard let namespace = namespace?.pointee.href.map({ String(cString: $0) }) else { return local }
        return namespace == xenNamespace ? "xen:\(local)" : "{\(namespace)}\(local)"
    }

    /// The texts among these siblings, together.
    private static func content(of first: UnsafeMutablePointer<xmlNode>?) -> String {
        var text = ""
        var node = first
        while let current = node {
            if current.pointee.type == XML_TEXT_NODE || current.pointee.type == XML_CDATA_SECTION_NODE,
                let content = current.pointee.content
            {
                text += String(cString: content)
            }
            node = current.pointee.next
        }
        return text
    }
}
