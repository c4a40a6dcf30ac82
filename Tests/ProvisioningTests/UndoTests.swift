import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import TestSupport
import Testing

@Suite("Taking back checks what it takes")
struct UndoTests {
    private let machine = FakeMachine(FakePrograms.bareMachine(template: ""))
    private var host: Host { FakeHost(machine).host }

    @Test("a volume is told by its tag and UUID, not by its name")
    func volume() async throws {
        FakeVolumes.addGroup("vg0", size: 1 << 30, to: &machine.tree)
        let mine = Volume(group: "vg0", name: "a", uuid: "uuid-1", size: 4 << 20, tags: ["domus.run.1"])
        let theirs = Volume(group: "vg0", name: "b", uuid: "uuid-2", size: 4 << 20, tags: ["domus.run.2"])
        for volume in [mine, theirs] { FakeVolumes.add(volume, to: &machine.tree) }
        func names() throws -> [String] { try host.volumes.volumes(in: VolumeGroupName("vg0")).map(\.name) }

        #expect(
            try await !Undo.removeVolume(group: "vg0", name: "a", uuid: "uuid-2", tag: "domus.run.1").perform(on: host))
        #expect(try await !Undo.removeVolume(group: "vg0", name: "b", uuid: nil, tag: "domus.run.3").perform(on: host))
        #expect(try names() == ["a", "b"])
        let back = Undo.renameVolumeBack(group: "vg0", from: "b", to: "c", uuid: "uuid-1")
        #expect(try await !back.perform(on: host))
        #expect(try await Undo.renameVolumeBack(group: "vg0", from: "a", to: "c", uuid: "uuid-1").perform(on: host))
        #expect(try names() == ["b", "c"])
        let undo = Undo.removeVolume(group: "vg0", name: "a", uuid: nil, tag: "domus.run.1")
        #expect(try await undo.perform(on: host))
        #expect(try await !undo.perform(on: host))
        #expect(try names() == ["b"])
    }

    @Test("a file that somebody else put at the path is not removed")
    func foreignFile() async throws {
        let mine = machine.tree.put("mine", at: "/etc/xen/web1.cfg")
        machine.tree.take("/etc/xen/web1.cfg")
        // The inode's number is used again; only its birth differs.
        let theirs = machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
        #expect(mine.inode == theirs.inode)
        #expect(try await !Undo.removeFile(path: "/etc/xen/web1.cfg", identity: mine).perform(on: host))
        #expect(machine.tree.text("/etc/xen/web1.cfg") == "theirs")
        #expect(try await Undo.removeFile(path: "/etc/xen/web1.cfg", identity: theirs).perform(on: host))
        #expect(machine.tree.text("/etc/xen/web1.cfg") == nil)
    }

    @Test("a tree that somebody else made at the path is not removed")
    func foreignTree() async throws {
        machine.tree.put("theirs", at: "/srv/xen/domains/web1/disk.img")
        let other = FileIdentity(device: 1, inode: 3, birth: nil)
        #expect(try await !Undo.removeTree(path: "/srv/xen/domains/web1", identity: other).perform(on: host))
        #expect(machine.tree.text("/srv/xen/domains/web1/disk.img") == "theirs")
    }

    @Test("a directory that somebody has filled stays; a link or a file in its place stays too")
    func sharedDirectory() async throws {
        let undo = Undo.removeDirectoryIfEmpty(path: "/srv/xen/domains")
        machine.tree.put("theirs", at: "/srv/xen/domains/file")
        #expect(try await !undo.perform(on: host))
        machine.tree.take("/srv/xen/domains/file")
        #expect(try await undo.perform(on: host))
        #expect(try await !undo.perform(on: host))
        machine.tree.put(link: "/tmp", at: "/srv/xen/domains")
        #expect(try await !undo.perform(on: host))
        machine.tree.take("/srv/xen/domains")
        machine.tree.put("a file", at: "/srv/xen/domains")
        #expect(try await !undo.perform(on: host))
    }

    @Test("a name is given back only to what had it, and never over what stands there now")
    func moveBack() async throws {
        let old = machine.tree.put("old", at: "/etc/xen/.domus-1.old")
        let undo = Undo.moveBack(from: "/etc/xen/.domus-1.old", to: "/etc/xen/web1.cfg", identity: old)
        machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
        await #expect(throws: HostError.self) { try await undo.perform(on: host) }
        #expect(machine.tree.text("/etc/xen/web1.cfg") == "theirs")
        #expect(machine.tree.text("/etc/xen/.domus-1.old") == "old")
        machine.tree.take("/etc/xen/web1.cfg")
        #expect(try await undo.perform(on: host))
        #expect(machine.tree.text("/etc/xen/web1.cfg") == "old")
        #expect(try await !undo.perform(on: host))

        machine.tree.put("another", at: "/etc/xen/.domus-1.old")
        // Nobody else uses such names, so that what had to go back may be what is there.
        machine.tree.take("/etc/xen/web1.cfg")
        await #expect(throws: HostError.self) { try await undo.perform(on: host) }
        #expect(machine.tree.text("/etc/xen/.domus-1.old") == "another")
        machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
        #expect(try await !undo.perform(on: host))
    }

    @Test("what is published or put in a guest's place in between is left alone by recovery")
    func somebodyInBetween() async throws {
        let effects = try await Course(Scenario.all[0]).effects
        // Killed just before the guest gets its name: somebody makes that directory, and the configuration.
        var number = 0
        for candidate in 1...effects {
            let world = try World()
            let process = world.process([.killBefore(candidate)])
            _ = await Task { try await Work.create(Sample.guest(), in: world, as: process) }.result
            guard process.effects.last?.hasSuffix("/guest to /srv/xen/domains/web1") == true else { continue }
            number = candidate
            world.machine.tree.put("theirs", at: "/srv/xen/domains/web1/disk.img")
            world.machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
            #expect(try await Work.recover(world).isEmpty)
            #expect(world.machine.tree.text("/srv/xen/domains/web1/disk.img") == "theirs")
            #expect(world.machine.tree.text("/etc/xen/web1.cfg") == "theirs")
            #expect(world.leftovers.isEmpty)
        }
        #expect(number > 0)
    }

    @Test(
        "a mount has its turn among a run's effects, and another process, to which it is not there, hears nothing of it"
    )
    func passing() async throws {
        try await withTemporaryDirectory { directory in
            let store = try StateStore(directory: directory)
            let mark = ProcessMark(number: 1, start: "1", boot: "boot")
            for run in ["a", "b"] {
                try store.begin(
                    RunEntry(id: run, command: "create", guest: run, process: mark, started: 0, log: nil),
                    isRunning: { _ in true })
            }
            func undo(_ path: String) -> Undo { .removeFile(path: path, identity: nil) }
            func noted(_ run: String, in store: StateStore) throws -> [String] {
                try store.effects(of: run).map(\.undo.subject)
            }
            let first = try store.intend(undo("/1"), step: "", run: "a")
            let mount = try store.intend(.unmount(path: "/2"), step: "", run: "a")
            _ = try store.intend(.unmount(path: "/3"), step: "", run: "a")
            _ = try store.intend(.unmount(path: "/elsewhere"), step: "", run: "b")
            _ = try store.intend(undo("/4"), step: "", run: "a")
            #expect(try noted("a", in: store) == ["/1", "/2", "/3", "/4"])
            #expect(try noted("a", in: StateStore(directory: directory)) == ["/1", "/4"])
            try store.forget(mount)
            try store.forget(first)
            #expect(try noted("a", in: store) == ["/3", "/4"])
            try store.commit(run: "a", tidying: [undo("/5")])
            #expect(try noted("a", in: store) == ["/5"])
            try store.end(run: "b")
            #expect(try noted("b", in: store) == [])
        }
    }
}
