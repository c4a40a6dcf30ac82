import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Tailoring
import Testing

/// A run of Domus on a world, with all that the commands would do around it.
enum Work {
    static let log = FilePath("/var/log/domus/web1.log")

    static func plan(
        _ spec: GuestSpec, run: String, on host: Host, base: BaseReference? = nil, forced: [VolumePath] = [],
        starts: Bool = false, canMount: Bool = false
    ) throws -> CreatePlan {
        var identifiers: [String: String] = [:]
        for (index, partition) in spec.storage.partitions.enumerated() {
            let formatted = partition.mountPoint == "/" ? spec.storage.home.formatted : nil
            identifiers[partition.name] = formatted ?? "00000000-0000-4000-8000-00000000000\(index)"
        }
        return try CreatePlan(
            spec, run: run, locations: World.locations, hooks: hooks(on: host), skeleton: nil,
            hostResolver: "/etc/resolv.conf", identifiers: identifiers, base: base, forcedVolumes: forced,
            starts: starts, canMount: canMount)
    }

    static func hooks(on host: Host) throws -> HookSet {
        try HookSet(
            stock: World.locations.hooks, user: World.locations.userConfiguration.appending("hooks.d"),
            files: host.files)
    }

    // MARK: Guests

    @discardableResult
    static func create(
        _ spec: GuestSpec, in world: World, as process: FakeHost, run: String = "00000000000a", replaces: Bool = false,
        keeps: Bool = false, forced: [VolumePath] = [], starts: Bool = false, canMount: Bool = false,
        reporter: Telling = Telling()
    ) async throws -> Provisioner.Created {
        let host = process.host
        return try await Provisioner(host: host, store: world.store, reporter: reporter).create(
            plan(spec, run: run, on: host, forced: forced, starts: starts, canMount: canMount), run: run, log: log,
            replacesExisting: replaces,
            keepsFailed: keeps)
    }

    /// What a user's command looks at before it makes anything.
    static func check(
        _ spec: GuestSpec = Sample.guest(), in world: World, as process: FakeHost, replaces: Bool = false,
        forced: [VolumePath] = [], starts: Bool = false
    ) async throws {
        let plan = try plan(spec, run: "00000000000a", on: process.host, forced: forced, starts: starts)
        try await Preflight(host: process.host, store: world.store, plan: plan).check(replacesExisting: replaces)
    }

    static func delete(
        _ name: String, in world: World, as process: FakeHost, run: String = "00000000000d"
    ) async throws {
        let provisioner = Provisioner(host: process.host, store: world.store, reporter: Telling())
        try await provisioner.delete(provisioner.deletion(of: name), run: run)
    }

    /// Looked up by somebody else: what is tested is the work.
    static func resize(
        _ name: String, in world: World, as process: FakeHost, mebibytes: Int64 = 1024, partition: String? = nil,
        run: String = "00000000000e", reporter: Telling = Telling()
    ) async throws {
        let looking = Provisioner(host: world.process().host, store: world.store, reporter: Telling())
        let resize = try await looking.resize(
            of: name, adding: .mebibytes(mebibytes), partition: partition, online: false, wiping: true)
        _ = try await Provisioner(host: process.host, store: world.store, reporter: reporter)
            .resize(resize, run: run, helper: World.locations.helper) { log }
    }

    /// Looked up by somebody else, as above.
    static func convert(
        _ name: String, to type: GuestType, in world: World, as process: FakeHost, run: String = "00000000000f"
    ) async throws {
        let looking = Provisioner(host: world.process().host, store: world.store, reporter: Telling())
        let converted = try await looking.conversion(of: name, to: type, wish: nil, for: .newest)
        try await Provisioner(host: process.host, store: world.store, reporter: Telling()).convert(converted, run: run)
    }

    /// A libvirt domain, whose configuration is written, and its disk.
    static func worldWithDomain() throws -> World {
        let world = try World()
        world.machine.tree.put(.file([], size: 64 << 20), at: "/srv/old.img", mode: 0o600)
        let domain = """
            <domain type='xen'><name>old1</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
            <os><type machine='xenpvh'>xenpvh</type><kernel>/srv/vmlinuz</kernel></os>
            <devices><disk type='file' device='disk'><driver type='raw'/><source file='/srv/old.img'/>
            <target dev='xvda' bus='xen'/></disk></devices></domain>
            """
        world.machine.tree.put(domain, at: "/srv/old.xml")
        return world
    }

    static func importDomain(in world: World, as process: FakeHost, run: String = "000000000010") async throws {
        let looking = Provisioner(host: world.process().host, store: world.store, reporter: Telling())
        let work = try looking.importing("/srv/old.xml", for: .newest) { FilePath("/etc/xen/\($0.name).cfg") }
        try await Provisioner(host: process.host, store: world.store, reporter: Telling()).perform(work, run: run)
    }

    /// What a user does after a kill.
    ///
    /// - Returns: what could not be taken back.
    static func recover(_ world: World, as process: FakeHost? = nil) async throws -> [String] {
        let recovery = Recovery(host: (process ?? world.process()).host, store: world.store)
        var left: [String] = []
        for run in try recovery.unfinished() { left += await recovery.recover(run).left }
        return left
    }

    /// A guest whose disks are volumes.
    static func onVolumes(pool: String? = nil) throws -> GuestSpec {
        let home = GuestSpec.Storage.Home.volumes(
            try VolumeGroupName("vg0"), pool: try pool.map { try VolumeName($0) }, wiping: true)
        return Sample.guest { spec in
            spec.storage.home = home
            spec.storage.partitions = [Sample.partition("swap", 512, nil), Sample.partition("disk", 2048)]
        }
    }

    /// A guest on devices that it is given.
    static var onDevices: GuestSpec {
        Sample.guest { spec in
            spec.storage.home = .devices(root: "/dev/sdx1", swap: "/dev/sdx2", wiping: true)
            spec.storage.partitions = [Sample.partition("swap", 512, nil), Sample.partition("disk", 2048)]
        }
    }

    /// The same, and its root file system is there already.
    static var onFormatted: GuestSpec {
        Sample.guest { spec in
            spec.storage.home = .devices(
                root: "/dev/sdx1", swap: "/dev/sdx2", wiping: true, formatted: formattedUUID)
            spec.storage.partitions = [Sample.partition("swap", 512, nil), Sample.partition("disk", 2048)]
        }
    }

    static let formattedUUID = "5a1e77aa-0000-4000-8000-000000000001"

    static func worldWithFormatted() throws -> World {
        let world = try worldWithDevices()
        world.machine.tree.put(.device, at: "/dev/loop-control", mode: 0o660)
        FakeFileSystems.put(
            FakeFileSystems.ext4(size: 2048 << 20, uuid: formattedUUID), on: "/dev/sdx1", in: &world.machine.tree)
        return world
    }

    /// A machine with two devices that nothing is on.
    static func worldWithDevices() throws -> World {
        let world = try World()
        world.machine.tree.put(.file([], size: 2048 << 20), at: "/dev/sdx1", mode: 0o660)
        world.machine.tree.put(.file([], size: 512 << 20), at: "/dev/sdx2", mode: 0o660)
        return world
    }

    /// A machine with a volume group, of which somebody else has a volume.
    static func worldWithVolumeGroup() throws -> World {
        let world = try World()
        FakeVolumes.addGroup("vg0", size: 64 << 30, to: &world.machine.tree)
        FakeVolumes.add(
            Volume(group: "vg0", name: "theirs", uuid: "uuid-of-theirs", size: 4 << 20), to: &world.machine.tree)
        return world
    }

    /// A machine on which the guest is, with disks on which something is.
    static func worldWithDisks(onVolumes: Bool = false) async throws -> World {
        let world = try onVolumes ? worldWithVolumeGroup() : World()
        try await create(
            onVolumes ? Work.onVolumes() : Sample.guest(), in: world, as: world.process(), run: "000000000001")
        let record = try world.store.record(named: "web1")
        for image in record?.images ?? [] {
            let isSwap = image.path.contains("swap")
            FakeFileSystems.put(
                isSwap ? FakeFileSystems.swap(size: image.size) : FakeFileSystems.ext4(size: image.size),
                on: image.path, in: &world.machine.tree)
        }
        return world
    }

    /// A machine on which the guest is.
    static func worldWithGuest(_ spec: GuestSpec = Sample.guest()) async throws -> World {
        let world = try World()
        try await create(spec, in: world, as: world.process(), run: "000000000001")
        return world
    }
}
