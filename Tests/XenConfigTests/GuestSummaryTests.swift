import Testing
import XenConfig

@Suite("Summaries of guests that other tools made")
struct GuestSummaryTests {
    @Test("a configuration of xen-tools with DHCP")
    func dhcp() throws {
        let summary = GuestSummary(
            from: try XenConfigFile(
                parsing: """
                    #
                    # Configuration file for the Xen instance web1, created by xen-tools 4.9.2.
                    #
                    bootloader = 'pygrub'

                    vcpus       = '1'
                    memory      = '256'


                    root        = '/dev/xvda2 ro'
                    disk        = [
                                      'file:/home/xen/domains/web1/disk.img,xvda2,w',
                                      'file:/home/xen/domains/web1/swap.img,xvda1,w',
                                  ]
                    name        = 'web1'
                    dhcp        = 'dhcp'
                    vif         = [ 'mac=00:16:3E:99:7B:CC,bridge=br0' ]
                    on_poweroff = 'destroy'
                    on_reboot   = 'restart'
                    on_crash    = 'restart'

                    """
            )
        )
        #expect(summary.name == "web1")
        #expect(summary.type == "pv")
        #expect(summary.memory == 256)
        #expect(summary.virtualCPUs == 1)
        #expect(summary.paths == ["/home/xen/domains/web1/disk.img", "/home/xen/domains/web1/swap.img"])
        #expect(summary.disks.map(\.vdev) == ["xvda2", "xvda1"])
        #expect(summary.vifs.map { $0.mac?.description } == ["00:16:3E:99:7B:CC"])
        #expect(summary.vifs.map(\.bridge) == ["br0"])
        #expect(summary.usesDHCP)
        #expect(summary.addresses.isEmpty)
        #expect(summary.unreadable.isEmpty)
    }

    @Test("a configuration of xen-tools with fixed addresses")
    func fixed() throws {
        let summary = GuestSummary(
            from: try XenConfigFile(
                parsing: "name='a'\ntype='pvh'\nmaxmem='512'\nvif=['ip=192.0.2.10 192.0.2.11 ,mac=00:16:3E:00:00:01']\n"
            )
        )
        #expect(summary.addresses == ["192.0.2.10", "192.0.2.11"])
        #expect(!summary.usesDHCP)
        #expect(summary.type == "pvh")
        #expect(summary.maximumMemory == 512)
        #expect(summary.memory == nil)
    }

    @Test("what is broken is told, and the rest still read")
    func broken() throws {
        let summary = GuestSummary(
            from: try XenConfigFile(
                parsing: "builder='hvm'\ndisk=['nonsense','vdev=xvda,target=/a']\nvif='bridge=x'\nvcpus=0\ndhcp=0\n"
            )
        )
        #expect(summary.name == nil)
        #expect(summary.type == "hvm")
        #expect(summary.paths == ["/a"])
        #expect(summary.virtualCPUs == 1)
        #expect(!summary.usesDHCP)
        #expect(
            summary.unreadable == [
                "the disk \"nonsense\" cannot be read: it names no device of the guest",
                "\"vif\" is not a list; xl ignores it",
            ]
        )
    }
}
