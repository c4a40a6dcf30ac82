import ArgumentParser

/// How the command goes about it. What a value must be is said, and checked, elsewhere: the same values come from files.
struct RunOptions: ParsableArguments {
    @Option(help: ArgumentHelp("One more configuration file; the command line wins over it.", valueName: "file"))
    var config: String?

    @Flag(inversion: .prefixedNo, help: "Replace a guest of that name.")
    var force: Bool?

    @Option(
        name: .customLong("force-volume"),
        help: ArgumentHelp(
            "Replace this volume, which Domus did not make, with what is on it; repeatable.", valueName: "group/name"))
    var forceVolume: [String] = []

    @Flag(inversion: .prefixedNo, help: "When it fails, keep what was made.")
    var keep: Bool?

    @Flag(name: .customLong("dry-run"), help: "Show what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Show the values that all files and options come to, and do nothing.")
    var dumpconfig = false

    @Flag(inversion: .prefixedNo, help: "Show what the programs say that do the work.")
    var verbose: Bool?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("force", force)
        layer.add("keep", keep)
        layer.add("verbose", verbose)
        return layer
    }
}
