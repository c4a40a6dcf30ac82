import GuestModel
import Testing
import XenConfig

/// What is found in any configuration, for the release that is to read it.
@Suite("Checking any configuration")
struct ConfigurationReadingTests {
    private static let guest = "name = 'g'\nkernel = '/k'\n"

    private func problems(_ text: String, _ version: XenVersion = .newest) throws -> [String] {
        try ConfigurationReading(parsing: Array(text.utf8), file: "g.cfg", for: version).problems.map {
            "\($0.severity == .error ? "E" : "W") \($0)"
        }
    }

    @Test("a small whole configuration has no problems, in any release", arguments: 1...22)
    func small(minor: Int) throws {
        #expect(try problems(Self.guest, XenVersion(4, minor)) == [])
    }

    @Test(
        "each problem is told",
        arguments: [
            ("kernel = '/k'\n", "E there is no \"name\", without which xl refuses it"),
            ("name = 'g'\n", "E there is no \"kernel\" and no \"bootloader\", of which a PV guest needs one"),
            (
                "name = 'g'\ntype = 'pvh'\n",
                "E there is no \"kernel\" and no \"bootloader\", of which a PVH guest needs one"
            ),
            (guest + "vcpus = 4\nmaxvcpus = 2\n", "E line 4: \"maxvcpus\" is 2, below the 4 of \"vcpus\""),
            (
                guest + "vif = ['mac=00:16:3e:00:00:01', 'mac=00:16:3E:00:00:01']\n",
                "E line 3: two interfaces have the MAC address 00:16:3E:00:00:01"
            ),
            (guest + "vcpus += 4\n", "E line 3: \"vcpus\" is a number, which xl ignores behind +="),
            (guest + "a = '\\101'\n", "E line 3: a numeric escape, which xl misreads: it drops the character"),
            (guest + "on_crash = 'die'\n", "E line 3: \"on_crash\" is \"die\""),
            (
                "name = 'g'\nkernel = '/usr/lib/xen/boot/pv-grub-x86_64.gz'\n",
                "W line 2: PV-GRUB is not built by default since Xen 4.16"
            ),
            (
                guest + "device_model_version = 'qemu-xen-traditional'\n",
                "E line 3: qemu-xen-traditional is gone since Xen 4.21"
            ),
            (
                guest + "disk = ['/d,raw,xvda,rw', '/e,raw,xvdb1,rw']\ncmdline = 'root=/dev/xvdb2 ro'\n",
                "E line 4: the kernel looks for the root on xvdb2, which is none of its disks"
            ),
            (
                guest + "extra = 'ro console=tty0 console=ttyS0,115200'\n",
                "W line 3: the kernel's console is tty0 and ttyS0, and xl console shows hvc0"
            ),
            (
                "name = 'g'\ntype = 'hvm'\nvnc = 0\n",
                "W line 3: it has neither a screen nor a serial port, so that xl console shows nothing"
            ),
            (guest + "pvh = 1\n", "W line 3: \"pvh\" is no key of xl 4.22, which ignores it"),
        ]
    )
    func problem(text: String, message: String) throws {
        #expect(try problems(text).contains(message))
    }

    @Test(
        "what is empty is an error where xl could not mean it",
        arguments: [
            ("vif = ['']", nil), ("vncpasswd = ''", nil), ("extra = ''", nil), ("vif = []", nil), ("disk = []", nil),
            ("disk = ['']", "disk"), ("type = ''", "type"), ("memory = ''", "memory"), ("on_crash = ''", "on_crash"),
        ] as [(String, String?)])
    func empty(line: String, key: String?) throws {
        #expect(
            try problems(Self.guest + line + "\n") == (key.map { ["E line 3: \"\($0)\" has an empty value"] } ?? []))
    }

    @Test(
        "what the kernel is told may fit",
        arguments: [
            "disk = ['/d,raw,xvda,rw']\ncmdline = 'root=/dev/xvda2 console=hvc0'", "cmdline = 'root=/dev/xvda2'",
            "disk = ['/d,raw,xvda2,rw']\nroot = '/dev/xvda2'\nextra = 'console=tty0 console=hvc0'",
            "disk = ['/d,raw,sda1,rw']\nroot = '/dev/xvda1'", "disk = ['/d,raw,xvda1,rw']\nroot = 'UUID=a'",
            "disk = ['/d,raw,xvda1,rw']\ncmdline = 'root=/dev/mapper/a-b'",
        ])
    func fits(lines: String) throws { #expect(try problems(Self.guest + lines + "\n") == []) }

    @Test("an HVM guest needs no kernel")
    func hvm() throws {
        #expect(try problems("name = 'g'\ntype = 'hvm'\n") == [])
        #expect(try problems("name = 'g'\nbuilder = 'hvm'\n", XenVersion(4, 9)) == [])
    }

    @Test(
        "keys come and go with releases",
        arguments: [
            ("pvh = 1", 4, 8), ("type = 'pvh'", 10, 22), ("cmdline = 'x'", 5, 22), ("vtpm = []", 3, 22),
            ("bootloader_restrict = 1", 18, 22), ("serial = ['pty']", 5, 22), ("usbdevice = ['tablet']", 3, 22),
            ("on_soft_reset = 'soft-reset'", 7, 22), ("on_crash = 'soft-reset'", 7, 22),
            ("xenstore_quota = []", 22, 22),
            ("viridian = ['base']", 5, 22), ("max_grant_frames = 64", 10, 22), ("p9 = []", 9, 22),
            ("vif = ['bridge=b,mtu=1500']", 15, 22), ("vif = ['bridge=b,vlan=5']", 19, 22),
            ("vif = ['untrusted']", 17, 22),
            ("disk = ['vdev=xvda,discard,target=/d']", 5, 22), ("disk = ['vdev=xvda,trusted,target=/d']", 19, 22),
            ("disk = ['vdev=xvda,specification=virtio,target=/d']", 17, 22),
            ("disk = ['format=qed,vdev=xvda,target=/d']", 9, 22),
        ]
    )
    func releases(line: String, first: Int, last: Int) throws {
        for minor in 2...22 {
            // Some of them are for other guests than this one.
            let found = try problems(Self.guest + line + "\n", XenVersion(4, minor)).filter {
                !$0.hasSuffix("has no effect for a PV guest")
            }
            #expect(found.isEmpty == (first...last).contains(minor), "4.\(minor): \(found)")
        }
    }

    @Test(
        "versions are read with and without their patch release",
        arguments: [
            ("4.17", XenVersion(4, 17)), ("4.17.5", XenVersion(4, 17)), ("4.17.5+23-ga4e5191dc0-1", XenVersion(4, 17)),
            ("4.2", XenVersion(4, 2)), ("4", nil), ("", nil), ("4.x", nil), ("a.b", nil), ("4.", nil), ("-4.1", nil),
        ] as [(String, XenVersion?)])
    func versions(text: String, version: XenVersion?) {
        #expect(XenVersion(text) == version)
    }

    @Test("problems come in the order of their places")
    func order() throws {
        let reading = try ConfigurationReading(
            parsing: Array("vncc = 1\nmemory = 010\non_crash = 'x'\nname = 'g'\n".utf8), file: "g.cfg", for: .newest)
        #expect(reading.problems.map { $0.position?.line } == [1, 2, 3, nil])
    }
}
