import GuestModel
import SystemPackage

/// Guests for tests: valid, small, and the same each time. A mistake in one traps.
package enum Sample {
    package static let bookworm = Release(
        distribution: .debian, codename: "bookworm", version: "12",
        released: CalendarDate(year: 2023, month: 6, day: 10),
        endOfLife: CalendarDate(year: 2028, month: 6, day: 30), isArchived: false)

    package static let wheezy = Release(
        distribution: .debian, codename: "wheezy", version: "7", released: CalendarDate(year: 2013, month: 5, day: 4),
        endOfLife: CalendarDate(year: 2018, month: 5, day: 31), isArchived: true)

    package static let keyring = FilePath("/usr/share/keyrings/debian-archive-keyring.gpg")

    package static func partition(
        _ name: String, _ mebibytes: Int64, _ kind: FileSystemKind? = .ext4, at mountPoint: String = "/"
    ) -> Partition {
        valid {
            try Partition(
                name: name, size: .mebibytes(mebibytes),
                content: kind.map { .fileSystem($0, mountPoint: mountPoint) } ?? .swap,
                mountOptions: kind?.defaultMountOptions ?? "sw")
        }
    }

    package static var swapAndRoot: [Partition] { [partition("swap", 128, nil), partition("disk", 1024)] }

    package static func install(
        _ method: GuestSpec.Install.Method = .mmdebstrap, keyrings: [FilePath] = [keyring]
    ) -> GuestSpec.Install {
        GuestSpec.Install(
            method: method, mirror: "http://mirror.example/debian", components: ["main"], keyrings: keyrings,
            security: .init(mirror: "http://security.example/debian-security", suite: "bookworm-security"),
            updatesSuite: "bookworm-updates")
    }

    package static func interface(_ addresses: AddressConfiguration = .dhcp) -> NetworkInterface {
        NetworkInterface(mac: MACAddress(xen: (0x12, 0x34, 0x56)), bridge: "xenbr0", addresses: addresses)
    }

    /// `web1`: bookworm by mmdebstrap, a swap and a root image below /srv/xen, DHCP, its own kernel.
    package static func guest(
        _ name: String = "web1", change: (inout GuestSpec) -> Void = { _ in }
    ) -> GuestSpec {
        var spec = GuestSpec(
            hostname: valid { try Hostname(name) }, release: bookworm, architecture: .amd64,
            machine: .init(type: .pvh, memory: .mebibytes(512)),
            storage: .init(directory: "/srv/xen", partitions: swapAndRoot), interface: interface(),
            install: install(), boot: .init(loader: .ownKernel), tailoring: .init(),
            configuration: .init(directory: "/etc/xen"))
        change(&spec)
        return spec
    }

    package static func secret(_ text: String) -> Secret { valid { try Secret(text) } }

    package static func address(_ text: String) -> IPAddress { valid { try IPAddress(parsing: text) } }

    package static func address(_ text: String, _ prefix: Int) -> InterfaceAddress {
        valid { try InterfaceAddress(address(text), prefixLength: prefix) }
    }

    /// What cannot be invalid, because it is written here.
    package static func valid<Value>(_ make: () throws -> Value) -> Value {
        do {
            return try make()
        } catch {
            fatalError("a sample is not valid: \(error)")
        }
    }
}
