import GuestModel
import LinuxHost
import SystemPackage
import Tailoring

extension Provisioner {
    /// What is to be done about a base.
    package enum BaseChoice: Sendable {
        /// This one will do.
        case there(BaseReference)
        /// One must be made first, which will have that name.
        case missing(BaseReference, ArchiveState)
    }

    /// Looks for the base that a guest is to be a clone of, and changes nothing.
    ///
    /// - Throws: ``ProvisioningError``, for `offline` also when there is none.
    package static func base(
        for spec: GuestSpec, shape: BaseShape, home: BaseHome, host: Host, store: StateStore?
    ) async throws(ProvisioningError) -> BaseChoice {
        do {
            let known = try store?.bases().filter { $0.shape == shape.key && $0.isIn(home) }
            // A group that is not there is told by the preflight.
            let there = try (known ?? []).filter { try $0.hasHome(on: host) && $0.isThere(on: host) }
            func reference(_ record: BaseRecord) -> BaseReference {
                BaseReference(id: record.id, home: home, record: record)
            }
            if spec.install.base != .fresh, let newest = there.first { return .there(reference(newest)) }
            guard spec.install.base != .offline else {
                throw ProvisioningError(
                    "there is no base for \(spec.hostname) in \(home)", exit: .noInput,
                    hint: "--base=cached makes one; domus base list shows those that there are")
            }
            let state = try await ArchiveState(of: spec, on: host)
            if let fresh = there.first(where: { $0.state == state.digest }) { return .there(reference(fresh)) }
            let wanted = BaseReference(
                id: baseID(shape: shape, state: state, home: home), home: home, record: nil)
            try checkIsFree(wanted, on: host)
            return .missing(wanted, state)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Looks for the base that another host has made, and changes nothing.
    ///
    /// - Throws: ``ProvisioningError``.
    package static func base(
        of manifest: BaseManifest, fileSystem: FileSystemKind, home: BaseHome, host: Host, store: StateStore?
    ) throws(ProvisioningError) -> BaseChoice {
        let state = ArchiveState(digest: manifest.state)
        let shape = BaseShape(key: manifest.shape, fileSystem: fileSystem)
        let id = baseID(shape: shape, state: state, home: home)
        do {
            let known = try store?.bases().first { $0.id == id }
            if let known, try known.hasHome(on: host), try known.isThere(on: host) {
                return .there(BaseReference(id: id, home: home, record: known))
            }
            let wanted = BaseReference(id: id, home: home, record: nil)
            try checkIsFree(wanted, on: host)
            return .missing(wanted, state)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Whether nobody else's is where a base is to be.
    private static func checkIsFree(_ wanted: BaseReference, on host: Host) throws {
        switch wanted.home {
        case .pool(let group, _):
            guard let path = try wanted.home.volume(of: wanted.id),
                try host.volumes.groups().contains(where: { $0.name == group.name }),
                try host.volumes.volumes(in: group).contains(where: { $0.name == path.volume.name })
            else { return }
            throw ProvisioningError(
                "there is a volume \(path) already, and it is not a base as Domus left it", exit: .cannotCreate,
                hint: "see what it is (lvs -o +lv_tags,lv_permissions \(path)), and remove or rename it")
        case .directory(let directory):
            // What is made beside the guests gets its place by its name alone.
            let there = try host.files.directory(at: directory)
            let beside = try host.files.directory(at: directory.removingLastComponent())
            if let there, let beside, there.identity.device != beside.identity.device {
                throw ProvisioningError(
                    "\(directory) is on another file system than \(directory.removingLastComponent()): a base is made there, "
                        + "and renamed", exit: .cannotCreate, hint: "have both on one, with the guests")
            }
            let path = try wanted.home.path(of: wanted.id)
            guard try host.files.entry(at: path) != nil else { return }
            throw ProvisioningError(
                "there is a file \(path) already, and it is not a base as Domus left it", exit: .cannotCreate,
                hint: "remove it, or move it away")
        }
    }

    /// What a finished base build has to tell.
    package struct BuiltBase: Sendable {
        package var record: BaseRecord
        /// How long it took; nil when another process made it in the meantime.
        package var seconds: Double?
    }

    /// Makes a base, or waits while another process makes the same one. As with a guest it is there as a whole, or nothing is
    /// left.
    ///
    /// - Parameter keepsFailed: `--keep`.
    /// - Throws: ``ProvisioningError``.
    package func build(
        _ plan: BasePlan, run: String, log: FilePath?, keepsFailed: Bool
    ) async throws(ProvisioningError) -> BuiltBase {
        let entry = RunEntry(
            id: run, command: "base", guest: "base:\(plan.reference.id)", process: host.system.thisProcess,
            started: host.clock.seconds, log: log?.string)
        if let record = try await begin(entry, for: plan.reference) { return BuiltBase(record: record) }
        let context = RunContext(
            spec: plan.spec, disks: plan.disks, identifiers: [:], locations: plan.locations, paths: plan.paths,
            log: log, effects: Effects(host: host, store: store, run: run), reporter: reporter, replacesExisting: false)
        let started = host.clock.monotonic
        var findings = Findings()
        var current: String?
        do {
            try await carryOut(plan.steps, of: plan.steps.count, &findings, &current, in: context)
        } catch {
            throw await failure(error, step: current, run: run, log: log, keeps: keepsFailed)
        }
        let seconds = host.clock.monotonic - started
        await tidy(run: run, ends: true)
        guard let record = try made(plan.reference) else {
            throw ProvisioningError("the base was made but is not in the records", exit: .software)
        }
        return BuiltBase(record: record, seconds: seconds)
    }

    /// Opens the run. While another process makes the same base that is waited for.
    ///
    /// - Returns: the base that the other one has made by then; nil when this run is to make it.
    private func begin(
        _ entry: RunEntry, for reference: BaseReference
    ) async throws(ProvisioningError) -> BaseRecord? {
        var hasTold = false
        while true {
            do {
                try store.begin(entry, isRunning: host.system.isRunning)
                return try endIfMade(entry, reference)
            } catch StateError.busy(let other) {
                if !hasTold {
                    reporter.note(
                        "process \(other.process.number) is making the base \(reference.id): waiting for it")
                    hasTold = true
                }
            } catch {
                throw ProvisioningError(error)
            }
            do {
                try await host.clock.pause(0.2)
            } catch {
                throw ProvisioningError("the run was interrupted", exit: .interrupted)
            }
        }
    }

    /// The base if another run has made it between the look and now: this run is over then, and also where nobody can tell.
    private func endIfMade(_ entry: RunEntry, _ reference: BaseReference) throws -> BaseRecord? {
        let record: BaseRecord?
        do {
            record = try made(reference)
        } catch {
            try store.end(run: entry.id)
            throw error
        }
        if record != nil { try store.end(run: entry.id) }
        return record
    }

    private func made(_ reference: BaseReference) throws(ProvisioningError) -> BaseRecord? {
        do {
            guard let record = try store.bases().first(where: { $0.id == reference.id }) else { return nil }
            return try record.isThere(on: host) ? record : nil
        } catch {
            throw ProvisioningError(error)
        }
    }
}

extension Provisioner {
    /// Removes a base; the guests that are its clones keep all that they have of it.
    ///
    /// - Returns: whether its volume or file was still there.
    /// - Throws: ``ProvisioningError``.
    package func remove(_ base: BaseRecord, run: String) async throws(ProvisioningError) -> Bool {
        let step = "Remove the base \(base.id)"
        try begin("base", on: "base:\(base.id)", run: run)
        var isThere = false
        do {
            let removal = try await base.removal(on: host)
            isThere = removal != nil
            try store.commit(run: run, removingBases: [base.place.key], tidying: removal.map { [$0] } ?? [])
        } catch {
            throw await failure(error, step: step, run: run, log: nil, keeps: false)
        }
        let outcome = await completed(run: run)
        if let first = outcome.left.first {
            throw ProvisioningError(
                "the base \(base.id) is forgotten, but \(base.place.text) could not be removed: \(first)",
                exit: .inputOutput, hint: "domus recover tries again")
        }
        return isThere
    }
}
