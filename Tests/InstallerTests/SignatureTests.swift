import SystemPackage
import Testing

@testable import Installer

/// gpgv's words (GnuPG's doc/DETAILS), as Debian's and old keys have it say them.
@Suite("Signatures") struct SignatureTests {
    private static let key = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"

    private static func valid(_ key: String = key, hash: String = "8") -> String {
        "[GNUPG:] VALIDSIG \(key) 2025-05-17 1747472631 0 4 0 1 \(hash) 01 \(key)\n"
    }

    private func read(_ status: String, archived: Bool = false) throws(InstallerError) -> Signature {
        try Signature(status: status, allowsExpiredKeys: archived, of: "InRelease", by: ["/keys.gpg"])
    }

    @Test("one good signature is enough, whoever else has signed")
    func good() throws {
        let signature = try read(
            "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 0E98404D386FA1D9 1 8 01 1747472631 9\n[GNUPG:] NO_PUBKEY 0E98404D386FA1D9\n"
                + "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B7C5D7D6350947F8 Debian\n" + Self.valid())
        #expect(signature.signer == Self.key && signature.made == 1_747_472_631 && !signature.isByExpiredKey)
    }

    @Test("a bad one spoils it, even beside a good one")
    func bad() {
        let error = #expect(throws: InstallerError.self) {
            try read(
                "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG A x\n" + Self.valid() + "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG 11 x\n")
        }
        #expect(error?.message.contains("changed after it was signed") == true)
    }

    @Test(
        "what is not good is refused in its own words",
        arguments: [
            ("", "bears no signature"), ("[GNUPG:] NEWSIG\n[GNUPG:] NO_PUBKEY 77\n", "has no such key"),
            ("[GNUPG:] EXPKEYSIG A x\n" + valid(), "has expired"), ("[GNUPG:] EXPSIG A x\n" + valid(), "has expired"),
            ("[GNUPG:] REVKEYSIG A x\n" + valid(), "was revoked"),
            ("[GNUPG:] GOODSIG A x\n" + valid(hash: "2"), "SHA-1 or MD5"),
            // Without the word before it, nothing is good.
            (valid(), "bears no signature"),
            // A name in a key is not ours to believe.
            ("[GNUPG:] GOODSIG A [GNUPG:] VALIDSIG\n", "bears no signature"),
        ])
    func refused(status: String, words: String) {
        let error = #expect(throws: InstallerError.self) { try read(status) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.cause == .badData)
    }

    @Test("a release of the past may have an expired key and SHA-1, and never MD5 or a revoked key")
    func archived() throws {
        #expect(try read("[GNUPG:] EXPKEYSIG A x\n" + Self.valid(), archived: true).isByExpiredKey)
        _ = try read("[GNUPG:] GOODSIG A x\n" + Self.valid(hash: "2"), archived: true)
        for status in ["[GNUPG:] REVKEYSIG A x\n" + Self.valid(), "[GNUPG:] EXPKEYSIG A x\n" + Self.valid(hash: "1")] {
            #expect(throws: InstallerError.self) { try read(status, archived: true) }
        }
    }
}
