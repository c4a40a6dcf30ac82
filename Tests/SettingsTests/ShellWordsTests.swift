import GuestModel
import Testing

@testable import Settings

@Suite("Words of a command line")
struct ShellWordsTests {
    static let accepted: [(line: String, words: [String])] = [
        ("", []),
        ("   \t ", []),
        ("uname -r", ["uname", "-r"]),
        ("  a   b\tc ", ["a", "b", "c"]),
        ("'a b' c", ["a b", "c"]),
        (#""a b" c"#, ["a b", "c"]),
        ("a' 'b", ["a b"]),
        ("''", [""]),
        (#"x "" y"#, ["x", "", "y"]),
        (#"a\ b"#, ["a b"]),
        (#"\\"#, [#"\"#]),
        (#"'\n'"#, [#"\n"#]),
        (#""\n""#, [#"\n"#]),
        (#""\"\\\$\`""#, [#""\$`"#]),
        (#"\'"#, ["'"]),
        (#"'it'\''s'"#, ["it's"]),
        ("'$HOME' '*' '|' ';'", ["$HOME", "*", "|", ";"]),
        (#"\$HOME \* \|"#, ["$HOME", "*", "|"]),
        (#""a|b;c&d<e>f(g)*?[#~""#, ["a|b;c&d<e>f(g)*?[#~"]),
        ("a#b a~b", ["a#b", "a~b"]),
        ("--name=x --list=a,b", ["--name=x", "--list=a,b"]),
        ("grüße 'schöne welt'", ["grüße", "schöne welt"]),
        ("\"two\nlines\" 'and\nmore'", ["two\nlines", "and\nmore"]),
        ("joi\\\nned \"joi\\\nned\"", ["joined", "joined"]),
        ("100% a=b {x} ! ] -", ["100%", "a=b", "{x}", "!", "]", "-"]),
    ]

    @Test("a line is split as POSIX quoting says", arguments: accepted)
    func splits(line: String, words: [String]) throws {
        #expect(try ShellWords.split(line) == words)
    }

    @Test(
        "a real shell finds the same words",
        .enabled(if: exists("/bin/sh"), "there is no /bin/sh"),
        arguments: accepted
    )
    func agreesWithShell(line: String, words: [String]) throws {
        let printed = try output(of: "/bin/sh", ["-c", "for w in \(line)\ndo printf '%s\\001' \"$w\"; done"])
        #expect(printed == words.map { $0 + "\u{1}" }.joined())
    }

    @Test(
        "what only a shell could do is refused, and the message names the character",
        arguments: [
            ("a | b", "|"), ("a > f", ">"), ("a < f", "<"), ("a; b", ";"), ("a && b", "&"), ("a &", "&"),
            ("echo $HOME", "$"), ("echo \"$HOME\"", "$"), ("echo $(x)", "$"), ("echo `x`", "`"),
            ("echo \"`x`\"", "`"), ("(a)", "("), ("ls *", "*"), ("ls a?", "?"), ("ls [ab]", "["), ("ls ~", "~"),
            ("ls ~root", "~"), ("a # b", "#"), ("a\nb", "line break"), ("a\r\nb", "line break"),
        ]
    )
    func refusesShell(line: String, named: String) throws {
        let error = try #require(throws: ValueError.self) { try ShellWords.split(line) }
        #expect(error.message.contains(named))
        #expect(error.message.contains("shell"))
        #expect(error.hint?.contains("no shell is run") == true)
    }

    @Test("a quote without its end is refused", arguments: ["'a", "\"a", "a\\", "\"a\\", "a 'b\" c"])
    func refusesOpenQuotes(line: String) throws {
        let error = try #require(throws: ValueError.self) { try ShellWords.split(line) }
        #expect(error.hint != nil)
    }

    @Test("a NUL, which no argument can hold, is refused", arguments: ["a\0b", "\"a\0b\""])
    func refusesNUL(line: String) {
        #expect(throws: ValueError.self) { try ShellWords.split(line) }
    }
}
