/// What two guests of one host may not both have.
package struct GuestCollisions: Sendable {
    /// A guest's configuration, by the name of its file.
    package struct Guest: Sendable {
        package let path: String
        package let reading: ConfigurationReading

        package init(path: String, reading: ConfigurationReading) {
            self.path = path
            self.reading = reading
        }
    }

    /// What a guest has, as text that is the same for two that have the same.
    private enum Property: Hashable {
        case name(String)
        case uuid(String)
        case mac(String)
        case interfaceName(String)
        case writtenDisk(String)
    }

    private var owners: [Property: [String]] = [:]

    package init(_ guests: [Guest]) {
        for guest in guests {
            for (property, _) in Self.properties(of: guest.reading) { owners[property, default: []].append(guest.path) }
        }
    }

    /// What a guest has that others have, too.
    package func problems(of guest: Guest) -> [Problem] {
        Self.properties(of: guest.reading).compactMap { property, key in
            let others = owners[property]?.filter { $0 != guest.path && !Self.isOneGuest($0, guest) }
            guard let other = others?.first else { return nil }
            let position = guest.reading.file.position(of: key)
            switch property {
            case .name(let name):
                return Problem(
                    severity: .error, message: "\(other) has the name \"\(name)\", too",
                    hint: "xl runs one of them at a time", position: position)
            case .uuid(let uuid):
                return Problem(
                    severity: .error, message: "\(other) has the UUID \(uuid), too",
                    hint: "leave uuid out, or write what uuidgen(1) prints", position: position)
            case .mac(let mac):
                return Problem(
                    severity: .error, message: "\(other) has the MAC address \(mac), too",
                    hint: "change it: neither of the two would be reached", position: position)
            case .interfaceName(let name):
                return Problem(
                    severity: .error, message: "\(other) has an interface named \(name), too", position: position)
            case .writtenDisk(let path):
                return Problem(
                    severity: .warning, message: "\(other) writes to \(path), too",
                    hint: "two guests that run write over each other's file systems", position: position)
            }
        }
    }

    /// Whether one of the two is how the other was installed (domus-install(8)): they are never to run both, and have all in
    /// common.
    private static func isOneGuest(_ other: String, _ guest: Guest) -> Bool {
        guard let name = guest.reading.summary.name else { return false }
        let installation = "/domains/\(name)/install.cfg"
        return guest.path.hasSuffix(installation) ? other.hasSuffix("/\(name).cfg") : other.hasSuffix(installation)
    }

    private static func properties(of reading: ConfigurationReading) -> [(Property, key: String)] {
        let summary = reading.summary
        var found: [(Property, key: String)] = []
        if let name = summary.name { found.append((.name(name), "name")) }
        if let uuid = summary.uuid { found.append((.uuid(uuid.lowercased()), "uuid")) }
        for vif in summary.vifs {
            if let mac = vif.mac { found.append((.mac("\(mac)"), "vif")) }
            if let name = vif.vifName { found.append((.interfaceName(name), "vif")) }
        }
        // What a script makes of it, and what another domain has, is not known here.
        for disk in summary.disks
        where disk.access == .readWrite && !disk.isCDROM && disk.script == nil && disk.backend == nil {
            if let target = disk.target, !target.isEmpty { found.append((.writtenDisk(target), "disk")) }
        }
        return found
    }
}
