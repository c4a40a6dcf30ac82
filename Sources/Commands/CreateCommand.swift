import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

/// `domus create`, xen-create-image.
struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a guest: images, system and xl configuration.",
        discussion: "xen-create-image --hostname=web1 --dist=bookworm --dhcp", version: Product.version)

    @OptionGroup var options: CreateOptions
    @OptionGroup var fleet: FleetOptions
    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json, verbose: options.run.verbose == true)
        let wishes = try await Wishes(options.layer, config: options.run.config, shared: shared, host, console)
        let values = wishes.values
        let numbers = try fleet.numbers()
        let isForShow = options.run.dumpconfig || options.run.dryRun
        let allocator = AddressAllocator(
            host: host, configurations: try values.directory("output", below: Invoked.workingDirectory) ?? "/etc/xen",
            reserves: !isForShow
        ) { [shared] in
            if isForShow { return try shared.existingStore(host) }
            try Self.requireRoot(host)
            return try shared.store(host)
        }
        defer { allocator.release() }
        if let numbers, !options.run.dumpconfig {
            try await createFleet(numbers, wishes, allocator, host, console)
            return
        }
        let name = try numbers.flatMap { numbers throws(OptionError) in
            try values.given("hostname")?.parsed(NamePattern.init).name(numbers.lowerBound)
        }
        let built = try await wishes.built(on: host, as: name, allocator)
        let spec = built.spec
        let starts = try values.flag("boot") ?? false
        if options.run.dumpconfig {
            let description = SpecDescription(spec, starts: starts)
            console.result(description.lines.joined(separator: "\n") + "\n", json: description)
            return
        }
        for note in built.notes { console.note(note) }
        for warning in built.warnings { console.warn(warning) }

        let planner = try GuestPlanner(
            spec, starts: starts, forcedVolumes: forcedVolumes(for: spec),
            configurationDirectory: shared.configurationDirectory, host: host.withRememberedVolumes,
            console: console)
        let replaces = try values.flag("force") ?? false
        guard options.run.dryRun else {
            try await create(
                planner, replaces: replaces, keeps: try values.flag("keep") ?? false, host, console)
            return
        }
        let store = try shared.existingStore(host)
        let plans = try await planner.plans(store)
        let preflight = Preflight(host: planner.host, store: store, plan: plans.create)
        for warning in try await preflight.check(replacesExisting: replaces) { console.warn(warning) }
        let description = PlanDescription(plans.create, base: plans.base?.plan)
        console.result(description.text, json: description)
    }

    /// Only on the command line: no file says what may be lost.
    func forcedVolumes(for spec: GuestSpec) throws(OptionError) -> [VolumePath] {
        try Self.volumes(options.run.forceVolume, for: spec)
    }

    static func volumes(_ texts: [String], for spec: GuestSpec) throws(OptionError) -> [VolumePath] {
        guard case .volumes = spec.storage.home else {
            guard texts.isEmpty else {
                throw OptionError(
                    "--force-volume: the guest's disks are no volumes", hint: "add --lvm=GROUP, or leave it out")
            }
            return []
        }
        var paths: [VolumePath] = []
        for text in texts {
            do throws(ValueError) {
                paths.append(try VolumePath(parsing: text))
            } catch {
                throw OptionError(error, at: .option("force-volume"))
            }
        }
        return paths
    }

    private func create(
        _ planner: GuestPlanner, replaces: Bool, keeps: Bool, _ host: Host, _ console: Console
    ) async throws {
        try Self.requireRoot(host)
        let store = try shared.store(host)
        try UnfinishedRuns(host: host, store: store).tell(console)
        let plans = try await planner.plans(store)
        let preflight = Preflight(host: planner.host, store: store, plan: plans.create)
        let warnings = try await preflight.check(replacesExisting: replaces)
        for warning in warnings + (await preflight.warnings()) { console.warn(warning) }
        let log = try GuestLog(directory: shared.logDirectory, guest: planner.spec.hostname.name, host: host).begin(
            "create")
        console.follow(log: log, host: host)
        let provisioner = Provisioner(
            host: host, store: store, reporter: LoggingReporter(reporter: console, log: log, host: host))
        if let (plan, run) = plans.base {
            console.note("there is no such base yet: \(plan.reference.id) is made first")
            let built = try await provisioner.build(plan, run: run, log: log, keepsFailed: keeps)
            if let seconds = built.seconds {
                console.note(
                    "the base \(built.record.id) is made, in \(Console.duration(seconds)); the guest is its first clone"
                )
            }
        }
        let created = try await provisioner.create(
            plans.create, run: plans.run, log: log, replacesExisting: replaces, keepsFailed: keeps)
        console.close()
        let summary = GuestSummaryDocument(created, spec: planner.spec, log: log)
        if case .failed(let error)? = created.start {
            throw PartialSuccess(text: summary.text, document: summary, error: error)
        }
        console.result(summary.text, json: summary)
    }
}
