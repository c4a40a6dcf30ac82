import Glibc

/// The text of an archive's index of packages, whose stanzas are found without reading each.
///
/// An index has 60,000 stanzas in 50 MB, of which a hundred are wanted: only lines that say what they are about are
/// looked at.
struct PackageIndex: Sendable {
    private let text: [UInt8]
    /// Where the stanzas of a name begin and end.
    private let byName: [String: [Range<Int>]]
    /// Names of packages with `Essential: yes`.
    let essential: Set<String>
    /// Names of packages by their priority, for those that bootstraps ask for.
    let byPriority: [String: Set<String>]

    init(_ text: [UInt8]) {
        self.text = text
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
        self.byName = byName
        self.essential = essential
        self.byPriority = byPriority
    }

    /// The stanzas of a name, of all versions that the index has.
    func stanzas(of name: String) -> [Stanza] {
        (byName[name] ?? []).map { Stanza(String(decoding: text[$0], as: UTF8.self)) }
    }
}
