import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import Tailoring

/// Finds on the host what plans need beside the specification, and makes them.
struct GuestPlanner {
    let spec: GuestSpec
    private let starts: Bool
    private let isOneOfMany: Bool
    private let forcedVolumes: [VolumePath]
    /// With its volumes as they were when they were first looked at, for all that is asked before something is made.
    let host: Host
    private let locations: Locations
    private let hooks: HookSet?
    private let skeleton: FilePath?
    private let resolver: FilePath?

    /// - Parameter console: is told which files in the users' directory are no hooks.
    init(
        _ spec: GuestSpec, starts: Bool, isOneOfMany: Bool = false, forcedVolumes: [VolumePath],
        configurationDirectory: FilePath, host: Host, console: Console?
    ) throws {
        self.spec = spec
        self.forcedVolumes = forcedVolumes
        self.starts = starts
        self.isOneOfMany = isOneOfMany
        self.host = host
        locations = try Invoked.locations(host, userConfiguration: configurationDirectory)
        if spec.tailoring.runsHooks {
            _ = try Self.hasDirectory(locations.userConfiguration.appending("hooks.d"), host)
            do {
                hooks = try HookSet(
                    stock: locations.hooks, user: locations.userConfiguration.appending("hooks.d"), files: host.files)
            } catch {
                throw ProvisioningError(error)
            }
        } else {
            hooks = nil
        }
        for passed in hooks?.passedOver ?? [] { console?.warn("not a hook: \(passed)") }
        for remark in hooks?.remarks ?? [] { console?.warn(remark) }
        let skeleton = locations.userConfiguration.appending("skel")
        self.skeleton = try Self.hasDirectory(skeleton, host) ? host.files.resolved(skeleton) : nil
        let resolver = FilePath("/etc/resolv.conf")
        self.resolver = try host.files.entry(at: resolver) != nil ? host.files.resolved(resolver) : nil
    }

    private static func hasDirectory(_ path: FilePath, _ host: Host) throws(ProvisioningError) -> Bool {
        do throws(HostError) {
            return try host.files.hasDirectory(at: path)
        } catch {
            throw ProvisioningError(error.message, exit: .configuration, hint: error.hint)
        }
    }

    /// What leads to a guest: its own plan, and that of a base if one must be made before.
    struct Plans: Sendable {
        var base: (plan: BasePlan, run: String)?
        var create: CreatePlan
        /// The number of the run that makes the guest.
        var run: String
    }

    /// - Parameters:
    ///   - store: where bases are known; nil where nothing is yet.
    ///   - base: that of a guest which is the same but for who it is.
    func plans(_ store: StateStore?, of base: BaseReference? = nil) async throws -> Plans {
        let run = RandomIdentifier.run(host.random)
        if let base { return Plans(create: try create(run: run, base: base), run: run) }
        guard spec.install.base != .never, let home = BaseHome(of: spec.storage),
            let root = spec.storage.partitions.first(where: { $0.mountPoint == "/" })?.fileSystem
        else { return Plans(create: try create(run: run, base: nil), run: run) }
        let shape = try BaseShape(of: spec, fileSystem: root, hooks: hooks, locations: locations, files: host.files)
        switch try await Provisioner.base(
            for: spec, shape: shape, home: home, host: host, store: store)
        {
        case .there(let reference): return Plans(create: try create(run: run, base: reference), run: run)
        case .missing(let reference, let state):
            let baseRun = RandomIdentifier.run(host.random)
            let plan = try BasePlan(
                spec, reference, shape: shape, state: state, run: baseRun, locations: locations, hooks: hooks,
                hostResolver: resolver, uuid: RandomIdentifier.uuid(host.random))
            return Plans(base: (plan, baseRun), create: try create(run: run, base: reference), run: run)
        }
    }

    private func create(run: String, base: BaseReference?) throws -> CreatePlan {
        var identifiers: [String: String] = [:]
        for partition in spec.storage.partitions {
            let formatted = partition.mountPoint == "/" ? spec.storage.home.formatted : nil
            identifiers[partition.name] = formatted ?? RandomIdentifier.uuid(host.random)
        }
        return try CreatePlan(
            spec, run: run, locations: locations, hooks: hooks, skeleton: skeleton, hostResolver: resolver,
            identifiers: identifiers, base: base, forcedVolumes: forcedVolumes, starts: starts,
            isOneOfMany: isOneOfMany, canMount: host.files.mountsImages)
    }
}
