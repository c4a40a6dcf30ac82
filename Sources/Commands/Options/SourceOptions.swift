import ArgumentParser

/// What the guest's packages come from. What a value must be is said, and checked, elsewhere: the same values come from files.
struct SourceOptions: ParsableArguments {
    @OptionGroup var archive: ArchiveOptions

    @Option(
        name: .customLong("security-mirror"),
        help: ArgumentHelp("The archive of security updates, or none.", valueName: "url"))
    var securityMirror: String?

    @Option(help: ArgumentHelp("Components of the archive, with commas.", valueName: "list"))
    var components: String?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = archive.layer
        layer.add("security-mirror", securityMirror)
        layer.add("components", components)
        return layer
    }
}
