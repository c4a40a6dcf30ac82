import SystemPackage

/// A throw-away OpenPGP key in a GnuPG home of its own. The agent that gpg starts for it ends when the home is removed.
struct SigningKey: Sendable {
    /// The public key as gpgv and apt's `signed-by` take it: binary, not armoured.
    let keyring: FilePath
    private let home: FilePath

    /// Makes `NAME.gpg` and the GnuPG home `NAME` in `directory`.
    static func make(_ name: String, in directory: FilePath) async throws -> SigningKey {
        let home = directory.appending(name)
        try makeDirectories(home)
        try await run("chmod", ["700", home.string]).orThrow()
        let key = SigningKey(keyring: directory.appending("\(name).gpg"), home: home)
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
            "never"
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

    private func gpg(_ arguments: String...) async throws {
        try await run("gpg", ["--homedir", home.string, "--batch", "--yes", "--no-tty"] + arguments).orThrow()
    }
}
