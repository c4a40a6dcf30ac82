import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning
import Settings
import SystemPackage
import Tailoring

/// `domus create`, xen-create-image.
struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a guest: images, system and xl configuration.",
        discussion: "xen-create-image --hostname=web1 --dist=bookworm --dhcp")

    @OptionGroup var options: CreateOptions
    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json, verbose: options.verbose == true)
        let layer = options.layer
        let values = try await values(layer, host, console)
        let knowledge = values.knowledge
        let builder = SpecBuilder(
            values: values.values, knowledge: knowledge, host: host, unknown: values.unknown,
            workingDirectory: Invoked.workingDirectory)
        let built = try await builder.build()
        let spec = built.spec
        let starts = try values.values.flag("boot") ?? false
        if options.dumpconfig {
            let description = SpecDescription(spec, starts: starts)
            console.result(description.lines.joined(separator: "\n") + "\n", json: description)
            return
        }
        for note in built.notes { console.note(note) }
        for warning in built.warnings { console.warn(warning) }

        let run = RandomIdentifier.run(host.random)
        let plan = try plan(spec, run: run, starts: starts, host, console)
        let replaces = try values.values.flag("force") ?? false
        let store = options.dryRun ? try shared.existingStore(host) : nil
        if options.dryRun {
            let preflight = Preflight(host: host, store: store, plan: plan)
            for warning in try await preflight.check(replacesExisting: replaces) { console.warn(warning) }
            let description = PlanDescription(plan)
            console.result(description.text, json: description)
            return
        }
        try await create(
            plan, run: run, replaces: replaces, keeps: try values.values.flag("keep") ?? false, host, console)
    }

    private func create(
        _ plan: CreatePlan, run: String, replaces: Bool, keeps: Bool, _ host: Host, _ console: Console
    ) async throws {
        guard host.system.userID == 0 else {
            throw ProvisioningError(
                "only root can make a guest: its files belong to many users", exit: .noPermission,
                hint: "run it as root")
        }
        let store = try shared.store(host)
        try UnfinishedRuns(host: host, store: store).tell(console)
        let preflight = Preflight(host: host, store: store, plan: plan)
        let warnings = try await preflight.check(replacesExisting: replaces)
        for warning in warnings + (await preflight.warnings()) { console.warn(warning) }
        let log = try GuestLog(directory: shared.logDirectory, guest: plan.spec.hostname.name, host: host).begin(
            "create")
        console.follow(log: log, host: host)
        let provisioner = Provisioner(host: host, store: store, reporter: console)
        let created = try await provisioner.create(
            plan, run: run, log: log, replacesExisting: replaces, keepsFailed: keeps)
        console.close()
        let summary = GuestSummaryDocument(created, spec: plan.spec, log: log)
        if case .failed(let error)? = created.start {
            throw PartialSuccess(text: summary.text, document: summary, error: error)
        }
        console.result(summary.text, json: summary)
    }

    private func plan(
        _ spec: GuestSpec, run: String, starts: Bool, _ host: Host, _ console: Console
    ) throws -> CreatePlan {
        let locations = try Invoked.locations(host, userConfiguration: shared.configurationDirectory)
        var hooks: HookSet?
        if spec.tailoring.runsHooks {
            do {
                hooks = try HookSet(
                    stock: locations.hooks, user: locations.userConfiguration.appending("hooks.d"), files: host.files)
            } catch {
                throw ProvisioningError(error)
            }
            for passed in hooks?.passedOver ?? [] { console.warn("not a hook: \(passed)") }
        }
        let skeleton = locations.userConfiguration.appending("skel")
        var identifiers: [String: String] = [:]
        for partition in spec.storage.partitions { identifiers[partition.name] = RandomIdentifier.uuid(host.random) }
        let resolver = FilePath("/etc/resolv.conf")
        return try CreatePlan(
            spec, run: run, locations: locations, hooks: hooks,
            skeleton: try host.files.entry(at: skeleton)?.kind == .directory ? skeleton : nil,
            hostResolver: try host.files.entry(at: resolver) != nil ? host.files.resolved(resolver) : nil,
            identifiers: identifiers, starts: starts)
    }

    /// The command line over the file of `--config` over xen-tools.conf.
    private func values(
        _ commandLine: Values.Layer, _ host: Host, _ console: Console
    ) async throws -> (values: Values, knowledge: HostKnowledge, unknown: [String: String]) {
        let knowledge = try await HostKnowledge(host: host, configurationDirectory: shared.configurationDirectory)
        let files = ConfigurationFiles(host: host, knowledge: knowledge)
        var layers = [commandLine]
        var unknown: [String: String] = [:]
        var texts: [NamedText] = []
        if let config = options.config {
            let path =
                config.contains("/")
                ? Invoked.workingDirectory.pushing(FilePath(config))
                : shared.configurationDirectory.appending(config)
            guard let text = try HostKnowledge.text(path, host) else {
                throw OptionError("--config: there is no file \(path)", exit: .noInput)
            }
            texts.append(text)
        }
        if let text = try HostKnowledge.text(shared.configurationDirectory.appending("xen-tools.conf"), host) {
            texts.append(text)
        }
        for text in texts {
            let read = try await files.read(text)
            for warning in read.warnings { console.warn(warning) }
            layers.append(read.layer)
            unknown.merge(read.unknown) { stronger, _ in stronger }
        }
        return (Values(layers: layers), knowledge, unknown)
    }
}
