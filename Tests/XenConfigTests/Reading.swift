import GuestModel
import XenConfig

/// What a parser makes of a text.
enum Reading: Equatable, CustomStringConvertible {
    case refused
    case read([String: String])

    /// A crash of libxlu's is worth a refusal.
    init(answer: Substring) {
        let words = answer.split(separator: " ")
        guard words.first == "read" else {
            self = .refused
            return
        }
        self = .read(
            Dictionary(
                words.dropFirst().map { word in
                    let equals = word.firstIndex(of: "=") ?? word.startIndex
                    return (String(word[..<equals]), String(word[word.index(after: equals)...]))
                }, uniquingKeysWith: { first, _ in first }))
    }

    /// The same for Domus' parser.
    init(configuration bytes: [UInt8], for version: XenVersion) {
        guard let file = try? XenConfigFile(parsing: bytes, for: version) else {
            self = .refused
            return
        }
        self.init(file)
    }

    init(_ file: XenConfigFile) {
        var values: [String: String] = [:]
        for entry in file.entries { values[entry.key] = file[entry.key].map(Self.text) }
        self = .read(values)
    }

    /// The same for Domus' parser of disk strings.
    init(disk text: String, for version: XenVersion) {
        guard let disk = try? DiskSpec(parsing: text, for: version) else {
            self = .refused
            return
        }
        let members: [(String, String?)] = [
            ("target", disk.target), ("vdev", disk.vdev), ("script", disk.script), ("backend", disk.backend),
            ("format", disk.format.rawValue), ("backendtype", disk.backendType ?? "unknown"),
            ("access", disk.access.rawValue), ("cdrom", disk.isCDROM ? "1" : "0"),
        ]
        self = .read(
            Dictionary(uniqueKeysWithValues: members.compactMap { name, text in text.map { (name, Self.text($0)) } }))
    }

    /// What was read for a key, or for a member of a disk.
    subscript(member: String) -> String? {
        get {
            if case .read(let values) = self { values[member] } else { nil }
        }
        set {
            guard case .read(var values) = self else { return }
            values[member] = newValue
            self = .read(values)
        }
    }

    private static func text(_ text: String) -> String { "s" + hexadecimal(text) }

    var description: String {
        guard case .read(let values) = self else { return "refused" }
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    static func text(_ value: XenConfigValue) -> String {
        switch value {
        case .string(let text), .number(let text): Self.text(text)
        case .list(let items): "[\(items.map(Self.text).joined())]"
        }
    }

    static func hexadecimal(_ text: String) -> String {
        let digits = Array("0123456789abcdef")
        return String(text.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

extension Reading {
    /// With the text that is not UTF-8 repaired, as Domus' is.
    var repaired: Reading {
        guard case .read(let values) = self else { return self }
        return .read(values.mapValues(Self.repaired))
    }

    private static func repaired(_ value: String) -> String {
        var result = ""
        var rest = value.utf8[...]
        while let first = rest.first {
            rest = rest.dropFirst()
            result.append(Character(Unicode.Scalar(first)))
            guard first == UInt8(ascii: "s") else { continue }
            let digits = Array(
                rest.prefix { $0 != UInt8(ascii: "s") && $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: "[") })
            rest = rest.dropFirst(digits.count)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
            }
            result += hexadecimal(String(decoding: bytes, as: UTF8.self))
        }
        return result
    }
}
