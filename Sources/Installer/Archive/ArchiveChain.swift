import Crypto
import GuestModel
import LinuxHost
import SystemPackage

/// The chain by which a file of an archive is proven: keyring, signature of `InRelease`, digest of the index, digest of the
/// file.
///
/// No other tool follows it for an installer's images (shared facts of the installer): each link is refused by name.
package struct ArchiveChain: Sendable {
    /// What is asked for, and by what it is proven.
    package struct Archive: Sendable {
        /// May hold a password.
        package var mirror: String
        package var release: Release
        /// None where nothing is verified.
        package var keyrings: [FilePath]
        package var proxy: String?
        /// Whether the user said that it need not be proven.
        package var isUnverified: Bool
        /// Whether one that is older than one seen before will do: `--allow-older`.
        package var allowsOlder: Bool

        package init(
            mirror: String, release: Release, keyrings: [FilePath], proxy: String? = nil, isUnverified: Bool = false,
            allowsOlder: Bool = false
        ) {
            self.mirror = mirror
            self.release = release
            self.keyrings = keyrings
            self.proxy = proxy
            self.isUnverified = isUnverified
            self.allowsOlder = allowsOlder
        }

        package init(_ install: GuestSpec.Install, of release: Release, allowsOlder: Bool = false) {
            self.init(
                mirror: install.mirror, release: release, keyrings: install.keyrings, proxy: install.proxy,
                isUnverified: install.verification == .disabled, allowsOlder: allowsOlder)
        }

        /// For people.
        package var shown: String { MirrorURL.redacted(mirror) }
        package var suite: String { release.codename }
    }

    package let archive: Archive
    package private(set) var downloads: Downloads
    /// A directory of the run's own: what is fetched is there first.
    package let scratch: FilePath
    /// Known since ``open(_:downloads:scratch:seen:)``.
    package let release: ReleaseFile
    /// nil where nothing was verified.
    package let signature: Signature?

    private var host: Host { downloads.host }

    package static let requirement = (program: "gpgv", package: "gpgv")

    /// Fetches the suite's release file and proves it.
    ///
    /// - Parameter seen: when the newest that was ever seen of this suite at this mirror was made, in seconds since 1970.
    /// - Throws: ``InstallerError``, ``HostError``.
    package static func open(
        _ archive: Archive, downloads: Downloads, scratch: FilePath, seen: Int64?
    ) async throws -> ArchiveChain {
        let (text, name, signature) = try await verified(archive, downloads, scratch)
        let release = try ReleaseFile(text, file: name)
        try check(release, archive, now: downloads.host.clock.seconds, seen: seen, name: name)
        return ArchiveChain(
            archive: archive, downloads: downloads, scratch: scratch, release: release, signature: signature)
    }

    private static func verified(
        _ archive: Archive, _ downloads: Downloads, _ scratch: FilePath
    ) async throws -> (text: String, name: String, signature: Signature?) {
        let host = downloads.host
        func text(_ path: FilePath) throws -> String {
            String(decoding: try host.files.contents(of: path, limit: limit), as: UTF8.self)
        }
        let inRelease = scratch.appending("InRelease")
        if try await downloads.fetch(address(archive, "InRelease"), to: inRelease, limit: Int64(limit)) {
            let name = "dists/\(archive.suite)/InRelease of \(archive.shown)"
            guard !archive.isUnverified else { return (try plain(text(inRelease)), name, nil) }
            // What was signed, not what was fetched: behind a signature anything may follow.
            let signed = scratch.appending("InRelease.signed")
            let signature = try await verify([inRelease], of: name, archive, output: signed, host)
            return (try text(signed), name, signature)
        }
        // Old archives have a detached one.
        let plain = scratch.appending("Release")
        let detached = scratch.appending("Release.gpg")
        let name = "dists/\(archive.suite)/Release of \(archive.shown)"
        guard try await downloads.fetch(address(archive, "Release"), to: plain, limit: Int64(limit)) else {
            throw InstallerError(
                "the mirror \(archive.shown) does not have \(archive.suite): neither dists/\(archive.suite)/InRelease nor "
                    + "Release is there",
                hint: "see whether the address is right and the suite is on it; --mirror=URL gives another",
                cause: .unavailable)
        }
        guard !archive.isUnverified else { return (try text(plain), name, nil) }
        guard try await downloads.fetch(address(archive, "Release.gpg"), to: detached, limit: 1 << 20) else {
            throw InstallerError(
                "\(name) bears no signature: there is no Release.gpg beside it",
                hint: "--no-verify takes what nothing proves", cause: .badData)
        }
        return (try text(plain), name, try await verify([detached, plain], of: name, archive, output: nil, host))
    }

    // Debian's have 150 kB.
    private static let limit = 16 << 20

    static func verify(
        _ files: [FilePath], of name: String, _ archive: Archive, output: FilePath?, _ host: Host
    ) async throws -> Signature {
        guard !archive.keyrings.isEmpty else {
            throw InstallerError(
                "there is no keyring by which \(name) could be verified",
                hint:
                    "apt-get install \(archive.release.distribution == .debian ? "debian-archive-keyring" : "ubuntu-keyring")",
                cause: .noInput)
        }
        guard host.processes.find(requirement.program) != nil else {
            throw InstallerError(
                "gpgv: not on this host, and signatures are verified by it", hint: "apt-get install gpgv",
                cause: .unavailable)
        }
        for keyring in archive.keyrings {
            guard let head = try host.files.bytes(of: keyring, at: 0, count: 1).first, head & 0x80 != 0 else {
                throw InstallerError(
                    "\(keyring) is not a binary keyring, as gpgv takes them", hint: "gpg --dearmor makes one of it",
                    cause: .badData)
            }
        }
        let gpgv = Invocation(
            "gpgv",
            ["--status-fd", "1"] + archive.keyrings.flatMap { ["--keyring", $0.string] }
                + (output.map { ["--output", $0.string] } ?? []) + ["--"] + files.map(\.string),
            environment: ["LC_ALL": "C", "GNUPGHOME": "/nonexistent"], timeout: 60)
        let answer = try await host.processes.capture(gpgv)
        // Its exit status also counts signatures by keys that are not in the keyring: Debian signs with several.
        return try Signature(
            status: answer.output, allowsExpiredKeys: archive.release.isArchived, of: name, by: archive.keyrings)
    }

    /// The text between the frame of a clear-signed file, where nobody verifies it (RFC 9580, 7).
    private static func plain(_ text: String) -> String {
        guard text.hasPrefix("-----BEGIN PGP SIGNED MESSAGE-----") else { return text }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
        lines = lines.drop { !$0.isEmpty }.dropFirst()
        return lines.prefix { $0 != "-----BEGIN PGP SIGNATURE-----" }
            .map { $0.hasPrefix("- ") ? $0.dropFirst(2) : $0 }.joined(separator: "\n")
    }

    /// - Throws: ``InstallerError`` for one that is of another suite, or of another time.
    static func check(
        _ release: ReleaseFile, _ archive: Archive, now: Int64, seen: Int64?, name: String
    ) throws(InstallerError) {
        guard release.isOf(archive.suite) else {
            throw InstallerError(
                "\(name) is of \(release.codename ?? release.suite ?? "another suite"), not of \(archive.suite)",
                hint: "the mirror, or somebody before it, gives one suite for another", cause: .badData)
        }
        guard release.date <= now + day else {
            throw InstallerError(
                "\(name) is of \(CalendarDay.text(release.date)), which is to come: today is \(CalendarDay.text(now))",
                hint: "set this host's clock", cause: .badData)
        }
        // What nothing proves, dates prove no better.
        if let until = release.validUntil, until < now, !archive.release.isArchived, !archive.allowsOlder,
            !archive.isUnverified
        {
            throw InstallerError(
                "\(name) has not been valid since \(CalendarDay.text(until)): it may hold back what was mended since",
                hint: "the mirror is out of date; try another; --allow-older takes it, as from a snapshot",
                cause: .badData)
        }
        guard let seen, release.date < seen, !archive.allowsOlder else { return }
        throw InstallerError(
            "\(name) is of \(CalendarDay.text(release.date)), and an earlier run has had one of "
                + "\(CalendarDay.text(seen)) from there: somebody may be replaying an old one",
            hint: "the mirror may also have been set back; --allow-older takes it", cause: .badData)
    }

    private static let day: Int64 = 86400

    private static func address(_ archive: Archive, _ path: String) -> String {
        "\(base(archive))/dists/\(archive.suite)/\(path)"
    }

    private static func base(_ archive: Archive) -> String {
        var base = archive.mirror
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }

    // MARK: Files

    /// - Parameter tell: is told how many bytes of a file are there, while it is fetched.
    package mutating func onProgress(_ tell: @escaping @Sendable (Int64) -> Void) { downloads.progress = tell }

    /// A file that the release file names, proven.
    ///
    /// - Returns: nil where the release file does not name it.
    /// - Throws: ``InstallerError`` where the mirror does not have it, or has another.
    package func file(_ path: String) async throws -> FilePath? {
        guard let listed = release.files[path] else { return nil }
        let target = scratch.appending("file-\(path.map { $0 == "/" ? "_" : $0 }.map(String.init).joined())")
        let name = "dists/\(archive.suite)/\(path) of \(archive.shown)"
        guard try await downloads.fetch(Self.address(archive, path), to: target, limit: listed.size) else {
            throw InstallerError(
                "\(name) is not there, though its release file names it", hint: "try another mirror",
                cause: .unavailable)
        }
        try prove(target, is: listed.sha256, size: listed.size, name: name)
        return target
    }

    /// A file below the archive's root (`pool/...`) or the suite's directory, whose digest an index gave.
    ///
    /// - Parameters:
    ///   - isOfSuite: whether the path is below `dists/SUITE/`.
    ///   - size: where the index has it; the file may then be no larger.
    /// - Returns: nil where the mirror does not have it.
    /// - Throws: ``InstallerError`` where it is another.
    package func file(
        _ path: String, isOfSuite: Bool, sha256: String, size: Int64? = nil, to target: FilePath
    ) async throws -> FilePath? {
        let address = isOfSuite ? Self.address(archive, path) : "\(Self.base(archive))/\(path)"
        guard try await downloads.fetch(address, to: target, limit: size ?? Self.largestImage) else { return nil }
        try prove(target, is: sha256, size: size, name: MirrorURL.redacted(address))
        return target
    }

    // The largest there are, with a graphical installer, have 80 MB.
    private static let largestImage: Int64 = 1 << 30

    private func prove(_ file: FilePath, is sha256: String, size: Int64?, name: String) throws {
        let actual = try host.files.entry(at: file)?.size ?? 0
        if let size, actual != size {
            throw InstallerError(
                actual < size
                    ? "\(name) is cut short: it has \(actual) bytes of \(size)"
                    : "\(name) is not what the archive signed: it has \(actual) bytes, and should have \(size)",
                hint: "the mirror may be in the middle of an update; try again, or another mirror", cause: .badData)
        }
        let found = try PlainDigest.sha256(of: file, on: host)
        guard found == sha256 else {
            throw InstallerError(
                "\(name) is not what the archive signed: its SHA-256 is \(found.prefix(16))..., and should be "
                    + "\(sha256.prefix(16))...",
                hint:
                    "it is damaged or changed, or the mirror is in the middle of an update; try again, or another mirror",
                cause: .badData)
        }
    }
}

/// SHA-256 as sha256sum(1) prints it: the one that archives use.
package enum PlainDigest {
    /// Reads the file piece by piece.
    package static func sha256(of file: FilePath, on host: Host) throws(HostError) -> String {
        var hash = SHA256()
        var offset: Int64 = 0
        while true {
            let piece = try host.files.bytes(of: file, at: offset, count: 1 << 20)
            guard !piece.isEmpty else { break }
            hash.update(data: piece)
            offset += Int64(piece.count)
        }
        return Array(hash.finalize()).hexadecimal
    }
}
