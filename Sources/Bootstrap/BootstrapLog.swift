import GuestModel
import LinuxHost
import SystemPackage

/// Finds in a bootstrap tool's output the line that says what went wrong.
struct BootstrapLog {
    let site: InstallationSite
    let host: Host

    struct Complaint {
        var text: String?
        var hint: String?
        var cause: BootstrapError.Cause
    }

    /// The last line that begins like an error, in debootstrap's and in apt's manner.
    func complaint() throws(HostError) -> Complaint {
        guard let log = site.log else { return Complaint(cause: .failed) }
        let text = String(decoding: try host.files.contents(of: log, limit: 64 << 20).suffix(1 << 16), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).map { String($0) }
        let line = lines.last { line in
            Self.prefixes.contains { line.hasPrefix($0) }
        }
        var complaint = Complaint(text: line.map { MirrorURL.redacted(Self.stripped($0)) }, cause: .failed)
        let context = lines.suffix(40).joined(separator: "\n")
        if Self.mentions(context, ["No space left on device"]) {
            complaint.text = "there is no space left on the device"
            complaint.cause = .noSpace
            complaint.hint = "free some space, or put the guest elsewhere with --dir"
        } else if Self.mentions(
            context,
            [
                "GPG", "Invalid Release signature", "NO_PUBKEY", "BADSIG", "not signed", "EXPKEYSIG", "unknown key",
                "release signature file",
            ])
        {
            complaint.cause = .badData
            complaint.hint =
                "the archive's signature does not hold with this keyring; --keyring=FILE gives another, "
                + "--no-verify installs all the same, without any protection"
        } else if Self.mentions(context, ["corrupt", "Hash Sum mismatch", "checksum"]) {
            complaint.cause = .badData
            complaint.hint = "a file of the mirror is damaged, or was changed on the way"
        } else if Self.mentions(
            context, ["Couldn't download", "Failed to fetch", "Failed getting release", "does not have a Release file"])
        {
            complaint.cause = .unavailable
            complaint.hint = "the mirror did not give all that it should have; try again, or another --mirror=URL"
        }
        return complaint
    }

    private static let prefixes = ["E: ", "W: Failure", "Err:", "dpkg: error", "cp: "]

    private static func stripped(_ line: String) -> String {
        line.hasPrefix("E: ") ? String(line.dropFirst(3)) : line
    }

    private static func mentions(_ text: String, _ words: [String]) -> Bool {
        words.contains { text.contains($0) }
    }
}
