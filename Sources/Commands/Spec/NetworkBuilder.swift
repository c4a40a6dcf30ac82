import Crypto
import GuestModel
import LinuxHost
import SystemPackage

/// The guest's first interface, from the options of xen-tools.
struct NetworkBuilder {
    let values: Values
    /// What gives out addresses of the pool; nil where a guest has no use for one.
    var allocator: AddressAllocator?
    /// Where ips.txt is.
    var configurationDirectory: FilePath = "/etc/xen-tools"
    var files: (any FileReading)?
    /// MAC addresses of other guests that are made by the same command.
    var taken: Set<MACAddress> = []

    /// - Parameter notes: gets what does not count, though a file says it.
    func build(
        hostname: Hostname, dist: String, random: any RandomSource, notes: inout [String]
    ) throws(OptionError) -> NetworkInterface {
        let addresses = try addressConfiguration(of: hostname)
        var gateway: IPAddress?
        var gateway6: IPAddress?
        for (given, address) in try gateways() {
            if case .fixed(let own) = addresses {
                if case .file = given.place, !own.contains(where: { $0.address.isIPv4 == address.isIPv4 }) {
                    notes.append(
                        "\(given.place): the gateway \(address) is not this guest's, which has no address of its kind")
                    continue
                }
                do throws(ValueError) {
                    try Self.checkGateway(address, of: own, hint: "see whether --ip and --netmask are right")
                } catch {
                    throw OptionError(error, at: given.place)
                }
            }
            if address.isIPv4 { gateway = address } else { gateway6 = address }
        }
        let broadcast = try values.parsed("broadcast", IPAddress.init(parsing:))
        var nameservers: [IPAddress] = []
        for given in values.list("nameserver") {
            for word in given.value.split(whereSeparator: { $0 == " " || $0 == "," }) {
                nameservers.append(
                    try Values.Given(value: String(word), place: given.place).parsed(IPAddress.init(parsing:)))
            }
        }
        return NetworkInterface(
            mac: try mac(hostname: hostname, dist: dist, addresses: addresses, random: random),
            bridge: try interfaceName("bridge"), vifName: try interfaceName("vifname"), addresses: addresses,
            gateway: gateway, gateway6: gateway6, broadcast: broadcast, nameservers: nameservers,
            parameters: try values.parsed("vif", NicSpec.parameters(parsing:)) ?? [])
    }

    /// The routers for IPv4 and for IPv6, each by the strongest layer that names one.
    private func gateways() throws(OptionError) -> [(given: Values.Given, address: IPAddress)] {
        var found: [(given: Values.Given, address: IPAddress)] = []
        for layer in values.layers {
            var named: [(given: Values.Given, address: IPAddress)] = []
            for given in layer.all("gateway") + layer.all("gateway6") {
                let address = try given.parsed(IPAddress.init(parsing:))
                if let other = named.first(where: { $0.address.isIPv4 == address.isIPv4 && $0.address != address }) {
                    throw OptionError(
                        "\(given.place): \(address) is a second gateway beside \(other.address)",
                        hint: "a guest has one for IPv4 and one for IPv6", exit: given.place.exit)
                }
                named.append((given, address))
            }
            found += named.filter { one in !found.contains { $0.address.isIPv4 == one.address.isIPv4 } }
        }
        return found
    }

    /// Either DHCP or addresses: the strongest layer that says one of them counts, and may not say both.
    private func addressConfiguration(of hostname: Hostname) throws(OptionError) -> AddressConfiguration {
        for layer in values.layers {
            let wishes = try layer.all("dhcp").map { given throws(OptionError) in try given.parsed(Values.parseFlag) }
            let ips = layer.all("ip")
            switch (wishes.last == true, ips.isEmpty) {
            case (true, false):
                throw OptionError(
                    "\(ips[0].place): a guest with --dhcp has no fixed address (\(ips[0].value))",
                    hint: "give --dhcp or --ip, not both", exit: ips[0].place.exit)
            case (true, true): return .dhcp
            case (false, false): return .fixed(try fixed(ips, hostname))
            case (false, true): continue
            }
        }
        throw OptionError(
            "how does the guest get its address?", hint: "give --dhcp, or --ip=ADDRESS with --netmask and --gateway")
    }

    /// `192.0.2.10`, whose network --netmask tells, or `192.0.2.10/24`.
    private func fixed(_ ips: [Values.Given], _ hostname: Hostname) throws(OptionError) -> [InterfaceAddress] {
        let netmask = try values.parsed("netmask") { text throws(ValueError) in
            try InterfaceAddress.prefixLength(ofNetmask: text)
        }
        var addresses: [InterfaceAddress] = []
        var ofPool: [InterfaceAddress] = []
        let wishes = ips.filter { $0.value == "auto" }
        if let wish = wishes.first {
            let own = ips.filter { $0.value != "auto" }.compactMap { given in
                try? IPAddress(parsing: String(given.value.prefix { $0 != "/" }))
            }
            ofPool = try pooled(wishes.count, for: hostname, netmask, except: own, wish.place)
        }
        for given in ips {
            if given.value == "auto" {
                addresses.append(ofPool.removeFirst())
                continue
            }
            let address = try given.parsed { text throws(ValueError) in
                try Self.address(text, netmask: netmask, hint: "give --netmask=255.255.255.0, or --ip=\(text)/24")
            }
            guard !addresses.contains(where: { $0.address == address.address }) else {
                throw OptionError(
                    "\(given.place): the address \(address.address) is given twice", exit: given.place.exit)
            }
            addresses.append(address)
        }
        return addresses
    }

    /// Addresses of the pool that `--ip-pool` names, or a file: xen-tools' own, unless `ipfile` says another.
    private func pooled(
        _ count: Int, for hostname: Hostname, _ netmask: Int?, except own: [IPAddress], _ place: Place
    ) throws(OptionError) -> [InterfaceAddress] {
        let text = if let given = values.given("ip-pool") { given } else { try poolFile(place) }
        guard let allocator else {
            throw OptionError("\(place): addresses of a pool are not given out here", exit: place.exit)
        }
        let pool = try text.parsed { value throws(ValueError) in
            try AddressPool(parsing: value, prefixLength: netmask)
        }
        var others = Set(own)
        for gateway in try gateways() { others.insert(gateway.address) }
        let found: [InterfaceAddress]
        do {
            found = try allocator.addresses(count, of: pool, for: hostname, except: others)
        } catch {
            throw OptionError("\(place): cannot tell which addresses are free: \(error)", exit: .unavailable)
        }
        guard found.count == count else {
            throw OptionError(
                "\(text.place): the pool has no free address left for \(hostname)",
                hint: "make it larger, or delete guests that are not needed", exit: .cannotCreate)
        }
        return found
    }

    private func poolFile(_ place: Place) throws(OptionError) -> Values.Given {
        let file = configurationDirectory.pushing(FilePath(values.given("ipfile")?.value ?? "ips.txt"))
        var bytes: [UInt8]?
        do throws(HostError) {
            if let files, try files.entry(at: file) != nil { bytes = try files.contents(of: file, limit: 1 << 20) }
        } catch {
            throw OptionError("\(place): \(error.message)", hint: error.hint, exit: .noInput)
        }
        guard let bytes else {
            throw OptionError(
                "\(place): there is no pool of addresses to take one from (\(file) is not there)",
                hint: "--ip-pool=192.0.2.10-192.0.2.99/24", exit: place.exit)
        }
        return Values.Given(value: String(decoding: bytes, as: UTF8.self), place: .argument(file.string))
    }

    /// `192.0.2.10/24`; `192.0.2.10` where the prefix of the netmask is known; an IPv6 address has 64 bits of itself.
    ///
    /// - Parameter hint: What to do where the prefix is not known.
    static func address(_ text: String, netmask: Int?, hint: String) throws(ValueError) -> InterfaceAddress {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let address = try IPAddress(parsing: String(parts[0]))
        if parts.count == 2 {
            guard let length = Int(parts[1]) else {
                throw ValueError("\"\(text)\" has no number as its prefix")
            }
            return try InterfaceAddress(address, prefixLength: length)
        }
        guard parts.count == 1 else { throw ValueError("\"\(text)\" is not an address") }
        // Without a netmask a guest would sit in a network of its own class's size; nobody means that today.
        guard let length = address.isIPv4 ? netmask : 64 else {
            throw ValueError("the network of \(text) is not known", hint: hint)
        }
        return try InterfaceAddress(address, prefixLength: length)
    }

    /// - Throws: ``ValueError`` for a router that the interface could not reach.
    static func checkGateway(_ gateway: IPAddress, of own: [InterfaceAddress], hint: String) throws(ValueError) {
        // A host's own prefix (/32, /128) is how hosters route: the router is then beside it, on the link.
        guard !own.contains(where: { $0.contains(gateway) || $0.isHostRoute }), !isLinkLocal(gateway) else { return }
        throw ValueError(
            "the gateway \(gateway) is in none of the guest's networks "
                + "(\(own.map(\.description).joined(separator: ", ")))", hint: hint)
    }

    private func interfaceName(_ key: String) throws(OptionError) -> String? {
        try values.parsed(key) { text throws(ValueError) in
            try NetworkInterface.checkInterfaceName(text, what: key == "bridge" ? "bridge" : "virtual interface")
            return text
        }
    }

    private func mac(
        hostname: Hostname, dist: String, addresses: AddressConfiguration, random: any RandomSource
    ) throws(OptionError) -> MACAddress {
        switch values.strongest(of: ["mac", "randommac"]) {
        case ("mac", let given)?: return try given.parsed(MACAddress.init(parsing:))
        case (_, let given)?:
            guard try given.parsed(Values.parseFlag) else { break }
            let bytes = random.bytes(3)
            return MACAddress(xen: (bytes[0], bytes[1], bytes[2]))
        case nil: break
        }
        // xen-tools' own derivation, so that a guest made again under the same name keeps its DHCP lease.
        let text = hostname.name + Self.seed(addresses) + dist
        var attempt = 0
        while true {
            let digest = Array(Insecure.MD5.hash(data: Array((attempt == 0 ? text : "\(text)#\(attempt)").utf8)))
            let address = MACAddress(xen: (digest[0], digest[1], digest[2]))
            // Of 24 bits, a thousand guests may well find two that are the same.
            if !taken.contains(address) { return address }
            attempt += 1
        }
    }

    /// What an interface's addresses are in the making of its MAC address.
    static func seed(_ addresses: AddressConfiguration) -> String {
        switch addresses {
        case .dhcp: "1"
        case .fixed(let own): own.map(\.address.description).joined(separator: ",")
        case .unaddressed: ""
        }
    }

    private static func isLinkLocal(_ address: IPAddress) -> Bool {
        !address.isIPv4 && address.octets[0] == 0xFE && address.octets[1] & 0xC0 == 0x80
    }
}
