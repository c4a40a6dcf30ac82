extension PreseedEntry {
    /// Whether the value may be a password, hashed or not: such values are never quoted.
    var isSensitive: Bool {
        let name = question.lowercased()
        return type == .password || Self.passwords.contains(question)
            || ["passw", "passphrase", "secret"].contains { name.contains($0) }
    }

    /// Whether the value is a password that can be read.
    ///
    /// A line may have the wrong type, and debian-installer uses it nevertheless; so those that it is known to ask for
    /// count by their names.
    var isPlainPassword: Bool {
        guard !value.isEmpty, type != .seen, !question.hasSuffix("-crypted") else { return false }
        return type == .password || Self.passwords.contains(question)
    }

    /// The questions of debian-installer's components that ask for a password, other than hashed ones.
    private static let passwords: Set<String> = [
        "grub-installer/password", "grub-installer/password-again", "netcfg/wireless_wep", "netcfg/wireless_wpa",
        "network-console/password", "network-console/password-again", "partman-crypto/opal-admin-password",
        "partman-crypto/opal-admin-password-again", "partman-crypto/opal-psid", "partman-crypto/opal-psid-again",
        "partman-crypto/passphrase", "partman-crypto/passphrase-again", "partman-iscsi/login/incoming_password",
        "partman-iscsi/login/password", "passwd/root-password", "passwd/root-password-again", "passwd/user-password",
        "passwd/user-password-again", "ppp/password", "rescue/passphrase",
    ]

    /// Whether there is an address with a password in the value: `http://user:password@proxy:3128/`.
    var hasAddressWithPassword: Bool {
        var rest = value.utf8[...]
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[rest.index(after: colon)...]
            guard rest.starts(with: "//".utf8) else { continue }
            rest = rest.dropFirst(2)
            let authority = rest.prefix { !Self.authorityEnds.contains($0) }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { continue }
            let account = authority[..<at]
            guard let separator = account.firstIndex(of: UInt8(ascii: ":")) else { continue }
            if account.index(after: separator) < account.endIndex { return true }
        }
        return false
    }

    /// What ends the part of an address that names the machine (RFC 3986, section 3.2), and what ends the address.
    private static let authorityEnds = Set("/?# \t\"'".utf8)
}
