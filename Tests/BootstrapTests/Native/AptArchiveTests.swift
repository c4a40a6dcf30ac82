import FakeHost
import GuestModel
import LinuxHost
import SystemPackage
import Testing

@testable import Bootstrap

@Suite("apt in a directory of its own")
struct AptArchiveTests {
    private static let site = InstallationSite(
        root: "/site/root", scratch: "/site/scratch", log: "/site/log", helper: "/libexec/domus-chroot")

    private func archive(_ apt: @escaping FakeHost.Program) -> (archive: AptArchive, host: FakeHost) {
        var tree = FakeTree()
        tree.makeDirectories("/site/root")
        tree.makeDirectories("/site/scratch")
        let host = FakeHost(FakeMachine(tree), programs: ["apt-get": apt, "env": apt])
        let request = BootstrapRequest(
            variant: .important, architecture: .amd64,
            sources: [
                .init(mirror: "http://user:secret@mirror.example/debian", suite: "bookworm"),
                .init(mirror: "http://security.example/debian-security", suite: "bookworm-security"),
            ], components: ["main", "contrib"], proxy: "http://me:hidden@proxy.example:3128")
        return (AptArchive(request: request, keyring: "/keys/a.gpg", site: Self.site, host: host.host), host)
    }

    @Test("passwords are in files that only root reads, and in no argument, and no message")
    func secrets() async throws {
        let (archive, host) = archive { process in
            process.output = "E: http://user:secret@mirror.example is not there\n"
            return .exited(100)
        }
        try archive.prepare()
        for call in [
            { try await archive.update() }, { _ = try await archive.resolve(["bash"]) },
            {
                try await archive.download([[Self.package(0, size: 1)]])
            },
        ] {
            let error = await #expect(throws: BootstrapError.self) { try await call() }
            #expect(error?.message.contains("secret") == false)
            #expect(error?.message.contains("***@mirror.example") == true)
        }
        #expect(host.invocations.count == 3)
        for invocation in host.invocations {
            #expect(!(invocation.arguments + invocation.environment.values).contains { $0.contains("secret") })
            #expect(!invocation.arguments.contains { $0.contains("hidden") })
        }
        let settings = "/site/scratch/apt/apt.conf"
        let text = try String(decoding: host.host.files.contents(of: FilePath(settings), limit: 1 << 20), as: UTF8.self)
        #expect(text.contains("http://me:hidden@proxy.example:3128"))
        for file in [settings, "/site/scratch/apt/etc/apt/sources.list"] {
            #expect(try host.host.files.entry(at: FilePath(file))?.mode == 0o600)
        }
        let sources = try String(
            decoding: host.host.files.contents(of: "/site/scratch/apt/etc/apt/sources.list", limit: 1 << 20),
            as: UTF8.self)
        #expect(
            sources == """
                deb [signed-by=/keys/a.gpg] http://user:secret@mirror.example/debian bookworm main contrib
                deb [signed-by=/keys/a.gpg] http://security.example/debian-security bookworm-security main contrib

                """)
    }

    private static func package(_ number: Int, size: Int64) -> NativePackage {
        NativePackage(
            number: number,
            stanza: Stanza("Package: p\(number)\nVersion: 1\nArchitecture: all\nSize: \(size)\nSHA256: 0\n"),
            file: "p\(number)_1_all.deb")!
    }

    @Test("connections fetch what is waited for first, and have about as much to do")
    func shares() {
        let urgent = (0..<40).map { Self.package($0, size: 100_000 + Int64($0) * 10_000) }
        // One, a kernel, is larger than all others together.
        let others = (40..<100).map { Self.package($0, size: $0 == 70 ? 70_000_000 : 300_000) }
        let shares = AptArchive.shares(of: [urgent, others])
        #expect(shares.joined().map(\.number).sorted() == Array(0..<100))
        for share in shares {
            let rest = share.drop { $0.number < 40 }
            #expect(rest.allSatisfy { $0.number >= 40 })
        }
        let urgentBytes = shares.map { $0.filter { $0.number < 40 }.reduce(0) { $0 + $1.size } }
        #expect(urgentBytes.max()! - urgentBytes.min()! <= 500_000, "\(urgentBytes)")
        // Nothing waits behind it.
        #expect(shares.contains { $0.last?.number == 70 })
        #expect(AptArchive.shares(of: [[Self.package(0, size: 1)], []]).count == 1)
    }

    @Test("what apt names is read, and refused where it does not vouch for it by SHA-256")
    func resolve() async throws {
        let digest = String(repeating: "ab", count: 32)
        let good = """
            'http://mirror.example/pool/b/bash_5_amd64.deb' bash_5_amd64.deb 1234 SHA256:\(digest)
            Reading package lists...
            'copy:/srv/debian/./pool/x%2b_1%3a2_all.deb' x+_1%3a2_all.deb 12 SHA256:\(digest)

            """
        func resolve(_ text: String) async throws -> [AptArchive.File] {
            let (archive, _) = archive { process in
                process.output = text
                return .exited(0)
            }
            try archive.prepare()
            return try await archive.resolve(["bash", "x+"])
        }
        #expect(
            try await resolve(good) == [
                .init(name: "bash_5_amd64.deb", digest: digest), .init(name: "x+_1%3a2_all.deb", digest: digest),
            ])
        for line in [
            "'http://mirror.example/pool/y_1_all.deb' y_1_all.deb 12 MD5Sum:0011",
            "'http://mirror.example/pool/z_1_all.deb' ../z_1_all.deb 12 SHA256:\(digest)", "'http://mirror.example",
        ] {
            await #expect(throws: BootstrapError.self, "\(line)") { try await resolve(good + line + "\n") }
        }
    }

    @Test("a mirror in a directory is copied from, and words of the command line end its options")
    func directory() async throws {
        let (archive, host) = archive { process in
            process.output = "E: no\n"
            return .exited(100)
        }
        var local = archive
        local = AptArchive(
            request: BootstrapRequest(
                variant: .minbase, architecture: .amd64, sources: [.init(mirror: "file:///srv/debian", suite: "sid")]),
            keyring: nil, site: Self.site, host: host.host)
        try local.prepare()
        let sources = try String(
            decoding: host.host.files.contents(of: "/site/scratch/apt/etc/apt/sources.list", limit: 1 << 20),
            as: UTF8.self)
        #expect(sources == "deb [trusted=yes] copy:///srv/debian sid main\n")
        _ = try? await local.resolve(["-oX=y"])
        #expect(host.invocations.last?.arguments.suffix(2) == ["--", "-oX=y"])
        #expect(MirrorURL.withoutUser("http://u:p@ss@host/x@y") == "http://host/x@y")
        #expect(MirrorURL.withoutUser("http://host/x@y") == "http://host/x@y")
        #expect(MirrorURL.withoutUser("file:/srv/a@b") == "file:/srv/a@b")
    }

    @Test(
        "what becomes a word of apt's command line is a package",
        arguments: [
            ("bash", true), ("libstdc++6", true), ("bash=5.2-1~deb12u1", true), ("libc6:i386", true), ("g++", true),
            ("bash-", false), ("-o", false), ("?essential", false), ("~n.", false), ("./x.deb", false), ("a/b", false),
            ("", false), ("a b", false), ("Bash", false),
        ])
    func words(word: String, isPackage: Bool) {
        #expect(BootstrapRequest.isPackage(word) == isPackage)
    }
}
