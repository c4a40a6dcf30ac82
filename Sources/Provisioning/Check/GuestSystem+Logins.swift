import Storage

extension GuestSystem {
    /// Whether there is a login on a console; nil where it is not known how the system starts.
    ///
    /// - Parameter console: `hvc0`, `ttyS0`.
    func hasLogin(on console: String) throws -> Bool? {
        // OpenRC's service, beside an inittab or without.
        if try reader.entry(at: "/etc/runlevels/default/agetty.\(console)", followsLast: false) != nil { return true }
        if try hasSystemd { return try systemdHasLogin(on: console) }
        // inittab(5): id:runlevels:action:process. One without sysinit is that of a system which upstart starts.
        guard let lines = try lines(of: "/etc/inittab") else { return nil }
        let table = lines.map { line in
            line.split(separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
                .map { String(decoding: Array($0), as: UTF8.self) }
        }
        guard table.contains(where: { $0.count == 4 && $0[2] == "sysinit" }) else { return nil }
        // Kernels of before 2.6.26 call it xvc0.
        let names = console == "hvc0" ? ["hvc0", "xvc0"] : [console]
        return table.contains { fields in
            guard fields.count == 4, ["respawn", "askfirst"].contains(fields[2]) else { return false }
            // BusyBox writes the terminal into the first; without one it is the console.
            if ["", "console"].contains(fields[0]) || names.contains(fields[0]) { return true }
            let words = GuestSystem.words(of: Array(fields[3].utf8))
            return words.contains { word in
                ["console", "/dev/console"].contains(word) || names.contains { word == $0 || word == "/dev/\($0)" }
            }
        }
    }

    private static let unitDirectories = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"]

    /// systemd-getty-generator(8): a login on each virtualizer console that there is, and on the consoles that the kernel is
    /// told of; and what is enabled by itself.
    private func systemdHasLogin(on console: String) throws -> Bool? {
        for (template, unit) in [
            ("serial-getty@.service", "serial-getty@\(console).service"),
            ("getty@.service", "getty@\(console).service"), ("", "console-getty.service"),
        ] {
            if try !isMasked(unit) && !isMasked(template) && isWanted(unit) { return true }
        }
        for unit in ["serial-getty@\(console).service", "serial-getty@.service", "getty.target"] {
            if try isMasked(unit) { return false }
        }
        if try isNothing("/etc/systemd/system-generators/systemd-getty-generator") { return false }
        if console == "hvc0" { return true }
        var loader: [[UInt8]]?
        for path in ["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"] {
            if loader == nil { loader = try lines(of: path) }
        }
        guard let loader else { return nil }
        let words = Set(
            loader.flatMap { line in
                line.split { " \t,\"'".utf8.contains($0) }.map { String(decoding: Array($0), as: UTF8.self) }
            })
        if words.contains("console=\(console)") { return true }
        // What it reads from elsewhere may say it.
        return words.isDisjoint(with: ["blscfg", "configfile", "source", "."]) ? false : nil
    }

    private func isWanted(_ unit: String) throws -> Bool {
        for directory in Self.unitDirectories {
            for target in ["getty", "multi-user", "default", "graphical"] {
                let path = "\(directory)/\(target).target.wants/\(unit)"
                if try reader.entry(at: path, followsLast: false) != nil { return true }
            }
        }
        return false
    }

    private func isMasked(_ unit: String) throws -> Bool {
        try !unit.isEmpty && isNothing("/etc/systemd/system/\(unit)")
    }

    /// systemd.unit(5): a link to /dev/null, or an empty file.
    private func isNothing(_ path: String) throws -> Bool {
        guard let entry = try reader.entry(at: path, followsLast: false) else { return false }
        return entry.target.map { $0 == "/dev/null" || $0.hasSuffix("../dev/null") } ?? (entry.size == 0)
    }
}
