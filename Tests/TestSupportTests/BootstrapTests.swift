import Glibc
import SystemPackage
import TestSupport
import Testing

/// The proof that the archive is one: the real tools make working roots of it.
@Suite("bootstrapping the fixture archive", Requirement.bootstrapping, .serialized)
struct BootstrapTests {
    @Test(
        "debootstrap makes a root whose dpkg has nothing to complain of",
        Requirement.program("debootstrap"),
        arguments: ["bookworm", "wheezy", "jammy"]
    )
    func debootstrap(suite: String) async throws {
        let archive = try await FixtureArchive.make(FixtureRelease(suite))
        let mirror = try FixtureMirror(serving: archive)
        try await withTemporaryDirectory { directory in
            let root = directory.appending("root")
            try await Tool.debootstrap.command(archive, mirror.url, root).run().orThrow()
            try await checkRoot(root, of: archive)
            #expect(mirror.requests.contains("GET /debian/dists/\(suite)/InRelease"))
        }
    }

    @Test("both take it from the file system too", Requirement.program("debootstrap", "mmdebstrap"))
    func fromFiles() async throws {
        let archive = try await FixtureArchive.make()
        for (tool, url) in [(Tool.debootstrap, archive.fileURL), (.mmdebstrap, archive.copyURL)] {
            try await withTemporaryDirectory { directory in
                let root = directory.appending("root")
                try await tool.command(archive, url, root).run().orThrow()
                try await checkRoot(root, of: archive)
            }
        }
    }

    @Test(
        "mmdebstrap makes a root whose dpkg has nothing to complain of",
        Requirement.program("mmdebstrap"),
        arguments: ["trixie", "wheezy"]
    )
    func mmdebstrap(suite: String) async throws {
        let archive = try await FixtureArchive.make(FixtureRelease(suite))
        let mirror = try FixtureMirror(serving: archive)
        try await withTemporaryDirectory { directory in
            let root = directory.appending("root")
            try await Tool.mmdebstrap.command(archive, mirror.url, root).run().orThrow()
            try await checkRoot(root, of: archive)
        }
    }

    @Test("inside, apt verifies and installs, passwords and accounts can be set", Requirement.program("mmdebstrap"))
    func insideTheRoot() async throws {
        let archive = try await FixtureArchive.make()
        let mirror = try FixtureMirror(serving: archive)
        try await withTemporaryDirectory { directory in
            let root = directory.appending("root")
            try await Tool.mmdebstrap.command(archive, mirror.url, root).run().orThrow()
            let sources = """
                deb \(mirror.url) bookworm main
                deb \(mirror.url) bookworm-updates main
                deb \(mirror.securityURL) bookworm-security main

                """
            try writeFile(root.pushing("etc/apt/sources.list"), sources)

            let update = try await run("chroot", [root.string, "apt-get", "update"]).orThrow()
            #expect(!update.description.contains("W:"), "\(update)")
            #expect(!update.description.contains("E:"), "\(update)")
            let install = [
                "apt-get", "install", "--yes", "openssh-server", "linux-image-cloud-\(archive.architecture)",
            ]
            try await run("chroot", [root.string] + install).orThrow()
            try await run("chroot", [root.string, "apt-get", "check"]).orThrow()
            for path in ["etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_rsa_key.pub"] {
                #expect(fileExists(root.pushing(FilePath(path))))
            }
            let version = archive.kernelVersion(flavour: "cloud-\(archive.architecture)")
            #expect(linkTarget(root.appending("vmlinuz")) == "boot/vmlinuz-\(version)")
            let ramDisk = root.pushing(FilePath("boot/initrd.img-\(version)"))
            try await run("sh", ["-c", "gzip -dc \"$1\" | busybox cpio -t", "sh", ramDisk.string]).orThrow()

            for method in [["-c", "SHA512"], ["-c", "MD5"], []] {
                try await run("chroot", [root.string, "chpasswd"] + method, input: "root:secret\n").orThrow()
            }
            try await run("chroot", [root.string, "useradd", "-m", "-s", "/bin/bash", "guest"]).orThrow()
            let shadow = try readText(root.pushing("etc/shadow"))
            #expect(shadow.hasPrefix("root:$"))
            #expect(shadow.contains("\nguest:!"))
            #expect(fileExists(root.pushing("home/guest/.profile")))
            try await run("chroot", [root.string, "systemctl", "enable", "serial-getty@hvc0.service"]).orThrow()
            #expect(fileExists(root.pushing("etc/systemd/system/getty.target.wants/serial-getty@hvc0.service")))

            let failed = try await run("chroot", [root.string, "apt-get", "install", "--yes", "fails-to-install"])
            #expect(failed.status == 100)
            #expect(failed.description.contains("this package fails"))
        }
    }

    /// What each tool says to a fault; nil where it does not look.
    @Test(
        "a fault in the archive is one that the tools refuse",
        Requirement.program("debootstrap", "mmdebstrap"),
        arguments: [
            (FixtureArchive.Tampering.badSignature, "Invalid Release signature", "BADSIG"),
            (.wrongKey, "Release signed by unknown key", "NO_PUBKEY"),
            (.unsigned, "Failed getting release signature file", "is not signed"),
            (.corruptPackage("mawk"), "Couldn't download packages: mawk", "Hash Sum mismatch"),
            (.truncatedIndex, "Couldn't download", "unexpected size"),
            (.expired, nil, "is expired"),
        ] as [(FixtureArchive.Tampering, String?, String?)]
    )
    func faults(tampering: FixtureArchive.Tampering, debootstrap: String?, mmdebstrap: String?) async throws {
        let archive = try await FixtureArchive.make().tampered(tampering)
        let mirror = try FixtureMirror(serving: archive)
        for (tool, message) in [(Tool.debootstrap, debootstrap), (.mmdebstrap, mmdebstrap)] {
            guard let message else { continue }
            try await withTemporaryDirectory { directory in
                let outcome = try await tool.command(archive, mirror.url, directory.appending("root")).run()
                #expect(!outcome.succeeded)
                #expect(outcome.description.contains(message), "\(outcome)")
            }
        }
    }

    private func checkRoot(_ root: FilePath, of archive: FixtureArchive) async throws {
        let audit = try await run("chroot", [root.string, "dpkg", "--audit"]).orThrow()
        #expect(audit.standardOutput == "")
        let verify = try await run("chroot", [root.string, "dpkg", "--verify"]).orThrow()
        #expect(verify.standardOutput == "")
        try await run("chroot", [root.string, "apt-get", "check"]).orThrow()
        let states = try await run(
            "chroot",
            [root.string, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n"]
        )
        .orThrow().standardOutput.split(separator: "\n")
        #expect(states.count >= 20)
        #expect(states.allSatisfy { $0.hasPrefix("ii ") }, "\(states)")

        let hasInittab = archive.release.initSystem == .sysvinit
        #expect(fileExists(root.pushing("etc/inittab")) == hasInittab)
        #expect(fileExists(root.pushing("lib/systemd/system/getty@.service")) != hasInittab)
        #expect(fileExists(root.pushing("etc/netplan")) == (archive.release.distribution == .ubuntu))
        #expect(fileExists(root.pushing("etc/network/interfaces")) == (archive.release.distribution == .debian))
        let codename = try await run("chroot", [root.string, "sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"])
        #expect(codename.standardOutput == "\(archive.release.suite)\n")
        #expect(try readText(root.pushing("etc/shadow")).hasPrefix("root:*:"))
    }
}

private enum Tool {
    case debootstrap
    case mmdebstrap

    /// In a mount namespace, as every bootstrap in a test should be.
    func command(_ archive: FixtureArchive, _ url: String, _ root: FilePath) -> Command {
        let suite = archive.release.suite
        return switch self {
        case .debootstrap:
            Command("unshare", ["-m", "debootstrap", "--keyring=\(archive.keyring)", suite, root.string, url])
        case .mmdebstrap:
            Command("mmdebstrap", ["--mode=root", "--keyring=\(archive.keyring)", suite, root.string, url])
        }
    }
}
