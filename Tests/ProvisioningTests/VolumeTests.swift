import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Testing

/// Guests on logical volumes: what is refused beforehand, and what is told by what it is.
@Suite("Guests on volumes")
struct VolumeTests {
    private func pool(_ name: String = "pool", data: Double = 10, metadata: Double = 5) -> Volume {
        Volume(
            group: "vg0", name: name, uuid: "uuid-of-\(name)", size: 16 << 30, dataPercent: data,
            metadataPercent: metadata, isThinPool: true)
    }

    private func refusal(
        pool: String? = nil, replaces: Bool = false, _ change: (inout FakeTree) throws -> Void
    ) async throws -> ProvisioningError? {
        let world = try Work.worldWithVolumeGroup()
        try change(&world.machine.tree)
        let process = world.process()
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(Work.onVolumes(pool: pool), in: world, as: process, replaces: replaces)
        }
        #expect(difference(try world.state(), from: before) == [])
        return error
    }

    @Test("a plan names the volumes and their sizes")
    func plan() throws {
        let world = try Work.worldWithVolumeGroup()
        func lines(_ spec: GuestSpec) throws -> [String] {
            try Work.plan(spec, run: "00000000000a", on: world.process().host).steps
                .filter { $0.summary.contains("olume") }.flatMap { [$0.summary] + $0.details }
        }
        let written = ["Write 2 volumes", "xvda1: 512M swap", "xvda2: 2G ext4 at /"]
        let carved = ["/dev/vg0/web1-swap: 512M", "/dev/vg0/web1-disk: 2G"]
        #expect(try lines(Work.onVolumes()) == ["Carve 2 volumes out of vg0"] + carved + ["Zero the volumes"] + written)
        #expect(
            try lines(Work.onVolumes(pool: "pool")) == ["Carve 2 volumes out of the thin pool vg0/pool"] + carved
                + written)
    }

    @Test("a group that is not there is answered with those that are")
    func unknownGroup() async throws {
        let world = try World()
        FakeVolumes.addGroup("fast", size: 1 << 30, to: &world.machine.tree)
        FakeVolumes.addGroup("slow", size: 1 << 30, to: &world.machine.tree)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(Work.onVolumes(), in: world, as: world.process())
        }
        #expect(error?.message == "there is no volume group \"vg0\" on this host")
        #expect(error?.hint == "there is fast, slow" && error?.exit == .noInput)
    }

    @Test("a group that lacks a device is refused")
    func partial() async throws {
        let error = try await refusal { FakeVolumes.loseDevice(of: "vg0", in: &$0) }
        #expect(error?.message.contains("is not whole: 1 of its physical volumes is missing") == true)
        #expect(error?.exit == .unavailable)
    }

    @Test("a kernel without device-mapper is told before anything is made")
    func noDeviceMapper() async throws {
        let error = try await refusal { $0.take("/dev/mapper/control") }
        #expect(error?.message.contains("/dev/mapper/control") == true && error?.exit == .unavailable)
    }

    @Test("room is counted in whole extents, and what is missing is said")
    func noRoom() async throws {
        // A root of 2 GiB and a swap area of 512 MiB.
        let error = try await refusal { tree in
            FakeVolumes.add(
                Volume(group: "vg0", name: "large", uuid: "uuid-of-large", size: 62 << 30), to: &tree)
        }
        #expect(error?.exit == .cannotCreate)
        #expect(
            error?.message
                == "there is no room for web1 in the volume group vg0: its volumes take 2.5G, 1.9G are free, and 516M "
                + "are missing", "\(error?.message ?? "")")
    }

    @Test("a volume of that name that is not the guest's is never replaced", arguments: [false, true])
    func taken(replaces: Bool) async throws {
        let error = try await refusal(replaces: replaces) { tree in
            FakeVolumes.add(
                Volume(group: "vg0", name: "web1-disk", uuid: "uuid-of-another", size: 4 << 20), to: &tree)
        }
        #expect(error?.message == "there is a volume vg0/web1-disk already, and it is not one of web1's")
        #expect(error?.exit == .cannotCreate)
    }

    @Test("what Domus did not make gives way only when it is named, alone, and not in use")
    func forced() async throws {
        let disk = try VolumePath(parsing: "vg0/web1-disk")
        func check(
            _ forced: [VolumePath], _ change: (inout Volume) -> Void = { _ in }
        ) async throws -> ProvisioningError? {
            let world = try Work.worldWithVolumeGroup()
            var volume = Volume(group: "vg0", name: "web1-disk", uuid: "uuid-of-another", size: 4 << 20)
            change(&volume)
            FakeVolumes.add(volume, to: &world.machine.tree)
            do {
                try await Work.check(Work.onVolumes(), in: world, as: world.process(), forced: forced)
                return nil
            } catch let error as ProvisioningError {
                return error
            }
        }
        #expect(try await check([disk]) == nil)
        let unnamed = try await check([])
        #expect(unnamed?.exit == .cannotCreate && unnamed?.hint?.contains("--force-volume=vg0/web1-disk") == true)
        let open = try await check([disk]) { $0.isOpen = true }
        #expect(open?.message == "the volume vg0/web1-disk is not replaced: it is in use" && open?.exit == .temporary)
        let pool = try await check([disk]) { $0.isThinPool = true }
        #expect(pool?.message.contains("it is a thin pool") == true)
        let origin = try await check([disk]) { $0.hasDependents = true }
        #expect(origin?.message.contains("has others made of it") == true)
        // Another guest's, whose name and partition make the same name.
        let world = try Work.worldWithVolumeGroup()
        var other = try Work.onVolumes()
        other.hostname = try Hostname("web1-disk")
        other.storage.partitions = [Sample.partition("a", 1024)]
        try await Work.create(other, in: world, as: world.process(), run: "000000000001")
        var spec = try Work.onVolumes()
        spec.storage.partitions = [Sample.partition("disk-a", 1024)]
        let taken = await #expect(throws: ProvisioningError.self) {
            try await Work.check(
                spec, in: world, as: world.process(), forced: [VolumePath(parsing: "vg0/web1-disk-a")])
        }
        #expect(taken?.message.contains("it is the guest web1-disk's") == true && taken?.exit == .cannotCreate)
        // Another that would be lost for nothing.
        let mistake = try await check([disk, VolumePath(parsing: "vg0/theirs")])
        #expect(mistake?.exit == .usage)
        #expect(
            mistake?.message
                == "--force-volume: vg0/theirs is not in the way of web1, whose volumes are vg0/web1-swap, vg0/web1-disk"
        )
    }

    @Test("a pool that is none, or not there, is answered with those that are")
    func noPool() async throws {
        let missing = try await refusal(pool: "pool") { FakeVolumes.add(pool("other"), to: &$0) }
        #expect(missing?.message == "there is no thin pool vg0/pool" && missing?.hint == "the group has other")
        let plain = try await refusal(pool: "theirs") { _ in }
        #expect(plain?.message == "vg0/theirs is no thin pool" && plain?.hint == "the group has none")
    }

    @Test("a pool that is nearly full takes no guest, whichever part of it is", arguments: ["data", "metadata"])
    func fullPool(part: String) async throws {
        let full = part == "data" ? pool(data: 95) : pool(metadata: 95)
        let error = try await refusal(pool: "pool") { FakeVolumes.add(full, to: &$0) }
        #expect(error?.message.contains("95.0 % of its \(part) is used") == true, "\(error?.message ?? "")")
        #expect(error?.exit == .cannotCreate)
    }

    @Test("a pool that fills up is told")
    func fillingPool() async throws {
        let world = try Work.worldWithVolumeGroup()
        FakeVolumes.add(pool(data: 94.9), to: &world.machine.tree)
        let process = world.process(programs: ["true": { _ in .exited(0) }])
        let plan = try Work.plan(Work.onVolumes(pool: "pool"), run: "00000000000a", on: process.host)
        let preflight = Preflight(host: process.host, store: world.store, plan: plan)
        let warnings = try await preflight.check(replacesExisting: false).filter { $0.contains("thin pool") }
        #expect(
            warnings.count == 1 && warnings.first?.contains("the data of the thin pool vg0/pool is 94.9 % full") == true
        )
    }

    @Test("a pool that is promised more than it has is told, unless LVM can make it as large")
    func promises() async throws {
        // A pool of 16 GiB, in a group of 64 of which 48 are free; the guest's volumes have 2.5.
        func warnings(beside gibibytes: Int64, threshold: Int) async throws -> [String] {
            let world = try Work.worldWithVolumeGroup()
            FakeVolumes.add(pool(), to: &world.machine.tree)
            FakeVolumes.add(
                Volume(group: "vg0", name: "other", uuid: "uuid-of-other", size: gibibytes << 30, pool: "pool"),
                to: &world.machine.tree)
            let process = world.process(programs: [
                "true": { _ in .exited(0) },
                "lvmconfig": { process in
                    process.output = "thin_pool_autoextend_threshold=\(threshold)\n"
                    return .exited(0)
                },
            ])
            let plan = try Work.plan(Work.onVolumes(pool: "pool"), run: "00000000000a", on: process.host)
            return try await Preflight(host: process.host, store: world.store, plan: plan).check(
                replacesExisting: false)
        }
        #expect(try await warnings(beside: 13, threshold: 100) == [])
        let fixed = try await warnings(beside: 14, threshold: 100)
        #expect(fixed.count == 1 && fixed[0].contains("will have 16.5G, and it has 16G; LVM does not make it larger"))
        #expect(try await warnings(beside: 14, threshold: 70) == [])
        let narrow = try await warnings(beside: 40, threshold: 70)
        #expect(narrow.count == 1 && narrow[0].contains("from 70 % on, and the group has only"), "\(narrow)")
    }

    @Test("a plan asks LVM once, and hears of its own changes")
    func remembered() throws {
        let world = try Work.worldWithVolumeGroup()
        let group = try VolumeGroupName("vg0")
        let others = world.process().host.volumes
        let remembered = world.process().host.withRememberedVolumes.volumes
        func names() throws -> [String] { try remembered.volumes(in: group).map(\.name) }
        let free = try remembered.groups().map(\.free)
        #expect(try names() == ["theirs"])
        try others.create(VolumePath(group, VolumeName("a")), size: .mebibytes(64), pool: nil, tags: [])
        #expect(try names() == ["theirs"] && remembered.groups().map(\.free) == free)
        try remembered.create(VolumePath(group, VolumeName("b")), size: .mebibytes(64), pool: nil, tags: [])
        #expect(try names() == ["a", "b", "theirs"] && remembered.groups().map(\.free) != free)
    }

    @Test("a finished guest's volumes have their names, their tags and their place in the record and the configuration")
    func finished() async throws {
        let world = try Work.worldWithVolumeGroup()
        try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "00000000000a")
        let volumes = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0"))
        #expect(volumes.map(\.name) == ["theirs", "web1-disk", "web1-swap"])
        #expect(volumes[1].tags == ["domus", "domus.run.00000000000a", "domus.guest.web1"])
        let record = try #require(try world.store.record(named: "web1"))
        #expect(record.volumes?.map(\.path) == ["vg0/web1-swap", "vg0/web1-disk"])
        #expect(record.images.map(\.path) == ["/dev/vg0/web1-swap", "/dev/vg0/web1-disk"])
        let configuration = try #require(world.machine.tree.text("/etc/xen/web1.cfg"))
        #expect(configuration.contains("target=/dev/vg0/web1-disk") && !configuration.contains("domus-"))
        #expect(world.machine.tree.text("/dev/vg0/web1-disk")?.hasPrefix("made by mke2fs") == true)
    }

    @Test(
        "volumes outside pools are zeroed before anything is written on them, unless that is declined",
        arguments: [true, false])
    func zeroing(wiping: Bool) async throws {
        let world = try Work.worldWithVolumeGroup()
        let process = world.process()
        var spec = try Work.onVolumes()
        spec.storage.home = .volumes(try VolumeGroupName("vg0"), pool: nil, wiping: wiping)
        try await Work.create(spec, in: world, as: process, run: "00000000000a")
        let zeroed = process.effects.filter { $0.hasPrefix("write zeros to /dev/vg0/web1-disk") }
        // 2 GiB, in pieces.
        #expect(zeroed.count == (wiping ? 8 : 0))
        if wiping {
            let last = try #require(process.effects.lastIndex { $0.hasPrefix("write zeros") })
            let write = try #require(process.effects.firstIndex { $0.contains("mke2fs") })
            #expect(last < write)
        }
        let pooled = world.process()
        FakeVolumes.add(pool(), to: &world.machine.tree)
        var thin = try Work.onVolumes(pool: "pool")
        thin.hostname = try Hostname("web2")
        try await Work.create(thin, in: world, as: pooled, run: "00000000000b")
        #expect(!pooled.effects.contains { $0.hasPrefix("write zeros") })
    }

    @Test("deleting takes the guest's volumes by what they are, not by their names")
    func deletion() async throws {
        let world = try Work.worldWithVolumeGroup()
        try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
        // Somebody has put a volume of their own in the place of the guest's disk.
        let group = try VolumeGroupName("vg0")
        let host = world.process().host
        let disk = try #require(try host.volumes.volumes(in: group).first { $0.name == "web1-disk" })
        _ = try host.volumes.rename(VolumePath(parsing: "vg0/web1-disk"), to: VolumeName("kept"), uuid: disk.uuid)
        FakeVolumes.add(
            Volume(group: "vg0", name: "web1-disk", uuid: "uuid-of-another", size: 4 << 20), to: &world.machine.tree)
        let provisioner = Provisioner(host: world.process().host, store: world.store, reporter: Telling())
        let deletion = try provisioner.deletion(of: "web1")
        #expect(deletion.missing == ["vg0/web1-disk: it is gone, or not the one that Domus made"])
        try await Work.delete("web1", in: world, as: world.process())
        #expect(try host.volumes.volumes(in: group).map(\.name) == ["kept", "theirs", "web1-disk"])
    }

    @Test("a guest whose volume is open is not deleted, and nothing of it is touched")
    func open() async throws {
        let world = try Work.worldWithVolumeGroup()
        try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
        FakeVolumes.change("web1-disk", of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.delete("web1", in: world, as: world.process())
        }
        #expect(error?.message == "the volume vg0/web1-disk of web1 is in use" && error?.exit == .temporary)
        #expect(difference(try world.state(), from: before) == [])
    }

    @Test("a guest of whose volume others are made is not deleted, since they would go with it")
    func dependents() async throws {
        let world = try Work.worldWithVolumeGroup()
        try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
        FakeVolumes.change("web1-disk", of: "vg0", in: &world.machine.tree) { $0.hasDependents = true }
        let before = try world.state()
        for replaces in [false, true] {
            let error = await #expect(throws: ProvisioningError.self) {
                if replaces {
                    try await Work.check(in: world, as: world.process(), replaces: true)
                } else {
                    try await Work.delete("web1", in: world, as: world.process())
                }
            }
            #expect(error?.message.hasPrefix("others are made of the volume vg0/web1-disk of web1") == true)
        }
        #expect(difference(try world.state(), from: before) == [])
    }

    @Test("an open volume is found before its guest is replaced, wherever the new one will live")
    func openReplaced() async throws {
        let world = try Work.worldWithVolumeGroup()
        try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
        FakeVolumes.change("web1-swap", of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        for spec in [try Work.onVolumes(), Sample.guest()] {
            let error = await #expect(throws: ProvisioningError.self) {
                try await Work.check(spec, in: world, as: world.process(), replaces: true)
            }
            #expect(error?.message == "the volume vg0/web1-swap of web1 is in use")
        }
    }

    @Test("a guest whose group is gone can be deleted, and replaced; what is not there is told")
    func goneGroup() async throws {
        let world = try Work.worldWithVolumeGroup()
        try await Work.create(Work.onVolumes(), in: world, as: world.process(), run: "000000000001")
        world.machine.tree.take("/var/lib/fake-lvm/vg0")
        let provisioner = Provisioner(host: world.process().host, store: world.store, reporter: Telling())
        #expect(
            try provisioner.deletion(of: "web1").missing
                == ["swap", "disk"].map {
                    "vg0/web1-\($0): there is no volume group vg0 on this host"
                })
        let copy = try world.copy()
        let reporter = Telling()
        try await Work.create(Sample.guest(), in: copy, as: copy.process(), replaces: true, reporter: reporter)
        #expect(reporter.told.contains { $0.contains("vg0/web1-disk: there is no volume group vg0") })
        #expect(try copy.store.record(named: "web1")?.volumes == nil)
        try await Work.delete("web1", in: world, as: world.process())
        #expect(try world.store.record(named: "web1") == nil)
        #expect(world.machine.tree.text("/etc/xen/web1.cfg") == nil)
    }

    @Test("keeping what a failed replacement made does not lose the volumes of the guest that it was to replace")
    func keepAndReplace() async throws {
        let course = try await Course(Scenario.all[10])
        for number in 1...course.effects {
            let world = try course.start.copy()
            let process = world.process([.failBefore(number)])
            do {
                try await Work.create(Work.onVolumes(), in: world, as: process, replaces: true, keeps: true)
            } catch {
                // What is kept gives its name back to the one that it was to replace: there is nothing to recover.
                #expect(try world.store.runs().isEmpty, "effect \(number)")
            }
            try expectFormerGuest(in: world, "effect \(number)")
        }
    }

    @Test("keeping may itself be killed, while a former guest gets its names back, and recovery goes on with it")
    func killedKeeping() async throws {
        let course = try await Course(Scenario.all[10])
        let published = try #require(course.names.firstIndex { $0.hasSuffix("/guest to /srv/xen/domains/web1") })
        var kills = 0
        // Also once the new one has been published.
        for number in published...course.effects {
            for later in (number + 1)... {
                let world = try course.start.copy()
                let process = world.process([.failBefore(number), .killBefore(later)])
                _ = await Task {
                    try await Work.create(Work.onVolumes(), in: world, as: process, replaces: true, keeps: true)
                }.result
                guard process.isDead else { break }
                kills += 1
                let left = try await Work.recover(world)
                #expect(left.isEmpty, "effect \(number), then \(later): \(left)")
                try expectFormerGuest(in: world, "effect \(number), then \(later)")
            }
        }
        #expect(kills > 4)
    }

    /// That the guest of the records has its volumes, its directory and its configuration.
    private func expectFormerGuest(in world: World, _ place: Comment) throws {
        let files = world.process().host.files
        let volumes = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0"))
        let record = try #require(try world.store.record(named: "web1"))
        for owned in record.volumes ?? [] {
            #expect(volumes.contains { $0.uuid == owned.uuid && $0.name == owned.name }, place)
        }
        #expect(try files.entry(at: FilePath(record.directory.path))?.identity == record.directory.identity, place)
        #expect(
            try files.entry(at: FilePath(record.configuration.path))?.identity == record.configuration.identity, place)
    }

    @Test("what is kept of a failed run is told by the names that it has, one by one")
    func kept() async throws {
        // Fails when the second volume is carved, and when the guest is published.
        for (effect, expected) in [("make the volume vg0/web1-disk", 1), ("rename /srv/xen", 2)] {
            let world = try Work.worldWithVolumeGroup()
            let course = try world.copy()
            let process = course.process()
            try await Work.create(Work.onVolumes(), in: course, as: process)
            let number = try #require(process.effects.firstIndex { $0.hasPrefix(effect) })
            let error = await #expect(throws: ProvisioningError.self) {
                try await Work.create(
                    Work.onVolumes(), in: world, as: world.process([.failBefore(number + 1)]), keeps: true)
            }
            let there = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0")).map(\.name)
                .filter { $0 != "theirs" }
            let told = error?.left.filter { $0.hasPrefix("vg0/") }.sorted()
            #expect(there.count == expected)
            #expect(told == there.map { "vg0/\($0) (kept)" })
            // Their names are free: the guest can be made again.
            try await Work.check(Work.onVolumes(), in: world, as: world.process())
        }
    }

    @Test(
        "a pool that leaves in its chunks what was there is refused, unless that is accepted", arguments: [true, false])
    func unzeroedPool(wiping: Bool) async throws {
        let world = try Work.worldWithVolumeGroup()
        var pool = pool()
        pool.zeroesBlocks = false
        FakeVolumes.add(pool, to: &world.machine.tree)
        var spec = try Work.onVolumes()
        spec.storage.home = .volumes(try VolumeGroupName("vg0"), pool: try VolumeName("pool"), wiping: wiping)
        if wiping {
            let error = await #expect(throws: ProvisioningError.self) {
                try await Work.check(spec, in: world, as: world.process())
            }
            #expect(error?.message.contains("does not zero its chunks") == true)
            #expect(error?.hint?.contains("lvchange -Zy vg0/pool") == true)
        } else {
            try await Work.check(spec, in: world, as: world.process())
        }
    }

    @Test("a group that has vanished keeps the journal's entries, and the next recovery does them")
    func vanished() async throws {
        let world = try Work.worldWithVolumeGroup()
        let course = world.process([.killAfter(8)])
        await #expect(throws: ProvisioningError.self) {
            try await Work.create(Work.onVolumes(), in: world, as: course, run: "00000000000a")
        }
        let present = world.machine.tree
        #expect(present.snapshot().keys.contains { $0.hasPrefix("/dev/vg0/web1-") })
        world.machine.tree.take("/var/lib/fake-lvm/vg0")
        #expect(try await Work.recover(world).contains { $0.contains("vg0") })
        #expect(try world.store.runs().count == 1)
        for (path, _) in present.snapshot() where path.hasPrefix("/var/lib/fake-lvm/vg0/") {
            world.machine.tree.put(present.text(path) ?? "", at: path)
        }
        #expect(try await Work.recover(world).isEmpty)
        #expect(try world.store.runs().isEmpty)
        #expect(try world.process().host.volumes.volumes(in: VolumeGroupName("vg0")).map(\.name) == ["theirs"])
    }
}
