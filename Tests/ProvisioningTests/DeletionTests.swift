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

    // MARK: Starting with the host

    private func links(_ world: World) throws -> [String] {
        let process = world.process()
        let deletion = try Provisioner(host: process.host, store: world.store, reporter: Telling()).deletion(of: "web1")
        return deletion.paths.filter { $0.hasPrefix("/etc/xen/auto") }
    }

    @Test(
        "a link in auto that leads to the configuration goes with it, whatever it is called and however it is written",
        arguments: [
            "../web1.cfg", "/etc/xen/web1.cfg", "/etc/xen/auto/../web1.cfg", "./.././web1.cfg", "..//web1.cfg",
            "/etc/old-xen/web1.cfg", "/etc/old-xen/../xen/web1.cfg", "first", "/etc/elsewhere",
        ])
    func link(target: String) async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.put(link: "xen", at: "/etc/old-xen")
        world.machine.tree.put(link: "xen/web1.cfg", at: "/etc/elsewhere")
        world.machine.tree.put(link: "../web1.cfg", at: "/etc/xen/auto/first")
        world.machine.tree.put(link: target, at: "/etc/xen/auto/10-web")
        #expect(try links(world) == ["/etc/xen/auto/10-web", "/etc/xen/auto/first"])
        let process = world.process()
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        let removed = try await provisioner.delete(provisioner.deletion(of: "web1"), run: "00000000000d")
        #expect(
            removed == [
                "/srv/xen/domains/web1", "/etc/xen/web1.cfg", "/etc/xen/auto/10-web", "/etc/xen/auto/first",
            ])
        let paths = world.machine.tree.snapshot().keys
        #expect(!paths.contains { $0.hasPrefix("/etc/xen/auto/") })
        // The directory is the host's, and so is what is elsewhere.
        #expect(paths.contains("/etc/xen/auto") && paths.contains("/etc/elsewhere"))
        #expect(world.leftovers.isEmpty)
    }

    @Test("what is no link to that configuration stays in auto")
    func noLink() async throws {
        let world = try await Work.worldWithGuest()
        try await Work.create(Sample.guest("web2"), in: world, as: world.process(), run: "000000000002")
        world.machine.tree.put("a copy", at: "/etc/xen/auto/web1.cfg")
        world.machine.tree.put("theirs", at: "/etc/xen/other/web1.cfg")
        for (name, target) in [
            ("web2", "../web2.cfg"), ("copy", "web1.cfg"), ("other", "../other/web1.cfg"), ("gone", "../web9.cfg"),
            ("lost", "/nowhere/web1.cfg"), ("more", "../web1.cfg.bak"), ("directory", ".."), ("loop", "loop"),
            ("below/web1", "../../web1.cfg"), ("odd", "../web1.cfg/.."), ("images", "/srv/xen/domains/web1"),
        ] {
            world.machine.tree.put(link: target, at: "/etc/xen/auto/\(name)")
        }
        let before = world.machine.tree.snapshot().filter { $0.key.hasPrefix("/etc/xen/auto/") }
        #expect(before.count == 13)
        #expect(try links(world) == [])
        try await Work.delete("web1", in: world, as: world.process())
        #expect(world.machine.tree.snapshot().filter { $0.key.hasPrefix("/etc/xen/auto/") } == before)
    }

    @Test("a link that led nowhere before goes too, and one to a configuration that is somebody else's now stays")
    func configurationGone() async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.put(link: "../web1.cfg", at: "/etc/xen/auto/web1.cfg")
        let other = try world.copy()
        world.machine.tree.take("/etc/xen/web1.cfg")
        #expect(try links(world) == ["/etc/xen/auto/web1.cfg"])
        try await Work.delete("web1", in: world, as: world.process())
        #expect(!world.machine.tree.snapshot().keys.contains("/etc/xen/auto/web1.cfg"))

        other.machine.tree.take("/etc/xen/web1.cfg")
        other.machine.tree.put("theirs", at: "/etc/xen/web1.cfg")
        #expect(try links(other) == [])
        try await Work.delete("web1", in: other, as: other.process())
        #expect(other.machine.tree.text("/etc/xen/auto/web1.cfg") == "theirs")
    }

    @Test(
        "auto may be a link to a directory elsewhere, a file, or lead nowhere",
        arguments: ["/etc/auto", "web1.cfg", "no"])
    func autoElsewhere(target: String) async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.put(link: "xen/web1.cfg", at: "/etc/auto/web1")
        world.machine.tree.put(link: "../xen/web1.cfg", at: "/etc/auto/web2")
        world.machine.tree.put(link: target, at: "/etc/xen/auto")
        try await Work.delete("web1", in: world, as: world.process())
        let left = world.machine.tree.snapshot().keys.filter { $0.hasPrefix("/etc/auto/") }.sorted()
        #expect(left == (target == "/etc/auto" ? ["/etc/auto/web1"] : ["/etc/auto/web1", "/etc/auto/web2"]))
        #expect(try world.store.records().isEmpty)
    }

    @Test("a link that is made between the question and the deletion is not left behind")
    func linkInBetween() async throws {
        let world = try await Work.worldWithGuest()
        let process = world.process()
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        let deletion = try provisioner.deletion(of: "web1")
        world.machine.tree.put(link: "../web1.cfg", at: "/etc/xen/auto/web1.cfg")
        let removed = try await provisioner.delete(deletion, run: "00000000000d")
        #expect(removed.last == "/etc/xen/auto/web1.cfg")
        #expect(!world.machine.tree.snapshot().keys.contains("/etc/xen/auto/web1.cfg"))
    }

    @Test("a guest that is replaced keeps its link, and the link its goal")
    func replacement() async throws {
        let world = try await Work.worldWithGuest()
        world.machine.tree.put(link: "../web1.cfg", at: "/etc/xen/auto/web1.cfg")
        try await Work.create(Sample.guest(), in: world, as: world.process(), run: "00000000000b", replaces: true)
        #expect(try links(world) == ["/etc/xen/auto/web1.cfg"])
        #expect(
            world.machine.tree.text("/etc/xen/auto/web1.cfg") == world.machine.tree.text("/etc/xen/web1.cfg"))
    }
}
