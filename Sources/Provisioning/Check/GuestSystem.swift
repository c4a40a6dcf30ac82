import LinuxHost
import Storage
import XenConfig

/// A guest's root file system, looked into from outside: what it mounts, and where it lets people log in.
///
/// It is read by Domus itself, a file at a time, and never mounted: what is in there may be made to hurt who looks. Whatever
/// cannot be read, or is not understood, is not judged.
struct GuestSystem {
    private let reader: ExtReader
    /// What the guest calls its root.
    let root: String

    /// The root among a guest's file systems: the one that the kernel is told of, or else the only one with an `/etc/fstab`.
    init?(on disks: GuestPieces, rootUUID: String?, host: Host) {
        var found: [(ExtReader, String)] = []
        for piece in disks.pieces {
            guard case .fileSystem(let kind) = piece.content.content, [.ext2, .ext3, .ext4].contains(kind) else {
                continue
            }
            if let rootUUID, piece.content.uuid.lowercased() != rootUUID.lowercased() { continue }
            let files = host.files
            let reader = try? ExtReader(budget: 8 << 20) { offset, count in
                let start = piece.range.lowerBound + offset
                guard start < piece.range.upperBound else { return [] }
                let rest = min(Int64(count), piece.range.upperBound - start)
                return try files.bytes(of: piece.path, at: start, count: Int(rest))
            }
            guard let reader, (try? reader.entry(at: "/etc/fstab"))??.kind == .file else { continue }
            found.append((reader, piece.name))
        }
        guard found.count == 1 else { return nil }
        (reader, root) = found[0]
    }

    private func lines(of path: String) -> [Substring]? {
        guard let bytes = (try? reader.contents(of: path, limit: 256 << 10)) ?? nil else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { line in
            line.first { $0 != " " && $0 != "\t" }.map { $0 != "#" } ?? false
        }
    }

    private func entry(_ path: String, followsLast: Bool = true) -> ExtReader.Entry? {
        (try? reader.entry(at: path, followsLast: followsLast)) ?? nil
    }

    // MARK: fstab

    struct Mount {
        let source: String
        let target: String
        /// Whether the guest starts without it.
        let isOptional: Bool
        var isSwap: Bool { target == "none" || target == "swap" }
    }

    /// fstab(5).
    var mounts: [Mount] {
        (lines(of: "/etc/fstab") ?? []).compactMap { line in
            let fields = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard fields.count >= 2 else { return nil }
            let options = fields.count > 3 ? fields[3].split(separator: ",") : []
            return Mount(
                source: fields[0].filter { $0 != "\"" }, target: fields[1],
                isOptional: options.contains { $0 == "nofail" || $0 == "noauto" })
        }
    }

    // MARK: logins

    /// Whether there is a login on a console; nil where it is not known how the system starts.
    ///
    /// - Parameter console: `hvc0`, `ttyS0`.
    func hasLogin(on console: String) -> Bool? {
        if entry("/lib/systemd/systemd") != nil || entry("/usr/lib/systemd/systemd") != nil {
            return systemdHasLogin(on: console)
        }
        guard let table = lines(of: "/etc/inittab") else { return nil }
        return table.contains { line in
            // inittab(5): id:runlevels:action:process. BusyBox writes the terminal into the first.
            let fields = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4, ["respawn", "askfirst"].contains(fields[2]) else { return false }
            let words = fields[3].split { " \t".contains($0) }
            return fields[0] == console
                || words.contains { $0 == console || $0 == "/dev/\(console)" || $0 == "console" }
        }
    }

    /// systemd-getty-generator(8): a login on each virtualizer console that there is, and on the consoles that the kernel is
    /// told of.
    private func systemdHasLogin(on console: String) -> Bool? {
        func isMasked(_ name: String, in directory: String) -> Bool {
            entry("\(directory)/\(name)", followsLast: false)?.target == "/dev/null"
        }
        let unit = "serial-getty@\(console).service"
        let units = "/etc/systemd/system"
        if [unit, "serial-getty@.service", "getty.target"].contains(where: { isMasked($0, in: units) }) {
            return false
        }
        for wants in ["getty.target.wants", "multi-user.target.wants"]
        where [unit, "getty@\(console).service", "console-getty.service"].contains(where: {
            entry("\(units)/\(wants)/\($0)", followsLast: false) != nil
        }) { return true }
        if isMasked("systemd-getty-generator", in: "/etc/systemd/system-generators") { return false }
        if console == "hvc0" { return true }
        guard let loader = lines(of: "/boot/grub/grub.cfg") else { return nil }
        return loader.contains { $0.split { " \t,\"'".contains($0) }.contains("console=\(console)") }
    }
}
