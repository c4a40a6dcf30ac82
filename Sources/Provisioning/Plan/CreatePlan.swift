import Bootstrap
import GuestModel
import LinuxHost
import Storage
import SystemPackage
import Tailoring

/// The steps that make a guest, in order. Pure: it follows from the specification and from the hooks that were found.
package struct CreatePlan: Sendable {
    package let spec: GuestSpec
    package let disks: DiskPlan
    /// UUIDs of the file systems, by partition name: chosen here, so that fstab and the boot loader can be written
    /// before the file systems are made.
    package let identifiers: [String: String]
    package let paths: WorkingPaths
    package let locations: Locations
    /// What leads to the guest; the last one commits.
    package let steps: [any Step]
    /// What the guest is a clone of; nil when it is installed by itself.
    package let base: BaseReference?
    /// Volumes of somebody else's that give way to the guest's of the same names: `--force-volume`.
    package let forcedVolumes: [VolumePath]
    /// What follows when the guest is there; nil when it is not to be started.
    package let start: StartGuest?
    /// Programs of the host that the installation takes.
    let requirements: [(program: String, package: String)]
    /// Whether the guest installs itself, and is to begin with it at once.
    let startsInstallation: Bool
    /// All of them, for people.
    package var allSteps: [any Step] { steps + (start.map { [$0] } ?? []) }

    /// - Parameters:
    ///   - run: the run's number.
    ///   - hooks: what ``HookSet`` found; nil when none are to be run.
    ///   - skeleton: /etc/xen-tools/skel, where it is.
    ///   - hostResolver: /etc/resolv.conf, where it is.
    ///   - identifiers: a UUID for each partition.
    ///   - base: what the guest is a clone of; nil for none.
    ///   - forcedVolumes: those that the user named.
    ///   - starts: `--boot`.
    ///   - isOneOfMany: whether others are made beside it.
    ///   - canMount: whether the host has mount namespaces and loop devices.
    package init(
        _ spec: GuestSpec, run: String, locations: Locations, hooks: HookSet?, skeleton: FilePath?,
        hostResolver: FilePath?, identifiers: [String: String], base: BaseReference? = nil,
        forcedVolumes: [VolumePath] = [], starts: Bool = false, isOneOfMany: Bool = false,
        canMount: Bool = false
    ) throws(ValueError) {
        self.spec = spec
        self.forcedVolumes = forcedVolumes
        self.base = base
        self.locations = locations
        self.identifiers = identifiers
        disks = try DiskPlan(spec.storage, of: spec.hostname)
        let domains = spec.storage.directory.appending("domains")
        paths = WorkingPaths(domains: domains, run: run)

        let makesKeys = hooks?.hooks.contains { $0.name == MakeHostKeys.hook } ?? false
        let hookPaths = HookEnvironment.Paths(
            hookDirectory: locations.hooks, scratch: paths.scratch,
            authorizedKeys: spec.tailoring.authorizedKeys.isEmpty
                ? nil : paths.scratch.appending("authorized_keys"),
            hostKeys: makesKeys ? paths.hostKeys : nil, skeleton: skeleton,
            resolverConfiguration: paths.scratch.appending("resolv.conf"),
            hostResolver: hostResolver)
        let tailor = Tailor(
            helper: locations.helper, root: paths.root,
            environment: HookEnvironment(
                spec, plan: disks, identifiers: identifiers, base: base?.id, ownHooks: hooks?.hasOwn ?? false,
                paths: hookPaths),
            paths: hookPaths, timeout: spec.tailoring.hookTimeout)

        let configuration = spec.configuration.file(of: spec.hostname)
        var steps: [any Step] = [
            MakeWorkingDirectory(domains: domains)
        ]
        if makesKeys { steps.append(MakeHostKeys()) }
        let root = disks.root
        var mounted: MountRoot.Kind?
        if let base {
            mounted = .clone
            steps += [
                CloneBase(base: base, disks: disks, isOneOfMany: isOneOfMany),
                RenewClone(partition: root.partition, drive: root.drive),
                MountRoot(drive: root.drive, kind: .clone),
            ]
        } else {
            if case .volumes(let group, let pool, let wiping) = spec.storage.home {
                // Before the long installation: whoever else takes the room, it is not in the end that it is missing.
                steps.append(CarveVolumes(disks: disks, group: group, pool: pool))
                // What is in a thin pool reads as zeros until it is written.
                if wiping && pool == nil { steps.append(ZeroVolumes(disks: disks)) }
            }
            if MakeRoot.isFor(spec, disks, canMount: canMount) {
                let isFull = spec.storage.allocation == .full
                mounted = .new(isFull: isFull)
                steps += [
                    MakeRoot(slot: root, isFull: isFull), MountRoot(drive: root.drive, kind: .new(isFull: isFull)),
                ]
            }
            steps.append(InstallSystem(spec, hooks: hooks?.stockOfBase ?? []))
        }
        let (lock, lockFile) = (spec.install.locked, spec.install.lockFile)
        if lock != nil || lockFile != nil { steps.append(ReadPackageDigests()) }
        for hook in hooks?.hooks ?? [] where base == nil || hook.phase == .guest {
            steps.append(
                RunHook(hook: hook, tailor: tailor))
        }
        steps += spec.tailoring.roles.map { role in
            RunRole(name: role.name, path: role.path, arguments: spec.tailoring.roleArguments, tailor: tailor)
        }
        if case .unchanged = spec.tailoring.rootPassword {
        } else {
            steps.append(
                SetRootPassword(
                    choice: spec.tailoring.rootPassword, hash: spec.tailoring.passwordHash, tailor: tailor))
        }
        steps += [
            SettleTree(isClone: base != nil),
            TakeKernel(loader: spec.boot.loader, type: spec.kernelType),
        ]
        if let lock { steps.append(CheckLock(lock: lock, tailor: tailor)) }
        if let lockFile { steps.append(WriteLock(path: lockFile, tailor: tailor)) }
        if let mounted { steps.append(UnmountRoot(drive: root.drive, kind: mounted)) }
        // Late: what is on it until then, if it may go, is not lost to an installation that fails.
        if case .devices(_, _, let wiping, let formatted) = spec.storage.home {
            steps.append(TakeDevices(disks: disks, wiping: wiping, formatted: formatted))
        }
        steps += [
            MakeImages(disks: disks, storage: spec.storage, filled: mounted == nil ? nil : root.drive)
        ]
        for firmware in GuestSpec.Boot.Firmware.allCases where spec.boot.diskLoaders.contains(firmware) {
            steps.append(InstallBootLoader(loader: BootLoader(firmware), disks: disks))
        }
        steps += [
            ComposeConfiguration(
                template: spec.configuration.template ?? locations.template, configuration: configuration),
            RemoveTree(),
            PublishGuest(
                directory: spec.storage.guestDirectory(of: spec.hostname), configuration: configuration,
                disks: disks, base: base?.id, forcedVolumes: forcedVolumes),
        ]
        self.steps = steps
        requirements = RootInstallers.installer(for: spec)?.requirements ?? []
        startsInstallation = false
        start = starts ? StartGuest(guest: spec.hostname.name, configuration: configuration) : nil
    }

    /// A plan of other steps, for a guest that is neither filled from here nor started at once.
    init(
        _ spec: GuestSpec, disks: DiskPlan, run: String, locations: Locations, steps: [any Step],
        forcedVolumes: [VolumePath], requirements: [(program: String, package: String)], startsInstallation: Bool
    ) {
        self.spec = spec
        self.disks = disks
        self.locations = locations
        self.steps = steps
        self.forcedVolumes = forcedVolumes
        self.requirements = requirements
        self.startsInstallation = startsInstallation
        identifiers = [:]
        paths = WorkingPaths(domains: spec.storage.directory.appending("domains"), run: run)
        base = nil
        start = nil
    }
}

/// Random UUIDs of version 4 (RFC 9562).
package enum RandomIdentifier {
    package static func uuid(_ random: any RandomSource) -> String {
        var bytes = random.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.hexadecimal
        var groups: [Substring] = []
        var rest = digits[...]
        for count in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return groups.joined(separator: "-")
    }

    /// The number of a run: twelve digits.
    package static func run(_ random: any RandomSource) -> String { random.bytes(6).hexadecimal }
}
