import GuestModel
import SystemPackage
import Testing

@testable import Settings

@Suite("apt sources")
struct AptSourcesTests {
    @Test("a one-line file with everything that one may hold")
    func oneLine() throws {
        let text = """
            # deb http://mirror.example/debian disabled main
            deb http://mirror.example/debian/ bookworm main contrib # a comment
            deb-src http://mirror.example/debian bookworm main
              deb  [ arch=amd64,i386  signed-by=/usr/share/keyrings/k.gpg,/etc/k2.gpg ]  https://x.example/d trixie main
            deb [trusted=yes lang=#x] http://mirror.example/debian sid main
            deb cdrom:[Debian GNU/Linux 12.0.0 _Bookworm_]/ bookworm main
            deb http://flat.example/repo ./
            """
        let read = AptSources([named(text, "/etc/apt/sources.list")])
        #expect(read.warnings.isEmpty)
        try #require(read.sources.map(\.origin.line) == [2, 3, 4, 5, 7])
        let first = try #require(read.sources.first)
        #expect(first.url.text == "http://mirror.example/debian")
        #expect(first.suite == "bookworm")
        #expect(first.components == ["main", "contrib"])
        #expect(!first.isSource && first.isEnabled && !first.isFlat)
        #expect(read.sources[1].isSource)
        #expect(read.sources[2].options.architectures == ["amd64", "i386"])
        #expect(read.sources[2].options.signedBy?.keyrings == ["/usr/share/keyrings/k.gpg", "/etc/k2.gpg"])
        #expect(read.sources[3].options.isUnverified)
        #expect(read.sources[4].isFlat)
    }

    @Test("a deb822 file with everything that one may hold")
    func deb822() throws {
        let text = """
            # Comment
            Types: deb deb-src
            URIs: http://a.example/debian
                  http://b.example/debian/
            # between the lines
            Suites: bookworm
             bookworm-updates
            Components: main
            \tcontrib
            signed-by: /usr/share/keyrings/debian-archive-keyring.gpg

            Enabled: no
            Types: deb
            URIs: http://c.example/debian
            Suites: sid
            Components: main
            Trusted: yes


            Types: deb
            URIs: http://d.example/x
            Suites: ./
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             mDMEY
             -----END PGP PUBLIC KEY BLOCK-----
            """
        let read = AptSources([named(text, "/etc/apt/sources.list.d/x.sources")])
        #expect(read.warnings.isEmpty)
        try #require(read.sources.count == 10)
        #expect(read.sources.prefix(8).allSatisfy { $0.components == ["main", "contrib"] && $0.isEnabled })
        #expect(read.sources.prefix(8).filter(\.isSource).count == 4)
        #expect(Set(read.sources.prefix(8).map(\.url.text)) == ["http://a.example/debian", "http://b.example/debian"])
        #expect(Set(read.sources.prefix(8).map(\.suite)) == ["bookworm", "bookworm-updates"])
        #expect(read.sources[0].options.signedBy?.keyrings == ["/usr/share/keyrings/debian-archive-keyring.gpg"])
        #expect(read.sources[0].origin.line == 3)
        #expect(!read.sources[8].isEnabled && read.sources[8].options.isUnverified)
        #expect(read.sources[9].isFlat)
        #expect(
            read.sources[9].options.signedBy?.embeddedKey == """
                -----BEGIN PGP PUBLIC KEY BLOCK-----

                mDMEY
                -----END PGP PUBLIC KEY BLOCK-----
                """
        )
    }

    @Test(
        "what apt would refuse is reported with its line and left out, and secrets in it are not quoted",
        arguments: [
            ("a.list", 1, "deb"), ("a.list", 1, "deb http://u:hunter2@x.example/debian"), ("a.list", 1, "bed x y z"),
            ("a.list", 1, "deb [arch=amd64 http://x.example/debian sid main"), ("a.list", 1, "deb nonsense sid main"),
            ("a.list", 1, "deb http://u:hun\"ter2@x.example/debian sid main"),
            ("a.list", 2, "\ndeb http://x.example/debian sid"),
            ("a.sources", 1, "Types: deb\nURIs: http://u:hunter2@x.example\nComponents: main\n"),
            ("a.sources", 1, "hunter2\n"), ("a.sources", 1, " hunter2\n"),
            ("a.sources", 2, "Types: deb\nURIs: hunter2\nSuites: sid\nComponents: main\n"),
            ("a.sources", 2, "Types: deb\nURIs: http://u:hunter2@x.example\nSuites: sid\n"),
            ("a.sources", 1, "Types: rpm\nURIs: http://u:hunter2@x.example\nSuites: sid\nComponents: main\n"),
        ]
    )
    func refuses(file: String, line: Int, text: String) throws {
        let read = AptSources([named(text, file)])
        #expect(read.sources.isEmpty)
        #expect(read.warnings.map(\.origin.line) == [line])
        #expect(!"\(read.warnings)".contains("hunter2"))
    }

    @Test("Windows line ends and a missing one at the end do no harm", arguments: ["a.list", "a.sources"])
    func lineEnds(file: String) {
        let text =
            file == "a.list"
            ? "deb http://x.example/debian sid main\r\ndeb http://x.example/debian sid main"
            : "Types: deb\r\nURIs: http://x.example/debian\r\nSuites: sid sid\r\nComponents: main"
        let read = AptSources([named(text, file)])
        #expect(read.sources.map(\.components) == [["main"], ["main"]])
        #expect(read.sources.map(\.suite) == ["sid", "sid"])
    }
}

@Suite("Address of a mirror")
struct MirrorURLTests {
    @Test(
        "credentials are never printed",
        arguments: [
            ("http://user:hunter2@x.example/debian", "http://***@x.example/debian"),
            ("https://hunter2@x.example", "https://***@x.example"),
            ("http://user:hunter2@x.example:8080/a@b", "http://***@x.example:8080/a@b"),
        ]
    )
    func credentials(text: String, shown: String) throws {
        let url = try MirrorURL(parsing: text)
        var dumped = ""
        dump(url, to: &dumped)
        #expect(url.redacted == shown)
        for printed in ["\(url)", String(reflecting: url), String(describing: [url]), dumped] {
            #expect(!printed.contains("hunter2"))
        }
        #expect(url.text == text)
    }

    @Test(
        "a text that is no address is redacted, too",
        arguments: [
            ("http://u:hun/ter2@x.example/", "http://***@x.example/"), ("no address", "no address"),
            ("http://x.example:80/a@b", "http://x.example:80/a@b"), ("u:p@x", "u:p@x"),
        ]
    )
    func redactsAnything(text: String, shown: String) {
        #expect(MirrorURL.redacted(text) == shown)
    }

    @Test(
        "addresses are accepted, without the slash at their end",
        arguments: [
            ("http://x.example/debian/", "http://x.example/debian"), ("HTTP://x.example", "HTTP://x.example"),
            ("http://x.example/", "http://x.example"), ("file:/srv/debian/", "file:/srv/debian"), ("file:/", "file:/"),
            ("http://[::1]/debian", nil), ("file:///srv", "file:///srv"),
        ] as [(String, String?)]
    )
    func accepts(text: String, url: String?) throws {
        if let url {
            #expect(try MirrorURL(parsing: text).text == url)
        } else {
            #expect(throws: ValueError.self) { try MirrorURL(parsing: text) }
        }
    }

    @Test(
        "what is no address is refused, without its credentials in the message",
        arguments: [
            "", "mirror", "http:", "http://", "http:///debian", "http://u:hunter2@/debian", "://x", "http//x.example",
            "http://u:hunter2@x.example/a b", "http://u:hunter2@x.example/\u{7F}", "http://u:hunter2@x.exämple/",
            "http://u:hunter2@x.example/'x'", "file:relative", "http://:80/debian", "http://x.example/\n",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: ValueError.self) { try MirrorURL(parsing: text) }
        #expect(!error.message.contains("hunter2"))
        #expect(error.hint != nil)
    }
}
