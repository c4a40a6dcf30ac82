import FakeHost
import GuestModel
import Storage
import Testing

@Suite("Which partition is where")
struct DiskPlanTests {
    private func plan(_ partitions: [Partition], _ layout: GuestSpec.Storage.Layout = .images) -> DiskPlan {
        DiskPlan(.init(directory: "/srv/xen", layout: layout, partitions: partitions))
    }

    @Test("swap first and the root second, as xen-tools numbers them")
    func images() {
        let plan = plan(Sample.swapAndRoot)
        #expect(plan.slots.map(\.device) == ["xvda1", "xvda2"])
        #expect(plan.slots.map(\.image) == ["swap.img", "disk.img"])
        #expect(plan.root.device == "xvda2")
        #expect(plan.mounted.isEmpty)
    }

    @Test("without swap the root is the first")
    func noSwap() {
        #expect(plan([Sample.partition("disk", 1024)]).root.device == "xvda1")
    }

    @Test("in one image GRUB's partition is the first, and the guest's own begin at 2")
    func disk() {
        let plan = plan(Sample.swapAndRoot, .disk)
        #expect(plan.slots.map(\.device) == ["xvda2", "xvda3"])
        #expect(plan.slots.map(\.number) == [2, 3])
        #expect(Set(plan.slots.map(\.image)) == ["disk.img"])
    }

    @Test("another name of the disk")
    func diskDevice() {
        let plan = DiskPlan(.init(directory: "/srv/xen", partitions: Sample.swapAndRoot, diskDevice: "sda"))
        #expect(plan.slots.map(\.device) == ["sda1", "sda2"])
        #expect(plan.diskDevice == "sda")
    }

    @Test("directories leave the tree from the deepest mount point up")
    func nested() {
        let plan = plan([
            Sample.partition("root", 1024), Sample.partition("var", 512, at: "/var"),
            Sample.partition("mail", 512, at: "/var/lib/mail"), Sample.partition("log", 256, at: "/var/log"),
            Sample.partition("home", 256, at: "/home"), Sample.partition("swap", 128, nil),
        ])
        #expect(plan.mounted.map(\.partition.name) == ["mail", "log", "home", "var"])
        // No mount point is left to be taken out of a directory that has gone before it.
        let points = plan.mounted.compactMap(\.partition.mountPoint)
        for (index, point) in points.enumerated() {
            #expect(!points[..<index].contains { point.hasPrefix($0 + "/") })
        }
    }
}
