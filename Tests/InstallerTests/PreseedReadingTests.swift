import Testing

@testable import Installer

@Suite("A preseed file is read as debian-installer reads it")
struct PreseedReadingTests {
    @Test(
        "one line",
        arguments: [
            ("d-i netcfg/get_hostname string guest", "1: d-i|netcfg/get_hostname|string|guest"),
            ("  d-i\tnetcfg/get_hostname \t string\t guest \t", "1: d-i|netcfg/get_hostname|string|guest"),
            ("d-i preseed/late_command string a  b\tc; d # e", "1: d-i|preseed/late_command|string|a  b\tc; d # e"),
            ("d-i mirror/http/proxy string", "1: d-i|mirror/http/proxy|string|"),
            ("d-i mirror/http/proxy string   ", "1: d-i|mirror/http/proxy|string|"),
            ("d-i netcfg/get_domain seen false", "1: d-i|netcfg/get_domain|seen|false"),
            ("d-i x/y string \\n \\\\ \"a\" 'b' *?[x] $z `q`", "1: d-i|x/y|string|\\n \\\\ \"a\" 'b' *?[x] $z `q`"),
            ("d-i passwd/user-fullname string Jürgen 😀", "1: d-i|passwd/user-fullname|string|Jürgen 😀"),
            ("d-i x/y string a\\ ", "1: d-i|x/y|string|a\\"),
            ("d-i x/y string a\rb\r", "1: d-i|x/y|string|ab"),
            (
                "tasksel tasksel/first multiselect standard, ssh-server",
                "1: tasksel|tasksel/first|multiselect|standard, ssh-server"
            ),
        ])
    func line(text: String, expected: String) throws {
        #expect(shown(try preseed(text)) == [expected])
        #expect(shown(try Preseed(parsing: text, file: "guest.cfg")) == [expected], "without a line end")
        #expect(shown(try Preseed(parsing: text + "\r\n", file: "guest.cfg")) == [expected], "with CRLF")
    }

    @Test("a continued line is joined with one blank, over comments and blank lines, and has the number of its first")
    func continued() throws {
        let file = try preseed(
            "# about", "d-i x/a string one  \\", "", "# between", "   two\\", "\t three", "d-i x/b string \\", "\\",
            "\\", "c",
            "\\", "d-i x/c string a\\\\", "b")
        #expect(
            shown(file) == [
                "2: d-i|x/a|string|one two three", "7: d-i|x/b|string|c", "12: d-i|x/c|string|a\\ b",
            ])
    }

    @Test(
        "an empty file, and one of nothing but comments, has no answers", arguments: ["", "\n", "#", "# a\n\n \t\n#b"])
    func empty(text: String) throws {
        #expect(try Preseed(parsing: text, file: "guest.cfg").entries.isEmpty)
    }

    @Test("the last of several answers counts, whoever its owner")
    func last() throws {
        let file = try preseed("d-i x/a string one", "d-i x/a seen false", "other x/a select two")
        #expect(file["x/a"]?.value == "two")
        #expect(file.entries.count == 3)
        #expect(file["x/b"] == nil)
    }

    @Test(
        "what cannot be read, or would be read as nobody means it, is refused at its line",
        arguments: [
            ("# a\nd-i", "guest.cfg:2: an answer has four parts, of which the question is missing"),
            ("d-i netcfg/get_hostname", "guest.cfg:1: an answer has four parts, of which the type is missing"),
            ("d-i netcfg/get_hostname \t", "guest.cfg:1: an answer has four parts, of which the type is missing"),
            ("d-i netcfg/get_hostname guest", "guest.cfg:1: the third word is not a type of debconf"),
            ("d-i netcfg/get_hostname String guest", "guest.cfg:1: the third word is not a type of debconf"),
            ("d-i x/y seen maybe", "guest.cfg:1: the flag seen of x/y is neither true nor false"),
            ("d-i x/y seen", "guest.cfg:1: the flag seen of x/y is neither true nor false"),
            ("\n  #d-i passwd/root-login boolean true", "guest.cfg:2: a # that does not stand in the first column"),
            ("d-i x/a string b\nd-i x/y string a \\\n\n", "guest.cfg:2: the last line ends with a backslash"),
            ("d-i x/y string a\\", "guest.cfg:1: the last line ends with a backslash"),
            ("d-i x/y string a\0b", "guest.cfg:1: there is the control character U+0000"),
            ("d-i x/y string a\u{0C}b", "guest.cfg:1: there is the control character U+000C"),
            ("d-i x/y string \u{1B}[0m", "guest.cfg:1: there is the control character U+001B"),
            ("# \u{9B}", "guest.cfg:1: there is the control character U+009B"),
            ("\u{FEFF}d-i x/y string a", "guest.cfg:1: it begins with a byte order mark"),
            (
                "d-i x/y string \\\n-n",
                "guest.cfg:2: debian-installer would not take this line as it is, but as an option"
            ),
            (
                "d-i x/y string \\\n/bin/*",
                "guest.cfg:2: debian-installer would not take this line as it is, but as a pattern"
            ),
            (
                "d-i x/y string \\\n[a]",
                "guest.cfg:2: debian-installer would not take this line as it is, but as a pattern"
            ),
            ("d-i netcfg/get_höst string a", "guest.cfg:1: the name of a question is not a word"),
            ("dé-i x/y string a", "guest.cfg:1: the owner is not a word"),
            ("d-i -n string a", "guest.cfg:1: the name of a question is not a word"),
        ])
    func refused(text: String, message: String) throws {
        let error = try #require(throws: PreseedError.self) { try Preseed(parsing: text, file: "guest.cfg") }
        #expect(error.description.hasPrefix(message))
    }

    @Test("a line longer than an argument of a program can be, and a file longer than any, is refused")
    func tooLong() throws {
        let room = PreseedEntry.longest - "d-i preseed/late_command string ".utf8.count
        let long = "d-i preseed/late_command string " + String(repeating: "x", count: room)
        #expect(try preseed(long).entries.count == 1)
        #expect(throws: PreseedError.self) { try preseed(long + "x") }
        #expect(throws: PreseedError.self) { try preseed("d-i preseed/late_command string \\", long) }
        #expect(throws: PreseedError.self) {
            try Preseed(parsing: String(repeating: "#\n", count: 1 << 19) + "#", file: "guest.cfg")
        }
    }
}
