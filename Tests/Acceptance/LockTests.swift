import Foundation
import SystemPackage
import TestSupport
import Testing

/// Exactly these packages: `--lock` and `--locked`.
@Suite("locks", Requirement.bootstrapping)
struct LockTests {
    private struct Lock: Codable {
        struct Package: Codable {
            var name: String
            var version: String
            var architecture: String
            var sha256: String
        }

        var format: Int
        var distribution: String
        var codename: String
        var architecture: String
        var packages: [Package]

        init(_ file: FilePath) throws { self = try JSONDecoder().decode(Self.self, from: Data(readText(file).utf8)) }

        func write(_ file: FilePath) throws {
            try writeFile(file, String(decoding: JSONEncoder().encode(self), as: UTF8.self))
        }
    }

    /// Names and versions of what is installed.
    private func installed(_ guest: String, in workspace: Workspace) async throws -> [String] {
        let root = GuestImage(workspace.images(of: guest).appending("disk.img"))
        #expect(try await root.complaint() == nil)
        let status = try await root.text("/var/lib/dpkg/status") ?? ""
        return status.components(separatedBy: "\n\n").filter { $0.contains("\nStatus: install ok installed") }
            .compactMap { stanza in
                let lines = stanza.split(separator: "\n")
                func field(_ name: String) -> Substring? {
                    lines.first { $0.hasPrefix("\(name): ") }?.dropFirst(name.count + 2)
                }
                return field("Package").flatMap { name in field("Version").map { "\(name) \($0)" } }
            }.sorted()
    }

    private func create(
        _ guest: String, _ more: [String], _ archive: FixtureArchive, _ mirror: FixtureMirror, in workspace: Workspace
    ) async throws -> Outcome {
        try await workspace.domus(Workspace.bootstrap(guest, "native", archive, mirror, more)).run(
            timeout: .seconds(400))
    }

    @Test("a lock has all packages with their digests, and a guest of it has exactly these, or says by name why not")
    func whole() async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            try workspace.script(
                "etc/role.d/greet", "chroot \"$1\" apt-get -y -q install hello >/dev/null")
            let file = workspace.files.appending("web.lock")
            try await create("web1", ["--role=greet", "--lock=web.lock"], archive, mirror, in: workspace).orThrow()
            let lock = try Lock(file)
            let packages = try await installed("web1", in: workspace)
            #expect(lock.packages.map { "\($0.name) \($0.version)" }.sorted() == packages)
            // What the role installed is in it, and the digests are those of the archives.
            for name in ["hello", "dpkg"] {
                let package = try #require(lock.packages.first { $0.name == name })
                let find = "find \(archive.directory) -name '\(name)_*.deb' -exec sha256sum {} + | cut -d' ' -f1"
                let digests = try await run("sh", ["-c", find]).orThrow().standardOutput.split(separator: "\n")
                #expect(digests.contains { $0 == package.sha256 }, "\(name)")
            }
            let again = try await create("web2", ["--lock=web.lock"], archive, mirror, in: workspace)
            #expect(again.status == 73 && again.standardError.contains("exists already"), "\(again)")

            try await create("web2", ["--locked=web.lock"], archive, mirror, in: workspace).orThrow()
            #expect(try await installed("web2", in: workspace) == packages)

            // The lock itself is written by the test.
            let kept = file.removingLastComponent().removingLastComponent().appending("bad.lock")
            let before = workspace.capture()
            // Gone from the archive, or another with the same version.
            var other = lock
            let index = try #require(other.packages.firstIndex { $0.name == "hello" })
            other.packages[index].sha256 = String(repeating: "a", count: 64)
            try other.write(kept)
            let gone = try await create("web3", ["--locked=\(kept)"], archive, mirror, in: workspace)
            #expect(gone.status == 69, "\(gone)")
            #expect(gone.standardError.contains("1 of the \(packages.count) locked packages: hello "), "\(gone)")
            // Not a whole system.
            other = lock
            other.packages.removeAll { $0.name == "libc6" }
            try other.write(kept)
            let half = try await create("web3", ["--locked=\(kept)"], archive, mirror, in: workspace)
            #expect(half.status == 65 && half.standardError.contains("apt would add libc6 "), "\(half)")
            // A role that does more.
            other = lock
            other.packages.removeAll { $0.name == "hello" }
            try other.write(kept)
            let more = try await create("web3", ["--locked=\(kept)", "--role=greet"], archive, mirror, in: workspace)
            #expect(more.status == 65 && more.standardError.contains("it has hello "), "\(more)")
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "what is no lock, or no lock for this guest, is refused",
        arguments: [
            ("", ["--install-method=native"], 65, "it is not what --lock writes"),
            ("{\"format\": 2}", ["--install-method=native"], 65, "its format is 2"),
            ("GOOD", ["--install-method=native", "--dist=trixie"], 64, "the lock is of bookworm, amd64"),
            ("GOOD", ["--install-method=native", "--no-verify"], 64, "the lock is of what was verified"),
            ("GOOD", [], 64, "by the method native only, not by tar"),
            ("GOOD", ["--install-method=native", "--locked="], 64, "--locked: the value is empty"),
            ("GOOD", ["--install-method=native", "--lock="], 64, "--lock: the value is empty"),
            ("EVIL", ["--install-method=native"], 65, "is no package with its SHA-256"),
        ] as [(String, [String], Int32, String)])
    func refused(text: String, words: [String], status: Int32, message: String) async throws {
        let good = """
            {"format": 1, "distribution": "debian", "codename": "bookworm", "architecture": "amd64", "packages":
            [{"name": "NAME", "version": "1", "architecture": "amd64", "sha256": "\(String(repeating: "0", count: 64))"}]}
            """
        try await withWorkspace { workspace in
            let file = workspace.files.appending("a.lock")
            switch text {
            case "GOOD": try writeFile(file, good.replacingOccurrences(of: "NAME", with: "dpkg"))
            case "EVIL": try writeFile(file, good.replacingOccurrences(of: "NAME", with: "-odir=/"))
            default: try writeFile(file, text)
            }
            let locked = words.contains("--locked=") ? [] : ["--locked=a.lock"]
            let all = try await workspace.tiny("web1", words + locked)
            let before = workspace.capture()
            let outcome = try await workspace.run(all)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.standardError.contains(message), "\(outcome)")
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }
}
