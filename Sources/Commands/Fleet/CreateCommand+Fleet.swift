import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// Many guests by one command.
extension CreateCommand {
    /// - Parameters:
    ///   - numbers: those in their names.
    ///   - allocator: what gives out addresses of a pool.
    func createFleet(
        _ numbers: ClosedRange<Int>, _ wishes: Wishes, _ allocator: AddressAllocator, _ host: Host, _ console: Console
    ) async throws {
        let values = wishes.values
        guard let given = values.given("hostname") else {
            throw OptionError("the guests need names", hint: "give them one with their number: --hostname=web%02d")
        }
        if let lock = values.given("lock") {
            throw OptionError("\(lock.place): a lock is of one guest", hint: "leave --count out")
        }
        let cores = host.system.processorCount
        // A number that is none ends it before anything is looked at.
        let isParallel = try fleet.limit(cores: cores, clones: true) > 1 && numbers.count > 1
        let pattern = try given.parsed(NamePattern.init)
        let starts = try values.flag("boot") ?? false
        var specs: [GuestSpec] = []
        for number in numbers {
            let built = try await wishes.built(on: host, as: pattern.name(number), besides: specs, allocator)
            // They are alike: what is to be said of one is to be said of all.
            if number == numbers.lowerBound {
                for note in built.notes { console.note(note) }
                for warning in built.warnings { console.warn(warning) }
            }
            specs.append(built.spec)
        }
        try Fleet.check(specs)
        let replaces = try values.flag("force") ?? false
        if !options.run.dryRun { try Self.requireRoot(host) }
        let store = options.run.dryRun ? try shared.existingStore(host) : try shared.store(host)
        if let store { try UnfinishedRuns(host: host, store: store).tell(console) }

        // All are looked at before the first is made; one base is for all.
        let plannedHost = host.withRememberedVolumes
        var members: [Fleet.Member] = []
        var base: (plan: BasePlan, run: String)?
        var told: Set<String> = []
        for spec in specs {
            let planner = try GuestPlanner(
                spec, starts: starts, isOneOfMany: isParallel,
                forcedVolumes: forcedVolumes(for: spec),
                configurationDirectory: shared.configurationDirectory, host: plannedHost,
                console: members.isEmpty ? console : nil)
            let plans = try await planner.plans(store, of: members.first?.plans.create.base)
            if let needed = plans.base { base = needed }
            let preflight = Preflight(
                host: plannedHost, store: store, plan: plans.create, count: members.isEmpty ? specs.count : 1)
            var warnings = try await preflight.check(replacesExisting: replaces)
            if members.isEmpty, !options.run.dryRun { warnings += await preflight.warnings() }
            for warning in warnings where told.insert(warning).inserted { console.warn(warning) }
            members.append(Fleet.Member(spec: spec, plans: plans))
        }
        let clones = members.first?.plans.create.base != nil
        let limit = try fleet.limit(cores: cores, clones: clones)
        if options.run.dryRun {
            let descriptions = members.map { PlanDescription($0.plans.create, base: base?.plan) }
            let text =
                "\(members.count) guests would be made, \(limit) at a time: "
                + "\(specs.map(\.hostname.name).joined(separator: " ")). The first:\n"
                + (descriptions.first?.text ?? "")
            console.result(text, json: descriptions)
            return
        }
        guard let store else { preconditionFailure("it was made") }
        let keeps = try values.flag("keep") ?? false
        let began = host.clock.monotonic
        if let (plan, run) = base {
            console.note("there is no such base yet: \(plan.reference.id) is made first")
            let made = try await BaseCommand.make(plan, run: run, keeps: keeps, shared, host, console)
            if let first = members.first {
                try Preflight(host: host, store: store, plan: first.plans.create, count: members.count)
                    .checkRoom(forClonesOf: made)
            }
        }
        let outcomes = await Fleet(
            host: host, store: store, logs: shared.logDirectory, replaces: replaces, keeps: keeps, limit: limit,
            console: console
        ).make(members)
        let document = FleetDocument(outcomes, seconds: host.clock.monotonic - began)
        if let error = document.error {
            throw PartialSuccess(text: document.text, document: document, error: error)
        }
        console.result(document.text, json: document)
    }

    static func requireRoot(_ host: Host) throws(ProvisioningError) {
        guard host.system.userID == 0 else {
            throw ProvisioningError(
                "only root can make a guest: its files belong to many users", exit: .noPermission,
                hint: "run it as root")
        }
    }
}
