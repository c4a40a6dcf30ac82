import ArgumentParser

/// Who the guest is, and the machine that Xen makes for it. What a value must be is said, and checked, elsewhere: the same values come from files.
struct MachineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The guest's name, fully qualified or not.", valueName: "name"))
    var hostname: String?

    @Option(help: ArgumentHelp("The release: a codename, a number, or stable, testing, lts ...", valueName: "suite"))
    var dist: String?

    @Option(help: ArgumentHelp("The guest's architecture (this host's).", valueName: "arch"))
    var arch: String?

    @Option(help: ArgumentHelp("How Xen runs the guest: pv, pvh, hvm or pvhvm (pv; on Arm pvh).", valueName: "type"))
    var type: String?

    @Option(help: ArgumentHelp("Memory; a plain number is MiB (512M; to install, 1G).", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("The most memory that the guest may grow to.", valueName: "size"))
    var maxmem: String?

    @Option(help: ArgumentHelp("Virtual CPUs (1).", valueName: "n"))
    var vcpus: String?

    @OptionGroup var settings: SettingOptions

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("hostname", hostname)
        layer.add("dist", dist)
        layer.add("arch", arch)
        layer.add("type", type)
        layer.add("memory", memory)
        layer.add("maxmem", maxmem)
        layer.add("vcpus", vcpus)
        layer.entries += settings.layer.entries
        return layer
    }
}
