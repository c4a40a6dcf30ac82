import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage

extension BaseCommand {
    /// `domus base build`: the base that guests with these options would be clones of.
    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "build", abstract: "Make a base, with the options of create that shape it.",
            discussion: "domus base build --dist=bookworm --dir=/srv/xen")

        @OptionGroup var options: CreateOptions
        @OptionGroup var shared: SharedOptions

        /// What would be done, for `--json`.
        struct PlanDocument: Encodable {
            var base: String
            var steps: [PlanDescription.Line]
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json, verbose: options.run.verbose == true)
            if !options.run.dryRun && !options.run.dumpconfig { try BaseCommand.requireRoot(host, to: "make a base") }
            let wishes = try await Wishes(
                options.layer, config: options.run.config, certainties: BaseCommand.anyGuest, shared: shared, host,
                console)
            var built = try await wishes.built(on: host)
            // Who asks for a base wants one that is new, and has no use for none.
            if wishes.values.given("base") == nil || built.spec.install.base == .never {
                built.spec.install.base = try BaseBuilder.required(built.spec)
            }
            if options.run.dumpconfig {
                let description = SpecDescription(built.spec, starts: false)
                console.result(description.lines.joined(separator: "\n") + "\n", json: description)
                return
            }
            for note in built.notes { console.note(note) }
            for warning in built.warnings { console.warn(warning) }
            let planner = try GuestPlanner(
                built.spec, starts: false, forcedVolumes: [], configurationDirectory: shared.configurationDirectory,
                host: host, console: console)
            let store = options.run.dryRun ? try shared.existingStore(host) : try shared.store(host)
            if let store { try UnfinishedRuns(host: host, store: store).tell(console) }
            let plans = try await planner.plans(store)
            guard let (plan, run) = plans.base else {
                guard let base = plans.create.base?.record else {
                    throw OptionError("no guest with these options can be a clone")
                }
                console.note("there is such a base already")
                try console.show(base, on: host, store)
                return
            }
            if options.run.dryRun {
                let steps = PlanDescription.lines(plan.steps)
                let lines =
                    ["Making the base \(plan.reference.id) would take these steps; none was done:"]
                    + PlanDescription.text(steps)
                console.result(
                    lines.joined(separator: "\n") + "\n", json: PlanDocument(base: plan.reference.id, steps: steps))
                return
            }
            let record = try await BaseCommand.make(
                plan, run: run, keeps: options.run.keep == true, shared, host, console)
            try console.show(record, on: host, store)
        }
    }

    /// A name and an address, of which a base has neither: those in files are of guests.
    static var anyGuest: Values.Layer {
        Values.Layer(entries: [("hostname", "base", .builtIn), ("dhcp", "1", .builtIn)])
    }

    /// - Throws: ``ProvisioningError``.
    static func make(
        _ plan: BasePlan, run: String, keeps: Bool, _ shared: SharedOptions, _ host: Host,
        _ console: Console
    ) async throws -> BaseRecord {
        // Of this run alone: another may be waiting to make the same one.
        let name = "base-\(plan.reference.id)-\(run)"
        let log = try GuestLog(directory: shared.logDirectory, guest: name, host: host).begin("base")
        console.follow(log: log, host: host)
        let provisioner = Provisioner(
            host: host, store: try shared.store(host),
            reporter: LoggingReporter(reporter: console, log: log, host: host))
        let built = try await provisioner.build(plan, run: run, log: log, keepsFailed: keeps)
        console.close()
        return built.record
    }
}

extension Console {
    /// One base, as the list has it.
    func show(_ base: BaseRecord, on host: Host, _ store: StateStore?) throws {
        let document = BaseCommand.List.Document(
            base, guests: try store?.records() ?? [], isThere: BaseCommand.List.isThere(base, host, self))
        result(document.text, json: document)
    }
}
