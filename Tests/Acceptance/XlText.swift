import SystemPackage
import TestSupport

/// An xl configuration, read with the eyes of a test: one assignment a line, lists over several.
struct XlText {
    let text: String

    init(_ file: FilePath) throws { text = try readText(file) }

    /// What stands behind `key =`, without quotes; nil when the key is not there.
    subscript(_ key: String) -> String? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(key) = ") }
        return line.map { String($0.dropFirst(key.count + 3)).filter { $0 != "\"" } }
    }

    /// The strings of a list.
    func list(_ key: String) -> [String] {
        guard let start = text.firstRange(of: "\(key) = [")?.upperBound else { return [] }
        return text[start...].prefix { $0 != "]" }.split(separator: "\"").enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The settings of a list's entry: `format=raw, vdev=xvda2` by their names.
    static func fields(_ entry: String) -> [String: String] {
        Dictionary(
            entry.split(separator: ",").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1)
                return (parts[0].filter { $0 != " " }, parts.count == 2 ? String(parts[1]) : "")
            },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

/// What a finished create printed: the labels of xen-tools and what stands behind them.
struct Summary {
    let lines: [(label: String, value: String)]

    init(_ output: String) {
        lines = output.split(separator: "\n").compactMap { line in
            guard let colon = line.firstRange(of: ":  ") else { return nil }
            let label = line[..<colon.lowerBound].reversed().drop { $0 == " " }.reversed()
            return (String(label), String(line[colon.upperBound...]))
        }
    }

    subscript(_ label: String) -> String? { lines.first { $0.label == label }?.value }
    func all(_ label: String) -> [String] { lines.filter { $0.label == label }.map(\.value) }
}
