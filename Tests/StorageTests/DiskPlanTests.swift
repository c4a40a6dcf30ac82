import FakeHost
import GuestModel
import Storage
import Testing

@Suite("Which partition is where")
struct DiskPlanTests {
    private func plan(
        _ partitions: [Partition], _ layout: GuestSpec.Storage.Layout = .images,
        home: GuestSpec.Storage.Home = .files, diskDevice: String = "xvda", hostname: String = "web1.example.org"
    ) throws -> DiskPlan {
        try DiskPlan(
            .init(
                directory: "/srv/xen", home: home, layout: layout, partitions: partitions, diskDevice: diskDevice),
            of: Hostname(hostname))
    }

    private func volumes(_ group: String = "vg0") throws -> GuestSpec.Storage.Home {
        .volumes(try VolumeGroupName(group), pool: nil, wiping: true)
    }

    @Test("volumes are called as xen-tools calls them, and after the run until they are finished")
    func volumes() throws {
        let plan = try plan(Sample.swapAndRoot, home: volumes())
        #expect(plan.drives.map(\.path) == ["/dev/vg0/web1.example.org-swap", "/dev/vg0/web1.example.org-disk"])
        #expect(plan.drives.map(\.device) == ["xvda1", "xvda2"])
        let working = try DiskPlan.workingVolume(of: "disk", in: VolumeGroupName("vg0"), run: "0123456789ab")
        #expect(working.device == "/dev/vg0/domus-0123456789ab-disk")
        let whole = try self.plan(Sample.swapAndRoot, .disk, home: volumes())
        #expect(whole.drives.map(\.path) == ["/dev/vg0/web1.example.org-disk"])
        #expect(whole.drives.map(\.device) == ["xvda"])
    }

    @Test("a guest whose volumes LVM would take for its own, or cannot name, has no plan")
    func reserved() throws {
        #expect(throws: ValueError.self) {
            try plan(Sample.swapAndRoot, home: volumes(), hostname: "snapshot1")
        }
        #expect(throws: ValueError.self) {
            try plan(Sample.swapAndRoot, home: volumes(String(repeating: "g", count: 120)))
        }
    }

    @Test("swap first and the root second, as xen-tools numbers them")
    func images() throws {
        let plan = try plan(Sample.swapAndRoot)
        #expect(plan.slots.map(\.device) == ["xvda1", "xvda2"])
        #expect(plan.drives.map(\.path.lastComponent?.string) == ["swap.img", "disk.img"])
        #expect(plan.root.device == "xvda2")
        #expect(plan.mounted.isEmpty)
    }

    @Test("without swap the root is the first")
    func noSwap() throws {
        #expect(try plan([Sample.partition("disk", 1024)]).root.device == "xvda1")
    }

    @Test("in one image GRUB's partition is the first, and the guest's own begin at 2")
    func disk() throws {
        let plan = try plan(Sample.swapAndRoot, .disk)
        #expect(plan.slots.map(\.device) == ["xvda2", "xvda3"])
        #expect(plan.slots.map(\.number) == [2, 3])
        #expect(plan.drives.map(\.path) == ["/srv/xen/domains/web1.example.org/disk.img"])
    }

    @Test("another name of the disk")
    func diskDevice() throws {
        let plan = try plan(Sample.swapAndRoot, diskDevice: "sda")
        #expect(plan.slots.map(\.device) == ["sda1", "sda2"])
        #expect(plan.diskDevice == "sda")
    }

    @Test("directories leave the tree from the deepest mount point up")
    func nested() throws {
        let plan = try plan([
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
