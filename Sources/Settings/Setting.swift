/// A key of a configuration file with its final value.
package struct Setting: Hashable, Sendable {
    /// The key exactly as written: xen-tools tells `genpass_len` from `genpass-len`.
    package let key: String
    package let value: String
    package let origin: Origin

    package init(key: String, value: String, origin: Origin) {
        self.key = key
        self.value = value
        self.origin = origin
    }

    /// The value with its place, to validate it with ``Sourced/map(_:)``.
    package var sourced: Sourced<String> { Sourced(value, at: origin) }

    /// The environment variable under which xen-tools hands the key to hooks and roles: hyphens become underscores.
    package var variableName: String { String(key.map { $0 == "-" ? "_" : $0 }) }
}

extension Sequence<Setting> {
    /// The last value of a key, which is the one that counts when the settings of several files are put in a row.
    package subscript(key: String) -> Sourced<String>? {
        var found: Setting?
        for setting in self where setting.key == key { found = setting }
        return found?.sourced
    }
}
