/// Addresses of which guests are given some: those of `--ip=auto`.
package struct AddressPool: Sendable, Hashable {
    /// From one address to another, both included.
    struct Span: Sendable, Hashable {
        let first: IPAddress
        let last: IPAddress
        /// Of the network that they are in.
        let prefixLength: Int
    }

    private(set) var spans: [Span] = []
    /// Those that the pool itself says are taken.
    private(set) var taken: Set<IPAddress> = []

    /// Reads `192.0.2.10-192.0.2.99/24`, single addresses, and several of them, divided by commas or lines. In the manner of
    /// xen-tools' ips.txt `#` begins a comment, and an address with `: used` behind it is taken.
    ///
    /// - Parameter prefixLength: of the network of those IPv4 addresses behind which none stands.
    package init(parsing text: String, prefixLength: Int?) throws(ValueError) {
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.prefix { $0 != "#" }
            for part in content.split(separator: ",") {
                let entry = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                guard !entry.isEmpty else { continue }
                if let mark = [" : used", ": used", " :used", ":used"].first(where: entry.hasSuffix) {
                    taken.insert(try IPAddress(parsing: String(entry.dropLast(mark.count))))
                    continue
                }
                spans.append(try Self.span(entry, prefixLength))
            }
        }
        guard !spans.isEmpty || !taken.isEmpty else { throw ValueError("there is no address in the pool") }
    }

    private static func span(_ entry: String, _ netmask: Int?) throws(ValueError) -> Span {
        let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.filter { !$0.isWhitespace } }
        guard (1...2).contains(ends.count) else {
            throw ValueError("\"\(entry)\" is no range of addresses", hint: "write 192.0.2.10-192.0.2.99/24")
        }
        let first = try IPAddress(parsing: ends[0])
        let last = try IPAddress(parsing: ends[ends.count - 1])
        guard first.isIPv4 == last.isIPv4, !last.octets.lexicographicallyPrecedes(first.octets) else {
            throw ValueError("\"\(entry)\" is no range: it ends before it begins")
        }
        var length = first.isIPv4 ? netmask : 64
        if parts.count == 2 {
            guard let number = Int(parts[1]) else { throw ValueError("\"\(entry)\" has no number as its prefix") }
            length = number
        }
        guard let length else {
            throw ValueError(
                "the network of \(entry) is not known",
                hint: "give --netmask=255.255.255.0, or write \(entry)/24")
        }
        guard (1...(first.isIPv4 ? 32 : 128)).contains(length),
            InterfaceAddress.masked(first, length) == InterfaceAddress.masked(last, length)
        else { throw ValueError("\"\(entry)\" reaches beyond one network of \(length) bits") }
        return Span(first: first, last: last, prefixLength: length)
    }

    /// The first addresses that nobody has.
    ///
    /// - Parameter isFree: is asked in order, until there are enough.
    /// - Returns: fewer where there are no more.
    package func first(_ count: Int, where isFree: (IPAddress) -> Bool) -> [InterfaceAddress] {
        var found: [InterfaceAddress] = []
        for span in spans {
            var next: IPAddress? = span.first
            while found.count < count, let address = next {
                if let own = usable(address, in: span), !taken.contains(address), isFree(address),
                    !found.contains(where: { $0.address == address })
                {
                    found.append(own)
                }
                next = address == span.last ? nil : address.successor
            }
        }
        return found
    }

    /// An address of the pool with its network; nil for what is not in it.
    package func member(_ address: IPAddress) -> InterfaceAddress? {
        for span in spans where span.first.isIPv4 == address.isIPv4 {
            let isBelow = address.octets.lexicographicallyPrecedes(span.first.octets)
            let isAbove = span.last.octets.lexicographicallyPrecedes(address.octets)
            if !isBelow && !isAbove { return usable(address, in: span) }
        }
        return nil
    }

    /// nil for a network's own address and that of all its hosts.
    private func usable(_ address: IPAddress, in span: Span) -> InterfaceAddress? {
        try? InterfaceAddress(address, prefixLength: span.prefixLength)
    }
}

extension IPAddress {
    /// The next one; nil behind the last of all.
    var successor: IPAddress? {
        var octets = octets
        for index in octets.indices.reversed() {
            octets[index] &+= 1
            if octets[index] != 0 { return isIPv4 ? .v4(octets) : .v6(octets) }
        }
        return nil
    }
}
