import ArgumentParser
import FoundationEssentials
import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import XenConfig

/// `domus list`, xen-list-images.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the guests: those of the records, and those of xl configurations.",
        version: Product.version)

    @Option(
        name: [.customLong("output"), .customLong("test")],
        help: ArgumentHelp("The directory with xl configurations of other guests (/etc/xen).", valueName: "dir"))
    var output: String?

    @OptionGroup var shared: SharedOptions

    /// One guest, for `--json`.
    struct Document: Encodable {
        var name: String
        var memoryMiB: Int64?
        var type: String
        var vcpus: Int
        var dhcp: Bool
        var addresses: [String]
        var mac: String?
        /// All of them; the three members above are those of the first.
        var interfaces: [GuestRecord.Interface]
        var distribution: String?
        var codename: String?
        var disks: [String]
        /// Those of its disks that are logical volumes, as they are now.
        var volumes: [GuestVolume]?
        var configuration: String
        /// Of a guest that has yet to install itself: the configuration that does.
        var installation: String?
        /// Whether Domus made it, or has imported it.
        var managed: Bool
    }

    /// A guest's volume, as lists show it.
    struct GuestVolume: Encodable {
        var path: String
        /// Bytes, as the guest sees it; nil when it is gone.
        var size: Int64?
        /// The thin pool that it is in.
        var pool: String?
        /// Percent of the volume that the pool keeps for it.
        var dataPercent: Double?
        /// Percent of the pool that is used, by all that is in it.
        var poolDataPercent: Double?
        var poolMetadataPercent: Double?
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        var documents: [Document] = []
        if let store = try shared.existingStore(host) {
            try UnfinishedRuns(host: host, store: store).tell(console)
            let records = try store.records()
            let groups = Self.volumes(of: records, host, console)
            documents = records.map { Self.document(of: $0, groups) }
        }
        let known = Set(documents.map(\.configuration))
        let directory = Invoked.workingDirectory.pushing(FilePath(output ?? "/etc/xen")).lexicallyNormalized()
        if try host.files.entry(at: directory) != nil {
            for name in try host.files.names(in: directory) where name.hasSuffix(".cfg") && !name.hasPrefix(".") {
                let path = directory.appending(name)
                guard !known.contains(path.string) else { continue }
                if let document = Self.foreign(path, host, console) { documents.append(document) }
            }
        } else if output != nil {
            throw OptionError("--output: there is no directory \(directory)", exit: .noInput)
        }
        console.result(Self.text(of: documents), json: documents)
    }

    /// The volumes of the groups that guests have volumes in; of a group that cannot be asked none, with a warning.
    private static func volumes(of records: [GuestRecord], _ host: Host, _ console: Console) -> [String: [Volume]] {
        var volumes: [String: [Volume]] = [:]
        for name in Set(records.flatMap { $0.volumes ?? [] }.map(\.group)).sorted() {
            do {
                volumes[name] = try host.volumes.volumes(in: VolumeGroupName(name))
            } catch {
                console.warn("the volumes of \(name) are not known: \(error)")
            }
        }
        return volumes
    }

    private static func volume(_ owned: GuestRecord.OwnedVolume, in volumes: [Volume]) -> GuestVolume {
        let volume = volumes.first { $0.uuid == owned.uuid }
        let pool = volume?.pool.flatMap { name in volumes.first { $0.name == name } }
        return GuestVolume(
            path: owned.path, size: volume?.size, pool: volume?.pool.map { "\(owned.group)/\($0)" },
            dataPercent: volume?.dataPercent, poolDataPercent: pool?.dataPercent,
            poolMetadataPercent: pool?.metadataPercent)
    }

    private static func document(of record: GuestRecord, _ groups: [String: [Volume]]) -> Document {
        Document(
            name: record.hostname, memoryMiB: record.memoryMiB, type: record.type, vcpus: record.virtualCPUs,
            dhcp: record.addresses.isEmpty, addresses: record.addresses,
            mac: record.mac.isEmpty ? nil : record.mac,
            interfaces: record.interfaces, distribution: record.imported == nil ? record.distribution : nil,
            codename: record.imported == nil ? record.codename : nil,
            disks: record.images.map(\.path),
            volumes: record.volumes?.map { volume($0, in: groups[$0.group] ?? []) },
            configuration: record.configuration.path, installation: record.installation?.configuration, managed: true)
    }

    /// A guest that another tool, or an administrator, made: what its configuration says.
    private static func foreign(_ path: FilePath, _ host: Host, _ console: Console) -> Document? {
        do {
            let text = String(decoding: try host.files.contents(of: path, limit: 1 << 20), as: UTF8.self)
            let summary = GuestSummary(from: try XenConfigFile(parsing: text, file: path.string))
            guard let name = summary.name else { return nil }
            return Document(
                name: name, memoryMiB: summary.memory.map(Int64.init), type: summary.type, vcpus: summary.virtualCPUs,
                dhcp: summary.usesDHCP, addresses: summary.vifs.first?.addresses ?? [],
                mac: summary.vifs.first?.mac?.description, interfaces: interfaces(summary), distribution: nil,
                codename: nil, disks: summary.paths, volumes: nil, configuration: path.string, installation: nil,
                managed: false)
        } catch {
            console.warn("\(path) is passed over: \(error)")
            return nil
        }
    }

    /// Which of them ask for their addresses no configuration says, but that of xen-tools, which has one only.
    private static func interfaces(_ summary: GuestSummary) -> [GuestRecord.Interface] {
        summary.vifs.enumerated().map { index, vif in
            GuestRecord.Interface(
                mac: vif.mac?.description, bridge: vif.bridge, dhcp: index == 0 && summary.usesDHCP,
                addresses: vif.addresses)
        }
    }

    /// The labels of xen-list-images, so that what reads them goes on to work.
    private static func text(of documents: [Document]) -> String {
        documents.map { document in
            var lines = ["Name: \(document.name)"]
            if let memory = document.memoryMiB { lines.append("Memory: \(memory) MB") }
            if !document.addresses.isEmpty {
                lines.append("IP: \(document.addresses.joined(separator: " "))")
            } else if document.dhcp {
                lines.append("DHCP")
            }
            if let mac = document.mac { lines.append("MAC: \(mac)") }
            for (index, interface) in document.interfaces.enumerated().dropFirst() {
                lines.append("Interface \(index + 1): \(interface.text)")
            }
            lines.append("Type: \(document.type)")
            if let codename = document.codename { lines.append("Distribution: \(codename)") }
            lines += document.disks.map { "Disk: \($0)" }
            lines += (document.volumes ?? []).map(\.text)
            lines.append("Config: \(document.configuration)")
            if let installation = document.installation {
                lines.append("Installation: not done yet, by \(installation)")
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }
}

extension ListCommand.GuestVolume {
    /// One line for people: `Volume: vg0/web1-disk, 4G, 31.3 % of it in vg0/pool, which is 42.7 % full`.
    fileprivate var text: String {
        guard let size else { return "Volume: \(path), gone or not known" }
        var parts = [path, "\(ByteSize(bytes: size))"]
        if let pool {
            parts.append((dataPercent.map { "\($0) % of it " } ?? "") + "in \(pool)")
            if let poolDataPercent { parts.append("which is \(poolDataPercent) % full") }
        }
        return "Volume: " + parts.joined(separator: ", ")
    }
}
