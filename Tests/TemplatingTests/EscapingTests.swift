import Templating
import Testing

@Suite("Escaping")
struct EscapingTests {
    @Test(
        "an xl string escapes what libxlu would take for its end or its own escapes, and nothing else",
        arguments: [
            ("plain", "plain"), ("it's", #"it\'s"#), (#"say "hi""#, #"say \"hi\""#), (#"C:\x41"#, #"C:\\x41"#),
            ("a\nb", #"a\nb"#), ("\u{07}\u{08}\t\u{0B}\u{0C}\r", #"\a\b\t\v\f\r"#), ("#;[],", "#;[],"),
            ("${HOME} {{name}} &amp; <>", "${HOME} {{name}} &amp; <>"), ("Grüße 日本 👩‍🚀", "Grüße 日本 👩‍🚀"), ("", ""),
        ]
    )
    func xlStrings(text: String, escaped: String) {
        #expect(Escaping.xl.escape(text) == escaped)
        #expect(Escaping.xl.offence(in: text) == nil)
    }

    @Test("a quote with a combining accent is still a quote")
    func combiningAccent() {
        #expect(Escaping.xl.escape("\"\u{301}").unicodeScalars.elementsEqual("\\\"\u{301}".unicodeScalars))
        #expect(Escaping.shell.escape("'\u{301}").unicodeScalars.elementsEqual("''\\''\u{301}'".unicodeScalars))
    }

    @Test(
        "a shell word is quoted where it must be",
        arguments: [
            ("web1.example.org", "web1.example.org"), ("", "''"), ("two words", "'two words'"), ("it's", #"'it'\''s'"#),
            ("$(reboot)", "'$(reboot)'"), ("`id`", "'`id`'"), ("~root", "'~root'"), ("a=b", "'a=b'"),
            ("a\nb", "'a\nb'"),
            ("*", "'*'"), ("é", "'é'"), ("\\", #"'\'"#), ("-n", "-n"),
        ]
    )
    func shellWords(text: String, word: String) {
        #expect(Escaping.shell.escape(text) == word)
    }

    @Test("plain text stays as it is", arguments: ["<a href=\"x\">&'", "a\tb\n", "{{name}}"])
    func plain(text: String) {
        #expect(Escaping.plain.escape(text) == text)
        #expect(Escaping.plain.offence(in: text) == nil)
    }

    @Test(
        "characters that the format cannot express are named",
        arguments: [
            (Escaping.xl, "a\0", "\0"), (.xl, "\u{1B}[0m", "\u{1B}"), (.xl, "\u{7F}", "\u{7F}"), (.shell, "a\0b", "\0"),
            (.plain, "a\rb", "\r"), (.plain, "\0", "\0"),
        ] as [(Escaping, String, Unicode.Scalar)]
    )
    func offences(escaping: Escaping, text: String, scalar: Unicode.Scalar) {
        #expect(escaping.offence(in: text) == scalar)
    }
}
