import ArgumentParser
import GuestModel
import Installer
import LinuxHost
import Provisioning
import SystemPackage

extension NetbootCommand {
    /// `domus netboot prune`.
    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prune", abstract: "Remove images that newer ones have replaced, or that are named.",
            discussion: "domus netboot prune --older-than=30")

        @Argument(
            help: ArgumentHelp("Which ones; those that newer ones of the same kind have replaced.", valueName: "id"))
        var ids: [String] = []

        @Option(
            name: .customLong("older-than"),
            help: ArgumentHelp("Those that were fetched so many days ago.", valueName: "days"))
        var olderThan: String?

        @Flag(name: .customLong("dry-run"), help: "Show what would be removed, and do nothing.")
        var dryRun = false

        @OptionGroup var shared: SharedOptions

        /// What was removed, for `--json`.
        struct Outcome: Encodable {
            var removed: [String]
            /// Bytes that the disk has got back.
            var freed: Int64
            var dryRun: Bool
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            guard dryRun || host.system.userID == 0 else {
                throw ProvisioningError("only root can remove images", exit: .noPermission, hint: "run it as root")
            }
            let age = try age()
            let store = shared.netboot(host)
            let sets = try NetbootCommand.sets(store)
            var chosen: [NetbootSet]
            if !ids.isEmpty {
                chosen = try NetbootCommand.chosen(ids, from: sets)
            } else if let age {
                chosen = sets.filter { $0.fetched < host.clock.seconds - age }
            } else {
                // Newest first: of each kind the first stays.
                chosen = sets.enumerated().filter { index, set in
                    sets[..<index].contains { other in
                        (other.codename, other.architecture, other.flavour) == (
                            set.codename, set.architecture, set.flavour
                        )
                    }
                }.map(\.element)
            }
            var freed: Int64 = 0
            if !dryRun {
                let provisioner = Provisioner(host: host, store: try shared.store(host), reporter: console)
                (chosen, freed) = try provisioner.prune(chosen, from: store, run: RandomIdentifier.run(host.random))
            }
            console.result(
                chosen.map { "\(dryRun ? "Would remove" : "Removed"): \($0.id)\n" }.joined(),
                json: Outcome(removed: chosen.map(\.id), freed: freed, dryRun: dryRun))
        }

        private func age() throws(OptionError) -> Int64? {
            guard let olderThan else { return nil }
            guard ids.isEmpty else {
                throw OptionError("--older-than: the images are named", hint: "leave one of the two out")
            }
            guard let days = Int64(olderThan), (0...36500).contains(days) else {
                throw OptionError("--older-than: \"\(olderThan)\" is not a number of days", hint: "0 to 36500")
            }
            return days * 86400
        }
    }
}
