import ArgumentParser
import LinuxHost
import Provisioning

extension BaseCommand {
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
            let meant = try BaseCommand.named(bases, store)
            var documents: [Document] = []
            var text = ""
            for base in meant {
                if !dryRun, let store {
                    try BaseCommand.requireRoot(host, to: "remove a base")
                    let provisioner = Provisioner(host: host, store: store, reporter: console)
                    if try await !provisioner.remove(base, run: RandomIdentifier.run(host.random)) {
                        console.warn(base.strangerText)
                    }
                }
                text += "\(dryRun ? "Would remove" : "Removed"): \(base.id) (\(base.place.text))\n"
                documents.append(Document(base: base.id, place: base.place.text, dryRun: dryRun))
            }
            console.result(text, json: documents)
        }
    }
}

extension BaseRecord {
    /// Of one of which only the record was removed.
    var strangerText: String { "\(place.text): it was gone, or not the one that Domus made" }
}
