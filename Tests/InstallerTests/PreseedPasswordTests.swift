import GuestModel
import Testing

@testable import Installer

@Suite("Passwords of a preseed file")
struct PreseedPasswordTests {
    private static let hash = "$6$salt$" + String(repeating: "h", count: 86)

    private func hashed(_ lines: String..., by hash: (Secret) throws -> String = { _ in hash }) throws -> [String] {
        try Preseed(parsing: lines.joined(separator: "\n"), file: "guest.cfg").hashingPasswords(hash).rendered()
            .split(separator: "\n").map(String.init)
    }

    @Test("root's and the user's become hashes, once each, in their places")
    func both() throws {
        var seen: [String] = []
        let result = try hashed(
            "# root: hunter2", "d-i passwd/root-login boolean true", "d-i passwd/root-password password hunter2",
            "d-i passwd/root-password-again password hunter2", "d-i passwd/username string me",
            "d-i passwd/user-password string swordfish", "d-i passwd/user-password-again seen true"
        ) { secret in
            seen.append(secret.reveal())
            return Self.hash
        }
        #expect(seen == ["hunter2", "swordfish"])
        #expect(
            result == [
                "d-i passwd/root-login boolean true", "d-i passwd/root-password-crypted password \(Self.hash)",
                "d-i passwd/username string me", "d-i passwd/user-password-crypted password \(Self.hash)",
            ])
    }

    @Test("the last of two passwords counts, and none stays")
    func twice() throws {
        let result = try hashed(
            "d-i passwd/root-password password one", "d-i passwd/root-password password two",
            "d-i passwd/root-password-crypted password"
        ) { secret in
            #expect(secret.reveal() == "two")
            return Self.hash
        }
        #expect(result == ["d-i passwd/root-password-crypted password \(Self.hash)"])
    }

    @Test("a hash that is there wins, as in the installer, and the password goes away")
    func hashWins() throws {
        let result = try hashed(
            "d-i passwd/root-password-crypted password !", "d-i passwd/root-password password hunter2",
            "d-i passwd/root-password-again password hunter2"
        ) { _ in
            Issue.record("nothing is to be hashed")
            return ""
        }
        #expect(result == ["d-i passwd/root-password-crypted password !"])
    }

    @Test("an empty password stays empty, and a repetition alone goes away")
    func nothing() throws {
        #expect(
            try hashed("d-i passwd/root-password password hunter2", "d-i passwd/root-password password") == [
                "d-i passwd/root-password password"
            ])
        #expect(try hashed("d-i passwd/user-password-again password hunter2") == [])
        #expect(try hashed("d-i passwd/make-user boolean false") == ["d-i passwd/make-user boolean false"])
    }

    @Test(
        "what cannot be hashed is refused by name, with what to do, and never quoted",
        arguments: [
            (
                ["d-i passwd/root-password password hunter2", "d-i passwd/root-password-again password hunter3"],
                "guest.cfg:2: passwd/root-password and passwd/root-password-again differ", "once"
            ),
            (
                ["d-i network-console/password password hunter2"],
                "guest.cfg:1: network-console/password is a password that would stand", "authorized_keys_url"
            ),
            (
                ["d-i network-console/password string hunter2"],
                "guest.cfg:1: network-console/password is a password that would stand", "authorized_keys_url"
            ),
            (
                ["d-i partman-crypto/passphrase password hunter2"], "guest.cfg:1: partman-crypto/passphrase is",
                "console"
            ),
            (["d-i grub-installer/password password hunter2"], "guest.cfg:1: grub-installer/password is", "pbkdf2"),
            (["slapd slapd/password1 password hunter2"], "guest.cfg:1: slapd/password1 is", "remove"),
            (
                ["d-i passwd/user-password-crypted password hunter2"],
                "guest.cfg:1: the value of passwd/user-password-crypted does not look like a hash", "mkpasswd"
            ),
        ])
    func refused(lines: [String], message: String, hint: String) throws {
        let file = try Preseed(parsing: lines.joined(separator: "\n"), file: "guest.cfg")
        let error = try #require(throws: PreseedError.self) { try file.hashingPasswords { _ in Self.hash } }
        #expect(error.description.hasPrefix(message))
        #expect(error.hint?.contains(hint) == true)
        let problems = try file.problems(against: shippedCatalogue(), release: nil)
        #expect(problems.contains { $0.severity == .error && $0.description == error.description })
        #expect(!"\(error) \(error.hint ?? "") \(problems)".contains("hunter"))
    }

    @Test("what is made of a password has to look like a hash, and a failure of the maker is passed on")
    func maker() throws {
        struct Failure: Error {}
        #expect(throws: PreseedError.self) { try hashed("d-i passwd/root-password password a") { $0.reveal() } }
        #expect(throws: Failure.self) { try hashed("d-i passwd/root-password password a") { _ in throw Failure() } }
    }

    @Test("those that can be read are told")
    func told() throws {
        let file = try preseed(
            "d-i passwd/root-password password a", "d-i passwd/user-password-again string b", "x y/z password c",
            "d-i passwd/root-password-crypted password !", "d-i passwd/user-password password",
            "d-i a/password string d",
            "d-i openssh-server/password-authentication boolean true", "d-i ppp/password string e")
        #expect(
            file.passwords.map(\.question) == [
                "passwd/root-password", "passwd/user-password-again", "y/z", "ppp/password",
            ])
    }

    @Test("every question for a password of the catalogue counts as one, whatever the type in the file")
    func catalogue() throws {
        let questions = try shippedCatalogue().questions.filter {
            $0.types.contains(.password) && !$0.name.hasSuffix("-crypted")
        }
        #expect(questions.count >= 15)
        for question in questions {
            #expect(try preseed("d-i \(question.name) string x").passwords.count == 1, "\(question.name)")
        }
    }

    @Test(
        "looks like a hash",
        arguments: [
            "!", "*", "!!", "!*", "$1$abc$" + String(repeating: "a", count: 22), "!\(hash)",
            "$5$rounds=5000$salt$" + String(repeating: "/", count: 43), hash,
            "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
            "$2b$12$" + String(repeating: "a", count: 53), "$6$rounds=656000$ab$" + String(repeating: ".", count: 86),
        ])
    func isHash(text: String) { #expect(CryptedPassword.isOne(text)) }

    @Test(
        "looks like none",
        arguments: [
            "", "hunter2", "$", "$$", "$$$", "$6$", "$6$salt$", "$6$salt$short",
            "$6$$" + String(repeating: "a", count: 86),
            "[crypt(3) hash]", "abcdefghijklm", "$9$salt$" + String(repeating: "a", count: 86), "!hunter2", "é",
            "$6$salt$" + String(repeating: "a", count: 85) + " ", "$6$sa lt$" + String(repeating: "a", count: 86),
        ])
    func isNoHash(text: String) { #expect(!CryptedPassword.isOne(text)) }

    @Test("nothing prints a value or a comment")
    func silent() throws {
        let file = try preseed(
            "# hunter2", "d-i passwd/root-password password hunter2", "d-i passwd/user-password boolean hunter2",
            "d-i preseed/late_command string echo root:hunter2 | chpasswd", "d-i netcfg/wireless_wpa boolean hunter2")
        var text = "\(file) \(String(reflecting: file)) \(file.entries) \(file.passwords)"
        dump(file, to: &text)
        dump(file.entries, to: &text)
        let nothing = try QuestionCatalogue(parsing: "", file: "questions")
        for catalogue in [try shippedCatalogue(), nothing] {
            dump(file.problems(against: catalogue, release: "bookworm"), to: &text)
        }
        #expect(text.contains("guest.cfg"))
        #expect(!text.contains("hunter2"))
    }

    @Test(
        "nor does an error, where a password stands in the wrong place",
        arguments: [
            "d-i passwd/root-password hunter2", "passwd/root-password hunter2", "passwd/root-password password hunter2",
            "d-i passwd/root-password seen hunter2", "d-i passwd/root-password hunter2 \\", "  # hunter2",
        ])
    func silentError(line: String) throws {
        let error = try #require(throws: PreseedError.self) { try preseed(line) }
        var text = "\(error) \(error.hint ?? "")"
        dump(error, to: &text)
        #expect(!text.contains("hunter2"))
    }
}
