import GuestModel
import LinuxHost
import SystemPackage

/// The one file of keys that a bootstrap tool takes.
enum Keyring {
    /// The only keyring, or several put together: a binary keyring is a row of keys (RFC 9580, 3.6), so two in a row
    /// are one.
    ///
    /// - Returns: nil when nothing is to be verified, and then only.
    static func prepare(_ install: GuestSpec.Install, at site: InstallationSite, on host: Host) throws -> FilePath? {
        guard install.verification == .required else { return nil }
        let keyrings = install.keyrings
        guard let first = keyrings.first else {
            throw BootstrapError("there is no keyring by which the archive could be verified", cause: .noInput)
        }
        guard keyrings.count > 1 else { return first }
        var keys: [UInt8] = []
        for keyring in keyrings {
            let bytes = try host.files.contents(of: keyring, limit: 16 << 20)
            guard let head = bytes.first, head & 0x80 != 0 else {
                throw BootstrapError(
                    "cannot put the keyrings \(keyrings.map(\.string).joined(separator: ", ")) together: "
                        + "\(keyring) is not a binary one",
                    hint: "gpg --dearmor makes one of an armored one", cause: .badData)
            }
            keys += bytes
        }
        let merged = site.scratch.appending("keyring.gpg")
        _ = try host.files.createFile(merged, contents: keys, mode: 0o644)
        return merged
    }
}
