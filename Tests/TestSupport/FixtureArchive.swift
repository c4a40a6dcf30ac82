import Foundation
import Glibc
import SystemPackage

/// A small signed Debian (or Ubuntu) archive that debootstrap and mmdebstrap install a working root from in a few
/// seconds: busybox for the commands, and this machine's own dpkg, apt, gpgv, bash, chpasswd, useradd and ssh-keygen.
///
///     let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
///     let mirror = try FixtureMirror(serving: archive)
///     try await run("debootstrap", ["--keyring=\(archive.keyring)", "bookworm", root.string, mirror.url]).orThrow()
///
/// Packages beyond what a bootstrap installs: openssh-server, openssh-client, linux-image-ARCH (and -cloud-ARCH, -generic
/// and -virtual in Ubuntu), initramfs-tools, locales, sudo, isc-dhcp-client, hello, and `fails-to-install` (its
/// postinst exits with 3) and `hangs-at-install` (its postinst sleeps an hour).
package struct FixtureArchive: Sendable {
    package let release: FixtureRelease
    /// Holds `dists` and `pool`.
    package let directory: FilePath
    /// The architecture of this machine, in Debian's words.
    package let architecture: String
    /// The key that the archive is to be checked against (which, for `.wrongKey`, is not the one that signed it).
    package let keyring: FilePath
    /// A valid keyring that has signed nothing.
    package let unrelatedKeyring: FilePath

    /// The archive as debootstrap takes it from the file system. apt and mmdebstrap want `copyURL`: what they run
    /// inside the root does not see files outside.
    package var fileURL: String { "file://\(directory)" }
    package var copyURL: String { "copy://\(directory)" }

    /// The suites below `dists`: the main one, its updates and its security updates (both empty and signed).
    package var suites: [String] { [release.suite, release.updatesSuite, release.securitySuite] }

    /// The kernel version of the package `linux-image-FLAVOUR`, by default that of the architecture's (Ubuntu's
    /// `generic`) kernel.
    package func kernelVersion(flavour: String? = nil) -> String {
        let usual = release.distribution == .ubuntu ? "generic" : architecture
        return ReleasePackages.kernelVersion(release, flavour: flavour ?? usual)
    }

    /// The archive of a release, built once per test process (2 to 4 seconds the first time, then a fraction for another
    /// release, nothing for the same) and removed when the process ends. Do not change its files: others use them.
    package static func make(_ release: FixtureRelease = FixtureRelease()) async throws -> FixtureArchive {
        try await FixtureWorkshop.shared.archive(release, nil)
    }

    /// The same archive with a fault; see `Tampering`.
    package func tampered(_ tampering: Tampering) async throws -> FixtureArchive {
        try await FixtureWorkshop.shared.archive(release, tampering)
    }

    /// What is wrong with an archive.
    package enum Tampering: Sendable, Hashable {
        /// The release files were changed after they were signed.
        case badSignature
        /// Signed with a key that is not in the keyring.
        case wrongKey
        /// No signature at all.
        case unsigned
        /// The package's file has the right size and other bytes than the index says.
        case corruptPackage(String)
        /// The index files are shorter than the signed release file says.
        case truncatedIndex
        /// Properly signed, and no longer valid since 2020.
        case expired
    }

    /// The programs that must be here to build it, all of them in Debian's packages that `installHint` names.
    package static let requiredPrograms = [
        "apt-get", "bash", "busybox", "chpasswd", "dash", "dpkg-deb", "find", "gpg", "gpgv", "gzip", "ldd", "md5sum",
        "sha256sum", "ssh-keygen",
        "tar", "useradd", "xz",
    ]

    static let installHint = "apt-get install busybox-static gnupg gpgv openssh-client passwd xz-utils"
}
