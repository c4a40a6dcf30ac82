import ArgumentParser
import FoundationEssentials
import GuestModel
import LinuxHost
import Provisioning

/// `domus base`.
struct BaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "base", abstract: "List and remove the bases that guests are clones of.",
        subcommands: [List.self, Remove.self])

    /// `domus base list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the bases.")

        @OptionGroup var shared: SharedOptions

        /// One base, for `--json`.
        struct Document: Encodable {
            var id: String
            var distribution: String
            var codename: String
            var architecture: String
            var installMethod: String
            var fileSystem: String
            /// The volume or file that it is.
            var place: String
            /// The thin pool that its volume is in.
            var pool: String?
            /// Bytes.
            var size: Int64
            /// Seconds since 1970.
            var created: Int64
            /// When its last clone was made, in seconds since 1970.
            var used: Int64?
            /// The guests that are its clones.
            var guests: [String]
            /// Whether its volume or file is as it was left; nil where the volume group cannot be asked.
            var isThere: Bool?
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            var documents: [Document] = []
            if let store = try shared.existingStore(host) {
                try UnfinishedRuns(host: host, store: store).tell(console)
                let guests = try store.records()
                documents = try store.bases().map { base in
                    Document(
                        id: base.id, distribution: base.distribution, codename: base.codename,
                        architecture: base.architecture, installMethod: base.installMethod,
                        fileSystem: base.fileSystem, place: base.place.text, pool: base.place.pool, size: base.size,
                        created: base.created, used: base.used,
                        guests: guests.filter { $0.base == base.id }.map(\.hostname),
                        isThere: Self.isThere(base, host, console))
                }
            }
            console.result(documents.map(\.text).joined(separator: "\n"), json: documents)
        }

        private static func isThere(_ base: BaseRecord, _ host: Host, _ console: Console) -> Bool? {
            do {
                return try base.hasHome(on: host) && base.isThere(on: host)
            } catch {
                console.warn("\(base.place.text) cannot be looked at: \(error)")
                return nil
            }
        }
    }

    /// `domus base remove`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Remove bases; the guests that are their clones stay as they are.")

        @Argument(help: ArgumentHelp("The bases, by their numbers.", valueName: "base"))
        var bases: [String] = []

        @Flag(name: .customLong("dry-run"), help: "Show what would be removed, and do nothing.")
        var dryRun = false

        @OptionGroup var shared: SharedOptions

        /// What was removed, for `--json`.
        struct Document: Encodable {
            var base: String
            /// The volume or file that it was.
            var place: String
            var dryRun: Bool
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            guard !bases.isEmpty else {
                throw OptionError("which base is to be removed?", hint: "domus base list shows those that there are")
            }
            let store = try shared.existingStore(host)
            if let store { try UnfinishedRuns(host: host, store: store).tell(console) }
            // All are looked for before the first one goes. In two pools there may be two of the same number.
            let known = try store?.bases() ?? []
            let meant = try bases.map { id in
                let found = known.filter { $0.id == id }
                guard !found.isEmpty else {
                    throw ProvisioningError(
                        "there is no base \"\(id)\"", exit: .noInput,
                        hint: "domus base list shows those that there are")
                }
                return found
            }.reduce(into: [BaseRecord]()) { all, some in all += some.filter { !all.contains($0) } }
            var documents: [Document] = []
            var text = ""
            for base in meant {
                if !dryRun, let store {
                    guard host.system.userID == 0 else {
                        throw ProvisioningError(
                            "only root can remove a base", exit: .noPermission, hint: "run it as root")
                    }
                    let provisioner = Provisioner(host: host, store: store, reporter: console)
                    if try await !provisioner.remove(base, run: RandomIdentifier.run(host.random)) {
                        console.warn("\(base.place.text): it was gone, or not the one that Domus made")
                    }
                }
                text += "\(dryRun ? "Would remove" : "Removed"): \(base.id) (\(base.place.text))\n"
                documents.append(Document(base: base.id, place: base.place.text, dryRun: dryRun))
            }
            console.result(text, json: documents)
        }
    }
}

extension BaseCommand.List.Document {
    /// In the manner of `domus list`.
    fileprivate var text: String {
        let clones = guests.isEmpty ? "none" : guests.joined(separator: " ")
        let state = isThere == false ? ", which is gone or not the one that Domus made" : ""
        return [
            "Base: \(id)", "Distribution: \(codename), \(architecture)", "Method: \(installMethod)",
            "\(pool == nil ? "File" : "Volume"): \(place), \(ByteSize(bytes: size)) \(fileSystem)"
                + (pool.map { " in \($0)" } ?? "") + state,
            "Made: \(Self.date(created))" + (used.map { ", last used \(Self.date($0))" } ?? ""),
            "Guests: \(clones)",
        ].joined(separator: "\n") + "\n"
    }

    /// In UTC.
    private static func date(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
