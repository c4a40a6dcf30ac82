import ArgumentParser

/// The options of `domus install`: those that every way to a guest has, and its own.
struct InstallOptions: ParsableArguments {
    @OptionGroup var machine: MachineOptions
    @OptionGroup var disks: DiskOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var source: SourceOptions
    @OptionGroup var images: ImageOptions

    @Option(
        help: ArgumentHelp("Images that are there, as domus netboot list names them.", valueName: "id"))
    var netboot: String?

    @OptionGroup var answers: AnswerOptions
    @OptionGroup var accounts: AccountOptions
    @OptionGroup var loader: LoaderOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var run: RunOptions

    @Flag(inversion: .prefixedNo, help: "Start the installation, wait for its end, and start the guest.")
    var boot: Bool?

    @Flag(help: "With --boot: show the console of the installation.")
    var attach = false

    @Flag(help: "Go on with an installation that was prepared, or interrupted.")
    var resume = false

    @Option(
        name: .customLong("install-timeout"),
        help: ArgumentHelp("Seconds that the installation may take (7200).", valueName: "seconds"))
    var installTimeout: String?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        for group in [
            machine.layer, disks.layer, network.layer, source.layer, accounts.layer, loader.layer, configuration.layer,
            run.layer,
        ] {
            layer.entries += group.entries
        }
        layer.add("boot", boot)
        layer.add("install-timeout", installTimeout)
        return layer
    }
}

/// What the installer is answered.
struct AnswerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A preseed file, or its address, whose answers win over Domus' own.", valueName: "file|url"))
    var preseed: String?

    @Option(
        name: .customLong("preseed-set"),
        help: ArgumentHelp("One more answer; repeatable.", valueName: "question=value"))
    var preseedSet: [String] = []
}
