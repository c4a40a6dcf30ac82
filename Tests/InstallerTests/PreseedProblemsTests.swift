import Testing

@testable import Installer

@Suite("What is wrong with a preseed file")
struct PreseedProblemsTests {
    private func problems(_ lines: String..., release: String? = "bookworm") throws -> [String] {
        let file = try Preseed(parsing: lines.joined(separator: "\n"), file: "guest.cfg")
        return try file.problems(against: shippedCatalogue(), release: release).map {
            "\($0.severity) \($0)" + ($0.hint.map { " (\($0))" } ?? "")
        }
    }

    @Test("nothing, with what people usually answer", arguments: ["bookworm", "trixie", "forky", nil])
    func usualFile(release: String?) throws {
        #expect(try problems(usual, release: release) == [])
    }

    @Test(
        "one line",
        arguments: [
            (
                "d-i netcfg/get_hostnam string a",
                "warning guest.cfg:1: netcfg/get_hostnam is not a question that debian-installer is known to ask "
                    + "(did you mean netcfg/get_hostname?)"
            ),
            (
                "d-i hostname string a",
                "warning guest.cfg:1: hostname is not a question that debian-installer is known to ask "
                    + "(hostname is a short name for the boot command line; in a file it is netcfg/get_hostname)"
            ),
            (
                "d-i apt-setup/localx/key string a",
                "warning guest.cfg:1: apt-setup/localx/key is not a question that debian-installer is known to ask"
            ),
            (
                "d-i apt-setup/local/key string a",
                "warning guest.cfg:1: apt-setup/local/key is not a question that debian-installer is known to ask"
            ),
            (
                "d-i netcfg/get_hostname boolean true",
                "warning guest.cfg:1: netcfg/get_hostname is of the type string, not boolean "
                    + "(debian-installer goes by its own type, so the value has to be one for it)"
            ),
            (
                "d-i partman/confirm boolean yes",
                "error guest.cfg:1: partman/confirm is true or false, and \"yes\" is neither"
            ),
            (
                "d-i partman/confirm boolean",
                "error guest.cfg:1: partman/confirm is true or false, and \"\" is neither"
            ),
            (
                "d-i partman/mount_style select uid",
                "warning guest.cfg:1: \"uid\" is not among the choices of partman/mount_style "
                    + "(they are traditional, label, uuid)"
            ),
            (
                "d-i apt-setup/services-select multiselect security,update",
                "warning guest.cfg:1: \"update\" is not among the choices of apt-setup/services-select "
                    + "(they are security, updates, backports)"
            ),
            (
                "d-i systemd-boot-installer/skip boolean true",
                "warning guest.cfg:1: systemd-boot-installer/skip is not asked in bookworm, but in trixie"
            ),
            (
                "d-i tasksel/first multiselect standard",
                "warning guest.cfg:1: tasksel/first is asked by tasksel, whom an answer of the owner d-i does not reach "
                    + "(write tasksel in the place of d-i)"
            ),
            (
                "popularity-contest popularity-contest/participate boolean no",
                "error guest.cfg:1: popularity-contest/participate is true or false, and \"no\" is neither"
            ),
            (
                "d-i mirror/http/proxy string http://me:hunter2@proxy.example:3128/",
                "error guest.cfg:1: the value of mirror/http/proxy holds an address with a password in it "
                    + "(remove USER:PASSWORD@: the installer and the installed system keep it where all can read it)"
            ),
        ])
    func one(line: String, expected: String) throws {
        let found = try problems(line)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(expected) == true, "\(found)")
    }

    @Test(
        "not an address with a password",
        arguments: [
            "http://proxy:3128/", "http://me@proxy/", "http://proxy/a:b@c", "http://proxy?a:b@c", "a:b@c", "http://:@c",
            "http://proxy and me:you@there", "://", "http://",
        ])
    func address(value: String) throws {
        #expect(try problems("d-i mirror/http/proxy string \(value)") == [])
    }

    @Test("a package's question that nobody knows, and a release that nobody knows, is left alone")
    func unknown() throws {
        #expect(try problems("nslcd nslcd/ldap-uris boolean ldap://x") == [])
        #expect(try problems("d-i systemd-boot-installer/skip boolean true", release: "hamm") == [])
        #expect(try problems("d-i systemd-boot-installer/skip boolean true", release: nil) == [])
    }

    @Test("an answer that a later one overrides, but not one that is given twice")
    func again() throws {
        #expect(
            try problems(
                "d-i netcfg/get_domain string a", "d-i partman/confirm boolean true", "d-i netcfg/get_domain string b",
                "d-i partman/confirm boolean true")
                == ["warning guest.cfg:3: netcfg/get_domain is answered again; the answer in line 1 does not count"])
    }

    @Test("a flag in front of the answer, which sets it")
    func flag() throws {
        #expect(
            try problems("d-i netcfg/get_domain seen false", "d-i netcfg/get_domain string a") == [
                "warning guest.cfg:1: the flag seen of netcfg/get_domain is without effect, since the answer behind it "
                    + "sets it (move it behind the answer)"
            ])
        #expect(try problems("d-i netcfg/get_domain string a", "d-i netcfg/get_domain seen false") == [])
        #expect(try problems("d-i netcfg/get_domain seen false") == [])
    }

    @Test("a comment that debian-installer takes for a part of a value")
    func comment() throws {
        #expect(
            try problems("d-i preseed/late_command string a; \\", "  # then b \\", "  b") == [
                "warning guest.cfg:2: a # inside a continued line makes no comment: it is a part of the value "
                    + "(put the # into the first column for a comment)"
            ])
    }

    @Test("they come in the order of the file, in one line each, and without a place for what was not in it")
    func order() throws {
        var file = try preseed("d-i passwd/root-password-crypted password x", "d-i partman/confirm boolean a\u{2028}b")
        try file.set(question: "partman/choose_partition", type: .boolean, value: "x")
        let found = try file.problems(against: shippedCatalogue(), release: nil)
        #expect(found.map(\.line) == [1, 2, nil])
        #expect(found[1].message == "partman/confirm is true or false, and \"a\u{FFFD}b\" is neither")
        #expect(found[2].description.hasPrefix("partman/choose_partition is of the type select"))
    }

    @Test("a long value is quoted in part, and a file of nonsense takes no time")
    func nonsense() throws {
        let found = try problems("d-i partman/confirm boolean " + String(repeating: "y", count: 1000))
        #expect(found.count == 1 && found[0].utf8.count < 200)
        let lines = (0..<2000).map { "d-i netcfg/get_hostna\($0) string a" }.joined(separator: "\n")
        #expect(try problems(lines).count == 2000)
    }
}
