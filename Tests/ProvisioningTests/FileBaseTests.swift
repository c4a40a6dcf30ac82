import FakeHost
import Foundation
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Testing

/// Bases in files, and the guests that are copies of them.
@Suite("Bases in files")
struct FileBaseTests {
    private func record(_ world: World) throws -> BaseRecord { try #require(try world.store.bases().first) }

    private func size(_ path: String, in world: World) throws -> Int64? {
        try world.process().host.files.entry(at: FilePath(path))?.size
    }

    @Test("a base is a file beside the guests, and is known by what it holds")
    func made() async throws {
        let world = try await Work.worldWithFileBase()
        let base = try record(world)
        guard case .image(let file) = base.place else {
            Issue.record("it is no file")
            return
        }
        #expect(file.path == "\(Work.baseDirectory)/\(base.id).img")
        #expect(try await world.process().host.files.digest(ofImage: FilePath(file.path)) == base.digest)
        #expect(try base.size == size(file.path, in: world))
        #expect(try world.store.runs().isEmpty)
        #expect(!world.machine.tree.snapshot().keys.contains { $0.hasPrefix("/srv/xen/domains/.domus-0") })
    }

    @Test("a clone is a copy as large as its root, and its own")
    func clone() async throws {
        let world = try await Work.worldWithFileBase()
        let base = try record(world)
        let process = world.process()
        try await Work.createClone(Work.fileClone(), in: world, as: process)
        let disk = "/srv/xen/domains/web1/disk.img"
        let root = try Work.fileClone().storage.partitions.first { $0.mountPoint == "/" }
        #expect(try size(disk, in: world) == root?.size.bytes && root.map { $0.size.bytes > base.size } == true)
        let content = world.machine.tree.text(disk) ?? ""
        #expect(content.contains("/etc/mine: mine") && content.contains("/etc/network/interfaces: auto lo"))
        let programs = process.invocations.map(ConfinedCommand.init).filter {
            $0.arguments.last?.contains("disk.img") == true
        }
        // What its digest says is not looked over once more.
        #expect(programs.map(\.executable) == ["tune2fs", "resize2fs"])
        let guest = try #require(try world.store.record(named: "web1"))
        #expect(guest.base == base.id && guest.volumes == nil)
        // The base knows when it was used.
        #expect(try record(world).used == guest.created)
    }

    @Test("a base that a disk has damaged makes no guest, and it is said which to remove")
    func damaged() async throws {
        let world = try await Work.worldWithFileBase()
        let base = try record(world)
        var text = Array((world.machine.tree.text(base.place.text) ?? "").utf8)
        text[text.count / 2] ^= 1
        FakeFileSystems.put(text, on: base.place.text, in: &world.machine.tree)
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.createClone(Work.fileClone(), in: world, as: world.process())
        }
        #expect(error?.message.contains("the base \(base.id) is damaged: \(base.place.text)") == true)
        #expect(error?.exit == .badData && error?.hint?.contains("domus base remove \(base.id)") == true)
        // But for what is known of it.
        #expect(difference(try world.state(), from: before).filter { !$0.contains("record of base") } == [])
        #expect(try record(world).verified == nil)
    }

    @Test("what was found whole is believed for a day, of a file that nobody has touched")
    func verification() async throws {
        let world = try await Work.worldWithFileBase()
        let base = try record(world)
        let verified = try #require(base.verified)
        let stamp = try world.process().host.files.entry(at: FilePath(base.place.text))?.stamp
        #expect(verified.stamp == stamp)
        #expect(verified.holds(stamp, at: verified.time) && verified.holds(stamp, at: verified.time + 86399))
        #expect(!verified.holds(stamp, at: verified.time + 86400) && !verified.holds(stamp, at: verified.time - 1))
        #expect(!verified.holds(nil, at: verified.time))
        // An old one is made anew by the clone that reads it.
        let old = try world.copy { base in
            var base = base
            base.verified = base.verified.map { .init(stamp: $0.stamp, time: $0.time - 86400) }
            return base
        }
        try await Work.createClone(Work.fileClone(), in: old, as: old.process())
        #expect(try record(old).verified == verified)
    }

    @Test("one that was found damaged is not used, though its file looks untouched")
    func foundDamaged() async throws {
        let world = try await Work.worldWithFileBase()
        // As a disk does it, below the file system.
        let rotten = try world.copy { base in
            var base = base
            base.digest = ImageDigest(String(repeating: "0", count: 64))
            return base
        }
        let base = try record(rotten)
        let provisioner = Provisioner(host: rotten.process().host, store: rotten.store, reporter: Telling())
        #expect(try await provisioner.verify(base, run: "00000000000c") == .damaged)
        #expect(try record(rotten).verified == nil)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.createClone(Work.fileClone(), in: rotten, as: rotten.process())
        }
        #expect(error?.exit == .badData)
        // And back, when it is whole again.
        let mended = try world.copy { base in
            var base = base
            base.verified = nil
            return base
        }
        let other = Provisioner(host: mended.process().host, store: mended.store, reporter: Telling())
        #expect(try await other.verify(record(mended), run: "00000000000c") == .whole)
        #expect(try record(mended).verified != nil)
    }

    @Test("one that somebody has removed, or cut off, is none; a stranger in its place is in the way")
    func lost() async throws {
        let start = try await Work.worldWithFileBase()
        let base = try record(start)
        let gone = try start.copy()
        gone.machine.tree.take(base.place.text)
        let built = try await Work.makeBase(for: Work.fileClone(), in: gone, as: gone.process())
        #expect(built?.seconds != nil && built?.record.id == base.id)
        #expect(try gone.store.bases().count == 1)
        try await Work.createClone(Work.fileClone(), in: gone, as: gone.process())

        let cut = try start.copy()
        cut.machine.tree.put("half", at: base.place.text)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.makeBase(for: Work.fileClone(), in: cut, as: cut.process())
        }
        #expect(error?.exit == .cannotCreate && error?.message.contains("not a base as Domus left it") == true)
        #expect(cut.machine.tree.text(base.place.text) == "half")
    }

    @Test("removing one leaves what has come in its place")
    func removal() async throws {
        let world = try await Work.worldWithFileBase()
        let base = try record(world)
        let provisioner = Provisioner(host: world.process().host, store: world.store, reporter: Telling())
        let other = try world.copy()
        other.machine.tree.take(base.place.text)
        other.machine.tree.put("another's", at: base.place.text)
        let there = Provisioner(host: other.process().host, store: other.store, reporter: Telling())
        #expect(try await !there.remove(base, run: "00000000000c"))
        #expect(other.machine.tree.text(base.place.text) == "another's")

        #expect(try await provisioner.remove(base, run: "00000000000c"))
        #expect(world.machine.tree.text(base.place.text) == nil)
        #expect(try world.store.bases().isEmpty && world.store.runs().isEmpty)
    }

    @Test("without loop devices it is said before anything is done")
    func noLoops() async throws {
        let world = try await Work.worldWithFileBase()
        world.machine.tree.take("/dev/loop-control")
        guard case .there(let reference) = try await Work.choice(Work.fileClone(), in: world, as: world.process())
        else {
            Issue.record("there is no base")
            return
        }
        let host = world.process().host
        let plan = try Work.plan(Work.fileClone(), run: "00000000000a", on: host, base: reference)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Preflight(host: host, store: world.store, plan: plan).check(replacesExisting: false)
        }
        #expect(error?.message.contains("no loop devices") == true && error?.exit == .unavailable)
    }

    @Test("where copies share nothing there must be room for all of them, before the first is made")
    func room() async throws {
        let world = try await Work.worldWithFileBase()
        let base = try record(world)
        guard case .there(let reference) = try await Work.choice(Work.fileClone(), in: world, as: world.process())
        else {
            Issue.record("there is no base")
            return
        }
        let host = world.process().host
        let allocated = try #require(try host.files.entry(at: FilePath(base.place.text))?.allocated)
        let plan = try Work.plan(Work.fileClone(), run: "00000000000a", on: host, base: reference)
        func check(_ count: Int) async throws {
            try await Preflight(host: host, store: world.store, plan: plan, count: count).check(replacesExisting: false)
        }
        world.machine.disk.freeSpace = ByteSize(bytes: 3 * allocated)
        try await check(3)
        let error = await #expect(throws: ProvisioningError.self) { try await check(4) }
        #expect(error?.exit == .cannotCreate)
        #expect(
            error?.message.hasPrefix("there is no room for web1 and 3 more in /srv/xen: copies of the base \(base.id)")
                == true, "\(error?.message ?? "")")
        // Of a base that is made for them it is known only then.
        let made = #expect(throws: ProvisioningError.self) {
            try Preflight(host: host, store: world.store, plan: plan, count: 4).checkRoom(forClonesOf: base)
        }
        #expect(made?.message == error?.message)
        world.machine.disk.sharesBlocks = true
        try await check(4)
    }

    @Test("a base's record is read as it was written before there were bases in files")
    func formerRecord() throws {
        let text = """
            {"id":"f1643f8a0624","shape":"s","state":"t","distribution":"debian","codename":"bookworm",
            "architecture":"amd64","installMethod":"tar","fileSystem":"ext4","pool":"pool","size":402653184,
            "volume":{"group":"vg0","name":"domus-base-f1643f8a0624","uuid":"u"},"created":1,"madeBy":"0.1.0"}
            """
        let base = try JSONDecoder().decode(BaseRecord.self, from: Data(text.utf8))
        #expect(base.volume.path == "vg0/domus-base-f1643f8a0624" && base.place.pool == "vg0/pool")
        #expect(base.digest == nil && base.used == nil)
    }
}
