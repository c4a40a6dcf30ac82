import GuestModel

/// What a kernel that xl loads is told: the key `cmdline` since Xen 4.5, `root` and `extra` before, and after for who writes
/// no `cmdline` (xl.cfg(5)).
extension XenConfigFile {
    /// The whole of it; nil where the configuration says none.
    package var commandLine: String? {
        if let text = self["cmdline"]?.text { return text }
        let parts = [self["root"]?.text.map { "root=\($0)" }, self["extra"]?.text].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// The same where that kernel is the guest's; nil where GRUB for Xen is loaded, and decides itself.
    package var kernelCommandLine: String? {
        guard let kernel = self["kernel"]?.text, !Self.isGRUBForXen(kernel) else { return nil }
        return commandLine
    }

    /// The key in which the root is named.
    package var rootKey: String { self["cmdline"] == nil ? "root" : "cmdline" }

    /// Whether a kernel is GRUB for Xen, by its name: `grub-x86_64-xen.bin`, as Debian and GRUB itself call it.
    package static func isGRUBForXen(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name.hasPrefix("grub-") && name.contains("xen")
    }
}

extension XenVersion {
    /// The keys, in their order, that tell a kernel this.
    package func keys(ofCommandLine text: String) -> [(key: String, value: String)] {
        guard XenConfigKeys.shape(of: "cmdline", in: self) == nil else { return [("cmdline", text)] }
        var words = text.split(separator: " ").map(String.init)
        var keys: [(key: String, value: String)] = []
        if let root = words.firstIndex(where: { $0.hasPrefix("root=") }) {
            keys.append(("root", String(words.remove(at: root).dropFirst("root=".count))))
        }
        if !words.isEmpty { keys.append(("extra", words.joined(separator: " "))) }
        return keys
    }
}
