import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Testing

/// What somebody else does between the look before a run and the moment at which it matters.
@Suite("In between")
struct InBetweenTests {
    private static let domain = "\(FakePrograms.domains)/web1"

    /// Does something once a step begins whose summary has these words.
    private func telling(at words: String, _ change: @escaping @Sendable () -> Void) -> Telling {
        Telling(atStep: { if $0.contains(words) { change() } })
    }

    @Test("a guest that was started while its successor was made is not replaced")
    func replaced() async throws {
        let world = try await Work.worldWithGuest()
        let machine = world.machine
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(
                Sample.guest(), in: world, as: world.process(programs: ["xl": FakePrograms.xl]), replaces: true,
                reporter: telling(at: "Publish") { machine.tree.put("7", at: Self.domain) })
        }
        #expect(error?.message.contains("the guest web1 is running (domain 7)") == true && error?.exit == .temporary)
        machine.tree.take(Self.domain)
        #expect(difference(try world.state(), from: before) == [])
        #expect(world.leftovers.isEmpty)
    }

    @Test("a guest that was started after it was looked up is not deleted")
    func deleted() async throws {
        let world = try await Work.worldWithGuest()
        let process = world.process(programs: ["xl": FakePrograms.xl])
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        let deletion = try provisioner.deletion(of: "web1")
        world.machine.tree.put("7", at: Self.domain)
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await provisioner.delete(deletion, run: "00000000000d")
        }
        #expect(error?.message == "the guest web1 is running (domain 7); it is not deleted")
        #expect(error?.exit == .temporary)
        #expect(difference(try world.state(), from: before) == [])
    }

    @Test("a volume that has taken the place of the guest's own is not written on, and stays")
    func volume() async throws {
        let world = try Work.worldWithVolumeGroup()
        let machine = world.machine
        let process = world.process()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(
                Work.onVolumes(), in: world, as: process,
                reporter: telling(at: "Write 2 volumes") {
                    FakeVolumes.change("web1-disk", of: "vg0", in: &machine.tree) { $0.name = "old" }
                    FakeVolumes.add(
                        Volume(group: "vg0", name: "web1-disk", uuid: "uuid-of-another", size: 2 << 30),
                        to: &machine.tree)
                })
        }
        #expect(error?.message.contains("the volume vg0/web1-disk is not the one that was made for web1") == true)
        #expect(!process.effects.contains { $0.contains("mke2fs") || $0.contains("mkswap") })
        let left = try process.host.volumes.volumes(in: VolumeGroupName("vg0"))
        #expect(Set(left.map(\.uuid)) == ["uuid-of-another", "uuid-of-theirs"])
    }

    @Test("a file system is not checked once its guest has been started", arguments: [false, true])
    func checked(onVolumes: Bool) async throws {
        let world = try await Work.worldWithDisks(onVolumes: onVolumes)
        let machine = world.machine
        let process = world.process(programs: ["xl": FakePrograms.xl])
        let before = try world.state()
        let reporter = telling(at: "Check") { machine.tree.put("7", at: Self.domain) }
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.resize("web1", in: world, as: process, reporter: reporter)
        }
        #expect(error?.message.contains("is running (domain 7)") == true && error?.exit == .temporary)
        #expect(!process.effects.contains { $0.contains("e2fsck") })
        machine.tree.take(Self.domain)
        #expect(difference(try world.state(), from: before) == [])
    }

    @Test("a guest that is changed does not make its base look unused")
    func base() async throws {
        let world = try await Work.worldWithFileBase()
        try await Work.createClone(Work.fileClone(), in: world, as: world.process())
        let guest = try #require(try world.store.record(named: "web1"))
        var older = guest
        older.hostname = "web0"
        older.created -= 90 * 86400
        try world.store.commit(run: "00000000000e", saving: older)
        #expect(try world.store.bases().map(\.used) == [guest.created])
    }
}
