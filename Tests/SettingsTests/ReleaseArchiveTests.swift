import GuestModel
import SystemPackage
import Testing

@testable import Settings

@Suite("What the archives hold of a release")
struct ReleaseArchiveTests {
    @Test(
        "suites with updates, by release",
        arguments: [
            ("sarge", nil, nil), ("etch", "etch/updates", nil), ("wheezy", "wheezy/updates", nil),
            ("buster", "buster/updates", nil), ("bullseye", "bullseye-security", "bullseye-updates"),
            ("trixie", "trixie-security", "trixie-updates"), ("forky", "forky-security", "forky-updates"),
            ("sid", nil, nil), ("noble", "noble-security", "noble-updates"),
            ("karmic", "karmic-security", "karmic-updates"), ("resolute", "resolute-security", "resolute-updates"),
        ] as [(String, String?, String?)]
    )
    func suites(name: String, security: String?, updates: String?) throws {
        let release = try release(name)
        #expect(release.securitySuite == security)
        #expect(release.defaultSecurity(for: .amd64)?.suite == security)
        #expect(release.updatesSuite == updates)
    }

    @Test(
        "an archived Debian has no suite with updates, a live one from squeeze on has",
        arguments: [
            ("squeeze", "2012-01-01", "squeeze-updates"), ("squeeze", "2017-01-01", nil), ("lenny", "2010-01-01", nil),
            ("buster", "2020-01-01", "buster-updates"),
        ] as [(String, String, String?)]
    )
    func updates(name: String, today: String, suite: String?) throws {
        #expect(try release(name, on: today).updatesSuite == suite)
    }

    @Test(
        "default mirrors, by release and architecture",
        arguments: [
            ("bookworm", .amd64, "http://ftp.debian.org/debian", "http://security.debian.org/debian-security"),
            ("bookworm", .arm64, "http://ftp.debian.org/debian", "http://security.debian.org/debian-security"),
            ("wheezy", .amd64, "http://archive.debian.org/debian", "http://archive.debian.org/debian-security"),
            ("noble", .amd64, "http://archive.ubuntu.com/ubuntu", "http://security.ubuntu.com/ubuntu"),
            ("noble", .arm64, "http://ports.ubuntu.com/ubuntu-ports", "http://ports.ubuntu.com/ubuntu-ports"),
            ("trusty", .armhf, "http://ports.ubuntu.com/ubuntu-ports", "http://ports.ubuntu.com/ubuntu-ports"),
            ("karmic", .i386, "http://old-releases.ubuntu.com/ubuntu", "http://old-releases.ubuntu.com/ubuntu"),
            ("karmic", .armhf, "http://old-releases.ubuntu.com/ubuntu", "http://old-releases.ubuntu.com/ubuntu"),
        ] as [(String, Architecture, String, String)]
    )
    func mirrors(name: String, architecture: Architecture, mirror: String, security: String) throws {
        let release = try release(name)
        #expect(release.defaultMirror(for: architecture) == mirror)
        #expect(release.defaultSecurity(for: architecture)?.mirror == security)
    }

    @Test("an archived release may still be on the ordinary mirror")
    func fallback() throws {
        #expect(try release("bullseye", on: "2026-09-01").fallbackMirror(for: .amd64) == "http://ftp.debian.org/debian")
        #expect(try release("bookworm").fallbackMirror(for: .amd64) == nil)
    }

    @Test(
        "components have non-free-firmware from bookworm on, main first",
        arguments: [
            ("wheezy", ["main", "contrib", "non-free"]), ("bullseye", ["main", "contrib", "non-free"]),
            ("bookworm", ["main", "contrib", "non-free", "non-free-firmware"]),
            ("forky", ["main", "contrib", "non-free", "non-free-firmware"]),
            ("sid", ["main", "contrib", "non-free", "non-free-firmware"]),
            ("noble", ["main", "restricted", "universe", "multiverse"]),
        ]
    )
    func components(name: String, expected: [String]) throws {
        #expect(try release(name).components == expected)
    }

    @Test("keyrings of an archived release begin with that of removed keys")
    func keyrings() throws {
        #expect(
            try release("bookworm").keyrings == [
                "/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp",
            ]
        )
        #expect(
            try release("wheezy").keyrings == [
                "/usr/share/keyrings/debian-archive-removed-keys.gpg",
                "/usr/share/keyrings/debian-archive-removed-keys.pgp",
                "/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp",
            ]
        )
        #expect(try release("noble").keyrings.first == "/usr/share/keyrings/ubuntu-archive-keyring.gpg")
        #expect(try release("karmic").keyrings.first == "/usr/share/keyrings/ubuntu-archive-removed-keys.gpg")
        #expect(try release("wheezy").keyringPackage == "debian-archive-keyring")
        #expect(try release("noble").keyringPackage == "ubuntu-keyring")
    }

    @Test(
        "glibc before 2.14 needs the vsyscall page, on amd64 only",
        arguments: [
            ("sarge", true), ("squeeze", true), ("wheezy", true), ("jessie", false), ("trixie", false),
            ("forky", false),
            ("sid", false), ("karmic", true), ("oneiric", true), ("precise", false), ("noble", false),
        ]
    )
    func vsyscall(name: String, needed: Bool) throws {
        #expect(try release(name).needsVsyscall(on: .amd64) == needed)
        #expect(try !release(name).needsVsyscall(on: .i386))
        #expect(try !release(name).needsVsyscall(on: .arm64))
    }
}
