/// What a hashed password looks like (crypt(5)).
enum CryptedPassword {
    /// Whether the text is a hash that login would take, or one that locks the account.
    ///
    /// The hashes of the old DES method are not: thirteen letters may as well be somebody's password.
    static func isOne(_ text: String) -> Bool {
        // usermod(8) locks a password with a ! in front of its hash.
        var rest = text.utf8[...]
        while rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "*") { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return !text.isEmpty }
        guard rest.allSatisfy(isLetter), rest.first == UInt8(ascii: "$") else { return false }
        let parts = rest.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count >= 4, let hash = parts.last,
            let length = lengths[String(decoding: parts[1], as: UTF8.self)]
        else { return false }
        return hash.count == length && parts.dropFirst(2).allSatisfy { !$0.isEmpty }
    }

    /// The letters in the last part, by the method: MD5, bcrypt (with its salt), SHA-256, SHA-512, SHA-1, scrypt,
    /// yescrypt, gost-yescrypt.
    private static let lengths = [
        "1": 22, "2a": 53, "2b": 53, "2y": 53, "5": 43, "6": 86, "sha1": 28, "7": 43, "y": 43, "gy": 43,
    ]

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "./$=,+-_".utf8.contains(byte)
        }
    }
}
