import ArgumentParser
import LinuxHost
import Provisioning

extension BaseCommand {
    /// `domus base verify`.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Read all of a base, and tell whether it holds what was written.")

        @Argument(help: ArgumentHelp("The bases, by their numbers; none are all of them.", valueName: "base"))
        var bases: [String] = []

        @OptionGroup var shared: SharedOptions

        /// What was found, for `--json`.
        struct Document: Encodable {
            var base: String
            var place: String
            var condition: BaseCondition
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            try BaseCommand.requireRoot(host, to: "read a base")
            let store = try shared.store(host)
            try UnfinishedRuns(host: host, store: store).tell(console)
            let meant = bases.isEmpty ? try store.bases() : try BaseCommand.named(bases, store)
            let provisioner = Provisioner(host: host, store: store, reporter: console)
            var documents: [Document] = []
            for base in meant {
                let condition = try await provisioner.verify(base, run: RandomIdentifier.run(host.random))
                documents.append(Document(base: base.id, place: base.place.text, condition: condition))
            }
            let text = documents.map { "\($0.base): \($0.condition.text) (\($0.place))\n" }.joined()
            let bad = documents.filter { $0.condition == .damaged || $0.condition == .gone }
            guard let first = bad.first else {
                console.result(text, json: ["bases": documents])
                return
            }
            throw PartialSuccess(
                text: text, document: ["bases": documents],
                error: ProvisioningError(
                    bad.count == 1
                        ? "the base \(first.base) is \(first.condition.text)"
                        : "\(bad.count) bases are damaged or gone",
                    exit: .badData, hint: "domus base remove makes room for new ones"))
        }
    }

    /// The bases of these numbers: all are looked for before anything is done.
    static func named(_ ids: [String], _ store: StateStore?) throws -> [BaseRecord] {
        let known = try store?.bases() ?? []
        return try ids.map { id in
            let found = known.filter { $0.id == id }
            guard !found.isEmpty else {
                throw ProvisioningError(
                    "there is no base \"\(id)\"", exit: .noInput, hint: "domus base list shows those that there are")
            }
            return found
        }.reduce(into: [BaseRecord]()) { all, some in all += some.filter { !all.contains($0) } }
    }

    static func requireRoot(_ host: Host, to task: String) throws(ProvisioningError) {
        guard host.system.userID == 0 else {
            throw ProvisioningError("only root can \(task)", exit: .noPermission, hint: "run it as root")
        }
    }
}

extension BaseCondition {
    var text: String {
        switch self {
        case .whole: "whole"
        case .damaged: "damaged"
        case .gone: "gone, or not the one that Domus made"
        case .unknown: "made without a digest: nothing tells"
        }
    }
}
