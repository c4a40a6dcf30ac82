import Foundation
import Testing

@testable import GuestModel

@Suite("Byte size")
struct ByteSizeTests {
    @Test(
        "suffixes are powers of 1024, however they are spelled",
        arguments: [
            ("1K", 1024), ("1k", 1024), ("1Kb", 1024), ("1KB", 1024), ("1KiB", 1024), ("512M", 536_870_912),
            ("4G", 4_294_967_296), ("4Gb", 4_294_967_296), ("4GB", 4_294_967_296), ("4GiB", 4_294_967_296),
            ("4gib", 4_294_967_296), ("2T", 2_199_023_255_552), ("0.5K", 512), ("1.5G", 1_610_612_736),
            ("0.000001T", 1_099_511), ("01G", 1_073_741_824), ("8388607T", 9_223_370_937_343_148_032),
            ("8388607.999999T", 9_223_372_036_853_676_296), ("9007199254740991K", 9_223_372_036_854_774_784),
        ] as [(String, Int64)]
    )
    func reads(text: String, bytes: Int64) throws {
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test(
        "what is not a size, or says no unit, is refused and quoted",
        arguments: [
            "", " ", "G", "1", "1B", "1b", "ib", "1ib", "b", "-1G", "+1G", "1 G", " 1G", "1G ", "1.G", ".5G", "1..5G",
            "1.2.3G", "1,5G", "1e3M", "0x1G", "1P", "1GG", "1GBB", "1Gi", "1iB", "١G", "1\u{212A}", "1G\n", "1G\0",
            "NaN", "infG",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try ByteSize(parsing: text) }
        #expect(error.message.contains("\"\(text)\""))
        #expect(error.hint != nil)
    }

    @Test("no space at all is refused", arguments: ["0G", "0.0G", "0K", "0.000001K"])
    func refusesNothing(text: String) throws {
        let error = try #require(throws: ValueError.self) { try ByteSize(parsing: text) }
        #expect(error.message.contains("no space"))
    }

    @Test(
        "what does not fit into 63 bits is refused, not wrapped around",
        arguments: [
            "8388608T", "9007199254740992K", "9223372036854775807K", "9223372036854775808K", "99999999999999999999999G",
        ]
    )
    func refusesOverflow(text: String) throws {
        let error = try #require(throws: ValueError.self) { try ByteSize(parsing: text) }
        #expect(error.message.contains("too large"))
    }

    @Test("more decimals than six are refused", arguments: ["1.1234567G", "1.00000000000000000000000000000000001G"])
    func refusesDecimals(text: String) throws {
        let error = try #require(throws: ValueError.self) { try ByteSize(parsing: text) }
        #expect(error.message.contains("six decimals"))
    }

    @Test("a bare number is mebibytes where it may be one, and nowhere else")
    func bare() throws {
        #expect(try ByteSize(parsing: "512", bare: .mebibytes) == .mebibytes(512))
        #expect(try ByteSize(parsing: "512k", bare: .mebibytes).bytes == 524_288)
        for text in ["512b", "512ib", "", "0", "-1"] {
            #expect(throws: ValueError.self) { try ByteSize(parsing: text, bare: .mebibytes) }
        }
    }

    @Test(
        "a size prints itself exactly, and reads itself back",
        arguments: [
            (1, "1B"), (1023, "1023B"), (1024, "1K"), (1_610_612_736, "1536M"), (1_073_741_824, "1G"),
            (1_099_511_627_776, "1T"), (1_073_741_825, "1073741825B"), (Int64.max, "9223372036854775807B"),
        ] as [(Int64, String)]
    )
    func prints(bytes: Int64, text: String) throws {
        #expect(ByteSize(bytes: bytes).description == text)
        if !text.hasSuffix("B") { #expect(try ByteSize(parsing: text).bytes == bytes) }
    }

    @Test(
        "the spelling for people has one decimal",
        arguments: [
            (0, "0B"), (1023, "1023B"), (1536, "1.5K"), (1_503_238_553, "1.3G"), (4_294_967_296, "4G"),
            (Int64.max, "8388607.9T"),
        ] as [(Int64, String)]
    )
    func rounds(bytes: Int64, text: String) {
        #expect(ByteSize(bytes: bytes).rounded == text)
    }

    @Test("every spelling of every unit agrees, whatever the number", arguments: [1, 2, 3, 7, 100, 1023, 1024, 4097])
    func spellings(number: Int) throws {
        for (unit, factor) in [("k", Int64(1) << 10), ("m", 1 << 20), ("g", 1 << 30), ("t", 1 << 40)] {
            for suffix in ["", "b", "B", "ib", "iB"] {
                for text in [
                    "\(number)\(unit)\(suffix)", "\(number)\(unit.uppercased())\(suffix)", "\(number).0\(unit)",
                ] {
                    #expect(try ByteSize(parsing: text).bytes == Int64(number) * factor, "\(text)")
                }
            }
        }
    }

    @Test("a negative size cannot be decoded, either")
    func decoding() throws {
        let size = ByteSize.gibibytes(3)
        #expect(try JSONDecoder().decode(ByteSize.self, from: JSONEncoder().encode(size)) == size)
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(ByteSize.self, from: Data(#"{"bytes":-1}"#.utf8))
        }
    }
}
