import FakeHost
import LinuxHost
import Provisioning
import SystemPackage
import Testing

@Suite("Taking back checks what it takes")
struct UndoTests {
    private let machine = FakeMachine(FakePrograms.bareMachine(template: ""))
    private var host: Host { FakeHost(machine).host }

    @Test("a file that somebody else put at the path is not removed")
    func foreignFile() throws {
        let mine = machine.tree.put("mine", at: "/etc/xen/web1.cfg")
        machine.tree.take("/etc/xen/web1.cfg")
        // The inode's number is used again; only its birth differs.
        let theirs = machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
        #expect(mine.inode == theirs.inode)
        #expect(try !Undo.removeFile(path: "/etc/xen/web1.cfg", identity: mine).perform(on: host))
        #expect(machine.tree.text("/etc/xen/web1.cfg") == "theirs")
        #expect(try Undo.removeFile(path: "/etc/xen/web1.cfg", identity: theirs).perform(on: host))
        #expect(machine.tree.text("/etc/xen/web1.cfg") == nil)
    }

    @Test("a tree that somebody else made at the path is not removed")
    func foreignTree() throws {
        machine.tree.put("theirs", at: "/srv/xen/domains/web1/disk.img")
        let other = FileIdentity(device: 1, inode: 3, birth: nil)
        #expect(try !Undo.removeTree(path: "/srv/xen/domains/web1", identity: other).perform(on: host))
        #expect(machine.tree.text("/srv/xen/domains/web1/disk.img") == "theirs")
    }

    @Test("a directory that somebody has filled stays; a link or a file in its place stays too")
    func sharedDirectory() throws {
        let undo = Undo.removeDirectoryIfEmpty(path: "/srv/xen/domains")
        machine.tree.put("theirs", at: "/srv/xen/domains/file")
        #expect(try !undo.perform(on: host))
        machine.tree.take("/srv/xen/domains/file")
        #expect(try undo.perform(on: host))
        #expect(try !undo.perform(on: host))
        machine.tree.put(link: "/tmp", at: "/srv/xen/domains")
        #expect(try !undo.perform(on: host))
        machine.tree.take("/srv/xen/domains")
        machine.tree.put("a file", at: "/srv/xen/domains")
        #expect(try !undo.perform(on: host))
    }

    @Test("a name is given back only to what had it, and never over what stands there now")
    func moveBack() throws {
        let old = machine.tree.put("old", at: "/etc/xen/.domus-1.old")
        let undo = Undo.moveBack(from: "/etc/xen/.domus-1.old", to: "/etc/xen/web1.cfg", identity: old)
        machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
        #expect(throws: HostError.self) { try undo.perform(on: host) }
        #expect(machine.tree.text("/etc/xen/web1.cfg") == "theirs")
        #expect(machine.tree.text("/etc/xen/.domus-1.old") == "old")
        machine.tree.take("/etc/xen/web1.cfg")
        #expect(try undo.perform(on: host))
        #expect(machine.tree.text("/etc/xen/web1.cfg") == "old")
        #expect(try !undo.perform(on: host))

        machine.tree.put("another", at: "/etc/xen/.domus-1.old")
        machine.tree.take("/etc/xen/web1.cfg")
        #expect(try !undo.perform(on: host))
        #expect(machine.tree.text("/etc/xen/.domus-1.old") == "another")
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
            #expect(try Work.recover(world).isEmpty)
            #expect(world.machine.tree.text("/srv/xen/domains/web1/disk.img") == "theirs")
            #expect(world.machine.tree.text("/etc/xen/web1.cfg") == "theirs")
            #expect(world.leftovers.isEmpty)
        }
        #expect(number > 0)
    }
}
