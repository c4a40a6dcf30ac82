import ArgumentParser

/// How the installed guest boots. What a value must be is said, and checked, elsewhere: the same values come from files.
struct LoaderOptions: ParsableArguments {
    @Flag(help: "Boot the guest's own kernel through GRUB for Xen.")
    var pvgrub = false

    @Option(help: ArgumentHelp("More words for the kernel's command line.", valueName: "words"))
    var cmdline: String?

    @Option(help: ArgumentHelp("hvm, pvhvm: what the machine starts with, bios or ovmf (bios).", valueName: "kind"))
    var firmware: String?

    @Option(
        name: [.customLong("serial_device"), .customLong("serial-device")],
        help: ArgumentHelp("The guest's console (hvc0).", valueName: "name"))
    var serialDevice: String?

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("pvgrub", ifSet: pvgrub)
        layer.add("cmdline", cmdline)
        layer.add("firmware", firmware)
        layer.add("serial-device", serialDevice)
        return layer
    }
}
