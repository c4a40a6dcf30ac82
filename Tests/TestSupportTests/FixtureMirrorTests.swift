import SystemPackage
import TestSupport
import Testing

@Suite("fixture mirror", Requirement.program("wget"))
struct FixtureMirrorTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("mirror")
        try writeFile(directory("dists/a/InRelease"), "signed\n")
        try writeFile(directory("pool/a+b.deb"), [UInt8](repeating: 1, count: 100_000))
    }

    private func get(_ url: String, _ arguments: [String] = []) async throws -> Outcome {
        let fixed = ["--quiet", "--tries=1", "--timeout=2", "--output-document=-"]
        return try await run("wget", fixed + arguments + [url])
    }

    @Test("files are below any prefix, names are decoded, what is not there is 404")
    func serving() async throws {
        let mirror = try FixtureMirror(.serving(directory.path))
        #expect(try await get("\(mirror.url)/dists/a/InRelease").standardOutput == "signed\n")
        #expect(try await get("\(mirror.securityURL)/dists/a/InRelease").standardOutput == "signed\n")
        #expect(try await get("\(mirror.url)/pool/a%2Bb.deb").standardOutput.utf8.count == 100_000)
        let missing = try await get("\(mirror.url)/dists/b/InRelease")
        #expect(missing.status == 8)
        #expect(try await get("\(mirror.url)/dists/../../../../etc/passwd").status == 8)
        #expect(mirror.requests.first == "GET /debian/dists/a/InRelease")
    }

    @Test("it passes for a proxy of any host")
    func proxy() async throws {
        let mirror = try FixtureMirror(.serving(directory.path))
        let environment: [String: String?] = ["http_proxy": mirror.proxyURL]
        let url = "http://mirror.example/debian/dists/a/InRelease"
        let outcome = try await run("wget", ["--quiet", "--output-document=-", url], environment: environment)
        #expect(outcome.standardOutput == "signed\n")
        #expect(mirror.requests == ["GET \(url)"])
    }

    @Test("a silent server takes the connection and lets the client wait")
    func silent() async throws {
        let mirror = try FixtureMirror(.silent)
        let outcome = try await run("wget", ["--tries=1", "--timeout=1", mirror.url])
        #expect(outcome.status == 4)
        #expect(outcome.standardError.contains("connected"))
        #expect(outcome.standardError.contains("timed out"))
    }

    @Test("a refusing server refuses, and so does a stopped one")
    func refusing() async throws {
        let mirror = try FixtureMirror(.refusing)
        let outcome = try await run("wget", ["--tries=1", mirror.url])
        #expect(outcome.standardError.contains("Connection refused"))

        let stopped = try FixtureMirror(.serving(directory.path))
        stopped.stop()
        #expect(!(try await get("\(stopped.url)/dists/a/InRelease").succeeded))
    }
}
