/// Whether what the kernel is told fits the guest's devices, as far as the configuration alone tells.
extension ConfigurationCheck {
    mutating func checkCommandLine() {
        guard type != "hvm" else { return checkScreen() }
        guard let words = file.kernelCommandLine?.split(separator: " ") else { return }
        checkRoot(words)
        // Xen's own console is hvc0; it was xvc0 before Linux 2.6.26 came to Debian.
        let consoles = words.filter { $0.hasPrefix("console=") }.map {
            $0.dropFirst("console=".count).prefix { $0 != "," }
        }
        if !consoles.isEmpty, !consoles.contains(where: { $0.hasPrefix("hvc") || $0.hasPrefix("xvc") }) {
            add(
                .warning,
                "the kernel's console is \(consoles.joined(separator: " and ")), and xl console shows hvc0",
                key: file["cmdline"] == nil ? "extra" : "cmdline", hint: "add console=hvc0")
        }
    }

    private mutating func checkRoot(_ words: [Substring]) {
        guard let root = words.last(where: { $0.hasPrefix("root=/dev/xvd") })?.dropFirst("root=/dev/".count) else {
            return
        }
        // Which of its names an IDE or SCSI disk has in the guest, only the kernel knows.
        guard !disks.isEmpty, disks.allSatisfy({ $0.vdev.hasPrefix("xvd") }) else { return }
        let whole = root.prefix { !$0.isNumber }
        guard !disks.contains(where: { $0.vdev == root || $0.vdev == whole }) else { return }
        add(
            .error, "the kernel looks for the root on \(root), which is none of its disks",
            key: file.rootKey,
            hint: "it has \(disks.map(\.vdev).joined(separator: ", "))")
    }

    private mutating func checkScreen() {
        let isDark = file["nographic"]?.integer == 1 || file["vnc"]?.integer == 0 && file["sdl"]?.integer != 1
        guard isDark, file["serial"] == nil, file["spice"]?.integer != 1, file["vfb"] == nil else { return }
        add(
            .warning, "it has neither a screen nor a serial port, so that xl console shows nothing", key: "vnc",
            hint: "write serial = \"pty\"")
    }
}
