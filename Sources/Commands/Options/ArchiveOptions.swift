import ArgumentParser

/// Which archive, and what proves it.
struct ArchiveOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The distribution's archive (the one that this host uses).", valueName: "url"))
    var mirror: String?

    @Option(help: ArgumentHelp("The keyring that must have signed the archive.", valueName: "file"))
    var keyring: String?

    @Flag(name: .customLong("no-verify"), help: "Install from an archive whose signature nobody checks.")
    var noVerify = false

    @Option(
        name: [.customLong("apt_proxy"), .customLong("apt-proxy")],
        help: ArgumentHelp("The proxy for packages, now and in the guest.", valueName: "url"))
    var aptProxy: String?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("mirror", mirror)
        layer.add("keyring", keyring)
        layer.add("no-verify", ifSet: noVerify)
        layer.add("apt-proxy", aptProxy)
        return layer
    }
}
