import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Testing

/// Guests on devices that they are given. That a failure leaves them empty again, the scenarios show.
@Suite("Guests on given devices")
struct DeviceTests {
    private func refusal(
        replaces: Bool = false, _ change: (World) async throws -> Void
    ) async throws -> ProvisioningError? {
        let world = try Work.worldWithDevices()
        try await change(world)
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(Work.onDevices, in: world, as: world.process(), replaces: replaces)
        }
        #expect(difference(try world.state(), from: before) == [])
        return error
    }

    @Test("a device that is in use is refused, with --force too", arguments: [false, true])
    func inUse(replaces: Bool) async throws {
        let error = try await refusal(replaces: replaces) { world in
            FakeFileSystems.put(Array("taken by a mount".utf8), on: "/dev/sdx1", in: &world.machine.tree)
        }
        #expect(error?.message == "the device /dev/sdx1 is in use" && error?.exit == .temporary)
    }

    @Test("what is on a device is not overwritten unless that is said")
    func full() async throws {
        let fill = { (world: World) in
            FakeFileSystems.put(Array("somebody's data".utf8), on: "/dev/sdx2", in: &world.machine.tree)
        }
        let error = try await refusal { fill($0) }
        #expect(error?.message == "there is something on the device /dev/sdx2: ext4" && error?.exit == .cannotCreate)
        let world = try Work.worldWithDevices()
        fill(world)
        try await Work.check(Work.onDevices, in: world, as: world.process(), replaces: true)
    }

    @Test("one device under two names is one")
    func twice() async throws {
        let error = try await refusal { world in
            world.machine.tree.take("/dev/sdx2")
            world.machine.tree.put(link: "sdx1", at: "/dev/sdx2")
        }
        #expect(error?.message == "/dev/sdx2 and /dev/sdx1 are the same device" && error?.exit == .usage)
    }

    @Test("another guest's device is not taken, whatever it is called", arguments: [false, true])
    func another(replaces: Bool) async throws {
        let error = try await refusal(replaces: replaces) { world in
            world.machine.tree.put(link: "../sdx1", at: "/dev/disk/mine")
            var other = Work.onDevices
            other.hostname = try Hostname("web2")
            other.storage.home = .devices(root: "/dev/disk/mine", swap: nil, wiping: false)
            other.storage.partitions = [Sample.partition("disk", 2048)]
            try await Work.create(other, in: world, as: world.process(), run: "000000000002")
        }
        #expect(error?.message == "the device /dev/disk/mine is the guest web2's", "\(error?.message ?? "")")
    }

    @Test("a finished guest has the devices by the names they were given, and leaves them when it goes")
    func lifetime() async throws {
        let world = try Work.worldWithDevices()
        try await Work.create(Work.onDevices, in: world, as: world.process(), run: "000000000001")
        let record = try #require(try world.store.record(named: "web1"))
        #expect(record.images.map(\.path) == ["/dev/sdx2", "/dev/sdx1"])
        #expect(record.givenDevices == ["/dev/sdx2", "/dev/sdx1"])
        #expect(world.machine.tree.text("/etc/xen/web1.cfg")?.contains("target=/dev/sdx1") == true)
        let deletion = try Provisioner(host: world.process().host, store: world.store, reporter: Telling())
            .deletion(of: "web1")
        #expect(deletion.kept == ["/dev/sdx2", "/dev/sdx1"] && !deletion.paths.contains { $0.hasPrefix("/dev") })
        let content = world.machine.tree.text("/dev/sdx1")
        try await Work.delete("web1", in: world, as: world.process())
        #expect(content != "" && world.machine.tree.text("/dev/sdx1") == content)
    }

    @Test("a device that carries something else by then is not cleared")
    func foreign() async throws {
        let world = try Work.worldWithDevices()
        let host = world.process().host
        let uuid = "0a1b2c3d-1111-4222-8333-0123456789ab"
        let undo = Undo.clearDevice(path: "/dev/sdx1", uuid: uuid.uppercased())
        FakeFileSystems.put(FakeFileSystems.ext4(size: 1 << 30), on: "/dev/sdx1", in: &world.machine.tree)
        #expect(try await undo.perform(on: host) == false)
        FakeFileSystems.put(FakeFileSystems.ext4(size: 1 << 30, uuid: uuid), on: "/dev/sdx1", in: &world.machine.tree)
        #expect(try await undo.perform(on: host) == true)
        #expect(world.machine.tree.text("/dev/sdx1") == "")
        #expect(try await undo.perform(on: host) == false)
    }
}
