import Storage
import XenConfig

/// Whether the system on the guest's disks is one for that configuration.
extension HostCheck {
    /// The most that is told of one guest's fstab, and the most disks that are named.
    private static let most = 8

    func system(of reading: ConfigurationReading, on disks: GuestPieces) -> [Problem] {
        guard let system = GuestSystem(on: disks, told: Self.root(of: reading), host: host) else { return [] }
        // What cannot be read is not judged.
        return ((try? mounts(of: system, reading, disks)) ?? []) + ((try? login(of: system, reading)) ?? [])
    }

    /// An entry of fstab that none of the disks is for: the guest waits for it, and one with systemd then asks for help.
    private func mounts(
        of system: GuestSystem, _ reading: ConfigurationReading, _ disks: GuestPieces
    ) throws(ExtError) -> [Problem] {
        var seen: Set<String> = []
        let missing = try system.mounts.filter { mount in
            !mount.isOptional && isMissing(mount.source, reading, disks) && seen.insert(mount.source).inserted
        }
        guard !missing.isEmpty else { return [] }
        let waits = try system.hasSystemd
        let shown = disks.pieces.prefix(Self.most).map { "\($0.name) UUID=\($0.content.uuid)" }
        let list = shown.joined(separator: ", ") + (disks.pieces.count > Self.most ? ", and more" : "")
        return missing.prefix(Self.most).map { mount in
            Problem(
                severity: !mount.isSwap && (mount.target == "/" || waits) ? .error : .warning,
                message:
                    "/etc/fstab on \(system.root) has \(mount.source) for \(mount.isSwap ? "swap" : mount.target), "
                    + "which is none of the guest's disks",
                hint: "they are \(list)", position: reading.file.position(of: "disk"))
        }
    }

    private func isMissing(_ source: String, _ reading: ConfigurationReading, _ disks: GuestPieces) -> Bool {
        if source.hasPrefix("UUID=") {
            let uuid = source.dropFirst("UUID=".count).lowercased()
            // An EFI system partition has a short one, and is not looked into.
            return disks.isWhole && uuid.utf8.count == 36
                && !disks.pieces.contains { $0.content.uuid.lowercased() == uuid }
        }
        // In an emulated machine the kernel gives its own names, and what is no xvd has another one in newer kernels.
        let names = reading.summary.disks.map(\.vdev)
        guard source.hasPrefix("/dev/xvd"), reading.type != "hvm", names.allSatisfy({ $0.hasPrefix("xvd") }) else {
            return false
        }
        let name = String(source.dropFirst("/dev/".count))
        if names.contains(name) || disks.others.contains(name) || disks.pieces.contains(where: { $0.name == name }) {
            return false
        }
        // A partition of a disk that is not understood may be there.
        let drive = String(name.reversed().drop { $0.isNumber }.reversed())
        return disks.isWhole || !names.contains(drive)
    }

    /// Nobody can log in on the console that xl shows.
    private func login(of system: GuestSystem, _ reading: ConfigurationReading) throws -> [Problem] {
        let console: String
        switch reading.type {
        case "hvm":
            // Another one than a pseudo-terminal goes somewhere else.
            let ports = reading.file["serial"]?.items?.compactMap(\.text) ?? [reading.file["serial"]?.text ?? ""]
            guard ports.first == "pty" else { return [] }
            console = "ttyS0"
        default:
            // A kernel that is told of others has its login there.
            let words = reading.file.kernelCommandLine?.split(separator: " ") ?? []
            let consoles = words.filter { $0.hasPrefix("console=") }.map { $0.dropFirst(8).prefix { $0 != "," } }
            guard consoles.isEmpty || consoles.contains("hvc0") else { return [] }
            console = "hvc0"
        }
        guard try system.hasLogin(on: console) == false else { return [] }
        return [
            Problem(
                severity: .warning,
                message: "the system on \(system.root) has no login on \(console), which is what xl console shows",
                hint: "with systemd, enable serial-getty@\(console).service there; in /etc/inittab, write "
                    + "co:2345:respawn:/sbin/getty 38400 \(console)",
                position: reading.file.position(of: reading.type == "hvm" ? "serial" : "name"))
        ]
    }
}
