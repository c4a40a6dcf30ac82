import FakeHost
import LinuxHost
import Provisioning
import SystemPackage
import Testing

@Suite("Deleting a guest")
struct DeletionTests {
    @Test("a name that Domus does not know is refused", arguments: ["web2", "", "..", "../web1", "/srv/xen", "web1/"])
    func unknown(name: String) async throws {
        let world = try await Work.worldWithGuest()
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.delete(name, in: world, as: world.process())
        }
        #expect(error?.exit == .noInput)
        #expect(error?.message == "there is no guest \"\(name)\" that Domus made")
        #expect(try world.state() == before)
    }

    @Test("exactly what the record names goes, and what stands beside it stays")
    func exact() async throws {
        let world = try await Work.worldWithGuest()
        try await Work.create(Sample.guest("web2"), in: world, as: world.process(), run: "000000000002")
        world.machine.tree.put("theirs", at: "/srv/xen/domains/readme")
        try await Work.delete("web1", in: world, as: world.process())
        let paths = Set(world.machine.tree.snapshot().keys)
        #expect(!paths.contains { $0.contains("web1") && !$0.hasPrefix("/var/log") })
        #expect(
            paths.isSuperset(of: [
                "/srv/xen/domains/web2/disk.img", "/etc/xen/web2.cfg", "/srv/xen/domains/readme", "/etc/xen",
            ]))
        #expect(try world.store.records().map(\.hostname) == ["web2"])
        #expect(world.leftovers.isEmpty)
    }

    @Test("what is gone already is told, and does not keep the rest from going")
    func gone() async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.take("/etc/xen/web1.cfg")
        let process = world.process()
        let deletion = try Provisioner(host: process.host, store: world.store, reporter: Telling()).deletion(of: "web1")
        #expect(deletion.paths == ["/srv/xen/domains/web1"])
        #expect(deletion.missing == ["/etc/xen/web1.cfg: it is gone"])
        try await Work.delete("web1", in: world, as: process)
        #expect(try world.store.records().isEmpty)
        #expect(world.machine.tree.text("/srv/xen/domains/web1/disk.img") == nil)
    }

    @Test("what somebody put in the guest's place is not removed")
    func replaced() async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.take("/srv/xen/domains/web1")
        world.machine.tree.put("theirs", at: "/srv/xen/domains/web1/disk.img")
        let process = world.process()
        let deletion = try Provisioner(host: process.host, store: world.store, reporter: Telling()).deletion(of: "web1")
        #expect(deletion.paths == ["/etc/xen/web1.cfg"])
        #expect(deletion.missing == ["/srv/xen/domains/web1: it is not the one that Domus made"])
        try await Work.delete("web1", in: world, as: process)
        #expect(world.machine.tree.text("/srv/xen/domains/web1/disk.img") == "theirs")
        #expect(try world.store.records().isEmpty)
    }

    @Test("a guest that changes between the question and the deletion is not deleted")
    func changedInBetween() async throws {
        let world = try await Work.worldWithGuest()
        let process = world.process()
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        let deletion = try provisioner.deletion(of: "web1")
        try await Work.create(
            Sample.guest(), in: world, as: world.process(), run: "00000000000b", replaces: true)
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await provisioner.delete(deletion, run: "00000000000d")
        }
        #expect(error?.exit == .temporary)
        #expect(try world.state() == before)
    }

    @Test("files that are exchanged at the last moment are not removed")
    func exchangedInBetween() async throws {
        let world = try await Work.worldWithGuest()
        let process = world.process()
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        let deletion = try provisioner.deletion(of: "web1")
        world.machine.tree.take("/srv/xen/domains/web1")
        world.machine.tree.put("theirs", at: "/srv/xen/domains/web1/disk.img")
        let before = try world.state()
        await #expect(throws: ProvisioningError.self) {
            try await provisioner.delete(deletion, run: "00000000000d")
        }
        #expect(try world.state() == before)
    }
}
