import GuestModel
import SystemPackage

/// One archive, one suite: what a line `deb URI SUITE COMPONENT...` says, however it was written (sources.list(5)).
package struct AptSource: Hashable, Sendable {
    package let url: MirrorURL
    /// As written: a codename or an alias, perhaps with `-updates` and the like; ends with a slash for a flat
    /// repository.
    package let suite: String
    package let components: [String]
    /// Whether it is of type `deb-src`.
    package let isSource: Bool
    /// False where a deb822 stanza says `Enabled: no`.
    package let isEnabled: Bool
    package let options: Options
    package let origin: Origin

    /// What is said of how to use the archive; other options of apt are of no interest here.
    package struct Options: Hashable, Sendable {
        /// Empty for all.
        package var architectures: [String] = []
        package var signedBy: SignedBy?
        /// Whether apt uses it without a valid signature: `trusted` or `allow-insecure`.
        package var isUnverified = false
    }

    /// The keys that an archive must be signed with.
    package struct SignedBy: Hashable, Sendable {
        /// Keyring files, absolute.
        package var keyrings: [FilePath] = []
        /// Fingerprints that restrict them.
        package var fingerprints: [String] = []
        /// An ASCII-armoured key that stands in the list itself.
        package var embeddedKey: String?

        /// Reads the value of `Signed-By` or of the option `signed-by`; nil if nothing is in it.
        init?(_ text: String) {
            if text.trimmed.hasPrefix("-----BEGIN") {
                embeddedKey = text
            } else {
                for word in text.split(whereSeparator: { $0.isSpace || $0 == "," }) {
                    if word.hasPrefix("/") {
                        keyrings.append(FilePath(String(word)))
                    } else {
                        fingerprints.append(String(word))
                    }
                }
                if keyrings.isEmpty && fingerprints.isEmpty { return nil }
            }
        }
    }

    /// Whether the suite is a path to a repository without `dists` and components.
    package var isFlat: Bool { suite.hasSuffix("/") }

    /// How apt reads `yes` and its kin.
    static func isTrue(_ text: String) -> Bool {
        ["yes", "true", "with", "on", "enable", "1"].contains(text.trimmed.lowercased())
    }

    /// How apt reads `no` and its kin.
    static func isFalse(_ text: String) -> Bool {
        ["no", "false", "without", "off", "disable", "0"].contains(text.trimmed.lowercased())
    }
}
