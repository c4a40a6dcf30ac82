import Bootstrap
import GuestModel
import LinuxHost
import Storage
import SystemPackage
import Tailoring

/// The base that a guest is to be a clone of.
package struct BaseReference: Sendable, Hashable {
    package let id: String
    package let home: BaseHome
    /// What is known of it; nil until it is made.
    package let record: BaseRecord?

    package init(id: String, home: BaseHome, record: BaseRecord?) {
        self.id = id
        self.home = home
        self.record = record
    }
}

/// The steps that make a base, in order: the half of making a guest that does not depend on who it is.
package struct BasePlan: Sendable {
    package let spec: GuestSpec
    package let reference: BaseReference
    package let shape: BaseShape
    package let state: ArchiveState
    package let steps: [any Step]
    let disks: DiskPlan
    let paths: WorkingPaths
    let locations: Locations

    /// - Parameters:
    ///   - spec: the guest for whose sake it is made.
    ///   - run: the run's number.
    ///   - hooks: what ``HookSet`` found; nil when none are to be run.
    ///   - hostResolver: /etc/resolv.conf, where it is.
    ///   - uuid: the file system's.
    package init(
        _ spec: GuestSpec, _ reference: BaseReference, shape: BaseShape, state: ArchiveState, run: String,
        locations: Locations, hooks: HookSet?, hostResolver: FilePath?, uuid: String
    ) throws(ValueError) {
        self.spec = spec
        self.reference = reference
        self.shape = shape
        self.state = state
        self.locations = locations
        disks = try DiskPlan(spec.storage, of: spec.hostname)
        let domains = spec.storage.directory.appending("domains")
        paths = WorkingPaths(domains: domains, run: run)
        let hookPaths = HookEnvironment.Paths(
            hookDirectory: locations.hooks, scratch: paths.scratch, authorizedKeys: nil, skeleton: nil,
            resolverConfiguration: paths.scratch.appending("resolv.conf"), hostResolver: hostResolver)
        let tailor = Tailor(
            helper: locations.helper, root: paths.root,
            environment: HookEnvironment(
                baseFor: spec, root: shape.fileSystem, ownHooks: hooks?.hasOwn ?? false, paths: hookPaths),
            paths: hookPaths,
            timeout: spec.tailoring.hookTimeout)
        var steps: [any Step] = [
            MakeWorkingDirectory(domains: domains),
            InstallSystem(spec, hooks: hooks?.stockOfBase ?? []),
        ]
        steps += (hooks?.hooks ?? []).filter { $0.phase == .base }.map { RunHook(hook: $0, tailor: tailor) }
        // Each guest takes the kernel out of its own clone.
        let loader = spec.boot.loader == .ownKernel ? .pygrub : spec.boot.loader
        steps += [
            TakeKernel(loader: loader, type: spec.kernelType),
            MakeBase(reference: reference, fileSystem: shape.fileSystem, uuid: uuid), RemoveTree(),
            PublishBase(reference: reference, shape: shape, state: state, method: spec.install.method.name),
        ]
        self.steps = steps
    }

    /// Of a base that another host has made: nothing is installed in it, and no hook is run.
    ///
    /// - Parameters:
    ///   - spec: of some guest that could be its clone, whose system is installed from the base's archive.
    ///   - stamp: the archive's, when it was held against the manifest.
    package init(
        importing manifest: BaseManifest, stamp: FileStamp, _ reference: BaseReference, for spec: GuestSpec,
        fileSystem: FileSystemKind,
        run: String, locations: Locations, uuid: String
    ) throws(ValueError) {
        self.spec = spec
        self.reference = reference
        self.locations = locations
        shape = BaseShape(key: manifest.shape, fileSystem: fileSystem)
        state = ArchiveState(digest: manifest.state)
        disks = try DiskPlan(spec.storage, of: spec.hostname)
        let domains = spec.storage.directory.appending("domains")
        paths = WorkingPaths(domains: domains, run: run)
        steps = [
            MakeWorkingDirectory(domains: domains), InstallSystem(spec),
            CheckArchive(archive: spec.install.method.source, stamp: stamp),
            MakeBase(reference: reference, fileSystem: fileSystem, uuid: uuid, isForGuest: false), RemoveTree(),
            PublishBase(reference: reference, shape: shape, state: state, method: manifest.installMethod),
        ]
    }
}
