import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import Synchronization
import SystemPackage
import Testing

/// Bases, and the guests that are their clones.
@Suite("Bases")
struct BaseTests {
    private func key(_ change: (inout GuestSpec) throws -> Void, on world: World? = nil) throws -> String {
        let world = try world ?? Work.worldWithPool()
        var spec = try Work.clone()
        try change(&spec)
        return try Work.shape(of: spec, on: world.process().host).key
    }

    @Test("guests that differ only in who they are share a base")
    func shared() throws {
        let plain = try key { _ in }
        #expect(plain.count == 64)
        let same: [(inout GuestSpec) throws -> Void] = [
            { $0.hostname = try Hostname("db1") },
            { $0.machine.memory = .mebibytes(2048) },
            { $0.machine.type = .pv },
            { $0.boot.loader = .pygrub },
            { $0.boot.serialDevice = "hvc1" },
            { $0.boot.modules = "/lib/modules/6.1.0" },
            { $0.storage.partitions = [Sample.partition("disk", 8192)] },
            { $0.storage.diskDevice = "sda" },
            { $0.interface = Sample.interface(.fixed([Sample.address("192.0.2.10", 24)])) },
            { $0.tailoring.rootPassword = .given(Sample.secret("s3cret")) },
            { $0.tailoring.authorizedKeys = ["ssh-ed25519 AAAA somebody"] },
            { $0.tailoring.roles = [.init(name: "webserver", path: "/etc/xen-tools/role.d/webserver")] },
            { $0.tailoring.verbose = true },
            { $0.install.base = .fresh },
        ]
        for (number, change) in same.enumerated() { #expect(try key(change) == plain, "change \(number)") }
    }

    @Test("what shapes the system tells one base from another")
    func distinct() throws {
        let changes: [(inout GuestSpec) throws -> Void] = [
            { _ in },
            { $0.release = Sample.wheezy },
            { $0.architecture = .i386 },
            { $0.install.method = .debootstrap },
            { $0.install.method = .tar("/srv/a.tar") },
            { $0.install.method = .tar("/srv/b.tar") },
            {
                $0.install.method = .tar("/srv/a.tar")
                $0.tailoring.roles = [.init(name: "webserver", path: "/etc/xen-tools/role.d/webserver")]
            },
            { $0.install.mirror = "http://other.example/debian" },
            { $0.install.components = ["main", "contrib"] },
            { $0.install.keyrings = ["/etc/other.gpg"] },
            { $0.install.proxy = "http://proxy.example:3128" },
            { $0.boot.drivers = .most },
            { $0.install.verification = .disabled },
            { $0.install.security = nil },
            { $0.install.updatesSuite = nil },
            { $0.install.include = ["less"] },
            { $0.boot.loader = .hostKernel(kernel: "/boot/vmlinuz-6.1.0-37-amd64", initrd: nil) },
            { $0.boot.loader = .hostKernel(kernel: "/boot/vmlinuz-3.2.0-4-amd64", initrd: nil) },
            {
                $0.boot.loader = .pvgrub("/usr/lib/grub-xen/grub-x86_64-xen.bin")
                $0.machine.type = .pv
            },
            { $0.tailoring.extraVariables = ["site": "rack4"] },
        ]
        var keys = try changes.map { try key($0) }
        let world = try Work.worldWithPool()
        world.machine.tree.put("#!/bin/sh\n# mended\n", at: "/usr/share/domus/hooks/base/20-setup-apt", mode: 0o755)
        keys.append(try key({ _ in }, on: world))
        world.machine.tree.put("# mended\n", at: "/usr/share/domus/hooks/common.sh")
        keys.append(try key({ _ in }, on: world))
        world.machine.tree.put("#!/bin/sh\n", at: "/etc/xen-tools/hooks.d/20-setup-apt", mode: 0o755)
        world.machine.tree.put("#!/bin/sh\n# another\n", at: "/etc/xen-tools/hooks.d/80-install-kernel", mode: 0o755)
        keys.append(try key({ _ in }, on: world))
        world.machine.tree.put("de_DE.UTF-8 UTF-8\n", at: "/etc/locale.gen")
        keys.append(try key({ _ in }, on: world))
        world.machine.tree.put("another key", at: Sample.keyring.string)
        keys.append(try key({ _ in }, on: world))
        #expect(Set(keys).count == keys.count)
        // A hook that is for guests only makes no other base.
        world.machine.tree.put("#!/bin/sh\n# mended\n", at: "/etc/xen-tools/hooks.d/zz-mine", mode: 0o755)
        #expect(try key({ _ in }, on: world) == keys.last)
    }

    @Test("hooks of a base see nothing of the guest for whose sake it is made")
    func variables() async throws {
        let world = try Work.worldWithPool()
        let process = world.process()
        var spec = try Work.clone()
        spec.tailoring.roles = [.init(name: "webserver", path: "/etc/xen-tools/role.d/webserver")]
        spec.tailoring.authorizedKeys = ["ssh-ed25519 AAAA somebody"]
        _ = try await Work.makeBase(for: spec, in: world, as: process)
        let hooks = process.invocations.map(ConfinedCommand.init).filter { $0.executable.contains("/hooks/") }
        #expect(hooks.map { $0.executable.split(separator: "/").last } == ["20-setup-apt", "80-install-kernel"])
        for hook in hooks {
            let names = Set(hook.environment.keys)
            #expect(names.isDisjoint(with: ["hostname", "mac", "memory", "type", "role", "DOMUS_SSH_KEYS", "size"]))
            #expect(hook.environment["dist"] == "bookworm" && hook.environment["fs"] == "ext4")
        }
    }

    @Test("a base is found again, by its shape and as new as was asked")
    func choice() async throws {
        let world = try await Work.worldWithBase()
        let base = try #require(try world.store.bases().first)
        func found(_ use: GuestSpec.Install.BaseUse, in world: World) async throws -> String? {
            switch try await Work.choice(Work.clone(use), in: world, as: world.process()) {
            case .there(let reference): reference.id
            case .missing: nil
            }
        }
        for use in [GuestSpec.Install.BaseUse.cached, .fresh, .offline] {
            #expect(try await found(use, in: world) == base.id, "\(use)")
        }
        let outdated = try Work.outdated(world)
        #expect(try await found(.cached, in: outdated) == "000000000000")
        #expect(try await found(.offline, in: outdated) == "000000000000")
        #expect(try await found(.fresh, in: outdated) == nil)
        // Whoever took its volume away, or put another in its place: the record alone is no base.
        for change: (inout Volume) -> Void in [
            { $0.name = "elsewhere" }
        ] {
            let changed = try world.copy()
            FakeVolumes.change(base.volume.name, of: "vg0", in: &changed.machine.tree, change)
            #expect(try await found(.cached, in: changed) == nil)
        }
        // And what has its name otherwise is in the way, not ours to remove.
        for change: (inout Volume) -> Void in [{ $0.tags = [] }, { $0.pool = nil }, { $0.isReadOnly = false }] {
            let changed = try world.copy()
            FakeVolumes.change(base.volume.name, of: "vg0", in: &changed.machine.tree, change)
            let error = await #expect(throws: ProvisioningError.self) { try await found(.cached, in: changed) }
            #expect(error?.exit == .cannotCreate && error?.message.contains("not a base as Domus left it") == true)
        }
    }

    @Test("a base whose volume somebody has removed is made again")
    func lost() async throws {
        let world = try await Work.worldWithBase()
        let base = try #require(try world.store.bases().first)
        let path = try VolumePath(VolumeGroupName("vg0"), VolumeName(base.volume.name))
        #expect(try world.process().host.volumes.remove(path, uuid: base.volume.uuid))
        let built = try await Work.makeBase(for: Work.clone(), in: world, as: world.process())
        #expect(built?.seconds != nil && built?.record.id == base.id)
        #expect(try world.store.bases().count == 1)
        try await Work.createClone(Work.clone(), in: world, as: world.process())
    }

    @Test(
        "no guest is made of what somebody has put in a base's place since it was chosen", arguments: [true, false])
    func replaced(isGone: Bool) async throws {
        let world = try await Work.worldWithBase()
        let base = try #require(try world.store.bases().first)
        guard case .there(let reference) = try await Work.choice(Work.clone(), in: world, as: world.process()) else {
            Issue.record("there is no base")
            return
        }
        let path = try VolumePath(VolumeGroupName("vg0"), VolumeName(base.volume.name))
        #expect(try world.process().host.volumes.remove(path, uuid: base.volume.uuid))
        if !isGone {
            var other = Volume(group: "vg0", name: base.volume.name, uuid: "another", size: base.size, tags: ["domus"])
            other.pool = "pool"
            other.isReadOnly = true
            FakeVolumes.add(other, to: &world.machine.tree)
        }
        let before = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0"))
        let process = world.process()
        let plan = try Work.plan(Work.clone(), run: "00000000000a", on: process.host, base: reference)
        let error = await #expect(throws: ProvisioningError.self) {
            _ = try await Provisioner(host: process.host, store: world.store, reporter: Telling()).create(
                plan, run: "00000000000a", log: Work.log, replacesExisting: false, keepsFailed: false)
        }
        #expect(error?.message.contains("the base \(base.id) is not there any more") == true, "\(error)")
        #expect(error?.exit == .temporary)
        #expect(try world.process().host.volumes.volumes(in: VolumeGroupName("vg0")) == before)
        #expect(try world.store.runs().isEmpty)
    }

    @Test("pools have bases of their own")
    func pools() throws {
        let shape = try Work.shape(of: Work.clone(), on: Work.worldWithPool().process().host)
        let state = ArchiveState(digest: "0")
        let group = try VolumeGroupName("vg0")
        let ids = try ["pool", "fast"].map {
            baseID(shape: shape, state: state, home: .pool(group, try VolumeName($0)))
        }
        #expect(Set(ids).count == 2)
    }

    @Test("without a base, --base=offline says so")
    func offline() async throws {
        let world = try Work.worldWithPool()
        let error = await #expect(throws: ProvisioningError.self) {
            _ = try await Work.choice(Work.clone(.offline), in: world, as: world.process())
        }
        #expect(error?.message == "there is no base for web1 in the thin pool vg0/pool" && error?.exit == .noInput)
    }

    @Test("a mirror that does not answer is told, where it must be asked")
    func noMirror() async throws {
        let world = try await Work.worldWithBase()
        let process = world.process(programs: ["wget": { _ in .exited(4) }])
        let error = await #expect(throws: ProvisioningError.self) {
            _ = try await Work.choice(Work.clone(.fresh), in: world, as: process)
        }
        #expect(error?.exit == .unavailable)
        #expect(error?.message.contains("http://mirror.example/debian does not give bookworm") == true)
        // Not for this one.
        _ = try await Work.choice(Work.clone(.cached), in: world, as: process)
    }

    @Test("a newer base takes the older one's place; not while another guest is made, perhaps of it")
    func superseded() async throws {
        let start = try Work.outdated(await Work.worldWithBase())
        for isBusy in [false, true] {
            let world = try start.copy()
            if isBusy {
                try world.store.begin(
                    RunEntry(
                        id: "0", command: "create", guest: "other", process: world.process().process, started: 0,
                        log: nil), isRunning: { _ in true })
            }
            _ = try await Work.makeBase(for: Work.clone(.fresh), in: world, as: world.process())
            let volumes = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0")).map(\.name)
            #expect(try world.store.bases().count == (isBusy ? 2 : 1))
            #expect(volumes.contains("domus-base-000000000000") == isBusy)
            #expect(volumes.filter { $0.hasPrefix("domus-base-") }.count == (isBusy ? 2 : 1))
        }
    }

    @Test("while another run makes the same base it is waited for, and used")
    func waiting() async throws {
        let finished = try await Work.worldWithBase()
        let base = try #require(try finished.store.bases().first)
        let world = try Work.worldWithPool()
        let other = world.process()
        try world.store.begin(
            RunEntry(
                id: "other", command: "base", guest: "base:\(base.id)", process: other.process, started: 0, log: nil),
            isRunning: { _ in true })
        let telling = Telling()
        // The other one is through when this one has begun to wait.
        let waiting = Task {
            try await Work.makeBase(for: Work.clone(), in: world, as: world.process(), reporter: telling)
        }
        while telling.told.isEmpty { await Task.yield() }
        FakeVolumes.add(
            Volume(
                group: "vg0", name: base.volume.name, uuid: base.volume.uuid, size: base.size, tags: ["domus"],
                pool: "pool", isReadOnly: true), to: &world.machine.tree)
        try world.store.commit(run: "other", savingBase: base)
        try world.store.end(run: "other")
        let built = try await waiting.value
        #expect(built?.record == base && built?.seconds == nil)
        #expect(telling.told == ["note process 101 is making the base \(base.id): waiting for it"])
        #expect(try world.store.runs().isEmpty)
    }

    @Test("where LVM cannot be asked whether another run has made it, no run is left open")
    func unasked() async throws {
        let world = try await Work.worldWithBase()
        let base = try #require(try world.store.bases().first)
        let spec = try Work.clone()
        let reference = BaseReference(
            id: base.id, home: .pool(try VolumeGroupName("vg0"), try VolumeName("pool")), record: nil)
        let plan = try Work.basePlan(spec, reference, ArchiveState(digest: base.state), in: world, run: "00000000000b")
        world.machine.tree.take("/var/lib/fake-lvm/vg0")
        await #expect(throws: ProvisioningError.self) {
            _ = try await Provisioner(host: world.process().host, store: world.store, reporter: Telling()).build(
                plan, run: "00000000000b", log: nil, keepsFailed: false)
        }
        #expect(try world.store.runs().isEmpty)
    }

    @Test("a killed run's half base must be recovered first")
    func killed() async throws {
        let world = try Work.worldWithPool()
        let process = world.process([.killAfter(8)])
        await #expect(throws: ProvisioningError.self) {
            try await Work.makeBase(for: Work.clone(), in: world, as: process)
        }
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.makeBase(for: Work.clone(), in: world, as: world.process(), run: "00000000000c")
        }
        #expect(error?.message.contains("was killed before it ended") == true)
        #expect(try await Work.recover(world).isEmpty)
        _ = try await Work.makeBase(for: Work.clone(), in: world, as: world.process(), run: "00000000000c")
        #expect(try world.store.bases().count == 1)
    }

    @Test("a clone's plan and its volumes")
    func clone() async throws {
        let world = try await Work.worldWithBase()
        let base = try #require(try world.store.bases().first)
        let process = world.process()
        try await Work.createClone(Work.clone(), in: world, as: process)
        let volumes = try process.host.volumes.volumes(in: VolumeGroupName("vg0"))
        let disk = try #require(volumes.first { $0.name == "web1-disk" })
        #expect(disk.size == 2048 << 20 && disk.pool == "pool")
        #expect(disk.tags == ["domus", "domus.run.00000000000a", "domus.guest.web1"])
        // Whole, its own, grown; and the guest's half was done in it.
        let content = world.machine.tree.text("/dev/vg0/web1-disk") ?? ""
        #expect(content.contains("/etc/mine: mine") && content.contains("/etc/network/interfaces: auto lo"))
        let programs = process.invocations.map(ConfinedCommand.init).filter {
            $0.arguments.last?.contains("-disk") == true
        }
        #expect(programs.map(\.executable) == ["e2fsck", "tune2fs", "resize2fs"])
        #expect(programs[1].arguments[1] == "00000000-0000-4000-8000-000000000001")
        #expect(!process.invocations.contains { ConfinedCommand($0).executable.contains("mmdebstrap") })
        let record = try #require(try world.store.record(named: "web1"))
        #expect(record.base == base.id && record.images.map(\.size) == [512 << 20, 2048 << 20])
        #expect(record.volumes?.map(\.name) == ["web1-swap", "web1-disk"])
        #expect(!world.machine.tree.snapshot().keys.contains { $0.hasPrefix("/dev/vg0/domus-") })
    }

    @Test("a base that is larger than the guest's root is refused beforehand, with both sizes")
    func tooSmall() async throws {
        let world = try await Work.worldWithBase()
        let base = try #require(try world.store.bases().first)
        var spec = try Work.clone()
        spec.storage.partitions = [Sample.partition("disk", 16)]
        guard case .there(let reference) = try await Work.choice(spec, in: world, as: world.process()) else {
            Issue.record("there is no base")
            return
        }
        let process = world.process()
        let plan = try Work.plan(spec, run: "00000000000a", on: process.host, base: reference)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Preflight(host: process.host, store: world.store, plan: plan).check(replacesExisting: false)
        }
        #expect(
            error?.message
                == "the base \(base.id) takes \(ByteSize(bytes: base.size)), and the root of web1 is to have 16M")
        #expect(error?.exit == .cannotCreate)
    }

    @Test("a clone needs the programs that make it its own, and none that installs")
    func programs() async throws {
        let world = try await Work.worldWithBase()
        guard case .there(let reference) = try await Work.choice(Work.clone(), in: world, as: world.process()) else {
            Issue.record("there is no base")
            return
        }
        for missing in ["tune2fs", "mmdebstrap"] {
            let host = FakeHost(world.machine, programs: FakePrograms.all.filter { $0.key != missing }).host
            let plan = try Work.plan(Work.clone(), run: "00000000000a", on: host, base: reference)
            let preflight = Preflight(host: host, store: world.store, plan: plan)
            if missing == "mmdebstrap" {
                _ = try await preflight.check(replacesExisting: false)
            } else {
                let error = await #expect(throws: ProvisioningError.self) {
                    try await preflight.check(replacesExisting: false)
                }
                #expect(error?.message.contains("tune2fs") == true && error?.exit == .unavailable)
            }
        }
    }

    @Test("a damaged base makes no guest, and it is said which to remove")
    func damaged() async throws {
        let world = try await Work.worldWithBase()
        let before = try world.state()
        let process = world.process(programs: [
            "e2fsck": { process in
                process.output = "Block bitmap differences\n"
                return .exited(4)
            }
        ])
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.createClone(Work.clone(), in: world, as: process)
        }
        #expect(error?.message.contains("e2fsck ended with exit status 4:\nBlock bitmap differences") == true)
        #expect(error?.hint?.contains("domus base remove") == true)
        #expect(difference(try world.state(), from: before) == [])
    }

    @Test("a base goes, and its clones stay")
    func removal() async throws {
        let world = try await Work.worldWithBase()
        try await Work.createClone(Work.clone(), in: world, as: world.process())
        let base = try #require(try world.store.bases().first)
        let guest = world.machine.tree.text("/dev/vg0/web1-disk")
        let process = world.process()
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        // Not one that somebody looks into.
        FakeVolumes.change(base.volume.name, of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        let error = await #expect(throws: ProvisioningError.self) {
            _ = try await provisioner.remove(base, run: "00000000000c")
        }
        #expect(error?.exit == .temporary)
        #expect(try world.store.bases() == [base] && world.store.runs().isEmpty)
        FakeVolumes.change(base.volume.name, of: "vg0", in: &world.machine.tree) { $0.isOpen = false }
        #expect(try await provisioner.remove(base, run: "00000000000d"))
        let names = try process.host.volumes.volumes(in: VolumeGroupName("vg0")).map(\.name)
        #expect(names == ["pool", "theirs", "web1-disk", "web1-swap"])
        #expect(world.machine.tree.text("/dev/vg0/web1-disk") == guest)
        #expect(try world.store.bases().isEmpty && world.store.runs().isEmpty)
    }

    @Test("killed amid its removal, a base is forgotten and recovery removes it")
    func killedRemoval() async throws {
        for fault in [FakeHost.Fault.killBefore(1), .killAmid(1), .killAfter(1), .failBefore(1)] {
            let world = try await Work.worldWithBase()
            let base = try #require(try world.store.bases().first)
            let process = world.process([fault])
            _ = try? await Provisioner(host: process.host, store: world.store, reporter: Telling()).remove(
                base, run: "00000000000c")
            world.machine.end(process.process)
            #expect(try await Work.recover(world).isEmpty)
            let names = try world.process().host.volumes.volumes(in: VolumeGroupName("vg0")).map(\.name)
            let bases = try world.store.bases()
            #expect(names == ["pool", "theirs"] && bases.isEmpty, "\(fault)")
        }
    }

    @Test("what a killed run's last programs hold for a moment is removed when they have ended")
    func busy() async throws {
        let world = try Work.worldWithVolumeGroup()
        let process = world.process([.killAfter(20)])
        await #expect(throws: ProvisioningError.self) {
            try await Work.create(Work.onVolumes(), in: world, as: process)
        }
        FakeVolumes.change("web1-disk", of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        let machine = world.machine
        let pauses = Mutex(0)
        var host = world.process().host
        host.clock = FakeClock {
            // It is free after the third.
            let number = pauses.withLock {
                $0 += 1
                return $0
            }
            guard number == 3 else { return }
            FakeVolumes.change("web1-disk", of: "vg0", in: &machine.tree) { $0.isOpen = false }
        }
        let recovery = Recovery(host: host, store: world.store)
        for run in try recovery.unfinished() { #expect(await recovery.recover(run).left.isEmpty) }
        #expect(world.leftovers.isEmpty && pauses.withLock { $0 } == 3)
    }

    @Test("what stays open is told, and left in the journal")
    func busyForGood() async throws {
        let world = try Work.worldWithVolumeGroup()
        let process = world.process([.killAfter(20)])
        await #expect(throws: ProvisioningError.self) {
            try await Work.create(Work.onVolumes(), in: world, as: process)
        }
        FakeVolumes.change("web1-disk", of: "vg0", in: &world.machine.tree) { $0.isOpen = true }
        let left = try await Work.recover(world)
        #expect(left.count == 1 && left.first?.contains("remove a volume of vg0") == true)
        #expect(try world.store.runs().count == 1)
    }
}
