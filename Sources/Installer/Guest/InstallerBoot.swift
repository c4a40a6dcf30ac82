import GuestModel

/// What the installer's kernel is told.
package enum InstallerBoot {
    /// A PV guest gets no longer one (`MAX_GUEST_CMDLINE` of xen/include/public/xen.h, with the NUL at its end); every kernel of
    /// Linux cuts it at 2048 (COMMAND_LINE_SIZE).
    package static func longest(for type: GuestType) -> Int { type == .pv ? 1023 : 2047 }

    /// With less the installer of Debian 12 thinks itself short of memory: 737 MiB, beside what the kernel takes.
    package static let plentyOfMemory = ByteSize.mebibytes(800)
    /// With less it does not even unpack its initial RAM disk: measured with Debian 12.
    package static let leastMemory = ByteSize.mebibytes(384)

    /// - Throws: ``InstallerError`` for one that would be cut, and for a guest with too little memory.
    package static func commandLine(for spec: GuestSpec) throws(InstallerError) -> String {
        guard spec.machine.memory >= leastMemory else {
            throw InstallerError(
                "the installer does not run in \(spec.machine.memory) of memory: it needs \(leastMemory)",
                hint: "--memory=1G; xl mem-set, or the configuration, gives the installed guest less", cause: .usage)
        }
        var words = [
            "auto=true", "priority=critical",
            // Without it the installer starts a multiplexer of terminals on Xen's console, and its log is unreadable.
            "TERM=dumb", "DEBIAN_FRONTEND=text", "console=\(spec.installerConsole)",
            // What follows is what the installed system's kernel is told, too.
            "---", "console=\(spec.installerConsole)",
        ]
        // Else it stops with a note, and asks for the location, whatever the answers say.
        if spec.machine.memory < plentyOfMemory { words.insert("lowmem=+0", at: 2) }
        if !spec.boot.kernelOptions.isEmpty { words.append(spec.boot.kernelOptions) }
        let line = words.joined(separator: " ")
        let longest = longest(for: spec.machine.type)
        guard line.utf8.count <= longest else {
            throw InstallerError(
                "the installer's kernel would be told \(line.utf8.count) bytes, and a guest of type \(spec.machine.type) "
                    + "reads \(longest)", hint: "give fewer words with --cmdline", cause: .usage)
        }
        return line
    }
}
