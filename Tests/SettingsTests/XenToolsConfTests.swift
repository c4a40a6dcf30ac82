import GuestModel
import Testing

@testable import Settings

@Suite("xen-tools.conf")
struct XenToolsConfTests {
    private func values(_ text: String) async throws -> [String: String] {
        let settings = try await XenToolsConf(named(text)).expanded { words in "<\(words.joined(separator: "+"))>\n" }
        return Dictionary(uniqueKeysWithValues: settings.map { ($0.key, $0.value) })
    }

    @Test(
        "lines are read as xen-tools reads them",
        arguments: [
            ("size = 4G", ["size": "4G"]),
            ("size=4G", ["size": "4G"]),
            (" \tsize\t=  4G \t", ["size": "4G"]),
            ("size = 4G       # Root disk", ["size": "4G"]),
            ("mirror = http://mirror.example/#x", ["mirror": "http://mirror.example/"]),
            ("  # size = 4G", [:]),
            ("#size = 4G\n\n   \nswap = 1G", ["swap": "1G"]),
            ("size = 4G\nsize = 5G", ["size": "5G"]),
            ("a = b = c", ["a": "b = c"]),
            ("a==b", ["a": "=b"]),
            ("=a=b", ["a": "b"]),
            ("apt_proxy = ", ["apt_proxy": ""]),
            ("apt_proxy = # none", ["apt_proxy": ""]),
            ("apt_proxy =", [:]),
            ("nothing to see", [:]),
            ("= value", [:]),
            (" = value", [:]),
            ("role-args = --a\\\n --b", ["role-args": "--a --b"]),
            ("a = 1\\\n2\\\n3\nb = 4", ["a": "123", "b": "4"]),
            ("# no\\\nsize = 4G", [:]),
            ("a = b\\", ["a": "b"]),
            ("a = b \\ c", ["a": "b \\ c"]),
            ("a = \"quoted\"", ["a": "\"quoted\""]),
            ("install-method = tar\ngenpass_len = 8", ["install-method": "tar", "genpass_len": "8"]),
            ("a = 1\r\nb = 2\r\n", ["a": "1", "b": "2"]),
            ("\u{FEFF}a = 1", ["a": "1"]),
            ("anything I like = yes", ["anything I like": "yes"]),
            ("kernel = /boot/vmlinuz-`uname -r`", ["kernel": "/boot/vmlinuz-<uname+-r>"]),
            ("initrd = /boot/initrd.img-`uname -r`.x", ["initrd": "/boot/initrd.img-<uname+-r>.x"]),
            ("dist = `xt-guess-suite-and-mirror --suite`", ["dist": "<xt-guess-suite-and-mirror+--suite>"]),
            ("", [:]),
        ]
    )
    func reads(text: String, expected: [String: String]) async throws {
        #expect(try await values(text) == expected)
    }

    @Test("a value knows its file and the line in which it begins")
    func origins() async throws {
        let settings = try await XenToolsConf(named("# head\nrole-args = a\\\nb\nsize = 4X", "/etc/x.conf"))
            .expanded { _ in "" }
        #expect(settings.map(\.origin.line) == [2, 4])
        let error = try #require(throws: SettingsError.self) {
            try settings["size"]?.map { text throws(ValueError) in try ByteSize(parsing: text) }
        }
        #expect(error.description.hasPrefix("/etc/x.conf, line 4: \"4X\""))
        #expect(error.hint != nil)
    }

    @Test("hyphens and underscores are told apart in keys, and become underscores for hooks")
    func keys() async throws {
        let settings = try await XenToolsConf(named("genpass-len = 8\nrole-args = x")).expanded { _ in "" }
        #expect(settings["genpass_len"] == nil)
        #expect(settings["genpass-len"]?.value == "8")
        #expect(settings.map(\.variableName) == ["genpass_len", "role_args"])
    }

    @Test("the later of two files wins")
    func laterFiles() async throws {
        let first = try await XenToolsConf(named("size = 1G\nswap = 1G", "/a")).expanded { _ in "" }
        let second = try await XenToolsConf(named("size = 2G", "/b")).expanded { _ in "" }
        #expect((first + second)["size"]?.value == "2G")
        #expect((first + second)["size"]?.origin.file == "/b")
        #expect((first + second)["swap"]?.value == "1G")
    }

    @Test("ignored lines and repeated keys are reported with their lines, and are not quoted")
    func warnings() throws {
        let conf = try XenToolsConf(named("size = 1G\npassword hunter2\nsize = 2G\nmaxmem =\n", "/etc/x.conf"))
        try #require(conf.warnings.map(\.origin.line) == [2, 3, 4])
        #expect(conf.warnings[0].description.hasPrefix("/etc/x.conf, line 2: "))
        #expect(conf.warnings[1].message.contains("line 1"))
        #expect(!"\(conf.warnings)".contains("hunter2"))
    }

    @Test("comments and blank lines are no reason for a warning")
    func quiet() throws {
        #expect(try XenToolsConf(named("# a\n\n   \n\t# b = c\na = b # c\n")).warnings.isEmpty)
    }

    @Test("an overridden command is not run")
    func overridden() async throws {
        let settings = try await XenToolsConf(named("a = `false`\na = 1")).expanded { words in
            Issue.record("\(words) was run")
            return ""
        }
        #expect(settings["a"]?.value == "1")
    }

    @Test(
        "one line break at the end of the output goes away, others stay",
        arguments: [("x\n", "x"), ("x\n\n", "x\n"), ("", "")]
    )
    func chomps(printed: String, value: String) async throws {
        let settings = try await XenToolsConf(named("a = `cmd`")).expanded { _ in printed }
        #expect(settings["a"]?.value == value)
    }

    @Test("the output of a command is not read again")
    func outputIsLiteral() async throws {
        let settings = try await XenToolsConf(named("a = `cmd`")).expanded { _ in "`rm` # $x" }
        #expect(settings["a"]?.value == "`rm` # $x")
    }

    @Test(
        "a command that needs a shell is refused at its line",
        arguments: [
            "`a | b`", "`a > /tmp/x`", "`echo $HOME`", "`a; b`", "`a && b`", "`ls *`", "`LANG=C date`", "`cat 'x`",
        ]
    )
    func refusesShell(value: String) throws {
        let error = try #require(throws: SettingsError.self) {
            try XenToolsConf(named("# head\nmemory = \(value)", "/etc/x.conf"))
        }
        #expect(error.description.hasPrefix("/etc/x.conf, line 2: "))
        #expect(error.message.contains("\"memory\""))
        #expect(error.hint != nil)
    }

    @Test(
        "backticks that are not one command are refused",
        arguments: ["`", "a`b", "``", "` `", "`a` and `b`", "`a``"]
    )
    func refusesBackticks(value: String) throws {
        let error = try #require(throws: SettingsError.self) { try XenToolsConf(named("\n\na = \(value)")) }
        #expect(error.origin.line == 3)
    }

    @Test("a command that fails is reported with its line, the command and the reason")
    func failingCommand() async throws {
        let conf = try XenToolsConf(named("\nkernel = /boot/`uname -r`", "/etc/x.conf"))
        let error = try await #require(throws: SettingsError.self) {
            try await conf.expanded { _ in throw ValueError("there is no such program", hint: "install it") }
        }
        #expect(error.description.hasPrefix("/etc/x.conf, line 2: "))
        #expect(error.message.contains("uname -r"))
        #expect(error.message.hasSuffix("there is no such program"))
        #expect(error.hint == "install it")
    }
}
