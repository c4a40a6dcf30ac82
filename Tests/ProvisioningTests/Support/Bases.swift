import FakeHost
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

extension BaseRecord {
    /// Of a base in a pool.
    var volume: GuestRecord.OwnedVolume {
        guard case .volume(let volume, _) = place else { fatalError("it is in a file") }
        return volume
    }
}

/// Bases of both homes.
extension Work {
    /// A guest that is a clone in the pool of ``worldWithPool()``.
    static func clone(_ use: GuestSpec.Install.BaseUse = .cached) throws -> GuestSpec {
        var spec = try onVolumes(pool: "pool")
        spec.install.base = use
        return spec
    }

    /// A guest in image files that is a clone.
    static func fileClone(_ use: GuestSpec.Install.BaseUse = .cached) throws -> GuestSpec {
        Sample.guest { $0.install.base = use }
    }

    static let baseDirectory = "/srv/xen/domains/.bases"

    static func worldWithPool() throws -> World {
        let world = try worldWithVolumeGroup()
        FakeVolumes.add(
            Volume(
                group: "vg0", name: "pool", uuid: "uuid-of-pool", size: 16 << 30, dataPercent: 10, metadataPercent: 5,
                isThinPool: true), to: &world.machine.tree)
        return world
    }

    /// A machine on which there is a base.
    static func worldWithBase() async throws -> World {
        let world = try worldWithPool()
        try await makeBase(for: clone(), in: world, as: world.process(), run: "000000000001")
        return world
    }

    /// The same, in a file.
    static func worldWithFileBase() async throws -> World {
        let world = try worldWithLoops()
        try await makeBase(for: fileClone(), in: world, as: world.process(), run: "000000000001")
        return world
    }

    static func worldWithLoops() throws -> World {
        let world = try World()
        world.machine.tree.put(.device, at: "/dev/loop-control", mode: 0o660)
        return world
    }

    /// A world with a base, when the archive has moved on since.
    static func outdated(_ world: World) throws -> World {
        let id = "000000000000"
        let former = try world.store.bases().first
        let copy = try world.copy { base in
            var base = base
            base.state = "what it had then"
            base.id = id
            // Old enough that nobody has just chosen it.
            base.created -= 3600
            switch base.place {
            case .volume(var volume, let pool):
                volume.name = "domus-base-\(id)"
                base.place = .volume(volume, pool: pool)
            case .image(let file):
                base.place = .image(.init(path: FilePath("\(baseDirectory)/\(id).img"), identity: file.identity))
            }
            return base
        }
        switch former?.place {
        case .volume(let volume, _)?:
            FakeVolumes.change(volume.name, of: "vg0", in: &copy.machine.tree) { $0.name = "domus-base-\(id)" }
        case .image(let file)?:
            try copy.process().host.files.rename(FilePath(file.path), to: FilePath("\(baseDirectory)/\(id).img"))
        case nil: fatalError("there is no base")
        }
        return copy
    }

    static func choice(_ spec: GuestSpec, in world: World, as process: FakeHost) async throws -> Provisioner.BaseChoice
    {
        let host = process.host
        guard let home = BaseHome(of: spec.storage) else { fatalError("no clone can be there") }
        return try await Provisioner.base(
            for: spec, shape: shape(of: spec, on: host), home: home, host: host, store: world.store)
    }

    static func shape(of spec: GuestSpec, on host: Host) throws -> BaseShape {
        try BaseShape(
            of: spec, fileSystem: .ext4, hooks: hooks(on: host), locations: World.locations, files: host.files)
    }

    /// What is there is looked up by somebody else: what is tested is the work.
    @discardableResult
    static func makeBase(
        for spec: GuestSpec, in world: World, as process: FakeHost, run: String = "00000000000b",
        reporter: Telling = Telling()
    ) async throws -> Provisioner.BuiltBase? {
        guard case .missing(let reference, let state) = try await choice(spec, in: world, as: world.process()) else {
            return nil
        }
        return try await Provisioner(host: process.host, store: world.store, reporter: reporter).build(
            basePlan(spec, reference, state, in: world, run: run), run: run, log: log, keepsFailed: false)
    }

    static func basePlan(
        _ spec: GuestSpec, _ reference: BaseReference, _ state: ArchiveState, in world: World, run: String
    ) throws -> BasePlan {
        let host = world.process().host
        return try BasePlan(
            spec, reference, shape: shape(of: spec, on: host), state: state, run: run, locations: World.locations,
            hooks: hooks(on: host), hostResolver: "/etc/resolv.conf", uuid: "00000000-0000-4000-8000-0000000000ba")
    }

    static func createClone(
        _ spec: GuestSpec, in world: World, as process: FakeHost, run: String = "00000000000a", replaces: Bool = false
    ) async throws {
        guard case .there(let reference) = try await choice(spec, in: world, as: world.process()) else {
            fatalError("there is no base for it")
        }
        let plan = try plan(spec, run: run, on: process.host, base: reference)
        _ = try await Provisioner(host: process.host, store: world.store, reporter: Telling()).create(
            plan, run: run, log: log, replacesExisting: replaces, keepsFailed: false)
    }
}
