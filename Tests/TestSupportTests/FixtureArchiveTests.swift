import SystemPackage
import TestSupport
import Testing

@Suite("fixture archive", Requirement.fixtureArchive)
struct FixtureArchiveTests {
    @Test("every suite's release file is signed by the archive's key", arguments: ["bookworm", "wheezy", "jammy"])
    func signatures(suite: String) async throws {
        let archive = try await FixtureArchive.make(FixtureRelease(suite))
        #expect(archive.suites.count == 3)
        for suite in archive.suites {
            let release = archive.directory.pushing(FilePath("dists/\(suite)"))
            let keyring = archive.keyring.string
            try await run("gpgv", ["--keyring", keyring, release.appending("InRelease").string]).orThrow()
            let detached = [release.appending("Release.gpg").string, release.appending("Release").string]
            try await run("gpgv", ["--keyring", keyring] + detached).orThrow()
        }
    }

    @Test("one release is built once, and its packages are shared with another")
    func sharing() async throws {
        let first = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let second = try await FixtureArchive.make(FixtureRelease("bookworm"))
        #expect(first.directory == second.directory)
        let other = try await FixtureArchive.make(FixtureRelease("wheezy"))
        #expect(other.directory != first.directory)
        #expect(other.keyring == first.keyring)
    }

    @Test("security updates are where the release has them")
    func securitySuites() async throws {
        #expect(try await FixtureArchive.make(FixtureRelease("wheezy")).suites.last == "wheezy/updates")
        #expect(try await FixtureArchive.make(FixtureRelease("bookworm")).suites.last == "bookworm-security")
    }

    @Test("dates are the caller's, in the archive's format")
    func dates() async throws {
        let archive = try await FixtureArchive.make().tampered(.expired)
        let release = try readText(archive.directory.pushing("dists/bookworm/Release"))
        #expect(release.contains("\nDate: Wed, 01 Jan 2020 00:00:00 UTC\n"))
        #expect(release.contains("\nValid-Until: Wed, 08 Jan 2020 00:00:00 UTC\n"))
    }

    @Test("a corrupt package has the size that the index says, and leaves the other archives alone")
    func corruption() async throws {
        let good = try await FixtureArchive.make()
        let bad = try await good.tampered(.corruptPackage("hello"))
        let path = FilePath("pool/main/h/hello/hello_1.0_\(good.architecture).deb")
        let goodBytes = try readFile(good.directory.pushing(path))
        let badBytes = try readFile(bad.directory.pushing(path))
        #expect(goodBytes.count == badBytes.count)
        #expect(goodBytes != badBytes)
        try await run("dpkg-deb", ["--fsys-tarfile", good.directory.pushing(path).string]).orThrow()
    }

    @Test("corrupting a package that does not exist is an error of the test")
    func corruptionOfNothing() async throws {
        let archive = try await FixtureArchive.make()
        await #expect(throws: TestSupportError.self) { try await archive.tampered(.corruptPackage("nothing")) }
    }
}
