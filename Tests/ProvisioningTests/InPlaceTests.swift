import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import Testing

/// Guests that are installed in their images.
@Suite("Installed in place")
struct InPlaceTests {
    @Test(
        "the image holds what was installed, and is mounted from the beginning to the end of that",
        arguments: [true, false])
    func mounted(canMount: Bool) async throws {
        let world = try World()
        let process = world.process()
        let spec = Sample.guest { $0.install.method = .debootstrap }
        try await Work.create(spec, in: world, as: process, canMount: canMount)
        let effects = process.effects
        let mount = effects.firstIndex { $0.hasPrefix("mount ") && $0.contains("/disk.img on ") }
        let unmount = effects.firstIndex { $0.hasPrefix("unmount ") }
        let installation = try #require(effects.firstIndex { $0.contains("debootstrap") })
        #expect((mount != nil) == canMount && (unmount != nil) == canMount, "\(effects)")
        if let mount, let unmount { #expect(mount < installation && installation < unmount) }
        let content = world.machine.tree.text("/srv/xen/domains/web1/disk.img") ?? ""
        #expect(content.contains("/etc/debian_version") == canMount, "\(content)")
        let programs = process.invocations.map(ConfinedCommand.init).filter { $0.executable == "mke2fs" }
        #expect(programs.count == 1 && programs.allSatisfy { $0.arguments.contains("-d") != canMount })
    }

    @Test("no guest is made of a file system that the kernel has given up, whatever it says when it is unmounted")
    func givenUp() async throws {
        let world = try World()
        let before = try world.state()
        world.machine.disk.losesWrites = true
        let spec = Sample.guest { $0.install.method = .debootstrap }
        let error = await #expect(throws: ProvisioningError.self) {
            try await Work.create(spec, in: world, as: world.process(), canMount: true)
        }
        #expect(error?.message.contains("gave the file system up") == true, "\(error?.message ?? "")")
        #expect(try difference(world.state(), from: before) == [])
        #expect(world.leftovers.isEmpty)
    }
}
