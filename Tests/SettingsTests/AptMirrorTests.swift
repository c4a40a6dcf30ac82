import GuestModel
import SystemPackage
import Testing

@testable import Settings

@Suite("The host's own mirror")
struct AptMirrorTests {
    private static let today = day("2026-02-01")

    private func mirror(
        _ text: String,
        for name: String,
        _ architecture: Architecture = .amd64,
        file: String = "a.list"
    ) throws -> AptMirror? {
        AptSources([named(text, file)]).mirror(
            for: try release(name),
            architecture: architecture,
            known: sampleInfo,
            today: Self.today
        )
    }

    static let trixie = """
        Types: deb
        URIs: http://mirror.example/debian/
        Suites: trixie trixie-updates
        Components: contrib main
        Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

        Types: deb
        URIs: http://sec.example/debian-security
        Suites: trixie-security
        Components: main
        Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
        """

    @Test(
        "a stock Debian host in deb822 style serves all live releases of Debian",
        arguments: ["trixie", "bookworm", "sid"]
    )
    func stockDebian(name: String) throws {
        let mirror = try #require(try mirror(Self.trixie, for: name, file: "debian.sources"))
        #expect(mirror.url.text == "http://mirror.example/debian")
        #expect(mirror.keyring == "/usr/share/keyrings/debian-archive-keyring.pgp")
        #expect(mirror.components == ["main", "contrib"])
        #expect(mirror.security?.text == "http://sec.example/debian-security")
        #expect(mirror.release.codename == "trixie")
        #expect(mirror.origin == Origin(file: "debian.sources", line: 2))
    }

    @Test("it serves neither archived releases nor another distribution", arguments: ["wheezy", "noble"])
    func notServed(name: String) throws {
        #expect(try mirror(Self.trixie, for: name, file: "debian.sources") == nil)
    }

    @Test(
        "the entry of the very release goes first, then the first in the list",
        arguments: [
            ("bookworm", "http://b.example/debian"), ("trixie", "http://c.example/debian"),
            ("sid", "http://a.example/debian"), ("stable", "http://c.example/debian"),
        ]
    )
    func preference(name: String, expected: String) throws {
        let text = """
            deb http://a.example/debian testing main
            deb http://b.example/debian bookworm main
            deb http://c.example/debian stable main
            """
        #expect(try mirror(text, for: name)?.url.text == expected)
    }

    @Test("an archived release takes a mirror that names it")
    func archivedByName() throws {
        let text = "deb http://a.example/debian trixie main\ndeb http://old.example/debian wheezy main"
        #expect(try mirror(text, for: "wheezy")?.url.text == "http://old.example/debian")
        #expect(try mirror(text, for: "squeeze") == nil)
    }

    @Test(
        "what is not Debian's main archive is passed over",
        arguments: [
            "deb http://dl.example/chrome/deb stable main",
            "deb [signed-by=/usr/share/keyrings/google.gpg] http://dl.example/chrome/deb stable main",
            "deb [signed-by=/etc/apt/keyrings/docker.asc] http://download.example/linux/debian trixie stable",
            "deb [signed-by=/etc/apt/keyrings/vendor.gpg] http://packages.example/debian trixie main",
            "deb http://packages.example/user/repo/debian trixie main",
            "deb http://apt.example/pub/repos/apt trixie-pgdg main",
            "deb http://cloud.example/apt cloud-sdk-bookworm main", "deb http://node.example/node_20.x nodistro main",
            "deb http://mirror.example/debian trixie-backports main",
            "deb http://mirror.example/debian experimental main",
            "deb http://mirror.example/debian trixie contrib", "deb-src http://mirror.example/debian trixie main",
            "deb [trusted=yes] http://mirror.example/debian trixie main",
            "deb [allow-insecure=yes] http://mirror.example/debian trixie main",
            "deb [arch=arm64] http://mirror.example/debian trixie main",
            "deb cdrom:[Debian]/ trixie main", "deb tor+http://mirror.example/debian trixie main",
            "deb mirror+file:/etc/apt/mirrors.txt trixie main", "# deb http://mirror.example/debian trixie main",
            "deb http://mirror.example/debian ./", "deb http://mirror.example/ubuntu trixie main",
        ]
    )
    func passedOver(line: String) throws {
        #expect(try mirror(line, for: "trixie") == nil)
    }

    @Test(
        "what is Debian's main archive is found, wherever it is",
        arguments: [
            "deb http://mirror.example/debian trixie main", "deb http://mirror.example/pub/debian/ trixie main contrib",
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://x.example/remote trixie main",
            "deb http://x.example/remote trixie main\ndeb http://x.example/remote trixie-updates main",
            "deb [signed-by=/k] http://x.example trixie main\ndeb [signed-by=/k] http://x.example trixie-updates main",
            "deb [arch=amd64] http://mirror.example/debian trixie main", "deb file:/srv/debian trixie main",
            "deb http://dl.example/deb stable main\ndeb http://mirror.example/debian bookworm main",
        ]
    )
    func found(lines: String) throws {
        let mirror = try #require(try mirror(lines, for: "trixie"))
        #expect(!mirror.url.text.contains("dl.example"))
    }

    @Test("a local archive serves only the release that it names")
    func local() throws {
        #expect(try mirror("deb file:/srv/debian trixie main", for: "bookworm") == nil)
        #expect(try mirror("deb file:/srv/debian trixie main", for: "trixie") != nil)
    }

    @Test("a PPA does not become the mirror of an Ubuntu host, in whatever order")
    func personalArchive() throws {
        let ppa = "deb http://ppa.example/user/ppa/ubuntu noble main"
        let main =
            "deb http://mirror.example/ubuntu jammy main universe\ndeb http://mirror.example/ubuntu jammy-updates main"
        #expect(try mirror("\(ppa)\n\(main)", for: "noble")?.url.text == "http://mirror.example/ubuntu")
        #expect(try mirror(ppa, for: "noble") == nil)
    }

    @Test(
        "Ubuntu's ports archive serves arm, the main one does not",
        arguments: [
            (.amd64, "http://x.example/ubuntu"), (.i386, "http://x.example/ubuntu"),
            (.arm64, "http://x.example/ubuntu-ports"), (.armhf, "http://x.example/ubuntu-ports"),
        ] as [(Architecture, String)]
    )
    func ports(architecture: Architecture, expected: String) throws {
        let text = "deb http://x.example/ubuntu noble main\ndeb http://x.example/ubuntu-ports noble main"
        #expect(try mirror(text, for: "noble", architecture)?.url.text == expected)
    }

    @Test("Ubuntu's security suite is found on its mirror, Debian's old one under its old name")
    func security() throws {
        let ubuntu = "deb http://x.example/ubuntu noble main\ndeb http://x.example/ubuntu noble-security main"
        #expect(try mirror(ubuntu, for: "jammy")?.security?.text == "http://x.example/ubuntu")
        let buster = "deb http://x.example/debian buster main\ndeb http://x.example/sec buster/updates main"
        #expect(try mirror(buster, for: "buster")?.security?.text == "http://x.example/sec")
        #expect(try mirror("deb http://x.example/debian trixie main", for: "trixie")?.security == nil)
        let ports = "deb http://x.example/ubuntu-ports noble main\ndeb http://x.example/ubuntu noble-security main"
        #expect(try mirror(ports, for: "noble", .arm64)?.security == nil)
    }

    @Test("a disabled stanza counts for nothing")
    func disabled() throws {
        #expect(try mirror("Enabled: no\n" + Self.trixie, for: "trixie", file: "a.sources") == nil)
    }

    @Test(
        "the host's own release is told, as xt-guess-suite-and-mirror would",
        arguments: [
            ("a.sources", trixie, "trixie"), ("a.list", "deb http://x.example/debian bookworm main", "bookworm"),
            ("a.list", "deb http://dl.example/deb stable main\ndeb http://x.example/ubuntu noble main", "noble"),
            ("a.list", "deb http://x.example/debian stable main", "trixie"), ("a.list", "", nil),
        ] as [(String, String, String?)]
    )
    func host(file: String, text: String, codename: String?) {
        let found = AptSources([named(text, file)]).hostMirror(
            architecture: .amd64,
            known: sampleInfo,
            today: Self.today
        )
        #expect(found?.release.codename == codename)
    }
}

@Suite("mirrors.conf")
struct MirrorsConfTests {
    private func conf(_ text: String) async throws -> MirrorsConf {
        try MirrorsConf(await XenToolsConf(named(text, "/etc/xen-tools/mirrors.conf")).expanded { _ in "" })
    }

    @Test(
        "a user's mirror counts, by distribution, for the archive, or for one release",
        arguments: [
            ("bookworm", "http://d.example/debian"), ("wheezy", "http://da.example/debian"),
            ("noble", "http://u.example/ubuntu"), ("karmic", "http://ua.example/ubuntu"),
            ("sarge", "http://s.example/debian"),
        ]
    )
    func users(name: String, url: String) async throws {
        let conf = try await conf(
            """
            debian         = http://d.example/debian
            debian_archive = http://da.example/debian
            ubuntu         = http://u.example/ubuntu/
            ubuntu_archive = http://ua.example/ubuntu
            sarge          = http://s.example/debian
            """
        )
        #expect(conf.mirror(for: try release(name))?.value.text == url)
    }

    @Test("what xen-tools ships is nobody's choice", arguments: ["bookworm", "wheezy", "noble", "karmic"])
    func shipped(name: String) async throws {
        let conf = try await conf(
            """
            debian =         http://ftp.debian.org/debian
            debian_archive = http://archive.debian.org/debian
            ubuntu =         http://archive.ubuntu.com/ubuntu
            ubuntu_archive = http://old-releases.ubuntu.com/ubuntu
            """
        )
        #expect(conf.mirror(for: try release(name)) == nil)
    }

    @Test("a mirror of a country is a choice")
    func country() async throws {
        let conf = try await conf("debian = http://ftp.de.debian.org/debian")
        #expect(conf.mirror(for: try release("bookworm"))?.value.text == "http://ftp.de.debian.org/debian")
    }

    @Test("a value that is no address is refused at its line")
    func broken() async throws {
        let error = try await #require(throws: SettingsError.self) { try await conf("\ndebian = mirror") }
        #expect(error.description.hasPrefix("/etc/xen-tools/mirrors.conf, line 2: \"mirror\""))
    }
}
