import Bootstrap
import Crypto
import GuestModel
import LinuxHost
import Provisioning
import Settings
import Storage
import SystemPackage

/// Turns what the user said into a specification: the door behind which nothing is checked again.
struct SpecBuilder {
    let values: Values
    let knowledge: HostKnowledge
    let host: Host
    /// Keys of files that only hooks know.
    let unknown: [String: String]
    /// For paths without a slash in front.
    let workingDirectory: FilePath
    /// What gives out addresses of a pool.
    var allocator: AddressAllocator?
    /// MAC addresses of other guests that are made by the same command.
    var takenMACs: Set<MACAddress> = []
    /// Whether the distribution's installer does it, in the guest: then nothing of it runs here.
    var installsItself = false

    /// The specification and what the user should be told about it.
    struct Built {
        var spec: GuestSpec
        var notes: [String]
        var warnings: [String]
    }

    func build() async throws -> Built {
        var notes: [String] = []
        var warnings: [String] = []
        try values.refuseEmptyOptions()
        guard let hostname = try values.parsed("hostname", Hostname.init) else {
            throw OptionError("the guest needs a name", hint: "give it one with --hostname=NAME")
        }
        let distName = values.given("dist") ?? .init(value: "stable", place: .builtIn)
        let release = try distName.parsed { text throws(ValueError) in
            try knowledge.releases.resolve(text, today: knowledge.today)
        }
        let architecture = try values.parsed("arch", Architecture.init(parsing:)) ?? knowledge.architecture
        if !knowledge.architecture.executes(architecture), installsItself {
            warnings.append(
                "this host (\(knowledge.architecture)) runs no guests of \(architecture): what is made is for another, under the "
                    + "same paths")
        }
        guard installsItself || knowledge.architecture.executes(architecture) else {
            throw OptionError(
                "\(values.given("arch")?.place ?? .builtIn): this host (\(knowledge.architecture)) cannot run the "
                    + "programs of \(architecture), which installing it needs",
                hint: "make the guest on a host of that architecture")
        }
        if !installsItself { try knowledge.checkVsyscall(of: release, architecture, on: host) }
        let type = try guestType(architecture)
        let interface = try NetworkBuilder(
            values: values, allocator: allocator, configurationDirectory: knowledge.configurationDirectory,
            files: host.files, taken: takenMACs
        ).build(
            hostname: hostname, dist: distName.value, random: host.random, notes: &notes)
        let furtherInterfaces = try NicBuilder(
            values: values, hostname: hostname, dist: distName.value, random: host.random, others: takenMACs
        ).build(beside: interface)
        let target = try XenTarget(values: values, host: host)
        try target.check(type, architecture)
        let storage = try StorageBuilder(
            values: values, host: host, knowledge: knowledge, base: workingDirectory, type: type,
            version: target.version
        )
        .build(of: hostname)
        var archive = try await ArchiveBuilder(values: values, host: host, knowledge: knowledge, base: workingDirectory)
            .build(
                release: release, architecture: architecture, installsItself: installsItself, notes: &notes,
                warnings: &warnings)
        archive.base = try BaseBuilder(values: values).build(storage, method: archive.method)
        let settings = try SettingsBuilder(values: values, version: target.version, type: type).build()
        let boot = try BootBuilder(
            values: values, host: host, base: workingDirectory, type: type, storage: storage,
            hasShim: settings.hasShim, installsItself: installsItself
        )
        .build(release: release, architecture, notes: &notes)
        let tailoring = try TailoringBuilder(
            values: values, host: host, configurationDirectory: knowledge.configurationDirectory,
            base: workingDirectory, unknown: unknown,
            stockRoles: (try? Invoked.locations(host, userConfiguration: knowledge.configurationDirectory))?.hooks
                .appending("roles")
        ).build(warnings: &warnings)
        let spec = GuestSpec(
            hostname: hostname, release: release, architecture: architecture, machine: try machine(type),
            storage: storage, interface: interface, furtherInterfaces: furtherInterfaces, install: archive, boot: boot,
            tailoring: tailoring, configuration: try configuration(settings, for: target))
        return Built(spec: spec, notes: notes, warnings: warnings)
    }

    private func machine(_ type: GuestType) throws(OptionError) -> GuestSpec.Machine {
        func memory(_ key: String) throws(OptionError) -> ByteSize? {
            try values.parsed(key) { text throws(ValueError) in
                let size = try ByteSize(parsing: text, bare: .mebibytes)
                guard size.bytes % (1 << 20) == 0, size.mebibytes >= 16 else {
                    throw ValueError(
                        "\"\(text)\" cannot be a guest's memory", hint: "give whole mebibytes, 16 or more: 512M")
                }
                return size
            }
        }
        let size = try memory("memory") ?? .mebibytes(512)
        let maximum = try memory("maxmem")
        if let maximum, maximum < size {
            throw OptionError(
                "\(values.given("maxmem")?.place ?? .builtIn): the maximum memory of \(maximum) is below the memory of "
                    + "\(size)", hint: "raise --maxmem or lower --memory")
        }
        let count = try values.parsed("vcpus") { text throws(ValueError) in
            guard let count = Int(text), (1...512).contains(count) else {
                throw ValueError("\"\(text)\" is not a number of virtual CPUs", hint: "1 to 512")
            }
            return count
        }
        return GuestSpec.Machine(type: type, memory: size, maximumMemory: maximum, virtualCPUs: count ?? 1)
    }

    /// Arm has but one type (xl.cfg(5)).
    private func guestType(_ architecture: Architecture) throws(OptionError) -> GuestType {
        let isArm = architecture.isArm
        guard let given = values.given("type") else { return isArm ? .pvh : .pv }
        let type = try given.parsed(GuestType.init(parsing:))
        guard isArm, type != .pvh else { return type }
        throw OptionError(
            "\(given.place): guests on Arm are of type pvh, all of them", hint: "leave it out", exit: given.place.exit)
    }

    private func configuration(
        _ settings: [GuestSpec.Configuration.Setting], for target: XenTarget
    ) throws -> GuestSpec.Configuration {
        let directory = try values.directory("output", below: workingDirectory) ?? "/etc/xen"
        // An empty extension is a wish, not an absence, so the raw entry counts.
        var fileExtension = ".cfg"
        for layer in values.layers.reversed() {
            for entry in layer.entries where entry.key == "extension" {
                let valid = entry.value.utf8.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                        || "_.-".utf8.contains($0)
                }
                guard valid, entry.value.utf8.count <= 32 else {
                    throw OptionError(
                        "\(entry.place): \"\(entry.value)\" is not a file name's extension",
                        hint: "write it with its dot: .cfg", exit: entry.place.exit)
                }
                fileExtension = entry.value
            }
        }
        var template: FilePath?
        if let given = values.given("template") {
            let path =
                given.value.contains("/")
                ? workingDirectory.pushing(FilePath(given.value))
                : knowledge.configurationDirectory.appending(given.value)
            guard try host.files.entry(at: path) != nil else {
                throw OptionError("\(given.place): there is no template \(path)", exit: .noInput)
            }
            template = path
        } else {
            let own = knowledge.configurationDirectory.appending("xl.cfg.mustache")
            if try host.files.entry(at: own) != nil { template = own }
        }
        return GuestSpec.Configuration(
            directory: directory, fileExtension: fileExtension, template: template, xenVersion: target.version,
            toolstack: target.toolstack,
            settings: settings)
    }
}
