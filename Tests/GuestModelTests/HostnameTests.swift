import Foundation
import Testing

@testable import GuestModel

@Suite("Host name")
struct HostnameTests {
    @Test(
        "names are accepted as they are, and split at the first dot",
        arguments: [
            ("web1", "web1", nil), ("a", "a", nil), ("1a", "1a", nil), ("web1.example.org", "web1", "example.org"),
            ("a-b", "a-b", nil), ("xn--mnchen-3ya.example", "xn--mnchen-3ya", "example"),
            ("3com.example", "3com", "example"),
            ("a.1", "a", "1"), (String(repeating: "a", count: 63), String(repeating: "a", count: 63), nil),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
            ),
        ] as [(String, String, String?)]
    )
    func accepts(text: String, short: String, domain: String?) throws {
        let hostname = try Hostname(text)
        #expect(hostname.name == text && "\(hostname)" == text)
        #expect(hostname.short == short)
        #expect(hostname.domain == domain)
    }

    @Test(
        "what could lead out of a directory or break a file is refused",
        arguments: [
            "", ".", "..", "../x", "a/b", "/", "/etc", "a\\b", "a\0b", "a\nb", "a b", " a", "a ", "a\tb", "a'b", "a\"b",
            "$a", "a;b", "a*", "~", "a:b", "a,b", "a=b", "%s", "a[b]",
        ]
    )
    func refusesPaths(text: String) {
        #expect(throws: ValueError.self) { try Hostname(text) }
    }

    @Test(
        "what is no host name is refused, with the label that is wrong",
        arguments: [
            ("-a", "\"-a\""), ("a-", "\"a-\""), ("-", "\"-\""), ("a.-b", "\"-b\""), ("a..b", "dot"), (".a", "dot"),
            ("a.", "dot"), ("web1.example.", "dot"), ("a_b", "\"a_b\""), ("münchen", "\"münchen\""),
            ("\u{0456}nvalid", "\"\u{0456}nvalid\""), ("a.\u{FF0E}b", "\u{FF0E}"), ("e\u{301}", "e\u{301}"),
            (String(repeating: "a", count: 64), String(repeating: "a", count: 64)),
        ]
    )
    func refuses(text: String, label: String) throws {
        let error = try #require(throws: ValueError.self) { try Hostname(text) }
        #expect(error.message.contains(label))
        #expect(error.hint != nil)
    }

    @Test("a name longer than Linux takes is refused with its length")
    func tooLong() throws {
        let error = try #require(throws: ValueError.self) { try Hostname("a." + String(repeating: "b", count: 63)) }
        #expect(error.message.contains("65"))
        #expect(error.message.contains("64"))
    }

    @Test("a number or an address is no host name", arguments: ["1", "123", "1.2.3.4", "192.0.2.1", "0"])
    func refusesNumbers(text: String) throws {
        let error = try #require(throws: ValueError.self) { try Hostname(text) }
        #expect(error.message.contains("number or an address"))
    }

    @Test("no single byte outside of letters, digits, hyphen and dot gets into a name")
    func everyByte() {
        for scalar in (0...0x2FF).compactMap(Unicode.Scalar.init) {
            let isAllowed = scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(scalar.value))
            let isInner = isAllowed || scalar == "-" || scalar == "."
            #expect(((try? Hostname("a\(scalar)b")) != nil) == isInner, "U+\(String(scalar.value, radix: 16))")
            #expect(((try? Hostname("\(scalar)b")) != nil) == isAllowed, "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test("a name that could not be made cannot be decoded")
    func decoding() throws {
        let hostname = try Hostname("web1.example")
        #expect(try JSONDecoder().decode([Hostname].self, from: JSONEncoder().encode([hostname])) == [hostname])
        #expect(throws: (any Error).self) { try JSONDecoder().decode([Hostname].self, from: Data(#"["../x"]"#.utf8)) }
    }
}
