/// The parameters of an item of one of xl's lists: `hostbus=1,hostaddr=3`.
struct Parameters {
    /// In their order; nil for the value of a word that stands alone.
    let pairs: [(key: String, value: String?)]

    init(_ text: String) {
        pairs = text.split(separator: ",").map { parameter in
            let trimmed = parameter.drop { $0 == " " || $0 == "\t" }
            let key = trimmed.prefix { $0 != "=" }
            return (String(key), key.endIndex == trimmed.endIndex ? nil : String(trimmed.dropFirst(key.count + 1)))
        }
    }

    /// The last value of a key, as xl takes it.
    subscript(key: String) -> String? { pairs.last { $0.key == key }?.value }

    /// What stands there beside the keys that are known.
    func others(than known: [String]) -> [String] {
        pairs.filter { !known.contains($0.key) }.map { key, value in value.map { "\(key)=\($0)" } ?? key }
    }
}
