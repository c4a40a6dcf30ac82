import SystemPackage

/// A throw-away OpenPGP key in a GnuPG home of its own. The agent that gpg starts for it ends when the home is removed.
struct SigningKey: Sendable {
    /// The public key as gpgv and apt's `signed-by` take it: binary, not armoured.
    let keyring: FilePath
    private let home: FilePath
    /// When gpg thinks that it is: `20200101T000000`.
    private let time: String?

    /// Makes `NAME.gpg` and the GnuPG home `NAME` in `directory`.
    ///
    /// - Parameters:
    ///   - expires: as gpg takes it: `1d`.
    ///   - time: when it is made, and signs.
    static func make(
        _ name: String, in directory: FilePath, expires: String = "never", time: String? = nil
    ) async throws -> SigningKey {
        let home = directory.appending(name)
        try makeDirectories(home)
        try await run("chmod", ["700", home.string]).orThrow()
        let key = SigningKey(keyring: directory.appending("\(name).gpg"), home: home, time: time)
        let user = "Fixture \(name) <\(name)@archive.example>"
        try await key.gpg(
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--quick-gen-key",
            user,
            "ed25519",
            "sign",
            expires
        )
        try await key.gpg("--output", key.keyring.string, "--export")
        return key
    }

    /// Writes `InRelease` and `Release.gpg` beside a `Release` file.
    func sign(_ release: FilePath) async throws {
        let directory = release.removingLastComponent()
        try await gpg("--output", directory.appending("InRelease").string, "--clearsign", release.string)
        try await gpg("--output", "\(release).gpg", "--armor", "--detach-sign", release.string)
    }

    /// Writes `FILE.sign` beside a file.
    func signDetached(_ file: FilePath) async throws {
        try await gpg("--output", "\(file).sign", "--armor", "--detach-sign", file.string)
    }

    private func gpg(_ arguments: String...) async throws {
        let clock = time.map { ["--faked-system-time", $0] } ?? []
        try await run("gpg", ["--homedir", home.string, "--batch", "--yes", "--no-tty"] + clock + arguments).orThrow()
    }
}
