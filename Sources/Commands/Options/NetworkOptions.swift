import ArgumentParser

/// The guest's interfaces and addresses. What a value must be is said, and checked, elsewhere: the same values come from files.
struct NetworkOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "The guest asks for its address.")
    var dhcp: Bool?

    @Option(
        help: ArgumentHelp(
            "A fixed address, IPv4 or IPv6, with /PREFIX or --netmask; repeatable.", valueName: "address"))
    var ip: [String] = []

    @Option(
        name: [.customLong("ip-pool"), .customLong("ip_pool")],
        help: ArgumentHelp("The addresses of --ip=auto: 192.0.2.10-192.0.2.99/24.", valueName: "range"))
    var ipPool: String?

    @Option(help: ArgumentHelp("The router; once for IPv4 and once for IPv6.", valueName: "address"))
    var gateway: [String] = []

    @Option(help: ArgumentHelp("The network mask of IPv4 addresses.", valueName: "mask"))
    var netmask: String?

    @Option(help: ArgumentHelp("The broadcast address.", valueName: "address"))
    var broadcast: String?

    @Option(help: ArgumentHelp("A name server; repeatable.", valueName: "address"))
    var nameserver: [String] = []

    @Option(help: ArgumentHelp("The bridge of dom0 that the guest is on.", valueName: "name"))
    var bridge: String?

    @Option(help: ArgumentHelp("The name of the guest's interface in dom0.", valueName: "name"))
    var vifname: String?

    @Option(help: ArgumentHelp("The guest's Ethernet address (made from its name).", valueName: "address"))
    var mac: String?

    @Flag(help: "A random Ethernet address.")
    var randommac = false

    @Option(
        help: ArgumentHelp(
            "More of the first interface: model=, rate=, script=, backend=, vlan= ..., with commas.", valueName: "spec")
    )
    var vif: String?

    @Option(
        help: ArgumentHelp(
            "One more interface: bridge=, mac=, vifname=, ip=, gateway=, dhcp, and what --vif has; repeatable.",
            valueName: "spec"))
    var nic: [String] = []

    /// What was said, under xen-tools' names for the keys of its files.
    var layer: Values.Layer {
        var layer = Values.Layer()
        layer.add("dhcp", dhcp)
        layer.add("ip", ip)
        layer.add("ip-pool", ipPool)
        layer.add("gateway", gateway)
        layer.add("netmask", netmask)
        layer.add("broadcast", broadcast)
        layer.add("nameserver", nameserver)
        layer.add("bridge", bridge)
        layer.add("vifname", vifname)
        layer.add("mac", mac)
        layer.add("randommac", ifSet: randommac)
        layer.add("vif", vif)
        layer.add("nic", nic)
        return layer
    }
}
