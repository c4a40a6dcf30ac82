import FakeHost
import GuestModel
import LinuxHost
import SystemPackage
import Testing

@testable import Bootstrap

@Suite("What went wrong, out of a log")
struct ComplaintTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let log: String
        let cause: BootstrapError.Cause
        /// A word of the message.
        let text: String
        /// A word of the hint; nil for none.
        let hint: String?
    }

    static let cases = [
        Case(
            testDescription: "debootstrap: a bad signature",
            log: "I: Checking Release signature\nE: Invalid Release signature (key id 0123456789ABCDEF)\n",
            cause: .badData, text: "Invalid Release signature", hint: "--keyring"),
        Case(
            testDescription: "debootstrap: an unknown key",
            log: "I: Checking Release signature\nE: Release signed by unknown key (key id 0123456789ABCDEF)\n",
            cause: .badData, text: "unknown key", hint: "--no-verify"),
        Case(
            testDescription: "apt: no public key",
            log: "Err:1 http://mirror.example/debian bookworm InRelease\n  The following signatures couldn't be "
                + "verified because the public key is not available: NO_PUBKEY 0123456789ABCDEF\n"
                + "E: The repository 'http://mirror.example/debian bookworm InRelease' is not signed.\n"
                + "E: apt-get update failed\n",
            cause: .badData, text: "", hint: "--keyring"),
        Case(
            testDescription: "debootstrap: a damaged package",
            log:
                "W: http://mirror.example/debian/pool/main/a/apt/apt_1.deb was corrupt\nE: Couldn't download packages: apt\n",
            cause: .badData, text: "Couldn't download packages", hint: "damaged"),
        Case(
            testDescription: "apt: a wrong checksum",
            log: "E: Failed to fetch http://mirror.example/debian/pool/a.deb  Hash Sum mismatch\n",
            cause: .badData, text: "Hash Sum mismatch", hint: "damaged"),
        Case(
            testDescription: "a package that the mirror does not give",
            log: "E: Failed to fetch http://mirror.example/debian/pool/a.deb  404  Not Found\n",
            cause: .unavailable, text: "404", hint: "--mirror"),
        Case(
            testDescription: "a mirror that does not answer",
            log: "E: Failed getting release file http://mirror.example/debian/dists/bookworm/Release\n",
            cause: .unavailable, text: "Failed getting release", hint: "--mirror"),
        Case(
            testDescription: "anything else", log: "W: Failure trying to run: chroot \"/root\" mount -t proc\n",
            cause: .failed, text: "Failure trying to run", hint: nil),
        Case(
            testDescription: "nothing", log: "I: Retrieving InRelease\n", cause: .failed, text: "exit status 1",
            hint: nil),
    ]

    private func failure(_ log: String, _ method: GuestSpec.Install.Method) async throws -> BootstrapError? {
        var tree = FakeTree()
        tree.makeDirectories("/site/root")
        tree.makeDirectories("/site/scratch")
        let failing: FakeHost.Program = { process in
            process.output += log
            return .exited(1)
        }
        let host = FakeHost(FakeMachine(tree), programs: ["debootstrap": failing, "mmdebstrap": failing])
        let site = InstallationSite(
            root: "/site/root", scratch: "/site/scratch", log: "/site/log", helper: "/libexec/domus-chroot")
        return await #expect(throws: BootstrapError.self) {
            try await #require(RootInstallers.installer(for: Sample.guest { $0.install.method = method })).install(
                at: site, on: host.host)
        }
    }

    @Test(
        "the cause, the tool's own words and what to do", arguments: cases,
        [
            GuestSpec.Install.Method.debootstrap, .mmdebstrap,
        ])
    func complaint(example: Case, method: GuestSpec.Install.Method) async throws {
        let error = try await failure(example.log, method)
        #expect(error?.cause == example.cause)
        #expect(
            error?.message.hasPrefix("\(method.name) could not install bookworm from http://mirror.example/debian: ")
                == true)
        #expect(example.text.isEmpty || error?.message.contains(example.text) == true, "\(error?.message ?? "")")
        if let hint = example.hint { #expect(error?.hint?.contains(hint) == true) } else { #expect(error?.hint == nil) }
    }

    @Test("a full disk is told as such, whatever else it led to")
    func fullDisk() async throws {
        let error = try await failure(
            "E: Failed to fetch http://mirror.example/a.deb  Write error - write (28: No space left on device)\n"
                + "dpkg: error processing archive a.deb: corrupted filesystem tarfile\n", .mmdebstrap)
        #expect(error?.message.hasSuffix("there is no space left on the device") == true)
        #expect(error?.hint?.contains("--dir") == true)
    }

    @Test(
        "a mirror's user and password are not told",
        arguments: [
            ("http://mirror.example/debian", "http://mirror.example/debian"),
            ("http://user:pass@mirror.example/debian", "http://***@mirror.example/debian"),
            ("http://user@mirror.example:8080/debian", "http://***@mirror.example:8080/debian"),
            ("http://us@er:p@ss@mirror.example/", "http://***@mirror.example/"),
            ("http://mirror.example/a@b", "http://mirror.example/a@b"),
            ("file:///srv/mirror", "file:///srv/mirror"), ("mirror.example", "mirror.example"),
        ])
    func redacted(address: String, expected: String) {
        #expect(MirrorURL.redacted(address) == expected)
    }
}
