import ArgumentParser

/// The xl configuration. What a value must be is said, and checked, elsewhere: the same values come from files.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the xl configuration goes (/etc/xen).", valueName: "dir"))
    var output: String?

    @Option(name: .customLong("extension"), help: ArgumentHelp("The extension of its name (.cfg).", valueName: "text"))
    var fileExtension: String?

    @Option(help: ArgumentHelp("A mustache template for it.", valueName: "file"))
    var template: String?

    @Option(
        name: .customLong("xen-version"),
        help: ArgumentHelp(
            "The Xen that is to read it (the one that runs here, else the newest known).", valueName: "version"))
    var xenVersion: String?

    @Option(help: ArgumentHelp("What is to read it: xl, or xm of Xen before 4.5 (xl).", valueName: "toolstack"))
    var format: String?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("output", output)
        layer.add("extension", fileExtension)
        layer.add("template", template)
        layer.add("xen-version", xenVersion)
        layer.add("format", format)
        return layer
    }
}
