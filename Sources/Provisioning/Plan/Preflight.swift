import Bootstrap
import GuestModel
import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// Everything that can be known to fail before anything is made.
package struct Preflight: Sendable {
    let host: Host
    let store: StateStore?
    let plan: CreatePlan
    /// How many guests like this one there is to be room for.
    private let count: Int

    package init(host: Host, store: StateStore?, plan: CreatePlan, count: Int = 1) {
        self.host = host
        self.store = store
        self.plan = plan
        self.count = count
    }

    /// Looks, and changes nothing.
    ///
    /// - Parameter replacesExisting: `--force`.
    /// - Returns: what is not wrong yet.
    /// - Throws: ``ProvisioningError`` for the first thing that is wrong.
    @discardableResult
    package func check(replacesExisting: Bool) async throws(ProvisioningError) -> [String] {
        do {
            guard host.system.userID == 0 else {
                throw ProvisioningError(
                    "only root can make a guest: its files belong to many users", exit: .noPermission,
                    hint: "run it as root")
            }
            try checkPrograms()
            try checkDirectories()
            try await checkName(replacesExisting: replacesExisting)
            try checkReplacedVolumes()
            try await checkStart()
            try checkRoom()
            try checkMounts()
            try plan.base?.record?.checkRoom(for: plan.spec.hostname, plan.disks.root.partition.size)
            let warnings = try await VolumePreflight(host: host, store: store, plan: plan, count: count)?.check() ?? []
            try await DevicePreflight(
                host: host, store: store, hostname: plan.spec.hostname,
                configurations: plan.spec.configuration.directory, disks: plan.disks,
                formatted: plan.spec.storage.home.formatted
            ).check(replacesExisting: replacesExisting)
            // Last: what the others say of a disk or a name is plainer.
            try checkConfiguration()
            return warnings
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// What will work less well here than elsewhere.
    package func warnings() async -> [String] {
        let question = Invocation(
            plan.locations.helper.string, ["--pid-namespace", "--", "true"], input: .lifeline, timeout: 30)
        guard let answer = try? await host.processes.capture(question), answer.status == .exited(125) else {
            return []
        }
        return [
            "this host gives no mount namespaces (a container without CAP_SYS_ADMIN?): the guest's packages see no "
                + "/proc and /sys, and roles and hooks of your own are not kept from writing on the host"
        ]
    }

    /// - Parameters:
    ///   - needed: programs, with the Debian package of each.
    ///   - what: what needs them, for people.
    /// - Throws: ``ProvisioningError`` that names those which are missing.
    package static func checkPrograms(
        _ needed: [(program: String, package: String)], of what: String, on host: Host
    ) throws(ProvisioningError) {
        var missing: [(program: String, package: String)] = []
        for requirement in needed
        where host.processes.find(requirement.program) == nil
            && !missing.contains(where: { $0.program == requirement.program })
        {
            missing.append(requirement)
        }
        guard missing.isEmpty else {
            throw ProvisioningError(
                "\(missing.map(\.program).joined(separator: ", ")): not on this host, and \(what) needs it",
                exit: .unavailable,
                hint: "apt-get install \(missing.map(\.package).joined(separator: " "))")
        }
    }

    private func checkPrograms() throws {
        var needed = plan.base?.record == nil ? plan.requirements : []
        if plan.base != nil { needed += CloneRenewal.requirements }
        // A guest that installs itself makes them itself.
        let slots = plan.spec.install.method == .installer ? [] : plan.disks.slots
        needed += slots.map { FileSystemMaker.requirement(for: $0.partition.content) }
        if case .devices = plan.spec.storage.home { needed.append(("wipefs", "util-linux")) }
        if plan.spec.storage.home.formatted != nil { needed += FormattedDevice.requirements }
        try Self.checkPrograms(needed, of: "this guest", on: host)
        let mounted = slots.filter { slot in
            slot == plan.disks.root && plan.spec.storage.home.formatted != nil
                || slot.partition.fileSystem.map { !FileSystemMaker.writesFromDirectory($0) } ?? false
        }
        if let slot = mounted.first, try host.files.entry(at: "/dev/loop-control") == nil {
            throw ProvisioningError(
                "partition \(slot.partition.name) cannot be made: a \(slot.partition.fileSystem?.rawValue ?? "") "
                    + "is filled through a loop device, and this host has none",
                exit: .unavailable, hint: "use ext4 or btrfs, which need none where they are made")
        }
    }

    /// Without this a whole installation would go by before what is wrong with it is told.
    private func checkConfiguration() throws {
        let composition = plan.steps.lazy.compactMap { $0 as? ComposeConfiguration }.first
        try composition?.rehearse(plan, on: host)
        try checkUUID()
    }

    /// xl starts one guest of a UUID at a time, and tells of the second only that it could not be made.
    private func checkUUID() throws {
        let configuration = plan.spec.configuration
        // The value as the configuration will have it, quotes and all.
        guard let setting = configuration.settings.first(where: { $0.key == "uuid" }),
            let uuid = try XenConfigFile(parsing: "uuid = \(setting.value)\n")["uuid"]?.text
        else { return }
        let own = configuration.file(of: plan.spec.hostname)
        let directory = own.removingLastComponent()
        guard try host.files.entry(at: directory) != nil else { return }
        for name in try GuestConfigurations.names(in: directory, host.files) where name != own.lastComponent?.string {
            let path = directory.appending(name)
            // Neither is a pipe waited for, nor a configuration judged that somebody else wrote.
            guard try host.files.entry(at: path)?.kind == .file,
                let bytes = try? host.files.contents(of: path, limit: ConfigurationReading.limit),
                let file = try? XenConfigFile(parsing: bytes, file: path.string, for: configuration.xenVersion),
                file["uuid"]?.text?.lowercased() == uuid.lowercased()
            else { continue }
            throw ProvisioningError(
                "\(path) has the UUID \(uuid), too", exit: .usage,
                hint: "leave --uuid out, or take what uuidgen(1) prints")
        }
    }

    private func checkName(replacesExisting: Bool) async throws {
        let spec = plan.spec
        let directory = spec.storage.guestDirectory(of: spec.hostname)
        let configuration = spec.configuration.file(of: spec.hostname)
        if let run = try store?.runs().first(where: { $0.guest == spec.hostname.name }) {
            throw host.system.isRunning(run.process) ? StateError.busy(run) : StateError.unfinished(run)
        }
        var existing: [String] = []
        var hint = "choose another name, delete it, or replace it with --force"
        if let record = try store?.record(named: spec.hostname.name) {
            existing.append(record.directory.path)
            let files = [record.directory.path, record.configuration.path].map { FilePath($0) }
            if record.volumes == nil, record.givenDevices.isEmpty,
                try files.allSatisfy({ try host.files.entry(at: $0) == nil })
            {
                hint =
                    "its files are not there; if they are not on a file system that is not mounted, "
                    + "domus delete \(spec.hostname) forgets it"
            }
        }
        for path in [directory, configuration] where try host.files.entry(at: path) != nil {
            if !existing.contains(path.string) { existing.append(path.string) }
        }
        guard !existing.isEmpty else { return }
        guard replacesExisting else {
            throw ProvisioningError(
                "there is a guest \(spec.hostname) already: \(existing.joined(separator: ", "))", exit: .cannotCreate,
                hint: hint)
        }
        try await Self.checkReplaceable(spec, host: host, store: store)
    }

    /// That a guest of that name, if there is one, may give way to the new one.
    static func checkReplaceable(_ spec: GuestSpec, host: Host, store: StateStore?) async throws {
        let directory = spec.storage.guestDirectory(of: spec.hostname)
        let configuration = spec.configuration.file(of: spec.hostname)
        if let record = try store?.record(named: spec.hostname.name),
            record.directory.path != directory.string || record.configuration.path != configuration.string
        {
            throw ProvisioningError(
                "the guest \(spec.hostname) lives elsewhere: in \(record.directory.path), with "
                    + record.configuration.path,
                exit: .cannotCreate, hint: "delete it first, or make the new one in the same place")
        }
        if let domain = try await XenHost(host: host).domain(named: spec.hostname.name) {
            throw ProvisioningError(
                "the guest \(spec.hostname) is running (domain \(domain)), and will not be replaced under its own feet",
                exit: .temporary, hint: XenHost.hint(toEnd: spec.hostname.name))
        }
    }

    /// The volumes of a guest that is to be replaced, wherever the new one will live.
    private func checkReplacedVolumes() throws {
        guard let record = try store?.record(named: plan.spec.hostname.name), record.volumes != nil else { return }
        try OwnedVolumes(of: record, host: host).checkRemovable()
    }

    /// What is made on the way is no reason; a file in the place of a directory would be one only at the end.
    private func checkDirectories() throws {
        let guest = plan.spec.storage.guestDirectory(of: plan.spec.hostname).removingLastComponent()
        for path in [guest, plan.spec.configuration.file(of: plan.spec.hostname).removingLastComponent()] {
            var there = path
            while try host.files.entry(at: there) == nil, !there.components.isEmpty { there.removeLastComponent() }
            guard try host.files.directory(at: there) != nil else {
                throw ProvisioningError(
                    "\(path) cannot be a directory of the guest's: \(there) is none", exit: .cannotCreate,
                    hint: "choose another with --dir, or with --output for the configuration")
            }
        }
    }

    /// For `--boot`: a guest that could not be started would better not have been begun.
    private func checkStart() async throws {
        guard plan.start != nil || plan.startsInstallation else { return }
        let guest = plan.spec.hostname.name
        let xen = XenHost(host: host)
        try await xen.checkAnswer()
        if let domain = try await xen.domain(named: guest) {
            throw ProvisioningError(
                "a guest \(guest) is running already (domain \(domain)), so that a new one of that name could "
                    + "not be started",
                exit: .temporary, hint: "choose another name; or \(XenHost.hint(toEnd: guest))")
        }
    }

    /// A clone is mounted while it is tailored.
    private func checkMounts() throws {
        guard plan.base != nil else { return }
        guard host.files.mountsPrivately else {
            throw ProvisioningError(
                "a clone of a base cannot be made here: this host gives no mount namespace", exit: .unavailable,
                hint: "a container needs CAP_SYS_ADMIN for that; without --base none is needed")
        }
        guard case .files = plan.spec.storage.home, try host.files.entry(at: "/dev/loop-control") == nil else { return }
        throw ProvisioningError(
            "a clone of a base in a file cannot be made here: this host has no loop devices", exit: .unavailable,
            hint: "modprobe loop; without --base none is needed")
    }

    /// A full image is certain to need its room, and a clone that of its base; how much a sparse one will take else only the
    /// installation tells.
    private func checkRoom() throws {
        // Of a guest on volumes only its kernel is there, and the tree that the volumes are written from, for a while.
        guard case .files = plan.spec.storage.home else { return }
        guard plan.spec.storage.allocation == .full else { return try checkRoom(forClonesOf: plan.base?.record) }
        let sum = plan.spec.storage.partitions.reduce(Int64(0)) { $0 + $1.size.bytes }
        try checkRoom(
            for: sum * Int64(count), as: count == 1 ? "its images take" : "their images take",
            hint: ", or use --image=sparse")
    }

    /// Whether there is room for the guests as copies of a base: one that is made for them is there only after all else has
    /// been looked at.
    ///
    /// - Throws: ``ProvisioningError`` if there is not.
    package func checkRoom(forClonesOf base: BaseRecord?) throws(ProvisioningError) {
        guard let base, case .image(let image) = base.place, case .files = plan.spec.storage.home else { return }
        do {
            guard try !host.files.mayShareBlocks(at: plan.spec.storage.directory),
                let allocated = try host.files.entry(at: FilePath(image.path))?.allocated
            else { return }
            try checkRoom(
                for: allocated * Int64(count),
                as: count == 1 ? "a copy of the base \(base.id) takes" : "copies of the base \(base.id) take")
        } catch {
            throw ProvisioningError(error)
        }
    }

    private func checkRoom(for needed: Int64, as what: String, hint: String = "") throws {
        let directory = plan.spec.storage.directory
        let free = try host.files.freeSpace(at: directory)
        guard free.bytes < needed else { return }
        throw ProvisioningError(
            "there is no room for \(plan.spec.hostname.name(andMore: count)) in \(directory): \(what) "
                + "\(ByteSize(bytes: needed).rounded), and \(free.rounded) are free",
            exit: .cannotCreate, hint: "free some space, or put the guest elsewhere with --dir" + hint)
    }
}
