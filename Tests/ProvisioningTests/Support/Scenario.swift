import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import Storage
import SystemPackage
import Testing

/// Something that changes the machine, and must do it wholly or not at all.
struct Scenario: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The world before.
    let beginning: @Sendable () async throws -> World
    /// Whether there is something to remove when it has reached its goal: a kill then is finished, not taken back.
    var tidies = true
    let work: @Sendable (World, FakeHost) async throws -> Void

    /// Those between them with every kind of undo: for tests of two faults at once, whose number is a square.
    static let manifold = [all[0], all[3], all[5], all[7], all[10], all[12], all[15], all[16], all[20]]

    static let all: [Scenario] = [
        Scenario(testDescription: "create", beginning: { try World() }) { world, process in
            try await Work.create(
                Sample.guest { spec in
                    spec.tailoring.rootPassword = .given(Sample.secret("s3cret"))
                    spec.tailoring.authorizedKeys = ["ssh-ed25519 AAAA somebody"]
                    spec.tailoring.roles = [.init(name: "webserver", path: "/etc/xen-tools/role.d/webserver")]
                }, in: world, as: process)
        },
        Scenario(testDescription: "create with a partitions file", beginning: { try World() }) { world, process in
            try await Work.create(
                Sample.guest { spec in
                    spec.install.method = .debootstrap
                    spec.storage.allocation = .full
                    spec.storage.partitions = [
                        Sample.partition("swap", 128, nil), Sample.partition("root", 1024),
                        Sample.partition("var", 512, .btrfs, at: "/var"),
                        Sample.partition("log", 256, .ext3, at: "/var/log"),
                    ]
                }, in: world, as: process)
        },
        Scenario(testDescription: "create with a kernel of the host", beginning: { try World() }) { world, process in
            try await Work.create(
                Sample.guest { spec in
                    spec.machine.type = .pv
                    spec.boot.loader = .hostKernel(
                        kernel: "/boot/vmlinuz-6.1.0-37-amd64", initrd: "/boot/initrd.img-6.1.0-37-amd64")
                }, in: world, as: process)
        },
        Scenario(testDescription: "create in the place of another", beginning: { try await Work.worldWithGuest() }) {
            world, process in
            try await Work.create(Sample.guest(), in: world, as: process, replaces: true)
        },
        Scenario(
            testDescription: "create in the place of one that Domus did not make",
            beginning: {
                let world = try World()
                world.machine.tree.put("an image", at: "/srv/xen/domains/web1/disk.img")
                world.machine.tree.put("name = 'web1'\n", at: "/etc/xen/web1.cfg")
                return world
            }
        ) { world, process in
            try await Work.create(Sample.guest(), in: world, as: process, replaces: true)
        },
        Scenario(testDescription: "delete", beginning: { try await Work.worldWithGuest() }) { world, process in
            try await Work.delete("web1", in: world, as: process)
        },
        Scenario(testDescription: "create and start", beginning: { try World() }) { world, process in
            try await Work.create(Sample.guest(), in: world, as: process, starts: true)
        },
        Scenario(
            testDescription: "delete one that starts with the host",
            beginning: {
                let world = try await Work.worldWithGuest()
                world.machine.tree.put(link: "../web1.cfg", at: "/etc/xen/auto/10-web1")
                world.machine.tree.put(link: "10-web1", at: "/etc/xen/auto/web1.cfg")
                return world
            }
        ) { world, process in
            try await Work.delete("web1", in: world, as: process)
        },
        Scenario(testDescription: "create on volumes", beginning: { try Work.worldWithVolumeGroup() }) {
            world, process in
            try await Work.create(Work.onVolumes(), in: world, as: process)
        },
        Scenario(testDescription: "create in a thin pool", beginning: { try Work.worldWithVolumeGroup() }) {
            world, process in
            try await Work.create(Work.onVolumes(pool: "pool"), in: world, as: process)
        },
        Scenario(
            testDescription: "create on volumes in the place of another",
            beginning: {
                let world = try Work.worldWithVolumeGroup()
                try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
                return world
            }
        ) { world, process in
            try await Work.create(Work.onVolumes(), in: world, as: process, replaces: true)
        },
        Scenario(
            testDescription: "delete one on volumes",
            beginning: {
                let world = try Work.worldWithVolumeGroup()
                try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
                return world
            }
        ) { world, process in
            try await Work.delete("web1", in: world, as: process)
        },
        Scenario(testDescription: "make a disk larger", beginning: { try await Work.worldWithDisks() }) {
            world, process in
            try await Work.resize("web1", in: world, as: process)
        },
        Scenario(
            testDescription: "make a volume larger", beginning: { try await Work.worldWithDisks(onVolumes: true) }
        ) { world, process in
            try await Work.resize("web1", in: world, as: process)
        },
        Scenario(testDescription: "make a swap area larger", beginning: { try await Work.worldWithDisks() }) {
            world, process in
            try await Work.resize("web1", in: world, as: process, partition: "swap")
        },
        Scenario(testDescription: "create on devices", beginning: { try Work.worldWithDevices() }) { world, process in
            try await Work.create(Work.onDevices, in: world, as: process)
        },
        Scenario(
            testDescription: "create in a file system that is there", beginning: { try Work.worldWithFormatted() }
        ) { world, process in
            try await Work.create(Work.onFormatted, in: world, as: process)
        },
        Scenario(
            testDescription: "create in the place of a volume that Domus did not make",
            beginning: {
                let world = try Work.worldWithVolumeGroup()
                FakeVolumes.add(
                    Volume(group: "vg0", name: "web1-disk", uuid: "uuid-of-another", size: 4 << 20),
                    to: &world.machine.tree)
                return world
            }
        ) { world, process in
            try await Work.create(
                Work.onVolumes(), in: world, as: process, forced: [VolumePath(parsing: "vg0/web1-disk")])
        },
        Scenario(testDescription: "make a base", beginning: { try Work.worldWithPool() }) { world, process in
            try await Work.makeBase(for: Work.clone(), in: world, as: process)
        },
        Scenario(
            testDescription: "make a base in the place of an older one",
            beginning: { try Work.outdated(await Work.worldWithBase()) }
        ) { world, process in
            try await Work.makeBase(for: Work.clone(.fresh), in: world, as: process)
        },
        Scenario(testDescription: "create a clone of a base", beginning: { try await Work.worldWithBase() }) {
            world, process in
            try await Work.createClone(Work.clone(), in: world, as: process)
        },
        Scenario(
            testDescription: "create a clone in the place of another",
            beginning: {
                let world = try await Work.worldWithBase()
                try await Work.createClone(Work.clone(), in: world, as: world.process(), run: "000000000002")
                return world
            }
        ) { world, process in
            try await Work.createClone(Work.clone(), in: world, as: process, replaces: true)
        },
        Scenario(testDescription: "create with a lock", beginning: { try World() }) { world, process in
            try await Work.create(
                Sample.guest { $0.install.lockFile = "/srv/web.lock" }, in: world, as: process)
        },
        Scenario(testDescription: "make a base in a file", beginning: { try Work.worldWithLoops() }) { world, process in
            try await Work.makeBase(for: Work.fileClone(), in: world, as: process)
        },
        Scenario(
            testDescription: "make a base in a file in the place of an older one",
            beginning: { try Work.outdated(await Work.worldWithFileBase()) }
        ) { world, process in
            try await Work.makeBase(for: Work.fileClone(.fresh), in: world, as: process)
        },
        Scenario(
            testDescription: "create a clone of a base in a file", beginning: { try await Work.worldWithFileBase() }
        ) { world, process in
            try await Work.createClone(Work.fileClone(), in: world, as: process)
        },
        Scenario(testDescription: "make a guest one of another type", beginning: { try await Work.worldWithGuest() }) {
            world, process in
            try await Work.convert("web1", to: .pv, in: world, as: process)
        },
        Scenario(
            testDescription: "import a libvirt domain", beginning: { try Work.worldWithDomain() }, tidies: false
        ) { world, process in
            try await Work.importDomain(in: world, as: process)
        },
        Scenario(testDescription: "create where it can be mounted", beginning: { try World() }) { world, process in
            try await Work.create(
                Sample.guest { $0.install.method = .debootstrap }, in: world, as: process, canMount: true)
        },
    ]
}
