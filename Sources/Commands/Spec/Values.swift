import GuestModel
import Settings
import SystemPackage

/// What the user said, in layers: the command line before the file of `--config` before xen-tools.conf. Every value
/// knows its place, so that a mistake is told where it is.
struct Values {
    /// The keys and values of one place, under xen-tools' names with hyphens; a key may have several.
    struct Layer {
        var entries: [(key: String, value: String, place: Place)] = []

        func all(_ key: String) -> [Given] {
            entries.filter { $0.key == key && !$0.value.isEmpty }.map { Given(value: $0.value, place: $0.place) }
        }

        /// Adds what an option of that name says, if it was given.
        mutating func add(_ key: String, _ value: String?) {
            if let value { entries.append((key: key, value: value, place: .option(key))) }
        }

        mutating func add(_ key: String, _ values: [String]) { for value in values { add(key, value) } }

        mutating func add(_ key: String, _ flag: Bool?) { add(key, flag.map { $0 ? "1" : "0" }) }

        mutating func add(_ key: String, ifSet flag: Bool) { if flag { add(key, "1") } }
    }

    struct Given: Hashable {
        let value: String
        let place: Place
    }

    let layers: [Layer]

    /// In a file an empty value counts as none, as in xen-tools. On the command line it is a script's variable that was not
    /// set, and the guest would be another one than was meant.
    func refuseEmptyOptions() throws(OptionError) {
        for entry in layers.flatMap(\.entries) where entry.value.isEmpty {
            guard case .option = entry.place, !["extension", "role-args"].contains(entry.key) else { continue }
            throw OptionError(
                "\(entry.place): the value is empty",
                hint: "leave the option out; or see whether a variable of the script that says it is set")
        }
    }

    /// The strongest value of a key; an empty one counts as none, as in xen-tools.
    func given(_ key: String) -> Given? {
        for layer in layers {
            if let last = layer.all(key).last { return last }
        }
        return nil
    }

    /// The strongest of several keys that speak of one thing: the layer counts first, then the order of the keys.
    func strongest(of keys: [String]) -> (key: String, given: Given)? {
        for layer in layers {
            for key in keys {
                if let last = layer.all(key).last { return (key, last) }
            }
        }
        return nil
    }

    /// All values of a key in the strongest layer that has any.
    func list(_ key: String) -> [Given] {
        layers.lazy.map { $0.all(key) }.first { !$0.isEmpty } ?? []
    }

    func parsed<Value>(
        _ key: String, _ parse: (String) throws(ValueError) -> Value
    ) throws(OptionError) -> Value? {
        guard let given = given(key) else { return nil }
        return try given.parsed(parse)
    }

    /// A switch: xen-tools' files write `1`, `0`, `yes` and `no`.
    func flag(_ key: String) throws(OptionError) -> Bool? {
        try parsed(key, Self.parseFlag)
    }

    /// A directory of the host that guests live in or are configured in. Its path becomes part of hooks' variables,
    /// whose fields are divided by colons, and of the xl configuration: what neither could hold is refused here, not
    /// when the guest is nearly done.
    func directory(_ key: String, below base: FilePath) throws(OptionError) -> FilePath? {
        try parsed(key) { text throws(ValueError) in
            guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 && $0 != ":" }) else {
                throw ValueError("\"\(text)\" holds a colon or a control character", hint: "choose another directory")
            }
            return base.pushing(FilePath(text)).lexicallyNormalized()
        }
    }

    static func parseFlag(_ text: String) throws(ValueError) -> Bool {
        switch text.lowercased() {
        case "1", "yes", "true", "on": return true
        case "0", "no", "false", "off": return false
        default: throw ValueError("\"\(text)\" is neither yes nor no", hint: "write 1 or 0")
        }
    }
}

extension Values.Given {
    func parsed<Value>(_ parse: (String) throws(ValueError) -> Value) throws(OptionError) -> Value {
        do throws(ValueError) {
            return try parse(value)
        } catch {
            throw OptionError(error, at: place)
        }
    }
}
