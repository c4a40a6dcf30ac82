import ArgumentParser
import GuestModel
import LinuxHost
import Provisioning

extension BaseCommand {
    /// `domus base prune`.
    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prune", abstract: "Remove bases that nobody has used for long, or that take too much room.",
            discussion: "domus base prune --older-than=14 --max-size=20G")

        @Option(
            name: .customLong("older-than"),
            help: ArgumentHelp("Those whose last clone is so many days old (30).", valueName: "days"))
        var olderThan: String?

        @Option(
            name: .customLong("max-size"),
            help: ArgumentHelp("The least recently used, until the rest takes no more.", valueName: "size"))
        var maxSize: String?

        @Flag(name: .customLong("dry-run"), help: "Show what would be removed, and do nothing.")
        var dryRun = false

        @OptionGroup var shared: SharedOptions

        /// What was removed, for `--json`.
        struct Document: Encodable {
            var base: String
            var place: String
            var reason: BasePruning.Choice.Reason
            var dryRun: Bool
        }

        private static let day: Int64 = 86400

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            if !dryRun { try BaseCommand.requireRoot(host, to: "remove a base") }
            let pruning = try pruning()
            let store = try shared.existingStore(host)
            if let store { try UnfinishedRuns(host: host, store: store).tell(console) }
            let working = try store?.runs().first { run in
                run.mayUseBases && host.system.isRunning(run.process)
            }
            if let working, !dryRun {
                throw ProvisioningError(
                    "process \(working.process.number) is working on \(working.guest), perhaps with a base: none is removed",
                    exit: .temporary, hint: "try again when it has ended; domus base remove asks nobody")
            }
            var bases: [(base: BaseRecord, takes: Int64?)] = []
            for base in try store?.bases() ?? [] {
                guard try base.hasHome(on: host) else {
                    console.warn("\(base.id) is passed over: where \(base.place.text) should be there is nothing now")
                    continue
                }
                bases.append((base: base, takes: try base.room(on: host)))
            }
            var documents: [Document] = []
            var text = ""
            var trouble: ProvisioningError?
            for choice in pruning.choices(among: bases, now: host.clock.seconds) {
                do throws(ProvisioningError) {
                    if !dryRun, let store {
                        let isRemoved = try await Provisioner(host: host, store: store, reporter: console).remove(
                            choice.base, run: RandomIdentifier.run(host.random))
                        if !isRemoved, choice.reason != .gone { console.warn(choice.base.strangerText) }
                    }
                } catch {
                    // One that is in use does not keep the others.
                    guard error.exit == .temporary else { throw error }
                    console.warn(error.message)
                    trouble = trouble ?? error
                    continue
                }
                text += "\(dryRun ? "Would remove" : "Removed"): \(choice.base.id) (\(choice.base.place.text))\n"
                documents.append(
                    Document(
                        base: choice.base.id, place: choice.base.place.text, reason: choice.reason, dryRun: dryRun))
            }
            guard let trouble else {
                console.result(text, json: ["bases": documents])
                return
            }
            throw PartialSuccess(text: text, document: ["bases": documents], error: trouble)
        }

        private func pruning() throws -> BasePruning {
            func number(_ option: String, _ text: String) throws(OptionError) -> Int64 {
                guard let days = Int64(text), (0...36500).contains(days) else {
                    throw OptionError("--\(option): \"\(text)\" is not a number of days", hint: "0 to 36500")
                }
                return days * Self.day
            }
            var room: Int64?
            if let maxSize {
                do throws(ValueError) {
                    room = maxSize == "0" ? 0 : try ByteSize(parsing: maxSize, bare: .mebibytes).bytes
                } catch {
                    throw OptionError(error, at: .option("max-size"))
                }
            }
            let age = try olderThan.map { try number("older-than", $0) }
            return BasePruning(age: age ?? (room == nil ? 30 * Self.day : nil), room: room)
        }
    }
}
