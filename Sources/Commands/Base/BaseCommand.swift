import ArgumentParser
import FoundationEssentials
import GuestModel
import LinuxHost
import Provisioning

/// `domus base`.
struct BaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "base", abstract: "Make, check, move and remove the bases that guests are clones of.",
        subcommands: [
            List.self, Build.self, Verify.self, Export.self, Import.self, Prune.self, Remove.self,
        ])

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

            init(_ base: BaseRecord, guests: [GuestRecord], isThere: Bool?) {
                id = base.id
                distribution = base.distribution
                codename = base.codename
                architecture = base.architecture
                installMethod = base.installMethod
                fileSystem = base.fileSystem
                place = base.place.text
                pool = base.place.pool
                size = base.size
                created = base.created
                used = base.used
                self.guests = guests.filter { $0.base == base.id }.map(\.hostname)
                self.isThere = isThere
            }
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            var documents: [Document] = []
            if let store = try shared.existingStore(host) {
                try UnfinishedRuns(host: host, store: store).tell(console)
                let guests = try store.records()
                documents = try store.bases().map { base in
                    Document(base, guests: guests, isThere: Self.isThere(base, host, console))
                }
            }
            console.result(documents.map(\.text).joined(separator: "\n"), json: documents)
        }

        static func isThere(_ base: BaseRecord, _ host: Host, _ console: Console) -> Bool? {
            do {
                return try base.hasHome(on: host) && base.isThere(on: host)
            } catch {
                console.warn("\(base.place.text) cannot be looked at: \(error)")
                return nil
            }
        }
    }
}

extension BaseCommand.List.Document {
    /// In the manner of `domus list`.
    var text: String {
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
