import GuestModel
import Testing
import XenConfig

@Suite("The xl configuration's grammar")
struct XenConfigFileTests {
    @Test(
        "values are read as xl reads them",
        arguments: [
            (#"a = "x""#, .string("x")), ("a='x'", .string("x")), (#"a="it's""#, .string("it's")),
            (#"a='say "hi"'"#, .string("say \"hi\"")),
            (#"a = "\"\'\\\a\b\f\n\r\t\v""#, .string("\"'\\\u{07}\u{08}\u{0C}\n\r\t\u{0B}")),
            ("a = 512", .number("512")), ("a=0x1f", .number("0x1f")), ("a=010", .number("010")),
            ("a=\"# no comment; ${x} {{y}}\"", .string("# no comment; ${x} {{y}}")),
            ("a=\"Grüße 👩‍🚀\"", .string("Grüße 👩‍🚀")),
            ("a=\"tab\there\"", .string("tab\there")), ("a=\"\u{01}\"", .string("\u{01}")), ("a=''", .string("")),
            ("a=[]", .list([])), ("a=[ ]", .list([])), ("a=[\n]", .list([])), ("a=[1]", .list([.number("1")])),
            ("a=[1,]", .list([.number("1")])),
            ("a=['x',2,\n 'y' , # why\n\n]", .list([.string("x"), .number("2"), .string("y")])),
            (
                "a=[[1,'x'],[],[[2]]]",
                .list([.list([.number("1"), .string("x")]), .list([]), .list([.list([.number("2")])])])
            ),
            ("a=1;", .number("1")), ("\n\n;;a=1\n;", .number("1")), ("# c\na=1 # d\n", .number("1")),
            ("\ta\t=\t1", .number("1")),
        ] as [(String, XenConfigValue)]
    )
    func values(text: String, value: XenConfigValue) throws {
        let file = try XenConfigFile(parsing: text)
        #expect(file.entries.count == 1)
        #expect(file["a"] == value)
    }

    @Test("keys hold letters, digits, dots and underscores; lines and semicolons separate assignments")
    func keys() throws {
        let file = try XenConfigFile(parsing: "a.b_1 = 1; c=2\nd=3;\n")
        #expect(file.entries.map(\.key) == ["a.b_1", "c", "d"])
        #expect(file.entries.map(\.position.description) == ["1:1", "1:12", "2:1"])
    }

    @Test("an empty text is an empty configuration", arguments: ["", "\n", " ", ";", "# nothing\n", "\t\n \n"])
    func empty(text: String) throws {
        #expect(try XenConfigFile(parsing: text).entries.isEmpty)
    }

    @Test(
        "what xl rejects is rejected, with line and column",
        arguments: [
            ("Name = 'x'", "1:1", "\"N\" stands outside quotes"),
            ("a = True", "1:5", "\"T\" stands outside quotes"),
            (
                "a = true", "1:5",
                "the word \"true\" stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            ("a = -1", "1:5", "\"-\" stands outside quotes"),
            ("a = 1.5", "1:6", "\".\" stands outside quotes"),
            ("a = 1\nb = 'x' + 'y'", "2:9", "\"+\" stands outside quotes"),
            ("import os, re\n", "1:8", "the word \"os\" stands where there should be = behind \"import\""),
            (
                "a = os.getpid()", "1:5",
                "the word \"os.getpid\" stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            ("a = ('x')", "1:5", "\"(\" stands outside quotes"),
            ("def f(x):\n", "1:5", "the word \"f\" stands where there should be = behind \"def\""),
            ("a = 1\r\nb = 2\r\n", "1:6", "a carriage return, which xl takes for an error"),
            ("a = 1\n# end", "2:1", "a comment at the very end has no line break, at which xl fails"),
            ("a = \"x\nb = 1", "1:5", "a string does not end on the line where it begins"),
            ("a = \"x", "1:5", "a string does not end"),
            ("a = 'x\\", "1:5", "a string does not end"),
            ("é = 1", "1:1", "a character that is not ASCII stands outside quotes"),
            (
                "a = \"é\" x", "1:9",
                "the word \"x\" stands where there should be the end of the line behind the value of \"a\""
            ),
            ("a = 512M\n", "1:8", "\"M\" stands outside quotes"),
            (
                "a = 512m", "1:8",
                "the word \"m\" stands where there should be the end of the line behind the value of \"a\""
            ),
            (
                "a = 1 b = 2", "1:7",
                "the word \"b\" stands where there should be the end of the line behind the value of \"a\""
            ),
            (
                "a =\n1", "1:4",
                "the end of the line stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            ("a\n= 1", "1:2", "the end of the line stands where there should be = behind \"a\""),
            (
                "a = [1 2]", "1:8",
                "the number 2 stands where there should be a comma or a closing bracket behind an item of the list"
            ),
            (
                "a = [1,,2]", "1:8",
                "a comma stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            (
                "a = [,]", "1:6",
                "a comma stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            (
                "a = [1\nb = 2\n", "2:1",
                "the word \"b\" stands where there should be a comma or a closing bracket behind an item of the list"
            ),
            (
                "a = [", "1:6",
                "the end of the text stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            (
                "a = ", "1:5",
                "the end of the text stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            (
                "a == 1", "1:4",
                "= stands where there should be a value: a quoted string, a number or a list in brackets"
            ),
            ("a = {}", "1:5", "\"{\" stands outside quotes"),
            ("1 = a", "1:1", "the number 1 stands where there should be a key"),
            ("'a' = 1", "1:1", "a string stands where there should be a key"),
            ("_a = 1", "1:1", "\"_\" stands outside quotes"),
            ("a = \"\\x41\"", "1:6", "a hexadecimal escape, which xl cannot read"),
            ("a = \"\\1\"", "1:6", "a numeric escape of one digit, which xl refuses"),
            ("a = \"\\d\"", "1:6", "a backslash before a character that has no escape"),
            ("a = \"\\8\"", "1:6", "a backslash before a character that has no escape"),
            ("a = \"x\\\ny\"", "1:5", "a line break cannot be escaped"),
            ("a = \"\0\"", "1:6", "a string holds a NUL, at which xl crashes"),
            ("a = 1 \0 ", "1:7", "the text holds a NUL"),
            ("a = 1\u{0C}\n", "1:6", "a control character stands outside quotes"),
            ("a = [1]\na += 'x'", "2:1", "\"a\" is a list, to which only a list can be added"),
            ("a = 'x'\na += [1]", "2:1", "\"a\" is a single value, to which no list can be added"),
        ]
    )
    func rejected(text: String, position: String, message: String) throws {
        let error = try #require(throws: XenConfigError.self) { try XenConfigFile(parsing: text, file: "g.cfg") }
        #expect(error.message == message)
        #expect(error.position?.description == position)
        #expect(error.description == "g.cfg:\(position): \(message)")
    }

    @Test(
        "what xl reads in another way than it must have been meant is read so, and told",
        arguments: [
            ("a = 'x\\101y'", "xy", "1:7: a numeric escape, which xl misreads: it drops the character"),
            ("a = 'x\\0 +5y'", "xy", "1:7: a numeric escape, which xl misreads: it drops the character"),
            ("a = 512M", "512", "1:8: the last character stands where xl overlooks it"),
            ("a = 'x'\n#", "x", "2:1: the last character stands where xl overlooks it"),
        ]
    )
    func oddities(text: String, value: String, oddity: String) throws {
        let file = try XenConfigFile(parsing: text)
        #expect(file["a"]?.text == value)
        #expect(file.oddities.map { "\($0.position?.description ?? ""): \($0.message)" } == [oddity])
    }

    @Test("bytes that are not UTF-8 are repaired, and told")
    func latin() throws {
        let file = try XenConfigFile(parsing: Array("# Gr".utf8) + [0xFC] + Array("n\na = '".utf8) + [0xE9, 0x27])
        #expect(file["a"] == .string("\u{FFFD}"))
        #expect(file.oddities.map(\.message) == ["a string holds bytes that are not UTF-8"])
    }

    @Test(
        "older releases read less",
        arguments: [
            ("a.b = 1\n", XenVersion(4, 2), "1:2", "\".\" stands outside quotes"),
            ("a = 1", XenVersion(4, 2), "1:6", "the last line has no line break, at which xl before 4.3 fails"),
            ("a = [[1]]\n", XenVersion(4, 5), "1:6", "a list inside a list, which xl before 4.6 cannot read"),
            ("a += 'x'\n", XenVersion(4, 12), "1:3", "+= is understood by Xen 4.13 and later only"),
        ]
    )
    func releases(text: String, last: XenVersion, position: String, message: String) throws {
        let error = try #require(throws: XenConfigError.self) { try XenConfigFile(parsing: text, for: last) }
        #expect(error.message == message)
        #expect(error.position?.description == position)
        #expect(try XenConfigFile(parsing: text, for: XenVersion(4, last.minor + 1)).entries.count == 1)
    }

    @Test("before 4.7 a backslash before a character without an escape is dropped with it")
    func unknownEscapes() throws {
        let file = try XenConfigFile(parsing: "a = 'rbd:100\\:6789'\n", for: XenVersion(4, 6))
        #expect(file["a"] == .string("rbd:1006789"))
        #expect(file.oddities.map(\.severity) == [.error])
    }

    @Test("Python gets told so, and Windows line ends too")
    func hints() throws {
        let python = try #require(throws: XenConfigError.self) { try XenConfigFile(parsing: "a = 'x' + str(1)") }
        #expect(python.hint?.contains("Python") == true)
        let windows = try #require(throws: XenConfigError.self) { try XenConfigFile(parsing: "a = 1\r\n") }
        #expect(windows.hint?.contains("Windows") == true)
    }

    @Test("lists nested without measure are refused, not followed into the ground")
    func depth() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: XenConfigError.self) { try XenConfigFile(parsing: "a = \(deep)") }
        let fine = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(try XenConfigFile(parsing: "a = \(fine)").entries.count == 1)
        #expect(throws: XenConfigError.self) { try XenConfigFile(parsing: "a = [\(fine)]") }
    }

    @Test("of repeated keys the last one counts, all are kept, and the lost ones are named")
    func repeated() throws {
        let file = try XenConfigFile(parsing: "memory = 1\nname = 'x'\nmemory = 2\n")
        #expect(file["memory"]?.integer == 2)
        #expect(file.entries.count == 3)
        #expect(file.overridden.map(\.key) == ["memory"])
        #expect(file.overridden.first?.positions.map(\.line) == [1])
        #expect(file.position(of: "memory")?.line == 3)
        #expect(file["none"] == nil)
    }

    @Test("+= adds to strings and lists")
    func adding() throws {
        let file = try XenConfigFile(parsing: "d = ['a']\nd += ['b']\ns = 'x'\ns += \"y\"\nn += 'z'\nd += []\n")
        #expect(file["d"] == .list([.string("a"), .string("b")]))
        #expect(file["s"] == .string("xy"))
        #expect(file["n"] == .string("z"))
        #expect(file.overridden.isEmpty)
    }

    @Test(
        "numbers are read by strtol with base 0",
        arguments: [
            ("12", 12), ("0x1f", 31), ("010", 8), ("0", 0), ("-5", -5), ("+5", 5), (" 7", 7), ("08", nil), ("0x", nil),
            ("", nil),
            ("1b", nil), ("12 ", nil), ("+-5", nil), ("512M", nil), ("99999999999999999999", nil), ("1.5", nil),
        ] as [(String, Int?)]
    )
    func numbers(text: String, number: Int?) {
        #expect(XenConfigValue.string(text).integer == number)
    }

    @Test("what is no key, number or string cannot be printed")
    func unprintable() {
        for entry in [
            XenConfigFile.Entry("Name", .set, .string("x")), .init("", .set, .string("x")),
            .init("a b", .set, .string("x")),
            .init("a", .set, .number("-1")), .init("a", .set, .number("")), .init("a", .set, .list([.string("\0")])),
        ] {
            #expect(throws: XenConfigError.self) { try XenConfigFile(entries: [entry]).text() }
        }
    }
}
