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
        #expect(zeroed == ["write zeros to /dev/vg0/web1-disk"])
        let zero = try #require(process.effects.firstIndex { $0.hasPrefix("write zeros") })
        let grow = try #require(process.effects.firstIndex { $0.contains("resize2fs") })
        #expect(zero < grow)
    }

    @Test("recover --keep, too, gives a disk its size back: half a growth is of no use")
    func keep() async throws {
        let course = try await Course(Scenario.all[12])
        var takenBack = 0
        for number in 1...course.effects {
            let trial = try await course.trial(.killAfter(number))
            let recovery = Recovery(host: trial.world.process().host, store: trial.world.store)
            for run in try recovery.unfinished() { _ = await recovery.keep(run) }
            // The directory in which the way back was kept may stay.
            let state = try trial.world.state().filter { !$0.key.contains("/.domus-") }
            #expect([course.beginning, course.finish].contains(state), "\(number): \(trial.effect(number))")
            if state == course.beginning { takenBack += 1 }
        }
        #expect(takenBack > 5)
    }
}
