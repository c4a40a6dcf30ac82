import Glibc
import SystemPackage

/// The text of an archive's index of packages, whose stanzas are found without reading each.
///
/// An index has 60,000 stanzas in 50 MB, of which a hundred are wanted: only lines that say what they are about are
/// looked at.
struct PackageIndex: Sendable {
    /// Where apt has it.
    let file: FilePath
    let suite: String
    private let text: [UInt8]
    /// Where the stanzas of a name begin and end.
    private let byName: [String: [Range<Int>]]
    /// Names of packages with `Essential: yes`.
    let essential: Set<String>
    /// Names of packages by their priority, for those that bootstraps ask for.
    let byPriority: [String: Set<String>]

    /// Names of packages by what they provide.
    private let providers: [String: Set<String>]

    init(_ text: [UInt8], file: FilePath = "", suite: String = "") {
        self.text = text
        self.file = file
        self.suite = suite
        var providers: [String: Set<String>] = [:]
        var byName: [String: [Range<Int>]] = [:]
        var essential: Set<String> = []
        var byPriority: [String: Set<String>] = [:]
        text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var start = 0
            var name: String?
            var position = 0
            func isWord(_ word: StaticString, at position: Int, end: Int) -> Bool {
                end - position >= word.utf8CodeUnitCount
                    && memcmp(base + position, word.utf8Start, word.utf8CodeUnitCount) == 0
            }
            func value(_ from: Int, _ end: Int) -> String {
                String(decoding: UnsafeRawBufferPointer(rebasing: bytes[from..<end]), as: UTF8.self)
            }
            while position < bytes.count {
                let found = memchr(base + position, 10, bytes.count - position)
                let end = found.map { base.distance(to: UnsafeRawPointer($0)) } ?? bytes.count
                if end == position {
                    if let name { byName[name, default: []].append(start..<end) }
                    name = nil
                    start = end + 1
                } else if bytes[position] == UInt8(ascii: "P") {
                    if isWord("Package: ", at: position, end: end) {
                        name = value(position + 9, end)
                    } else if isWord("Provides: ", at: position, end: end), let name {
                        // `a (= 1), b:any`: byte by byte, for there are tens of thousands.
                        var at = position + 10
                        while at < end {
                            while at < end, bytes[at] == UInt8(ascii: " ") || bytes[at] == UInt8(ascii: ",") { at += 1 }
                            let first = at
                            while at < end, !Self.endsName(bytes[at]) { at += 1 }
                            if at > first { providers[value(first, at), default: []].insert(name) }
                            while at < end, bytes[at] != UInt8(ascii: ",") { at += 1 }
                        }
                    } else if isWord("Priority: ", at: position, end: end) {
                        // `optional` and `extra`, which nearly all are, are of no interest.
                        switch bytes[position + 10] {
                        case UInt8(ascii: "r"), UInt8(ascii: "i"), UInt8(ascii: "s"):
                            if let name { byPriority[value(position + 10, end), default: []].insert(name) }
                        default: break
                        }
                    }
                } else if bytes[position] == UInt8(ascii: "E"), isWord("Essential: yes", at: position, end: end) {
                    if let name { essential.insert(name) }
                }
                position = end + 1
            }
            if let name { byName[name, default: []].append(start..<bytes.count) }
        }
        self.providers = providers
        self.byName = byName
        self.essential = essential
        self.byPriority = byPriority
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ":")
    }

    /// What any of these packages may need, themselves included, whichever alternative and provider is taken: a superset of
    /// all that can be installed for their sake.
    static func closure(of names: some Sequence<String>, in indices: [PackageIndex]) -> Set<String> {
        var found: Set<String> = []
        var pending = Array(names)
        while let name = pending.popLast() {
            guard found.insert(name).inserted else { continue }
            for index in indices {
                pending += index.providers[name] ?? []
                for stanza in index.stanzas(of: name) {
                    for field in ["pre-depends", "depends"] {
                        pending += PackageRelation.groups(stanza[field]).joined().map(\.name)
                    }
                }
            }
        }
        return found
    }

    /// The stanzas of these names, as an index.
    func text(of names: Set<String>) -> [UInt8] {
        var result: [UInt8] = []
        for name in names.sorted() {
            for range in byName[name] ?? [] {
                result += text[range]
                if result.last != UInt8(ascii: "\n") { result.append(UInt8(ascii: "\n")) }
                result.append(UInt8(ascii: "\n"))
            }
        }
        return result
    }

    /// The stanzas of a name, of all versions that the index has.
    func stanzas(of name: String) -> [Stanza] {
        (byName[name] ?? []).map { Stanza(String(decoding: text[$0], as: UTF8.self)) }
    }
}
