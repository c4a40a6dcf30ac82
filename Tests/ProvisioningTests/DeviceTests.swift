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
        #expect(error?.message == "the device /dev/sdx1 is the guest web2's", "\(error?.message ?? "")")
    }

    @Test("a device that a configuration of another tool's guest names is not taken")
    func foreignGuest() async throws {
        let error = try await refusal { world in
            world.machine.tree.put(
                "name = 'old1'\nmemory = 256\ndisk = [ 'phy:/dev/sdx1,xvda1,w' ]\n", at: "/etc/xen/old1.cfg")
        }
        #expect(
            error?.message == "the device /dev/sdx1 is the guest old1's" && error?.hint == "/etc/xen/old1.cfg names it")
    }

    @Test("a device that Xen's backend has is in use, though nobody else is told so")
    func backend() async throws {
        let world = try Work.worldWithDevices()
        let device = try #require(try world.process().host.files.blockDevice(at: "/dev/sdx1"))
        world.machine.tree.put(
            "\(device.xenNumber)\n", at: "/sys/bus/xen-backend/devices/vbd-7-51713/physical_device")
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(Work.onDevices, in: world, as: world.process(), replaces: true)
        }
        #expect(error?.message == "the device /dev/sdx1 is in use")
    }

    @Test("of two runs that want one device the second is refused, before it has written anything")
    func concurrent() async throws {
        let world = try Work.worldWithDevices()
        let course = try await Course(Scenario.all[15])
        // The first one is in the middle of writing it.
        let number = try #require(
            (1...course.effects).first { number in
                course.names[number - 1].contains("mke2fs")
            })
        let dying = world.process([.killBefore(number)])
        _ = await Task { try await Work.create(Work.onDevices, in: world, as: dying) }.result
        var second = Work.onDevices
        second.hostname = try Hostname("web2")
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(second, in: world, as: world.process(), replaces: true)
        }
        #expect(error?.message == "the device /dev/sdx2 is being written for the guest web1", "\(error?.message ?? "")")
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

    // MARK: --dontformat

    private func refusalOfFormatted(
        programs: [String: FakeHost.Program] = [:], _ change: (World) throws -> Void = { _ in }
    ) async throws -> ProvisioningError? {
        let world = try Work.worldWithFormatted()
        try change(world)
        let before = try world.state()
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.check(Work.onFormatted, in: world, as: world.process(programs: programs))
        }
        #expect(difference(try world.state(), from: before) == [])
        return error
    }

    @Test("a file system that is to stay must be empty")
    func notEmpty() async throws {
        let error = try await refusalOfFormatted { world in
            FakeFileSystems.fill("/dev/sdx1", in: &world.machine.tree)
        }
        #expect(error?.message == "the file system on /dev/sdx1 is not empty: bin" && error?.exit == .cannotCreate)
    }

    @Test("it must be whole, and the one that was meant")
    func notWhole() async throws {
        let broken = try await refusalOfFormatted(programs: ["e2fsck": { _ in .exited(4) }])
        #expect(broken?.message.contains("is not whole") == true && broken?.exit == .badData)
        let other = try await refusalOfFormatted { world in
            FakeFileSystems.put(
                FakeFileSystems.ext4(size: 2048 << 20, uuid: "5a1e77aa-0000-4000-8000-000000000002"), on: "/dev/sdx1",
                in: &world.machine.tree)
        }
        #expect(other?.message.contains("is not the one that it was") == true && other?.exit == .temporary)
    }

    @Test("what somebody puts in while the system is installed is not taken out with ours")
    func filledInBetween() async throws {
        let world = try Work.worldWithFormatted()
        let machine = world.machine
        let process = world.process(programs: [
            "40-setup-networking": { process in
                FakeFileSystems.fill("/dev/sdx1", in: &process.tree)
                return .exited(0)
            }
        ])
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(Work.onFormatted, in: world, as: process)
        }
        #expect(error?.message == "the file system on /dev/sdx1 is not empty: bin" && error?.left == [])
        #expect(FakeFileSystems.names(on: "/dev/sdx1", machine.tree) == ["bin"])
    }

    @Test("of two runs that want one file system the second leaves what the first has put in")
    func claimed() async throws {
        let trial = try Work.worldWithFormatted()
        let through = trial.process()
        try await Work.create(Work.onFormatted, in: trial, as: through)
        let number = try #require(through.effects.firstIndex { $0.hasPrefix("run cp ") }) + 1
        let world = try Work.worldWithFormatted()
        let first = world.process([.killAfter(number)])
        await #expect(throws: ProvisioningError.self) {
            try await Work.create(Work.onFormatted, in: world, as: first, run: "000000000001")
        }
        var spec = Work.onFormatted
        spec.hostname = try Hostname("web2")
        let marks = FakeFileSystems.names(on: "/dev/sdx1", world.machine.tree)
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(spec, in: world, as: world.process())
        }
        #expect(error?.message.contains("is being written for the guest web1") == true)
        #expect(
            FakeFileSystems.names(on: "/dev/sdx1", world.machine.tree) == marks && marks.contains(".domus-000000000001")
        )
    }

    @Test("it is filled and not made; the swap area is made")
    func filled() async throws {
        let world = try Work.worldWithFormatted()
        try await Work.check(Work.onFormatted, in: world, as: world.process())
        let process = world.process()
        try await Work.create(Work.onFormatted, in: world, as: process)
        let programs = process.invocations.map { ConfinedCommand($0) }
        #expect(!programs.contains { $0.executable == "mke2fs" })
        #expect(programs.contains { $0.executable == "mkswap" && $0.arguments.last == "/dev/sdx2" })
        // Without the run's mark.
        #expect(FakeFileSystems.names(on: "/dev/sdx1", world.machine.tree) == ["bin"])
        // Not a byte of it was zeroed.
        #expect(!process.effects.contains { $0.hasPrefix("zero /dev/sdx1") })
    }
}
