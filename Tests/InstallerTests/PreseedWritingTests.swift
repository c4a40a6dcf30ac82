import Testing

@testable import Installer

@Suite("A preseed file is written so that it is read back as it was")
struct PreseedWritingTests {
    @Test("canonical lines, with the comments of the file in front of their answers")
    func canonical() throws {
        let file = try preseed(
            "# Network  ", "", "  d-i   netcfg/get_hostname\tstring  \\", "# really", "   guest", "", "d-i x/y string",
            "d-i x/z string a\\ ")
        #expect(
            file.rendered() == """
                # Network

                # really
                d-i netcfg/get_hostname string guest

                d-i x/y string
                d-i x/z string a\\\u{20}

                """)
    }

    @Test("the usual file is the same after a second reading, lines apart")
    func usualFile() throws {
        let file = try Preseed(parsing: usual, file: "guest.cfg")
        let again = try Preseed(parsing: file.rendered(), file: "guest.cfg")
        #expect(again.rendered() == file.rendered())
        #expect(again.entries.map(\.rendered) == file.entries.map(\.rendered))
        #expect(file["partman-auto/expert_recipe"]?.value.hasPrefix("boot-root :: 40 50 100 ext4 $primary{ }") == true)
    }

    @Test("an answer takes the place of those that there are, and stands at the end otherwise")
    func set() throws {
        var file = try preseed("d-i x/a string 1", "d-i x/a seen false", "d-i x/a string 2", "# b", "d-i x/b string 3")
        try file.set(question: "x/a", type: .select, value: "  new ")
        try file.set(question: "x/c", type: .boolean, value: "true", owner: "package")
        #expect(
            file.rendered() == """
                d-i x/a seen false
                d-i x/a select new
                # b
                d-i x/b string 3
                package x/c boolean true

                """)
    }

    @Test(
        "an answer that does not fit into a line is refused, and the file stays as it was",
        arguments: [
            ("d-i", "x/a", "a\nd-i passwd/root-login boolean true"), ("d-i", "x/a", "a\r"), ("d-i", "x/a", "\0"),
            ("d-i", "x a", ""), ("d-i", "", ""), ("d i", "x/a", ""), ("#", "x/a", ""), ("d-i", "x/a\n", ""),
            ("d-i", "x/a", String(repeating: "x", count: 1 << 17)),
        ])
    func unfit(owner: String, question: String, value: String) throws {
        var file = try preseed("d-i x/a string 1")
        #expect(throws: PreseedError.self) {
            try file.set(question: question, type: .string, value: value, owner: owner)
        }
        #expect(shown(file) == ["1: d-i|x/a|string|1"])
    }

    @Test(
        "an answer of the command line has the catalogue's type and owner, by the question's name or its short one",
        arguments: [
            ("hostname=guest", "d-i netcfg/get_hostname string guest"),
            ("domain=", "d-i netcfg/get_domain string"),
            ("locale=de_DE.UTF-8", "d-i debian-installer/locale select de_DE.UTF-8"),
            ("keymap=de", "d-i keyboard-configuration/xkb-keymap select de"),
            ("url=http://a/b?c=d", "d-i preseed/url string http://a/b?c=d"),
            ("interface=auto", "d-i netcfg/choose_interface select auto"),
            ("tasks=standard", "tasksel tasksel/first multiselect standard"),
            ("partman/confirm=true", "d-i partman/confirm boolean true"),
            ("popularity-contest/participate=true", "popularity-contest popularity-contest/participate boolean true"),
            ("apt-setup/local3/source=true", "d-i apt-setup/local3/source boolean true"),
            ("mine/own=x", "package mine/own note x"),
            ("other/own=x", "d-i other/own string x"),
            ("postfix:postfix/own=a:b?=c", "postfix postfix/own string a:b?=c"),
            ("d-i:mine/own=x", "d-i mine/own note x"),
            ("hostname?=guest", "d-i netcfg/get_hostname string guest"),
            ("hostname?=guest", "d-i netcfg/get_hostname seen false"),
            ("postfix:postfix/own?=x", "postfix postfix/own seen false"),
        ])
    func override(assignment: String, expected: String) throws {
        var file = try preseed("package mine/own note y")
        try file.override(assignment, catalogue: shippedCatalogue())
        #expect(file.rendered().split(separator: "\n").contains { $0 == expected }, "\(file.rendered())")
    }

    @Test(
        "an answer of the command line that is none, or is a password, is refused",
        arguments: [
            ("hostname", "QUESTION=VALUE"), ("=x", "not a word"), (":a/b=x", "not a word"), ("?=x", "not a word"),
            ("hostnam=x", "neither a question nor a short name"),
            ("passwd/root-password=hunter2", "everybody"), ("network-console/password=hunter2", "everybody"),
            ("netcfg/get_hostname=a\nb", "control character"),
        ])
    func refusedOverride(assignment: String, message: String) throws {
        let catalogue = try shippedCatalogue()
        var file = try preseed("d-i x/a string 1")
        let error = try #require(throws: PreseedError.self) { try file.override(assignment, catalogue: catalogue) }
        #expect(error.message.contains(message))
        #expect(!"\(error)\(error.hint ?? "")".contains("hunter2"))
        #expect(shown(file) == ["1: d-i|x/a|string|1"])
    }

    @Test("a mistyped short name is guessed")
    func guess() throws {
        let catalogue = try shippedCatalogue()
        var file = try preseed("")
        let error = try #require(throws: PreseedError.self) { try file.override("hostnam=x", catalogue: catalogue) }
        #expect(error.hint == "did you mean hostname?")
    }
}
