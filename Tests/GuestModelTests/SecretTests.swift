import Testing

@testable import GuestModel

@Suite("Secret")
struct SecretTests {
    private struct Holder {
        var name = "x"
        var secret: Secret
    }

    @Test("a secret never prints itself, not even inside of something else")
    func neverPrints() throws {
        let secret = try Secret("hunter2")
        let holder = Holder(secret: secret)
        let choice = PasswordChoice.given(secret)
        var texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), secret.debugDescription,
            "\([secret])", "\(Optional(secret) as Any)", "\(["k": secret])", "\(choice)", String(reflecting: choice),
            "\(holder)", String(reflecting: holder), "\((1, secret))",
        ]
        for value in [secret, [secret], holder, choice, Optional(secret) as Any, ["k": secret]] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            texts.append(dumped)
            var printed = ""
            print(value, to: &printed)
            debugPrint(value, to: &printed)
            texts.append(printed)
        }
        for text in texts { #expect(!text.contains("hunter2"), "a secret was printed") }
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect("\(secret)" == "(secret)")
        #expect(secret.reveal() == "hunter2")
    }

    @Test("a secret cannot be encoded")
    func notEncodable() throws {
        #expect(!(try Secret("x") as Any is any Encodable))
    }

    @Test(
        "what chpasswd cannot take is refused, and not quoted",
        arguments: ["", "hunter2\n", "hun\rter2", "hunter2\0", "hunter2\r\nroot"]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try Secret(text) }
        #expect(!"\(error)".contains("hunter2") && !"\(error)".contains("ter2"))
    }

    @Test("anything else is a password", arguments: ["a", ":", "a:b", " ", "pässwörd", "🔑", "$6$x'\"\\`"])
    func accepts(text: String) throws {
        #expect(try Secret(text).reveal() == text)
    }

    @Test("hash methods", arguments: [("md5", PasswordHash.md5), ("SHA256", .sha256), ("sha512", .sha512)])
    func hashes(text: String, hash: PasswordHash) throws {
        #expect(try PasswordHash(parsing: text) == hash)
    }

    @Test("unknown hash methods are refused", arguments: ["", "sha", "sha2567", "md5 ", "des"])
    func refusesHashes(text: String) throws {
        let error = try #require(throws: ValueError.self) { try PasswordHash(parsing: text) }
        #expect(error.hint?.contains("sha512") == true)
    }
}
