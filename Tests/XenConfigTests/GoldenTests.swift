import GuestModel
import Testing
import XenConfig

/// What the template that Domus brings makes of each way to boot, written by hand after xl.cfg(5),
/// xl-disk-configuration(5) and xl-network-configuration(5).
@Suite("The configuration that Domus writes")
struct GoldenTests {
    private func render(_ guest: GuestConfiguration) throws -> String {
        let rendered = try guest.render(template: contents(of: templatePath), file: "xl.cfg.mustache")
        #expect(rendered.warnings.isEmpty)
        return rendered.text
    }

    @Test("a PVH guest with a kernel of dom0 and DHCP")
    func directKernel() throws {
        #expect(
            try render(guest()) == """
                # Xen guest web1.example.org, written by Domus.

                name = "web1.example.org"
                type = "pvh"
                kernel = "/srv/xen/domains/web1.example.org/vmlinuz"
                ramdisk = "/srv/xen/domains/web1.example.org/initrd.img"
                cmdline = "root=UUID=0a1b2c3d-0000-4000-8000-000000000001 ro console=hvc0"

                memory = 512
                vcpus = 2

                disk = [
                    "format=raw, vdev=xvda2, access=rw, target=/srv/xen/domains/web1.example.org/disk.img",
                    "format=raw, vdev=xvda1, access=rw, target=/srv/xen/domains/web1.example.org/swap.img",
                ]

                vif = [
                    "mac=00:16:3E:99:7B:CC,bridge=xenbr0",
                ]

                on_poweroff = "destroy"
                on_reboot = "restart"
                on_crash = "restart"

                """
        )
    }

    @Test("a PV guest under pygrub, with a UUID, a maximum of memory and fixed addresses")
    func pygrub() throws {
        let interface = NetworkInterface(
            mac: try MACAddress(parsing: "00:16:3e:00:00:01"),
            bridge: "xenbr0",
            vifName: "web1.0",
            addresses: .fixed([
                try InterfaceAddress(.init(parsing: "192.0.2.10"), prefixLength: 24),
                try InterfaceAddress(.init(parsing: "2001:db8::10"), prefixLength: 64),
            ])
        )
        let guest = try guest(
            name: "db",
            uuid: "0a1b2c3d-1111-4000-8000-00000000000f",
            type: .pv,
            memory: .gibibytes(1),
            maximumMemory: .gibibytes(2),
            virtualCPUs: 1,
            boot: .pygrub,
            disks: [DiskEntry(vdev: "xvda", target: "/srv/db, \"old\"/it's.img", isRoot: true)],
            interfaces: [interface]
        )
        #expect(
            try render(guest) == #"""
                # Xen guest db, written by Domus.

                name = "db"
                uuid = "0a1b2c3d-1111-4000-8000-00000000000f"
                type = "pv"
                bootloader = "pygrub"

                memory = 1024
                maxmem = 2048
                vcpus = 1

                disk = [
                    "format=raw, vdev=xvda, access=rw, target=/srv/db, \"old\"/it\'s.img",
                ]

                vif = [
                    "mac=00:16:3E:00:00:01,bridge=xenbr0,vifname=web1.0,ip=192.0.2.10 2001:db8::10",
                ]

                on_poweroff = "destroy"
                on_reboot = "restart"
                on_crash = "restart"

                """#
        )
    }

    @Test("a PV guest under GRUB for Xen, without a network")
    func pvgrub() throws {
        let guest = try guest(
            name: "ci",
            type: .pv,
            boot: .pvgrub("/usr/lib/grub-xen/grub-x86_64-xen.bin"),
            disks: [DiskEntry(vdev: "xvda1", access: .readOnly, target: "/dev/vg0/ci-disk", isRoot: true)],
            interfaces: []
        )
        #expect(
            try render(guest) == """
                # Xen guest ci, written by Domus.

                name = "ci"
                type = "pv"
                kernel = "/usr/lib/grub-xen/grub-x86_64-xen.bin"

                memory = 512
                vcpus = 2

                disk = [
                    "format=raw, vdev=xvda1, access=ro, target=/dev/vg0/ci-disk",
                ]

                vif = [
                ]

                on_poweroff = "destroy"
                on_reboot = "restart"
                on_crash = "restart"

                """
        )
    }

    @Test("several interfaces, in the order in which the guest numbers them")
    func interfaces() throws {
        let guest = try guest(interfaces: [
            NetworkInterface(mac: MACAddress(parsing: "00:16:3e:00:00:02"), bridge: "xenbr0", addresses: .dhcp),
            NetworkInterface(
                mac: MACAddress(parsing: "00:16:3e:00:00:01"),
                bridge: "xenbr1",
                vifName: "web1.1",
                addresses: .fixed([InterfaceAddress(.init(parsing: "198.51.100.10"), prefixLength: 24)])
            ),
            NetworkInterface(mac: MACAddress(parsing: "00:16:3e:00:00:03"), addresses: .unaddressed),
        ])
        let list = """
            vif = [
                "mac=00:16:3E:00:00:02,bridge=xenbr0",
                "mac=00:16:3E:00:00:01,bridge=xenbr1,vifname=web1.1,ip=198.51.100.10",
                "mac=00:16:3E:00:00:03",
            ]

            """
        #expect(try render(guest).contains(list))
    }

    @Test("two runs write the same bytes, whatever the environment")
    func reproducible() throws {
        let template = try contents(of: templatePath)
        let first = try guest().render(
            template: template,
            file: "t",
            extra: ["PATH": "/bin", "name": "other", "bridge": "b9"]
        )
        let second = try guest().render(template: template, file: "t")
        #expect(first.text == second.text)
    }
}
