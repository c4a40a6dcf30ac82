import FakeHost
import GuestModel
import LinuxHost
import SystemPackage
import Testing

@testable import Bootstrap

@Suite("Command lines of the bootstrap tools")
struct InstallerTests {
    private static let site = InstallationSite(
        root: "/site/root", scratch: "/site/scratch", log: "/site/log", helper: "/libexec/domus-chroot")

    /// What is run on a host of that kind, the helper's wrapping taken off.
    private func commands(
        _ spec: GuestSpec, change: (inout FakeTree) -> Void = { _ in }
    ) async throws -> [ConfinedCommand] {
        var tree = FakeTree()
        tree.makeDirectories("/site/root")
        tree.makeDirectories("/site/scratch")
        change(&tree)
        let host = FakeHost(FakeMachine(tree), programs: FakePrograms.all)
        try await #require(RootInstallers.installer(for: spec)).install(at: Self.site, on: host.host)
        return host.invocations.map(ConfinedCommand.init)
    }

    private func command(_ spec: GuestSpec, change: (inout FakeTree) -> Void = { _ in }) async throws -> ConfinedCommand
    {
        try await #require(commands(spec, change: change).last)
    }

    private func knowsBookworm(_ tree: inout FakeTree) {
        tree.put("", at: "/usr/share/debootstrap/scripts/bookworm")
    }

    @Test("debootstrap must verify, by a keyring")
    func debootstrap() async throws {
        let spec = Sample.guest { $0.install.method = .debootstrap }
        let command = try await command(spec, change: knowsBookworm)
        #expect(command.executable == "debootstrap")
        #expect(command.options != nil)
        #expect(
            command.arguments == [
                "--arch=amd64", "--force-check-gpg", "--keyring=\(Sample.keyring)", "--components=main", "bookworm",
                "/site/root", "http://mirror.example/debian",
            ])
        #expect(command.environment == ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"])
    }

    @Test("debootstrap takes packages, components, a proxy and an architecture")
    func debootstrapOptions() async throws {
        let spec = Sample.guest { spec in
            spec.install.method = .debootstrap
            spec.architecture = .i386
            spec.install.components = ["main", "contrib"]
            spec.install.include = ["vim", "less"]
            spec.install.proxy = "http://proxy.example:3128"
        }
        let command = try await command(spec, change: knowsBookworm)
        #expect(command.arguments.starts(with: ["--arch=i386"]))
        #expect(Set(command.arguments).isSuperset(of: ["--components=main,contrib", "--include=vim,less"]))
        #expect(command.environment["http_proxy"] == "http://proxy.example:3128")
        #expect(command.environment["https_proxy"] == "http://proxy.example:3128")
    }

    @Test(
        "a suite that debootstrap does not know takes the script of its distribution's newest",
        arguments: [
            (Distribution.debian, "sid"), (.ubuntu, "gutsy"),
        ])
    func unknownSuite(distribution: Distribution, script: String) async throws {
        let spec = Sample.guest { spec in
            spec.install.method = .debootstrap
            spec.release = Release(
                distribution: distribution, codename: "future", version: nil, released: nil, endOfLife: nil,
                isArchived: false)
        }
        let command = try await command(spec)
        #expect(
            command.arguments.suffix(4) == [
                "future", "/site/root", "http://mirror.example/debian", "/usr/share/debootstrap/scripts/\(script)",
            ])
    }

    @Test("mmdebstrap is told in every line which key must have signed it")
    func mmdebstrap() async throws {
        let command = try await command(Sample.guest())
        #expect(command.executable == "mmdebstrap")
        #expect(
            command.arguments == [
                "--mode=root", "--format=directory", "--variant=important", "--architectures=amd64",
                "--aptopt=Acquire::Languages \"none\"", "bookworm", "/site/root",
                "deb [signed-by=\(Sample.keyring)] http://mirror.example/debian bookworm main",
                "deb [signed-by=\(Sample.keyring)] http://mirror.example/debian bookworm-updates main",
                "deb [signed-by=\(Sample.keyring)] http://security.example/debian-security bookworm-security main",
            ])
    }

    @Test("mmdebstrap merges /usr by its own hook, where it has one")
    func mergedUsr() async throws {
        let hook = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"
        let command = try await command(Sample.guest()) { tree in
            tree.put("#!/bin/sh\n", at: "\(hook)/setup00.sh", mode: 0o755)
        }
        #expect(command.arguments.contains("--hook-directory=\(hook)"))
    }

    @Test("mmdebstrap of an archived release lets its dates be old, and nothing else")
    func archived() async throws {
        let spec = Sample.guest { spec in
            spec.release = Sample.wheezy
            spec.install.proxy = "http://proxy.example:3128"
            spec.install.include = ["vim"]
            spec.install.updatesSuite = nil
            spec.install.security = nil
        }
        let command = try await command(spec)
        #expect(
            Set(command.arguments).isSuperset(of: [
                "--aptopt=Acquire::Check-Valid-Until \"false\"", "--include=vim",
                "--aptopt=Acquire::http::Proxy \"http://proxy.example:3128\"",
            ]))
        #expect(
            command.arguments.filter { $0.hasPrefix("deb ") } == [
                "deb [signed-by=\(Sample.keyring)] http://mirror.example/debian wheezy main"
            ])
    }

    @Test(
        "nothing goes unverified unless it was said in so many words",
        arguments: [
            GuestSpec.Install.Method.debootstrap, .mmdebstrap,
        ])
    func verification(method: GuestSpec.Install.Method) async throws {
        let careless = ["--no-check-gpg", "trusted=yes", "allow-unauthenticated", "allow-insecure"]
        let verified = try await command(Sample.guest { $0.install.method = method }, change: knowsBookworm)
        #expect(!verified.arguments.contains { argument in careless.contains { argument.contains($0) } })
        let unverified = try await command(
            Sample.guest { spec in
                spec.install.method = method
                spec.install.verification = .disabled
                spec.install.keyrings = []
            }, change: knowsBookworm)
        #expect(unverified.arguments.contains { argument in careless.contains { argument.contains($0) } })
        #expect(!unverified.arguments.contains { $0.contains("signed-by") || $0.contains("--keyring") })
    }

    @Test(
        "where something must be verified and nothing is there to do it, nothing is installed",
        arguments: [GuestSpec.Install.Method.native, .debootstrap, .mmdebstrap])
    func noKeyring(method: GuestSpec.Install.Method) async throws {
        let error = await #expect(throws: BootstrapError.self) {
            try await commands(
                Sample.guest { spec in
                    spec.install.method = method
                    spec.install.keyrings = []
                }, change: knowsBookworm)
        }
        #expect(error?.cause == .noInput)
    }

    @Test("two keyrings become one file, which the tool is given")
    func keyrings() async throws {
        let keyrings: [FilePath] = ["/keys/a.gpg", "/keys/b.gpg"]
        let spec = Sample.guest { $0.install = Sample.install(.debootstrap, keyrings: keyrings) }
        let command = try await command(spec) { tree in
            tree.put(.file([0x99, 1], size: 2), at: "/keys/a.gpg", mode: 0o644)
            tree.put(.file([0x99, 2], size: 2), at: "/keys/b.gpg", mode: 0o644)
        }
        #expect(command.arguments.contains("--keyring=/site/scratch/keyring.gpg"))
        let error = await #expect(throws: BootstrapError.self) {
            try await self.command(spec) { tree in
                tree.put("-----BEGIN PGP PUBLIC KEY BLOCK-----", at: "/keys/a.gpg")
                tree.put(.file([0x99, 2], size: 2), at: "/keys/b.gpg", mode: 0o644)
            }
        }
        #expect(error?.cause == .badData)
    }

    @Test("a copy keeps everything and stays on its file system")
    func copy() async throws {
        let spec = Sample.guest { $0.install.method = .copy("/golden") }
        let command = try await command(spec) { $0.makeDirectories("/golden") }
        #expect(
            command.arguments == [
                "-a", "--reflink=auto", "--sparse=auto", "--one-file-system", "--", "/golden/.", "/site/root/",
            ])
        let error = await #expect(throws: BootstrapError.self) { try await self.command(spec) }
        #expect(error?.cause == .noInput)
    }

    @Test("what debootstrap leaves in the tree is taken out of it")
    func leftovers() async throws {
        var tree = FakeTree()
        tree.makeDirectories("/site/root")
        tree.makeDirectories("/site/scratch")
        let machine = FakeMachine(tree)
        let spec = Sample.guest { $0.install.method = .debootstrap }
        try await #require(RootInstallers.installer(for: spec)).install(
            at: Self.site, on: FakeHost(machine, programs: FakePrograms.all).host)
        #expect(machine.tree.text("/site/root/bin/sh") == "shell")
        #expect(!machine.tree.snapshot().keys.contains("/site/root/debootstrap"))
    }

    @Test("a mirror that does not give the suite is named, without its password, before anything is installed")
    func deadMirror() async throws {
        var tree = FakeTree()
        tree.makeDirectories("/site/scratch")
        let host = FakeHost(FakeMachine(tree), programs: ["apt-helper": { _ in .exited(100) }])
        let spec = Sample.guest { $0.install.mirror = "http://user:pass@mirror.example/debian/" }
        let error = await #expect(throws: BootstrapError.self) {
            try await #require(RootInstallers.installer(for: spec)).install(at: Self.site, on: host.host)
        }
        #expect(error?.cause == .unavailable)
        #expect(error?.message.contains("http://***@mirror.example/debian") == true)
        #expect(error?.message.contains("pass") == false)
        #expect(
            host.invocations.compactMap { $0.arguments.dropLast().last } == [
                "http://user:pass@mirror.example/debian/dists/bookworm/InRelease",
                "http://user:pass@mirror.example/debian/dists/bookworm/Release",
            ])
    }

    @Test(
        "what a host must have for each method",
        arguments: [
            (GuestSpec.Install.Method.native, ["apt-get"]), (.debootstrap, ["debootstrap", "gpgv"]),
            (.mmdebstrap, ["mmdebstrap", "apt-get"]),
            (.tar("/a.tar"), []), (.copy("/a"), ["cp"]),
        ])
    func requirements(method: GuestSpec.Install.Method, programs: [String]) throws {
        let installer = try #require(RootInstallers.installer(for: Sample.guest { $0.install.method = method }))
        #expect(installer.requirements.map(\.program) == programs)
    }
}
