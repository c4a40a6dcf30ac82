import GuestModel
import Testing
import XenConfig

/// Each case takes what Domus writes for a guest, changes it as a user's template might, and looks at what is said.
@Suite("Checking a configuration against its guest")
struct VerificationTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let says: [String]

        init(_ from: String, _ to: String, _ says: String...) { (self.from, self.to, self.says) = (from, to, says) }

        var testDescription: String { "\(from) -> \(to)" }
    }

    private func problems(_ change: Change, guest: GuestConfiguration) throws -> [Problem] {
        let text = try guest.render(template: contents(of: templatePath), file: "t").text
        try #require(change.from.isEmpty || text.contains(change.from))
        let halves = text.split(separator: change.from, maxSplits: 1, omittingEmptySubsequences: false)
        return guest.verify(change.from.isEmpty ? text + change.to : halves.joined(separator: change.to))
    }

    @Test("what Domus writes has no problems")
    func clean() throws {
        #expect(try problems(Change("", ""), guest: guest()).isEmpty)
    }

    @Test(
        "what would make a broken or another guest is an error",
        arguments: [
            Change(
                "name = \"web1.example.org\"",
                "name = \"web2\"",
                "line 3: \"name\" is \"web2\"; the guest's is \"web1.example.org\""
            ),
            Change("name = \"web1.example.org\"", "", "\"name\" is missing"),
            Change("type = \"pvh\"", "type = \"pv\"", "line 4: \"type\" is \"pv\"; the guest's is \"pvh\""),
            Change("type = \"pvh\"", "", "\"type\" is missing"),
            Change(
                "type = \"pvh\"",
                "type = \"p\"",
                "line 4: \"type\" is \"p\"",
                "line 4: \"type\" is \"p\"; the guest's is \"pvh\""
            ),
            Change(
                "type = \"pvh\"",
                "type = \"\"",
                "line 4: \"type\" has an empty value",
                "line 4: \"type\" is \"\"; the guest's is \"pvh\""
            ),
            Change(
                "",
                "builder = \"h\"\n",
                "line 24: \"builder\" is \"h\"",
                "line 24: \"builder\" is deprecated since Xen 4.10"
            ),
            Change("", "builder = \"hvm\"\n", "line 24: \"builder\" and \"type\" contradict each other"),
            Change("memory = 512", "memory = 01000", "line 9: \"memory\" is 01000, which xl reads as octal 512"),
            Change(
                "memory = 512",
                "memory = \"512M\"",
                "line 9: \"memory\" is \"512M\", no number; xl ignores it",
                "line 9: \"memory\" is \"512M\"; the guest has 512 MiB"
            ),
            Change("memory = 512", "memory = 256", "line 9: \"memory\" is \"256\"; the guest has 512 MiB"),
            Change("memory = 512", "", "\"memory\" is missing; the guest has 512 MiB"),
            Change(
                "memory = 512",
                "memory = [512]",
                "line 9: \"memory\" is a list; xl wants a single value and ignores it",
                "line 9: \"memory\" is a list; the guest has 512 MiB"
            ),
            Change("", "maxmem = 100\n", "line 24: \"maxmem\" is 100, below the memory of 512"),
            Change(
                "vcpus = 2",
                "vcpus = \"True\"",
                "line 10: \"vcpus\" is \"True\", no number; xl ignores it",
                "line 10: \"vcpus\" is \"True\"; 2 were asked for"
            ),
            Change(
                "kernel = \"/srv",
                "kernel = \"/SRV",
                "line 5: \"kernel\" is \"/SRV/xen/domains/web1.example.org/vmlinuz\"; the guest's is \"/srv/xen/domains/web1.example.org/vmlinuz\""
            ),
            Change("ramdisk = \"", "# \"", "\"ramdisk\" is missing"),
            Change("", "bootloader = \"pygrub\"\n", "line 24: both \"kernel\" and \"bootloader\" are given"),
            Change("", "firmware = \"pvgrub64\"\n", "line 24: both \"kernel\" and \"firmware\" are given"),
            Change(
                "",
                "firmware = \"pv\"\n",
                "line 24: \"firmware\" is \"pv\"",
                "line 24: both \"kernel\" and \"firmware\" are given"
            ),
            Change(
                "cmdline = \"root=UUID=0a",
                "cmdline = \"root=UUID=0b",
                "line 7: the kernel is not told of root=UUID=0a1b2c3d-0000-4000-8000-000000000001"
            ),
            Change(
                "disk = [",
                "disk = \"x\"\ndtdev = [",
                "line 12: \"disk\" is a single value; xl wants a list and ignores it",
                "the disk /srv/xen/domains/web1.example.org/disk.img, which holds the root, is missing",
                "the disk /srv/xen/domains/web1.example.org/swap.img is missing"
            ),
            Change(
                "target=/srv/xen/domains/web1.example.org/disk.img",
                "target=/srv/xen/domains/web2/disk.img",
                "the disk /srv/xen/domains/web1.example.org/disk.img, which holds the root, is missing",
                "the disk /srv/xen/domains/web2/disk.img is none of those that Domus made"
            ),
            Change(
                "vdev=xvda1",
                "vdev=xvda2",
                "two disks are xvda2",
                "the disk /srv/xen/domains/web1.example.org/swap.img is xvda2; the guest knows it as xvda1"
            ),
            Change(
                "access=rw",
                "access=ro",
                "the disk /srv/xen/domains/web1.example.org/disk.img is ro; it must be rw"
            ),
            Change(
                "format=raw",
                "format=qcow2",
                "the disk /srv/xen/domains/web1.example.org/disk.img is qcow2; it is made as raw"
            ),
            Change(
                "format=raw",
                "format=bad",
                "cannot be read: \"bad\" is not a format",
                "which holds the root, is missing"
            ),
            Change(
                "disk = [",
                "disk = [ [1],",
                "\"disk\" holds a list inside the list, at which xl stops reading it",
                "which holds the root, is missing",
                "swap.img is missing"
            ),
            Change("disk = [", "disk = [ \"\",", "\"disk\" has an empty value"),
            Change(
                "mac=00:16:3E:99:7B:CC",
                "mac=00:16:3E:99:7B",
                "in the vif \"mac=00:16:3E:99:7B,bridge=xenbr0\": \"00:16:3E:99:7B\" is not a MAC address",
                "the interface with the MAC address 00:16:3E:99:7B:CC is missing"
            ),
            Change(
                "bridge=xenbr0",
                "bridge=xenbr1",
                "the interface 00:16:3E:99:7B:CC is on the bridge xenbr1; xenbr0 was asked for"
            ),
            Change("bridge=xenbr0", "brigde=xenbr0", "\"brigde\" is not a parameter of a vif", "is on no given bridge"),
            Change(
                "vif = [",
                "vif = []\nvif2 = [",
                "\"vif2\" is no key of xl",
                "the interface with the MAC address 00:16:3E:99:7B:CC is missing"
            ),
            Change("on_crash = \"restart\"", "on_crash = \"explode\"", "\"on_crash\" is \"explode\""),
            Change("", "uuid = \"x\"\n", "\"uuid\" is \"x\", no UUID"),
            Change(
                "memory = 512",
                "memory = 512\nboot = c",
                "line 10: the word \"c\" stands where there should be a value"
            ),
            Change("memory = 512", "memory = 512\r", "line 9: a carriage return"),
        ]
    )
    func errors(change: Change) throws {
        let problems = try problems(change, guest: guest())
        #expect(problems.contains { $0.severity == .error })
        #expect(problems.count == change.says.count, "\(problems)")
        for text in change.says {
            #expect(problems.contains { $0.description.contains(text) }, "\(text) in \(problems)")
        }
    }

    @Test(
        "what xl would ignore or deprecates is a warning",
        arguments: [
            Change("", "nics = 1\n", "line 24: \"nics\" is no key of xl 4.22, which ignores it"),
            Change("", "vncc = 1\n", "line 24: \"vncc\" is no key of xl 4.22, which ignores it"),
            Change("", "dhcp = 'dhcp'\n", "line 24: \"dhcp\" is no key of xl 4.22, which ignores it"),
            Change("", "memory = 512\n", "line 24: \"memory\" is set again; what line 9 says has no effect"),
            Change(
                "",
                "disk += ['vdev=xvdb,target=/srv/data.img']\n",
                "line 24: the disk /srv/data.img is none of those that Domus made"
            ),
            Change("", "extra = \"quiet\"\n", "line 24: \"extra\" has no effect beside \"cmdline\""),
            Change("", "device_model = \"/x\"\n", "line 24: \"device_model\" is ignored since Xen 4.2"),
            Change("vcpus = 2", "vcpus = 4", "line 10: \"vcpus\" is \"4\"; 2 were asked for"),
            Change(
                "on_crash = \"restart\"\n",
                "on_crash = \"preserve\"",
                "the text does not end in a line break, at which xl before 4.3 fails"
            ),
            Change(
                "disk = [",
                "disk = [ 'file:/srv/data.img,xvdb,w',",
                "line 12: the disk \"file:/srv/data.img,xvdb,w\" has a prefix, which xl deprecates",
                "line 12: the disk /srv/data.img is none of those that Domus made"
            ),
        ]
    )
    func warnings(change: Change) throws {
        let problems = try problems(change, guest: guest())
        #expect(problems.map(\.description) == change.says)
        #expect(problems.allSatisfy { $0.severity == .warning })
    }

    @Test(
        "what the user may change is no problem",
        arguments: [
            Change("", "on_watchdog = \"destroy\"\nrtc_timeoffset = 3600\ncpus = [\"0\", \"1\"]\nlocaltime = 0\n"),
            Change("on_crash = \"restart\"", "on_crash = \"preserve\""),
            Change("console=hvc0", "console=hvc0 quiet"),
            Change("memory = 512", "memory = 0x200"),
            Change("memory = 512", "memory = \"512\""),
            Change("", "maxmem = 1024\n"),
            Change("bridge=xenbr0", "bridge=xenbr0,rate=10Mb/s"),
            Change(
                "cmdline = \"root=UUID=0a1b2c3d-0000-4000-8000-000000000001 ro",
                "root = \"UUID=0a1b2c3d-0000-4000-8000-000000000001 ro\"\nextra = \""
            ),
        ]
    )
    func liberties(change: Change) throws {
        #expect(try problems(change, guest: guest()).isEmpty)
    }

    @Test("a guest under pygrub is checked for its boot loader, one under GRUB for Xen for its kernel")
    func loaders() throws {
        let pygrub = try guest(type: .pv, boot: .pygrub)
        #expect(try problems(Change("", ""), guest: pygrub).isEmpty)
        let path = try problems(Change("\"pygrub\"", "\"/usr/bin/pygrub\""), guest: pygrub)
        #expect(path.map(\.description) == ["line 5: the path of pygrub is gone since Xen 4.19"])
        let without = try problems(Change("bootloader = \"pygrub\"", ""), guest: pygrub)
        #expect(without.map(\.description) == ["\"bootloader\" is missing"])
        let pvgrub = try guest(type: .pv, boot: .pvgrub("/usr/lib/grub-xen/grub-x86_64-xen.bin"))
        let other = try problems(Change("x86_64", "i386"), guest: pvgrub)
        #expect(other.map(\.severity) == [.error])
        let ramdisk = try problems(Change("", "ramdisk = \"/boot/initrd.img\"\n"), guest: pvgrub)
        #expect(ramdisk.map(\.description) == ["line 22: \"ramdisk\" is \"/boot/initrd.img\"; this guest has none"])
    }

    @Test("the UUID and the maximum of memory are compared where the guest has them")
    func optional() throws {
        let guest = try guest(uuid: "0a1b2c3d-1111-4000-8000-00000000000f", maximumMemory: .gibibytes(1))
        let other = try problems(Change("00000000000f", "00000000000e"), guest: guest)
        #expect(other.map(\.severity) == [.error])
        #expect(try problems(Change("00000000000f", "00000000000F"), guest: guest).isEmpty)
        let lower = try problems(Change("maxmem = 1024", "maxmem = 512"), guest: guest)
        #expect(lower.map(\.description) == ["line 11: \"maxmem\" is \"512\"; 1024 MiB were asked for"])
    }

    @Test("two spellings of one accented letter are two files")
    func normalization() throws {
        let guest = try guest(disks: [DiskEntry(vdev: "xvda1", target: "/srv/caf\u{E9}.img", isRoot: true)])
        let problems = try problems(Change("caf\u{E9}.img", "cafe\u{301}.img"), guest: guest)
        #expect(problems.contains { $0.severity == .error })
    }

    @Test("unknown keys come with advice")
    func advice() throws {
        let hints = try ["nics = 1\n", "vncc = 1\n", "maxmen = 1\n", "zzzzzz = 1\n"].map {
            try problems(Change("", $0), guest: guest()).first?.hint
        }
        #expect(
            hints == ["the number of interfaces is that of the vif list", "is vnc meant?", "is maxmem meant?", nil]
        )
    }
}
