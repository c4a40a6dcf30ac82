/// An element of a document that is being read, and what of it has been looked at: what never was can be told.
final class ReadElement {
    let name: String
    let line: Int
    private let attributes: [XMLElement.Attribute]
    private let content: String
    private let children: [ReadElement]
    private var isTaken = false
    private var isContentTaken = false
    private var takenAttributes: Set<String> = []

    init(_ element: XMLElement) {
        name = element.name
        line = element.line
        attributes = element.attributes
        // White space between elements is none of the document's.
        content = element.children.isEmpty ? element.text : element.text.filter { !$0.isWhitespace }
        children = element.children.map(ReadElement.init)
    }

    /// The value of an attribute.
    subscript(attribute: String) -> String? {
        takenAttributes.insert(attribute)
        return attributes.first { $0.name == attribute }?.value
    }

    /// The text that stands in it.
    var text: String {
        isContentTaken = true
        return content
    }

    /// Its first child of a name.
    func child(_ name: String) -> ReadElement? {
        let child = children.first { $0.name == name }
        child?.isTaken = true
        return child
    }

    /// All of its children of a name.
    func all(_ name: String) -> [ReadElement] {
        let all = children.filter { $0.name == name }
        for child in all { child.isTaken = true }
        return all
    }

    /// Takes it for read, with all that is in it: what every guest has, or what says nothing of the guest.
    func pass() {
        isTaken = true
        isContentTaken = true
        takenAttributes.formUnion(attributes.map(\.name))
        for child in children { child.pass() }
    }

    /// Takes children for read.
    func pass(_ names: String...) {
        for child in children where names.contains(child.name) { child.pass() }
    }

    /// Takes children of its children for read.
    func passInChildren(_ names: String...) {
        for child in children {
            for inner in child.children where names.contains(inner.name) { inner.pass() }
        }
    }

    /// What was never looked at: an element as `devices/watchdog`, an attribute as `devices/disk@snapshot`.
    func leftovers(_ path: String = "") -> [(what: String, line: Int)] {
        let own = path.isEmpty ? name : path
        var found = attributes.filter { !takenAttributes.contains($0.name) }.map { ("\(own)@\($0.name)", line) }
        if !isContentTaken, content.contains(where: { !$0.isWhitespace }) { found.append(("the text of \(own)", line)) }
        for child in children {
            let inner = path.isEmpty ? child.name : "\(path)/\(child.name)"
            if child.isTaken { found += child.leftovers(inner) } else { found.append((inner, child.line)) }
        }
        return found
    }
}
