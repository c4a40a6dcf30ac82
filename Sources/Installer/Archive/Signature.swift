import LinuxHost
import SystemPackage

/// What gpgv(1) says of a file's signatures (GnuPG's doc/DETAILS, "Format of the --status-fd output").
package struct Signature: Sendable, Equatable {
    /// The primary key's fingerprint.
    package let signer: String
    /// Seconds since 1970.
    package let made: Int64
    /// Whether the key has expired since, as those of old releases have.
    package let isByExpiredKey: Bool

    /// The one that counts, of all that a file has.
    ///
    /// - Parameters:
    ///   - status: the lines of `--status-fd`.
    ///   - allowsExpiredKeys: whether the release is one of the past, whose keys nobody renews.
    ///   - file: for messages.
    /// - Throws: ``InstallerError`` where none is good, or one is bad: somebody has changed the file.
    package init(
        status: String, allowsExpiredKeys: Bool, of file: String, by keyrings: [FilePath]
    ) throws(InstallerError) {
        let keys = keyrings.map(\.string).joined(separator: ", ")
        var good: Signature?
        var refused: String?
        var missing: [String] = []
        var standing = ""
        for line in status.split(whereSeparator: \.isNewline) where line.hasPrefix("[GNUPG:] ") {
            let words = line.split(separator: " ").dropFirst().map(String.init)
            guard let keyword = words.first else { continue }
            switch keyword {
            case "NEWSIG": standing = ""
            case "GOODSIG", "EXPKEYSIG", "EXPSIG", "REVKEYSIG": standing = keyword
            case "BADSIG":
                throw InstallerError(
                    "\(file) was changed after it was signed, by the key \(words.dropFirst().first ?? "?")",
                    hint: "somebody between here and the archive may be changing files; try another mirror",
                    cause: .badData)
            case "NO_PUBKEY": missing.append(words.dropFirst().first ?? "?")
            case "VALIDSIG":
                // VALIDSIG fingerprint date seconds expires version reserved algorithm hash class [primary]
                guard words.count >= 10, let made = Int64(words[3]) else { continue }
                let signer = words.count > 10 ? words[10] : words[1]
                let isExpired = standing == "EXPKEYSIG"
                let isWeak = Self.isWeak(words[8]) && (!allowsExpiredKeys || words[8] == "1")
                switch standing {
                case "GOODSIG", "EXPKEYSIG":
                    if isWeak {
                        refused = "its signature by \(signer) is made with SHA-1 or MD5, which can be forged"
                    } else if isExpired && !allowsExpiredKeys {
                        refused = "the key \(signer) that signed it has expired"
                    } else {
                        good = good ?? Signature(signer: signer, made: made, isByExpiredKey: isExpired)
                    }
                case "EXPSIG": refused = "its signature by \(signer) has expired"
                case "REVKEYSIG": refused = "the key \(signer) that signed it was revoked"
                default: break
                }
            default: break
            }
        }
        if let good {
            self = good
            return
        }
        if let refused {
            throw InstallerError(
                "\(file) is not proven: \(refused)",
                hint: "a newer keyring may have what signs it now: apt-get install debian-archive-keyring",
                cause: .badData)
        }
        throw InstallerError(
            missing.isEmpty
                ? "\(file) bears no signature"
                : "\(file) is signed by \(missing.joined(separator: ", ")), and \(keys) "
                    + "\(keyrings.count == 1 ? "has" : "have") no such key",
            hint: "--keyring=FILE names the keyring of that archive", cause: .badData)
    }

    private init(signer: String, made: Int64, isByExpiredKey: Bool) {
        self.signer = signer
        self.made = made
        self.isByExpiredKey = isByExpiredKey
    }

    /// RFC 9580, 9.5: 1 is MD5, 2 is SHA-1, 3 is RIPEMD-160.
    private static func isWeak(_ algorithm: String) -> Bool { ["1", "2", "3"].contains(algorithm) }
}
