/// One alternative of a relation between packages: `libc6 (>= 2.36)`, `awk`, `python3:any` (deb-control(5)).
struct PackageRelation: Sendable, Equatable {
    enum Comparison: String, Sendable {
        case earlier = "<<"
        case notLater = "<="
        case equal = "="
        case notEarlier = ">="
        case later = ">>"
    }

    let name: String
    let comparison: Comparison?
    let version: String

    /// Groups of a field: all of them must hold, and of each group one alternative.
    static func groups(_ field: String?) -> [[PackageRelation]] {
        (field ?? "").split(separator: ",").map { group in
            group.split(separator: "|").compactMap { PackageRelation($0) }
        }.filter { !$0.isEmpty }
    }

    init?(_ text: some StringProtocol) {
        var rest = text.drop(while: \.isWhitespace)
        let name = rest.prefix { !$0.isWhitespace && $0 != "(" && $0 != "[" && $0 != ":" }
        guard !name.isEmpty else { return nil }
        self.name = String(name)
        rest = rest.dropFirst(name.count)
        guard let open = rest.firstIndex(of: "("), let close = rest[open...].firstIndex(of: ")") else {
            comparison = nil
            version = ""
            return
        }
        let condition = rest[rest.index(after: open)..<close].drop(while: \.isWhitespace)
        let sign = condition.prefix { "<>=".contains($0) }
        // A single < or > is what << and >> were called once, and meant "or equal" (deb-control(5)).
        let old = ["<": Comparison.notLater, ">": .notEarlier]
        comparison = Comparison(rawValue: String(sign)) ?? old[String(sign)]
        version = String(condition.dropFirst(sign.count).filter { !$0.isWhitespace })
    }

    /// Whether a package of that name and version is meant.
    func admits(_ version: String) -> Bool {
        let (found, wanted) = (DebianVersion(version), DebianVersion(self.version))
        return switch comparison {
        case nil: true
        case .earlier: found < wanted
        case .notLater: found <= wanted
        case .equal: found == wanted
        case .notEarlier: found >= wanted
        case .later: found > wanted
        }
    }
}
