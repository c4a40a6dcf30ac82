import Mustache
import Synchronization

/// What went wrong while a template was rendered; the library can only write nothing in such cases.
final class Misses: Sendable {
    enum Miss: Hashable, Sendable {
        /// No such variable where it was used.
        case unknown(String)
        /// The variable has no value.
        case absent(String)
        /// The value holds a character that the text around it cannot express.
        case inexpressible(String, Unicode.Scalar)
        /// A list or a condition was written out as if it were a text.
        case notText(String)

        /// The variable it is about.
        var name: String {
            switch self {
            case .unknown(let name), .absent(let name), .inexpressible(let name, _), .notText(let name): name
            }
        }
    }

    private let found = Mutex<[Miss]>([])

    var all: [Miss] { found.withLock { $0 } }

    func record(_ miss: Miss) {
        found.withLock { if !$0.contains(miss) { $0.append(miss) } }
    }
}

/// Turns values into the objects that the library walks. Each is a `MustacheParent`, since the library would
/// otherwise find the properties of its type by reflection and take them for variables.
func node(for value: TemplateValue, name: String, escaping: Escaping, misses: Misses) -> Any {
    switch value {
    case .text(let text): TextNode(name: name, text: text, escaping: escaping, misses: misses)
    case .absent: AbsentNode(name: name, misses: misses)
    case .flag(let isSet): FlagNode(name: name, isSet: isSet, misses: misses)
    case .list(let elements, _):
        elements.map { ScopeNode(prefix: "", values: $0, kind: .element, escaping: escaping, misses: misses) }
            as [ScopeNode]
    case .group(let values):
        ScopeNode(prefix: "\(name).", values: values, kind: .group, escaping: escaping, misses: misses)
    }
}

/// A set of named values.
struct ScopeNode: MustacheParent, MustacheCustomRenderable {
    enum Kind {
        /// The outermost scope, asked last: what it lacks does not exist.
        case root
        /// An element of a list: what it lacks is looked for further out.
        case element
        /// A group: what it lacks has no value.
        case group
    }

    let prefix: String
    let values: [String: TemplateValue]
    let kind: Kind
    let escaping: Escaping
    let misses: Misses

    func child(named name: String) -> Any? {
        if let value = values[name] {
            return node(for: value, name: prefix + name, escaping: escaping, misses: misses)
        }
        switch kind {
        case .element: return nil
        case .group: return AbsentNode(name: prefix + name, misses: misses)
        case .root:
            misses.record(.unknown(name))
            return nil
        }
    }

    // Asked for only when it is written out as a text, as `{{.}}` or `{{env}}` would.
    var renderText: String {
        misses.record(.notText(prefix.isEmpty ? "." : String(prefix.dropLast())))
        return ""
    }

    var isNull: Bool { false }
}

/// A text.
struct TextNode: MustacheParent, MustacheCustomRenderable, MustacheTransformable {
    let name: String
    let text: String
    let escaping: Escaping
    let misses: Misses

    func child(named name: String) -> Any? { nil }

    var renderText: String {
        if let scalar = escaping.offence(in: text) { misses.record(.inexpressible(name, scalar)) }
        return text
    }

    var isNull: Bool { text.isEmpty }

    func transform(_ transform: String) -> Any? {
        let changed: String
        switch transform {
        case "uppercased": changed = text.uppercased()
        case "lowercased": changed = text.lowercased()
        default: return nil
        }
        return TextNode(name: name, text: changed, escaping: escaping, misses: misses)
    }
}

/// A variable without a value.
struct AbsentNode: MustacheParent, MustacheCustomRenderable, MustacheTransformable {
    let name: String
    let misses: Misses

    func child(named name: String) -> Any? { nil }

    var renderText: String {
        misses.record(.absent(name))
        return ""
    }

    var isNull: Bool { true }

    func transform(_ transform: String) -> Any? { self }
}

/// A condition. Not a `Bool`, which would be written out as `true` where a text is meant.
struct FlagNode: MustacheParent, MustacheCustomRenderable {
    let name: String
    let isSet: Bool
    let misses: Misses

    func child(named name: String) -> Any? { nil }

    var renderText: String {
        misses.record(.notText(name))
        return ""
    }

    var isNull: Bool { !isSet }
}
