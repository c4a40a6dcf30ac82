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
        commandName: "list", abstract: "List the guests: those of the records, and those of xl configurations.")

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
        var configuration: String
        /// Whether Domus made it, so that it can delete it.
        var managed: Bool
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        var documents: [Document] = []
        if let store = try shared.existingStore(host) {
            try UnfinishedRuns(host: host, store: store).tell(console)
            documents = try store.records().map(Self.document(of:))
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

    private static func document(of record: GuestRecord) -> Document {
        Document(
            name: record.hostname, memoryMiB: record.memoryMiB, type: record.type, vcpus: record.virtualCPUs,
            dhcp: record.addresses.isEmpty, addresses: record.addresses, mac: record.mac,
            interfaces: record.interfaces, distribution: record.distribution, codename: record.codename,
            disks: record.images.map(\.path), configuration: record.configuration.path, managed: true)
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
                codename: nil, disks: summary.paths, configuration: path.string, managed: false)
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
            lines.append("Config: \(document.configuration)")
            return lines.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }
}
