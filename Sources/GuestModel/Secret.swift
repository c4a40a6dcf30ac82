/// A password. It never prints itself, is never encoded, and is handed only to the process that needs it, on its
/// standard input.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// - Throws: ``ValueError`` for a password that chpasswd(8) could not take: empty, or with a line break.
    package init(_ text: String) throws(ValueError) {
        guard !text.isEmpty else { throw ValueError("the password is empty") }
        guard text.utf8.allSatisfy({ $0 != 10 && $0 != 13 && $0 != 0 }) else {
            throw ValueError("the password holds a line break or a NUL, which chpasswd(8) cannot take")
        }
        self.text = text
    }

    /// The password itself, for the one place that needs it.
    package func reveal() -> String { text }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What becomes of root's password in the guest.
package enum PasswordChoice: Sendable {
    /// Left as the installation made it (locked, where Debian's packages made it).
    case unchanged
    /// Set to what the user gave.
    case given(Secret)
    /// Set to a random one of so many characters, shown once in the summary.
    case generated(length: Int)
}

/// How chpasswd(8) hashes a password.
package enum PasswordHash: String, Sendable, Hashable, Codable, CaseIterable {
    case md5
    case sha256
    case sha512

    /// - Throws: ``ValueError`` naming the methods there are.
    package init(parsing text: String) throws(ValueError) {
        guard let known = PasswordHash(rawValue: text.lowercased()) else {
            throw ValueError(
                "\"\(text)\" is not a hash method",
                hint: "known are md5, sha256 and sha512; without the option the guest's own default is used"
            )
        }
        self = known
    }
}
