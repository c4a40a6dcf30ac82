import GuestModel
import LinuxHost
import Provisioning
import Settings
import SystemPackage

/// What the user wants, from all places: the command line over the file of `--config` over xen-tools.conf.
struct Wishes {
    let values: Values
    let knowledge: HostKnowledge
    /// Keys of files that only hooks know.
    let unknown: [String: String]

    /// - Parameters:
    ///   - config: `--config`.
    ///   - certainties: what holds whatever else is said.
    ///   - defaults: what holds where nobody says anything.
    init(
        _ commandLine: Values.Layer, config: String?, certainties: Values.Layer? = nil, defaults: Values.Layer? = nil,
        shared: SharedOptions, _ host: Host, _ console: Console
    ) async throws {
        let directory = shared.configurationDirectory
        knowledge = try await HostKnowledge(host: host, configurationDirectory: directory)
        let files = ConfigurationFiles(host: host, knowledge: knowledge)
        var layers = (certainties.map { [$0] } ?? []) + [commandLine]
        var unknown: [String: String] = [:]
        var texts: [NamedText] = []
        if let config {
            let path =
                config.contains("/")
                ? Invoked.workingDirectory.pushing(FilePath(config)) : directory.appending(config)
            guard let text = try HostKnowledge.text(path, host) else {
                throw OptionError("--config: there is no file \(path)", exit: .noInput)
            }
            texts.append(text)
        }
        if let text = try HostKnowledge.text(directory.appending("xen-tools.conf"), host) { texts.append(text) }
        for text in texts {
            let read = try await files.read(text)
            for warning in read.warnings { console.warn(warning) }
            layers.append(read.layer)
            unknown.merge(read.unknown) { stronger, _ in stronger }
        }
        values = Values(layers: layers + (defaults.map { [$0] } ?? []))
        self.unknown = unknown
    }

    /// - Parameters:
    ///   - hostname: in the place of what was given.
    ///   - others: guests that are made with it.
    ///   - allocator: what gives out addresses of a pool.
    ///   - installsItself: whether the distribution's installer does it, in the guest.
    func built(
        on host: Host, as hostname: String? = nil, besides others: [GuestSpec] = [],
        _ allocator: AddressAllocator? = nil, installsItself: Bool = false
    ) async throws -> SpecBuilder.Built {
        var layers = values.layers
        if let hostname {
            let place = values.given("hostname")?.place ?? .builtIn
            layers.insert(Values.Layer(entries: [("hostname", hostname, place)]), at: 0)
        }
        return try await SpecBuilder(
            values: Values(layers: layers), knowledge: knowledge, host: host, unknown: unknown,
            workingDirectory: Invoked.workingDirectory, allocator: allocator,
            takenMACs: Set(others.flatMap(\.interfaces).map(\.mac)), installsItself: installsItself
        ).build()
    }
}
