import TestSupport
import Testing
import XenConfig

/// Texts that break careless writers of configurations.
let hostileTexts = [
    "it's", "say \"hi\"", "back\\slash", "\\n", "\\x41", "line\nbreak", "tab\there", "cr\rhere", "# comment", "a;b",
    "[x]",
    "${HOME}", "$(reboot)", "{{name}}", "{{{name}}}", "{{!", "}}", "'''", "\"\"\"", "\\", "\\\\", "Grüße", "日本", "👩‍🚀",
    "e\u{301}",
    "\"\u{301}", " leading", "trailing ", "a=b,c=d", "&amp;<>", "%s", "\u{07}\u{08}\u{0B}\u{0C}", "",
]

@Suite("Printing and reading an xl configuration")
struct RoundTripTests {
    private func same(_ left: XenConfigFile, _ right: XenConfigFile) -> Bool {
        left.entries.count == right.entries.count
            && zip(left.entries, right.entries).allSatisfy {
                $0.key == $1.key && $0.operation == $1.operation && same($0.value, $1.value)
            }
    }

    // By bytes: == of String takes two spellings of an accented letter for equal.
    private func same(_ left: XenConfigValue, _ right: XenConfigValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.number(let left), .number(let right)): left == right
        case (.list(let left), .list(let right)):
            left.count == right.count && zip(left, right).allSatisfy { same($0, $1) }
        default: false
        }
    }

    @Test("a hostile text survives as a value and inside lists", arguments: hostileTexts)
    func hostile(text: String) throws {
        let file = XenConfigFile(entries: [
            .init("a", .set, .string(text)),
            .init("b", .set, .list([.string(text), .list([.string(text)]), .number("1")])),
        ])
        #expect(same(try XenConfigFile(parsing: file.text()), file))
    }

    @Test("a printed configuration looks like one that a person wrote")
    func looks() throws {
        let file = XenConfigFile(entries: [
            .init("name", .set, .string("web1")), .init("memory", .set, .number("512")),
            .init("disk", .set, .list([.string("a"), .list([.number("1"), .number("2")])])),
            .init("vif", .set, .list([])),
            .init("extra", .add, .string(" quiet")),
        ])
        #expect(
            try file.text() == """
                name = "web1"
                memory = 512
                disk = [
                    "a",
                    [1, 2],
                ]
                vif = []
                extra += " quiet"

                """
        )
    }

    @Test("any configuration that can be printed reads back the same", arguments: 0..<8 as Range<UInt64>)
    func generated(seed: UInt64) throws {
        var random = Seeded(state: seed)
        func value(_ depth: Int) -> XenConfigValue {
            switch Int.random(in: 0..<(depth > 3 ? 2 : 3), using: &random) {
            case 0:
                let scalars = (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in
                    Unicode.Scalar(UInt32.random(in: 1...0x2FFF, using: &random))
                }
                return .string(String(String.UnicodeScalarView(scalars)))
            case 1: return .number(String(Int.random(in: 0...99_999, using: &random), radix: 10))
            default: return .list((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth + 1) })
            }
        }
        for _ in 0..<200 {
            // Distinct keys, since += must fit what is there.
            let file = XenConfigFile(
                entries: (0..<6).map { index in
                    .init("k\(index)", Bool.random(using: &random) ? .set : .add, value(0))
                }
            )
            #expect(same(try XenConfigFile(parsing: file.text()), file))
        }
    }

    @Test(
        "no text makes the readers crash, and what they accept reads back the same",
        arguments: 0..<8 as Range<UInt64>
    )
    func fuzz(seed: UInt64) throws {
        var random = Seeded(state: seed &+ 1000)
        let pieces = [
            "a", "disk", "=", "+=", "[", "]", ",", ";", "\n", " ", "\t", "#", "'", "\"", "\\", "\\n", "x", "0", "1",
            "0x1f", "é", "\u{301}",
            "\r", "\0", "\u{7F}", "True", "name='x'\n", "b=[1]\n", "target=", "vdev=xvda", "raw", "file:", "phy:/",
            ":cdrom", "/p", "mac=",
            "ip=1 2", "trusted",
        ]
        var accepted = 0
        for _ in 0..<4000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...14, using: &random) {
                text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            _ = VifSpec(parsing: text).text
            do { _ = try DiskSpec(parsing: text) } catch { #expect(error.message.hasPrefix("the disk")) }
            guard let file = try? XenConfigFile(parsing: text) else { continue }
            accepted += 1
            #expect(same(try XenConfigFile(parsing: file.text()), file))
            _ = GuestSummary(from: file)
        }
        #expect(accepted > 20)
    }

    @Test("bytes that are no UTF-8 at all do not make the reader crash")
    func bytes() {
        var random = Seeded(state: 7)
        for _ in 0..<2000 {
            let bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? XenConfigFile(parsing: "a='" + String(decoding: bytes, as: UTF8.self))
        }
    }
}
