import Crypto
import GuestModel
import LinuxHost

/// The guest's interfaces after the first, from `--nic`.
struct NicBuilder {
    let values: Values
    let hostname: Hostname
    let dist: String
    let random: any RandomSource
    /// MAC addresses of other guests that are made by the same command.
    var others: Set<MACAddress> = []

    private typealias Wish = (spec: NicSpec, place: Place)

    /// - Throws: ``OptionError`` for a description that cannot be, and for what two interfaces cannot share.
    func build(beside first: NetworkInterface) throws(OptionError) -> [NetworkInterface] {
        let wishes = try wishes()
        guard let last = wishes.last else { return [] }
        guard wishes.count < NetworkInterface.limit else {
            throw OptionError(
                "\(last.place): a guest can have \(NetworkInterface.limit) interfaces; these would be "
                    + "\(wishes.count + 1), the first included", exit: last.place.exit)
        }
        try checkShared(first, wishes)
        // An address that is made keeps clear of those that are given, whatever their order.
        var taken = others.union([first.mac] + wishes.compactMap(\.spec.mac))
        let isRandom = try values.flag("randommac") == true
        var interfaces: [NetworkInterface] = []
        for (index, wish) in wishes.enumerated() {
            let spec = wish.spec
            let mac = spec.mac ?? newAddress(number: index + 2, spec.addresses, isRandom: isRandom, taken: taken)
            taken.insert(mac)
            interfaces.append(
                NetworkInterface(
                    mac: mac, bridge: spec.bridge, vifName: spec.vifName, addresses: spec.addresses,
                    gateway: spec.gateway, gateway6: spec.gateway6, parameters: spec.parameters))
        }
        return interfaces
    }

    /// A value may hold several, with blanks between them: a key of a file has but one value.
    private func wishes() throws(OptionError) -> [Wish] {
        var wishes: [Wish] = []
        let list = values.list("nic")
        // So that the command line can take back what a file says.
        if list.map(\.value) == ["none"] { return [] }
        for given in list {
            for word in given.value.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
                do throws(ValueError) {
                    wishes.append((try NicSpec(parsing: String(word)), given.place))
                } catch {
                    throw OptionError(
                        ValueError("in \"\(word)\": \(error.message)", hint: error.hint), at: given.place)
                }
            }
        }
        return wishes
    }

    /// Refuses what only one interface can have.
    private func checkShared(_ first: NetworkInterface, _ wishes: [Wish]) throws(OptionError) {
        var macs: Set = [first.mac]
        var vifNames = Set([first.vifName].compactMap(\.self))
        var addresses = Set(first.fixedAddresses.map(\.address))
        // With DHCP the first interface has the router of its lease.
        var gateways = first.usesDHCP ? [] : [first.gateway, first.gateway6].compactMap(\.self)
        for (spec, place) in wishes {
            func refuse(_ message: String, _ hint: String? = nil) -> OptionError {
                OptionError("\(place): \(message)", hint: hint, exit: place.exit)
            }
            if let mac = spec.mac, !macs.insert(mac).inserted {
                throw refuse("the MAC address \(mac) is that of another interface of the guest")
            }
            if let name = spec.vifName, !vifNames.insert(name).inserted {
                throw refuse("the name \(name) is that of another interface of the guest")
            }
            if case .fixed(let own) = spec.addresses {
                for address in own where !addresses.insert(address.address).inserted {
                    throw refuse("the address \(address.address) is given twice")
                }
            }
            for gateway in [spec.gateway, spec.gateway6].compactMap(\.self) {
                if let other = gateways.first(where: { $0.isIPv4 == gateway.isIPv4 }) {
                    throw refuse(
                        "\(other) and \(gateway) would be two default routes",
                        "one interface has the gateway; leave it out of the others")
                }
                gateways.append(gateway)
            }
        }
    }

    /// Made as the first one's is (from name, addresses and suite), and from the number: the same each time, and
    /// another for each interface.
    private func newAddress(
        number: Int, _ addresses: AddressConfiguration, isRandom: Bool, taken: Set<MACAddress>
    ) -> MACAddress {
        var attempt = 0
        while true {
            let bytes: [UInt8]
            if isRandom {
                bytes = random.bytes(3)
            } else {
                let seed = "\(hostname.name)\(NetworkBuilder.seed(addresses))\(dist)#\(number)"
                let suffix = attempt == 0 ? "" : "#\(attempt)"
                bytes = Array(Insecure.MD5.hash(data: Array((seed + suffix).utf8)))
            }
            let address = MACAddress(xen: (bytes[0], bytes[1], bytes[2]))
            if !taken.contains(address) { return address }
            attempt += 1
        }
    }
}
