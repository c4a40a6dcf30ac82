import Foundation
import SystemPackage

/// A small signed archive of an installer's images, such as a mirror of Debian has beside its packages: `InRelease` signs the
/// digest of `SHA256SUMS`, which has those of a kernel and an initial RAM disk, for Xen and for every machine.
///
///     let mirror = try await InstallerMirror.make(in: directory, images: package)
///     try await mirror.publish()
///     // dists/bookworm/InRelease, main/installer-amd64/current/images/SHA256SUMS, ...
package struct InstallerMirror: Sendable {
    /// Holds `dists` and `pool`.
    package let directory: FilePath
    /// The keys that verify it.
    package var keyring: FilePath { key.keyring }
    /// A valid keyring that has signed nothing.
    package let unrelatedKeyring: FilePath
    package let images: NetbootPackage
    /// What is published next, and by which key.
    package var suite = "bookworm"
    package var codename = "bookworm"
    package var date = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
    package var validUntil: Date?
    /// `xen`, `generic`.
    package var flavours: Set<String> = ["xen", "generic"]
    /// Whether the images are only listed, and not there.
    package var losesImages = false
    /// Whether the archive's package of the images is there, too.
    package var hasPackage = false
    /// The kernel whose modules the archive has.
    package var modulesRelease: String
    package var architecture = "amd64"
    /// In the place of the real kernel.
    package var kernel: [UInt8]?
    /// In the place of the real initial RAM disk, which takes its time to look into.
    package var initrd: [UInt8]?
    private let key: SigningKey

    /// - Parameters:
    ///   - keyExpires: how long the key is good for: `1d`.
    ///   - keyTime: when it is made, and signs: `20150101T000000`.
    package static func make(
        in directory: FilePath, images: NetbootPackage, keyExpires: String = "never", keyTime: String? = nil
    ) async throws -> InstallerMirror {
        let keys = directory.appending("keys")
        try makeDirectories(keys)
        let key = try await SigningKey.make("installer", in: keys, expires: keyExpires, time: keyTime)
        let other = try await SigningKey.make("other", in: keys)
        return InstallerMirror(
            directory: directory.appending("mirror"), unrelatedKeyring: other.keyring, images: images,
            modulesRelease: images.kernelRelease, key: key)
    }

    package var url: String { "file://\(directory)" }
    /// `dists/SUITE`.
    package var suiteDirectory: FilePath { directory.appending("dists").appending(suite) }
    package var imagesDirectory: FilePath {
        suiteDirectory.pushing(FilePath("main/installer-\(architecture)/current/images"))
    }

    /// Writes all of it anew, and signs it.
    package func publish() async throws {
        try? FileManager.default.removeItem(atPath: directory.string)
        let initrd = try initrd ?? readFile(images.initrd)
        let kernel = try kernel ?? readFile(images.kernel)
        if flavours.contains("xen") {
            try writeFile(imagesDirectory.pushing("netboot/xen/vmlinuz"), kernel)
            // Of its own, as it is in Debian's archive: an empty archive follows.
            try writeFile(imagesDirectory.pushing("netboot/xen/initrd.gz"), initrd + [0, 0, 0, 0])
        }
        if flavours.contains("generic") {
            let generic = imagesDirectory.pushing(FilePath("netboot/debian-installer/\(architecture)"))
            try writeFile(generic.appending("linux"), kernel)
            try writeFile(generic.appending("initrd.gz"), initrd)
        }
        try makeDirectories(imagesDirectory)
        try await shell(
            "find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs -r sha256sum >SHA256SUMS", in: imagesDirectory)
        if losesImages { try FileManager.default.removeItem(atPath: imagesDirectory.appending("netboot").string) }
        let udebs = suiteDirectory.pushing(FilePath("main/debian-installer/binary-\(architecture)"))
        try writeFile(udebs.appending("Packages"), "Package: scsi-modules-\(modulesRelease)-di\n" + Self.stanza)
        try await shell("gzip -9 -n -k Packages", in: udebs)
        if hasPackage { try await publishPackage() }
        try await sign()
    }

    /// A stanza's rest, of a file that nobody fetches.
    private static let stanza =
        "Version: 1\nArchitecture: amd64\nFilename: pool/none.udeb\nSize: 0\nSHA256: \(String(repeating: "0", count: 64))\n\n"

    private func publishPackage() async throws {
        let pool = directory.appending("pool")
        guard let name = images.file.lastComponent?.string else { throw TestSupportError("the package has no name") }
        try writeFile(pool.appending(name), readFile(images.file))
        let binary = suiteDirectory.pushing("main/binary-amd64")
        try makeDirectories(binary)
        try await shell("apt-ftparchive packages pool >dists/\(suite)/main/binary-amd64/Packages", in: directory)
        try await shell("xz -k Packages", in: binary)
    }

    /// Signs what there is, whatever was changed.
    package func sign() async throws {
        for name in ["InRelease", "Release", "Release.gpg"] {
            try? FileManager.default.removeItem(atPath: suiteDirectory.appending(name).string)
        }
        let digests = try await shell(
            "find . -type f -printf '%s %P\\n' | LC_ALL=C sort -k 2 | while read -r size path; do "
                + "printf ' %s %s %s\\n' \"$(sha256sum \"$path\" | cut -c1-64)\" \"$size\" \"$path\"; done",
            in: suiteDirectory)
        var text = "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: \(codename)\nDate: \(Self.text(date))\n"
        if let validUntil { text += "Valid-Until: \(Self.text(validUntil))\n" }
        text += "Architectures: \(architecture)\nComponents: main\nSHA256:\n" + digests
        try writeFile(suiteDirectory.appending("Release"), text)
        try await key.sign(suiteDirectory.appending("Release"))
    }

    /// Writes `FILE.sign` beside a file, as it lies beside the list of a distribution's discs.
    package func signDetached(_ file: FilePath) async throws {
        try await key.signDetached(file)
    }

    /// `Sat, 17 May 2025 09:03:51 UTC`.
    private static func text(_ date: Date) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'UTC'"
        return format.string(from: date)
    }

    @discardableResult
    private func shell(_ text: String, in directory: FilePath) async throws -> String {
        try await Command("sh", ["-euc", text], directory: directory).run().orThrow().standardOutput
    }
}
