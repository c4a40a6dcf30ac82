import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Testing

/// Making disks larger: what is refused beforehand, in numbers. That it is all or nothing, the scenarios show.
@Suite("Making disks larger")
struct ResizeTests {
    private func refusal(
        onVolumes: Bool = true, mebibytes: Int64 = 1024, partition: String? = nil,
        _ change: (inout FakeTree) throws -> Void
    ) async throws -> ProvisioningError? {
        let world = try await Work.worldWithDisks(onVolumes: onVolumes)
        try change(&world.machine.tree)
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.resize("web1", in: world, as: world.process(), mebibytes: mebibytes, partition: partition)
        }
        #expect(difference(try world.state(), from: before) == [])
        return error
    }

    @Test("a group without room is told in numbers")
    func noRoom() async throws {
        let error = try await refusal { tree in
            FakeVolumes.add(
                Volume(group: "vg0", name: "large", uuid: "uuid-of-large", size: 61 << 30), to: &tree)
        }
        #expect(
            error?.message
                == "there is no room in the volume group vg0 to make vg0/web1-disk larger by 1G: 508M are free, and 516M are "
                + "missing", "\(error?.message ?? "")")
        #expect(error?.exit == .cannotCreate)
    }

    @Test("a volume that is open, gone or another one is not touched")
    func volume() async throws {
        let open = try await refusal { FakeVolumes.change("web1-disk", of: "vg0", in: &$0) { $0.isOpen = true } }
        #expect(open?.message == "the volume vg0/web1-disk of web1 is in use" && open?.exit == .temporary)
        let gone = try await refusal { FakeVolumes.change("web1-disk", of: "vg0", in: &$0) { $0.name = "kept" } }
        #expect(gone?.message.contains("web1 is not whole: vg0/web1-disk: it is gone") == true)
        let group = try await refusal { FakeVolumes.loseDevice(of: "vg0", in: &$0) }
        #expect(group?.message.contains("is not whole: 1 of its physical volumes") == true)
    }

    @Test("a volume that udev looks into for a moment is waited for")
    func looking() async throws {
        let world = try await Work.worldWithDisks(onVolumes: true)
        FakeVolumes.change("web1-disk", of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        let machine = world.machine
        var host = world.process().host
        host.clock = FakeClock {
            FakeVolumes.change("web1-disk", of: "vg0", in: &machine.tree) { $0.isOpen = false }
        }
        let provisioner = Provisioner(host: host, store: world.store, reporter: Telling())
        _ = try await provisioner.resize(
            of: "web1", adding: .mebibytes(1024), partition: nil, online: false, wiping: true)
    }

    @Test("a loop device over an image, that udev looks into for a moment, is waited for")
    func lookingAtLoop() async throws {
        let world = try await Work.worldWithDisks()
        let machine = world.machine
        machine.tree.put(
            "/srv/xen/domains/web1/disk.img\n", at: "/sys/block/loop0/loop/backing_file")
        var host = world.process().host
        host.clock = FakeClock { machine.tree.take("/sys/block/loop0/loop/backing_file") }
        let provisioner = Provisioner(host: host, store: world.store, reporter: Telling())
        _ = try await provisioner.resize(
            of: "web1", adding: .mebibytes(1024), partition: nil, online: false, wiping: true)
    }

    @Test("one that stays open is refused in the end, and ^C does not wait that long", arguments: [false, true])
    func open(isInterrupted: Bool) async throws {
        let world = try await Work.worldWithDisks(onVolumes: true)
        FakeVolumes.change("web1-disk", of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        var host = world.process().host
        host.clock = FakeClock {
            if isInterrupted { withUnsafeCurrentTask { $0?.cancel() } }
        }
        let provisioner = Provisioner(host: host, store: world.store, reporter: Telling())
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            _ = try await provisioner.resize(
                of: "web1", adding: .mebibytes(1024), partition: nil, online: false, wiping: true)
        }
        #expect(error?.exit == (isInterrupted ? .interrupted : .temporary))
        #expect(
            error?.message == (isInterrupted ? "the run was interrupted" : "the volume vg0/web1-disk of web1 is in use")
        )
        #expect(try world.state() == before)
    }

    @Test("a full pool gives nothing")
    func pool() async throws {
        let error = try await refusal { tree in
            FakeVolumes.add(
                Volume(
                    group: "vg0", name: "pool", uuid: "uuid-of-pool", size: 16 << 30, dataPercent: 96, isThinPool: true),
                to: &tree)
            FakeVolumes.change("web1-disk", of: "vg0", in: &tree) { $0.pool = "pool" }
        }
        #expect(error?.message.contains("too full for vg0/web1-disk to grow: 96.0 % of its data") == true)
    }

    @Test("an image that was put in the place of the guest's is not touched, and a link is not followed")
    func replaced() async throws {
        let link = try await refusal(onVolumes: false) { tree in
            tree.take("/srv/xen/domains/web1/disk.img")
            tree.put("theirs", at: "/srv/theirs")
            tree.put(link: "/srv/theirs", at: "/srv/xen/domains/web1/disk.img")
        }
        #expect(link?.message.contains("is gone, or not the one that Domus made") == true)
        let directory = try await refusal(onVolumes: false) { tree in
            tree.take("/srv/xen/domains/web1")
            tree.put("theirs", at: "/srv/xen/domains/web1/disk.img")
        }
        #expect(directory?.message.contains("is gone, or not the one that Domus made") == true)
    }

    @Test("the record has the new size, a volume's its whole extents")
    func record() async throws {
        for onVolumes in [false, true] {
            let world = try await Work.worldWithDisks(onVolumes: onVolumes)
            let before = try #require(try world.store.record(named: "web1"))
            try await Work.resize("web1", in: world, as: world.process(), mebibytes: 5)
            let after = try #require(try world.store.record(named: "web1"))
            #expect(after.images[1].size == before.images[1].size + (onVolumes ? 8 : 5) << 20)
            #expect(after.images[0] == before.images[0] && after.volumes == before.volumes)
        }
    }

    @Test("what a volume outside a pool gets is zeroed before the file system grows onto it, and nothing else is")
    func zeroing() async throws {
        let world = try await Work.worldWithDisks(onVolumes: true)
        let process = world.process()
        try await Work.resize("web1", in: world, as: process)
        let zeroed = process.effects.filter { $0.hasPrefix("write zeros") }
        #expect(Set(zeroed) == ["write zeros to /dev/vg0/web1-disk"])
        let zero = try #require(process.effects.firstIndex { $0.hasPrefix("write zeros") })
        let grow = try #require(process.effects.firstIndex { $0.contains("resize2fs") })
        #expect(zero < grow)
    }

    /// A world in which a resize was killed after each of its effects, and what somebody then does.
    private func afterEachKill(
        onVolumes: Bool = false, _ body: (World, FakeHost) async throws -> Void
    ) async throws {
        let scenario = try #require(
            Scenario.all.first { $0.testDescription == (onVolumes ? "make a volume larger" : "make a disk larger") })
        let course = try await Course(scenario)
        for number in 1...course.effects {
            let trial = try await course.trial(.killAfter(number))
            if try trial.world.store.record(named: "web1")?.images[1].size
                != course.start.store.record(named: "web1")?.images[1].size
            {
                continue
            }
            try await body(trial.world, trial.world.process())
        }
    }

    @Test("recover --keep leaves the disk as it is then, and tells where what was written over is")
    func keep() async throws {
        var told = 0
        try await afterEachKill { world, process in
            let before = world.machine.tree.snapshot(ignoring: "/var/log/domus")
            let recovery = Recovery(host: process.host, store: world.store)
            for run in try recovery.unfinished() {
                if await recovery.keep(run).left.contains(where: { $0.contains("growth.e2undo") }) { told += 1 }
            }
            #expect(world.machine.tree.snapshot(ignoring: "/var/log/domus") == before)
            #expect(try recovery.unfinished().isEmpty)
        }
        #expect(told > 0)
    }

    @Test("recovery writes nothing on the disk of a guest that runs, and does when it has ended")
    func runningGuest() async throws {
        var refusals = 0
        try await afterEachKill { world, process in
            world.machine.tree.put("7", at: "\(FakePrograms.domains)/web1")
            let before = world.machine.tree.text("/srv/xen/domains/web1/disk.img")
            let left = try await Work.recover(world, as: process)
            if left.contains(where: { $0.contains("is running (domain 7)") }) { refusals += 1 }
            #expect(world.machine.tree.text("/srv/xen/domains/web1/disk.img") == before)
            world.machine.tree.take("\(FakePrograms.domains)/web1")
            #expect(try await Work.recover(world).isEmpty)
        }
        #expect(refusals > 1)
    }

    @Test("recovery writes nothing on a disk that somebody else has put in the place of the guest's")
    func replacedSince() async throws {
        var refusals = 0
        try await afterEachKill { world, process in
            let path = "/srv/xen/domains/web1/disk.img"
            world.machine.tree.take(path)
            let restored = FakeFileSystems.ext4(size: 1 << 30)
            world.machine.tree.put(.file(restored, size: 3 << 30), at: path, mode: 0o600)
            let before = world.machine.tree.snapshot()[path]
            if try await Work.recover(world, as: process).contains(where: { $0.contains("another in its place") }) {
                refusals += 1
            }
            #expect(world.machine.tree.snapshot()[path] == before)
        }
        #expect(refusals > 0)
    }

    @Test("what has been repaired by hand, or used, is not taken back")
    func repaired() async throws {
        var refusals = 0
        try await afterEachKill { world, process in
            let path = "/srv/xen/domains/web1/disk.img"
            guard world.machine.tree.text("/srv/xen/domains/.domus-00000000000e/growth.e2undo") != nil else { return }
            // Half grown, repaired to its new size, and checked at a later time.
            world.machine.tree.put(
                "cut off 1", at: "/srv/xen/domains/.domus-00000000000e/growth.e2undo")
            var bytes = FakeFileSystems.ext4(size: 2 << 30)
            bytes[1024 + 0x40] = 1
            FakeFileSystems.put(bytes, on: path, in: &world.machine.tree)
            let before = world.machine.tree.snapshot()[path]
            let left = try await Work.recover(world, as: process)
            #expect(left.contains { $0.contains("has been used or repaired since") }, "\(left)")
            #expect(world.machine.tree.snapshot()[path] == before)
            refusals += 1
        }
        #expect(refusals > 0)
    }

    @Test("a volume that somebody has made larger in between is never made smaller")
    func grownSince() async throws {
        let world = try await Work.worldWithDisks(onVolumes: true)
        let process = world.process(programs: [
            "e2fsck": { process in
                FakeVolumes.change("web1-disk", of: "vg0", in: &process.tree) { $0.size = 20 << 30 }
                return .exited(0)
            }
        ])
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.resize("web1", in: world, as: process)
        }
        #expect(
            error?.message.contains("has been changed by somebody else in between") == true, "\(error?.message ?? "")")
        let volumes = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0"))
        #expect(volumes.first { $0.name == "web1-disk" }?.size == 20 << 30)
    }

    @Test("a pool that does not zero its chunks is refused, as for a new guest")
    func unzeroedPool() async throws {
        let error = try await refusal { tree in
            FakeVolumes.add(
                Volume(
                    group: "vg0", name: "pool", uuid: "uuid-of-pool", size: 16 << 30, dataPercent: 6, isThinPool: true,
                    zeroesBlocks: false), to: &tree)
            FakeVolumes.change("web1-disk", of: "vg0", in: &tree) { $0.pool = "pool" }
        }
        #expect(error?.message.contains("does not zero its chunks") == true, "\(error?.message ?? "")")
    }

    @Test("a guest that is saved is not touched, nor one that another run works on")
    func busy() async throws {
        let saved = try await refusal(onVolumes: false) { $0.put("memory", at: "/var/lib/xen/save/web1") }
        #expect(saved?.message.contains("is saved in /var/lib/xen/save/web1") == true && saved?.exit == .temporary)
        let world = try await Work.worldWithDisks()
        let other = world.process([.killAfter(3)])
        _ = await Task { try await Work.resize("web1", in: world, as: other) }.result
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.resize("web1", in: world, as: world.process())
        }
        #expect(error?.exit == .temporary && error?.hint?.contains("domus recover") == true)
    }
}
