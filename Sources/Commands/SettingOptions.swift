import ArgumentParser

/// The options of `domus create` that are keys of the xl configuration, each with its own name there.
struct SettingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The most virtual CPUs that it may get while it runs.", valueName: "n"))
    var maxvcpus: String?

    @Option(help: ArgumentHelp("The host's CPUs that it may run on: 2-3, all, nodes:0.", valueName: "list"))
    var cpus: String?

    @Option(help: ArgumentHelp("The CPU pool that it belongs to.", valueName: "name"))
    var pool: String?

    @Option(
        name: .customLong("cpu-weight"), help: ArgumentHelp("Its share of busy CPUs, 256 being usual.", valueName: "n"))
    var cpuWeight: String?

    @Option(help: ArgumentHelp("The most of a CPU that it gets, in per cent; 0 is no limit.", valueName: "n"))
    var cap: String?

    @Option(help: ArgumentHelp("The guest's UUID (a new one at each start).", valueName: "uuid"))
    var uuid: String?

    @Option(
        name: .customLong("on-poweroff"),
        help: ArgumentHelp("What follows when it shuts down (destroy).", valueName: "action"))
    var onPoweroff: String?

    @Option(name: .customLong("on-reboot"), help: ArgumentHelp("What follows a reboot (restart).", valueName: "action"))
    var onReboot: String?

    @Option(name: .customLong("on-crash"), help: ArgumentHelp("What follows a crash (restart).", valueName: "action"))
    var onCrash: String?

    @Option(help: ArgumentHelp("hvm, pvhvm: what its serial port is (pty).", valueName: "device"))
    var serial: String?

    @Flag(inversion: .prefixedNo, help: "A screen that VNC shows on this host.")
    var vnc: Bool?

    @Flag(inversion: .prefixedNo, help: "hvm, pvhvm: an emulated USB controller.")
    var usb: Bool?

    @Option(help: ArgumentHelp("A PCI device of the host for the guest: 01:00.0; repeatable.", valueName: "address"))
    var pci: [String] = []

    @Flag(inversion: .prefixedNo, help: "hvm, pvhvm: let it run guests of its own.")
    var nested: Bool?

    @Option(help: ArgumentHelp("Its label for XSM.", valueName: "label"))
    var seclabel: String?

    @Option(help: ArgumentHelp("A virtual TPM: backend=DOMAIN,uuid=UUID; repeatable.", valueName: "spec"))
    var vtpm: [String] = []

    @Option(
        help: ArgumentHelp(
            "A directory of the host by 9pfs: tag=,path=,security_model=; repeatable.", valueName: "spec"))
    var p9: [String] = []

    @Flag(name: .customLong("driver-domain"), inversion: .prefixedNo, help: "It serves devices to other guests.")
    var driverDomain: Bool?

    @Flag(inversion: .prefixedNo, help: "hvm, pvhvm: its device model runs in a domain of its own.")
    var stubdom: Bool?

    @Flag(inversion: .prefixedNo, help: "pvh: run a PV kernel in a shim.")
    var pvshim: Bool?

    @Option(
        help: ArgumentHelp(
            "Any other key of xl.cfg(5): KEY=VALUE, checked for --xen-version; repeatable.", valueName: "setting"))
    var xl: [String] = []

    /// What was said, under the names of the options.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("maxvcpus", maxvcpus)
        layer.add("cpus", cpus)
        layer.add("pool", pool)
        layer.add("cpu-weight", cpuWeight)
        layer.add("cap", cap)
        layer.add("uuid", uuid)
        layer.add("on-poweroff", onPoweroff)
        layer.add("on-reboot", onReboot)
        layer.add("on-crash", onCrash)
        layer.add("serial", serial)
        layer.add("vnc", vnc)
        layer.add("usb", usb)
        layer.add("pci", pci)
        layer.add("nested", nested)
        layer.add("seclabel", seclabel)
        layer.add("vtpm", vtpm)
        layer.add("p9", p9)
        layer.add("driver-domain", driverDomain)
        layer.add("stubdom", stubdom)
        layer.add("pvshim", pvshim)
        layer.add("xl", xl)
        return layer
    }
}
