import TestSupport
import Testing

/// What manages networks in a guest, as far as a tiny root must have it, and what is written for it.
struct Dialect: Sendable, CustomTestStringConvertible {
    var name: String
    var entries: [TreeEntry]
    /// The texts of files, by path.
    var files: [String: String]

    var testDescription: String { name }

    static func program(_ path: String, _ body: String = "exit 0") -> TreeEntry {
        .file(path, "#!/bin/sh\n\(body)\n", mode: 0o755)
    }
}

/// For the four interfaces of the test: with fixed addresses and a gateway, with fixed addresses, with DHCP, with
/// none.
extension NetworkTests {
    static let dialects = [
        Dialect(
            name: "netplan",
            entries: [
                .directory("etc/netplan"), Dialect.program("usr/sbin/netplan"), .directory("lib/systemd"),
                .directory("lib/systemd/system"), .file("lib/systemd/system/systemd-networkd.service", ""),
            ],
            files: ["/etc/netplan/01-netcfg.yaml": netplan]
        ),
        Dialect(
            name: "systemd-networkd",
            entries: [
                .directory("lib/systemd"), Dialect.program("lib/systemd/systemd"),
                .link("sbin/init", to: "/lib/systemd/systemd"), .directory("lib/systemd/system"),
                .file("lib/systemd/system/serial-getty@.service", ""), .directory("etc/systemd"),
                .directory("etc/systemd/system"), .directory("etc/systemd/system/multi-user.target.wants"),
                .link(
                    "etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
                    to: "/lib/systemd/system/systemd-networkd.service"
                ),
            ],
            files: networkd
        ),
        Dialect(
            name: "ifupdown of Debian, with udev's own names",
            entries: [
                Dialect.program("sbin/ifup"), Dialect.program("usr/bin/udevadm", "echo 252"),
                Dialect.program("usr/bin/dpkg-query", "echo 'install ok installed|0.8.41'"),
                Dialect.program("usr/bin/dpkg"),
            ],
            files: ["/etc/network/interfaces": ifupdown]
        ),
        Dialect(
            name: "ifupdown of busybox, with the kernel's names",
            entries: [.link("sbin/ifup", to: "../bin/busybox")],
            files: [
                "/etc/network/interfaces": ifupdown.replacing("enX", with: "eth")
                    .replacing("allow-hotplug", with: "auto")
            ]
        ),
        Dialect(
            name: "NetworkManager", entries: [Dialect.program("usr/sbin/NetworkManager")], files: networkManager
        ),
    ]

    private static let netplan = """
        network:
          version: 2
          ethernets:
            xen0:
              match:
                macaddress: "00:16:3e:00:00:01"
              dhcp4: false
              addresses:
                - "192.0.2.10/24"
                - "2001:db8::10/64"
              routes:
                - to: "default"
                  via: "192.0.2.1"
                - to: "default"
                  via: "2001:db8::1"
              nameservers:
                addresses:
                  - "192.0.2.53"
            xen1:
              match:
                macaddress: "00:16:3e:00:00:02"
              dhcp4: false
              addresses:
                - "198.51.100.10/24"
                - "2001:db8:1::10/64"
            xen2:
              match:
                macaddress: "00:16:3e:00:00:03"
              optional: true
              dhcp4: true
              dhcp-identifier: mac
              dhcp4-overrides:
                route-metric: 2048
            xen3:
              match:
                macaddress: "00:16:3e:00:00:04"
              optional: true
              dhcp4: false
              accept-ra: false

        """

    private static let networkd = [
        "/etc/systemd/network/10-domus.network": """
        [Match]
        MACAddress=00:16:3e:00:00:01

        [Network]
        Address=192.0.2.10/24
        Address=2001:db8::10/64
        Gateway=192.0.2.1
        Gateway=2001:db8::1
        DNS=192.0.2.53

        """,
        "/etc/systemd/network/10-domus-2.network": """
        [Match]
        MACAddress=00:16:3e:00:00:02

        [Network]
        Address=198.51.100.10/24
        Address=2001:db8:1::10/64

        """,
        "/etc/systemd/network/10-domus-3.network": """
        [Match]
        MACAddress=00:16:3e:00:00:03

        [Link]
        RequiredForOnline=no

        [Network]
        DHCP=yes

        [DHCPv4]
        ClientIdentifier=mac
        RouteMetric=2048

        """,
        "/etc/systemd/network/10-domus-4.network": """
        [Match]
        MACAddress=00:16:3e:00:00:04

        [Link]
        RequiredForOnline=no

        [Network]
        IPv6AcceptRA=no

        """,
    ]

    private static let ifupdown = """
        # Written when this guest was made; see interfaces(5).
        source /etc/network/interfaces.d/*

        auto lo
        iface lo inet loopback

        auto enX0
        iface enX0 inet static
            address 192.0.2.10
            netmask 255.255.255.0
            gateway 192.0.2.1
        iface enX0 inet6 static
            address 2001:db8::10
            netmask 64
            gateway 2001:db8::1

        auto enX1
        iface enX1 inet static
            address 198.51.100.10
            netmask 255.255.255.0
        iface enX1 inet6 static
            address 2001:db8:1::10
            netmask 64

        allow-hotplug enX2
        iface enX2 inet dhcp
            metric 2048

        auto enX3
        iface enX3 inet manual
            pre-up echo 0 >/proc/sys/net/ipv6/conf/enX3/accept_ra || true
            up ip link set dev enX3 up
            down ip link set dev enX3 down

        """

    private static let networkManager = [
        "/etc/NetworkManager/system-connections/xen0.nmconnection": connection(
            0,
            "address1=192.0.2.10/24\nmethod=manual\ngateway=192.0.2.1\ndns=192.0.2.53;",
            "address1=2001:db8::10/64\nmethod=manual\ngateway=2001:db8::1"
        ),
        "/etc/NetworkManager/system-connections/xen1.nmconnection": connection(
            1,
            "address1=198.51.100.10/24\nmethod=manual",
            "address1=2001:db8:1::10/64\nmethod=manual"
        ),
        "/etc/NetworkManager/system-connections/xen2.nmconnection": connection(
            2,
            "method=auto\nroute-metric=2048",
            "method=auto\nroute-metric=2048"
        ),
        "/etc/NetworkManager/system-connections/xen3.nmconnection": connection(
            3,
            "method=disabled",
            "method=link-local"
        ),
    ]

    private static func connection(_ number: Int, _ ipv4: String, _ ipv6: String) -> String {
        """
        [connection]
        id=xen\(number)
        type=ethernet

        [ethernet]
        mac-address=00:16:3e:00:00:0\(number + 1)

        [ipv4]
        \(ipv4)

        [ipv6]
        \(ipv6)

        """
    }
}
