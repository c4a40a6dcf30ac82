import ArgumentParser
import GuestModel
import Installer
import LinuxHost
import Provisioning
import SystemPackage

/// `domus install`.
struct InstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Make a guest that installs itself by debian-installer, unattended.",
        discussion: "domus install --hostname=web1 --dist=bookworm --dhcp --ssh-key=key.pub --boot")

    @OptionGroup var options: InstallOptions
    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json, verbose: options.run.verbose == true)
        if options.resume {
            try await resume(host, console)
            return
        }
        let wishes = try await Wishes(
            options.layer, config: options.run.config, certainties: InstallationBuilder.certainties,
            defaults: InstallationBuilder.defaults, shared: shared, host, console)
        let starts = try wishes.values.flag("boot") ?? false
        guard starts || !options.attach else {
            throw OptionError("--attach shows the console of an installation that runs", hint: "add --boot")
        }
        let isForShow = options.run.dumpconfig || options.run.dryRun
        let allocator = try allocator(wishes, isForShow: isForShow, host)
        defer { allocator.release() }
        let builder = InstallationBuilder(options: options, shared: shared, host: host, console: console)
        let built = try await builder.spec(wishes, allocator)
        let spec = built.spec
        if options.run.dumpconfig {
            let description = SpecDescription(spec, starts: starts)
            console.result(description.lines.joined(separator: "\n") + "\n", json: description)
            return
        }
        for note in built.notes { console.note(note) }
        for warning in built.warnings { console.warn(warning) }
        let locations = try Invoked.locations(host, userConfiguration: shared.configurationDirectory)
        let answers = try await builder.answers(locations, spec)
        let installation = try builder.plan(spec, wishes, answers, starts: starts)
        let run = RandomIdentifier.run(host.random)
        let plan = try CreatePlan(
            spec, installing: installation, run: run, locations: locations,
            forcedVolumes: try CreateCommand.volumes(options.run.forceVolume, for: spec))
        let replaces = try wishes.values.flag("force") ?? false
        guard !options.run.dryRun else {
            let preflight = Preflight(host: host, store: try shared.existingStore(host), plan: plan)
            for warning in try await preflight.check(replacesExisting: replaces) { console.warn(warning) }
            let description = PlanDescription(plan, base: nil)
            console.result(description.text, json: description)
            return
        }
        try CreateCommand.requireRoot(host)
        let store = try shared.store(host)
        try UnfinishedRuns(host: host, store: store).tell(console)
        for warning in try await Preflight(host: host, store: store, plan: plan).check(replacesExisting: replaces) {
            console.warn(warning)
        }
        let log = try GuestLog(directory: shared.logDirectory, guest: spec.hostname.name, host: host).begin("install")
        console.follow(log: log, host: host)
        let provisioner = Provisioner(
            host: host, store: store, reporter: LoggingReporter(reporter: console, log: log, host: host))
        let created = try await provisioner.create(
            plan, run: run, log: log, replacesExisting: replaces,
            keepsFailed: try wishes.values.flag("keep") ?? false, command: "install")
        var document = InstallationDocument(created, log: log)
        guard starts else {
            console.close()
            console.result(document.text, json: document)
            return
        }
        // Before the installation, which is long: a password that was made up is shown this once.
        do {
            document.finish(
                try await provisioner.install(
                    spec.hostname.name, run: RandomIdentifier.run(host.random), log: log, attaches: options.attach))
        } catch {
            console.close()
            throw PartialSuccess(text: document.text, document: document, error: error)
        }
        try tell(document, console)
    }

    private func allocator(_ wishes: Wishes, isForShow: Bool, _ host: Host) throws -> AddressAllocator {
        AddressAllocator(
            host: host,
            configurations: try wishes.values.directory("output", below: Invoked.workingDirectory) ?? "/etc/xen",
            reserves: !isForShow
        ) { [shared] in
            if isForShow { return try shared.existingStore(host) }
            try CreateCommand.requireRoot(host)
            return try shared.store(host)
        }
    }

    /// `--resume`.
    private func resume(_ host: Host, _ console: Console) async throws {
        // A name that no guest can have would be one of some other file of the host's: that of its log.
        guard let name = try Values(layers: [options.layer]).parsed("hostname", Hostname.init)?.name else {
            throw OptionError("--resume: which guest?", hint: "name it with --hostname=NAME")
        }
        let fixed = options.layer.entries.map(\.key).first {
            !["hostname", "install-timeout", "verbose", "boot"].contains($0)
        }
        if let other = fixed ?? (options.run.dryRun ? "dry-run" : options.run.dumpconfig ? "dumpconfig" : nil) {
            throw OptionError(
                "--\(other): with --resume the guest is as it was prepared",
                hint: "only --install-timeout, --attach and --verbose go with it")
        }
        let timeout = try Values(layers: [options.layer]).parsed("install-timeout", InstallationBuilder.seconds)
        try CreateCommand.requireRoot(host)
        let store = try shared.store(host)
        try UnfinishedRuns(host: host, store: store).tell(console)
        let log = try GuestLog(directory: shared.logDirectory, guest: name, host: host).begin("install")
        console.follow(log: log, host: host)
        let provisioner = Provisioner(
            host: host, store: store, reporter: LoggingReporter(reporter: console, log: log, host: host))
        let installed = try await provisioner.install(
            name, run: RandomIdentifier.run(host.random), log: log, attaches: options.attach, timeout: timeout)
        var document = InstallationDocument(installed.record, log: log)
        document.finish(installed)
        try tell(document, console)
    }

    private func tell(_ document: InstallationDocument, _ console: Console) throws {
        console.close()
        if let error = document.startFailure {
            throw PartialSuccess(text: document.text, document: document, error: error)
        }
        console.result(document.text, json: document)
    }
}

/// What a guest that installs itself tells.
struct InstallationDocument: Encodable {
    var hostname: String
    var codename: String
    var architecture: String
    var type: String
    var mac: String
    var addresses: [String]
    /// The generated password, which is shown this once and kept nowhere but as a hash.
    var rootPassword: String?
    var directory: String
    var images: [GuestRecord.Image]
    /// Which of the installer's images it is done with; nil when it is done.
    var netboot: String?
    /// What starts the installation; nil when it is done.
    var installation: [String]?
    var configuration: String
    /// What starts the installed guest.
    var boot: [String]
    var installed: Bool
    var started: Bool
    var domain: Int?
    var kernel: String?
    var log: String
    var seconds: Double
    fileprivate var startFailure: ProvisioningError?

    private enum CodingKeys: String, CodingKey {
        case hostname, codename, architecture, type, mac, addresses, rootPassword, directory, images, netboot,
            installation,
            configuration, boot, installed, started, domain, kernel, log, seconds
    }

    init(_ created: Provisioner.Created, log: FilePath) {
        self.init(created.record, log: log)
        rootPassword = created.findings.password?.reveal()
        seconds = (created.seconds * 10).rounded() / 10
    }

    init(_ record: GuestRecord, log: FilePath) {
        hostname = record.hostname
        codename = record.codename
        architecture = record.architecture
        type = record.type
        mac = record.mac
        addresses = record.addresses
        directory = record.directory.path
        images = record.images
        netboot = record.installation?.images
        installation = record.installation.map {
            ["xl"] + XenHost.creation(of: FilePath($0.configuration), console: true)
        }
        configuration = record.configuration.path
        boot = ["xl"] + XenHost.creation(of: FilePath(record.configuration.path), console: true)
        installed = record.installation == nil
        started = false
        kernel = record.boot?.kernelVersion
        self.log = log.string
        seconds = 0
    }

    mutating func finish(_ outcome: Provisioner.Installed) {
        let password = rootPassword
        let before = seconds
        self = InstallationDocument(outcome.record, log: FilePath(log))
        rootPassword = password
        seconds = before + (outcome.seconds * 10).rounded() / 10
        switch outcome.start {
        case .started(let number)?:
            started = true
            domain = number
        case .failed(let error)?: startFailure = error
        case nil: break
        }
    }

    /// The labels of `domus create`.
    var text: String {
        var lines = [
            "", "Installation Summary", "---------------------",
            "Hostname        :  \(hostname)", "Distribution    :  \(codename)", "MAC Address     :  \(mac)",
            "IP Address(es)  :  \(addresses.isEmpty ? "dynamic" : addresses.joined(separator: " "))",
            "Root Password   :  \(rootPassword ?? "N/A")", "Machine         :  \(architecture), \(type)",
        ]
        if let kernel { lines.append("Kernel          :  \(kernel)") }
        if let netboot { lines.append("Installer       :  \(netboot)") }
        lines += [
            "Disks           :  \(images.map(\.path).joined(separator: " "))",
            "Configuration   :  \(configuration)", "Log             :  \(log)", "",
        ]
        let words: [String]
        if let installation {
            lines.append("Made in \(Console.duration(seconds)). Have it install itself with")
            words = ["domus", "install", "--resume", "--attach", "--hostname=\(hostname)"]
            lines += ["", "    " + words.map(Invocation.quoted).joined(separator: " "), "", "or, by hand, with", ""]
            lines.append("    " + installation.map(Invocation.quoted).joined(separator: " "))
        } else if started {
            lines.append(
                "Installed in \(Console.duration(seconds)). It runs"
                    + (domain.map { " as domain \($0)" } ?? "") + "; its console is at")
            lines += ["", "    xl console \(Invocation.quoted(hostname))"]
        } else {
            lines.append("Installed in \(Console.duration(seconds)), but not started. Start it with")
            lines += ["", "    " + boot.map(Invocation.quoted).joined(separator: " ")]
        }
        return lines.joined(separator: "\n") + "\n\n"
    }
}
