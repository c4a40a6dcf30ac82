import ArgumentParser
import FoundationEssentials
import LinuxHost
import Provisioning

/// `domus recover`.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Take back what killed runs left behind.",
        discussion: "A run that had reached its goal is finished instead: its guest stays.")

    @Argument(help: ArgumentHelp("Numbers of runs, or names of guests; all unfinished runs without.", valueName: "run"))
    var runs: [String] = []

    @Flag(help: "Leave what they made, and only forget the runs.")
    var keep = false

    @Flag(name: .customLong("dry-run"), help: "Show what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup var shared: SharedOptions

    /// One run, for `--json`.
    struct Document: Encodable {
        var run: String
        var command: String
        var guest: String
        var undone: [String]
        var left: [String]
        var dryRun: Bool
    }

    func run() async throws {
        let host = Host.ofThisMachine
        let console = Console(json: shared.json)
        guard let store = try shared.existingStore(host) else {
            console.result("There is nothing to recover.\n", json: [Document]())
            return
        }
        let recovery = Recovery(host: host, store: store)
        var unfinished = try recovery.unfinished()
        for wanted in runs where !unfinished.contains(where: { $0.id == wanted || $0.guest == wanted }) {
            throw ProvisioningError(
                "there is no unfinished run \"\(wanted)\"", exit: .noInput,
                hint: "domus recover --dry-run shows those that there are")
        }
        if !runs.isEmpty { unfinished = unfinished.filter { runs.contains($0.id) || runs.contains($0.guest) } }
        var documents: [Document] = []
        for run in unfinished {
            var document = Document(
                run: run.id, command: run.command, guest: run.guest, undone: [], left: [], dryRun: dryRun)
            if dryRun {
                document.undone = try recovery.effects(of: run).map(\.undo.plan)
            } else if keep {
                let outcome = await recovery.keep(run)
                document.undone = outcome.undone
                document.left = outcome.left
            } else {
                let outcome = await recovery.recover(run)
                document.undone = outcome.undone
                document.left = outcome.left
            }
            documents.append(document)
        }
        if !keep, !dryRun, documents.contains(where: { !$0.left.isEmpty }) {
            throw PartialSuccess(
                text: Self.text(of: documents, keeps: keep), document: Incomplete(runs: documents),
                error: ProvisioningError(
                    "not all could be taken back", exit: .inputOutput,
                    hint: "see what stands in the way, and run domus recover again"))
        }
        console.result(Self.text(of: documents, keeps: keep), json: documents)
    }

    /// The runs of a recovery that could not do all, beside the error.
    private struct Incomplete: Encodable {
        var runs: [Document]
    }

    private static func text(of documents: [Document], keeps: Bool) -> String {
        if documents.isEmpty { return "There is nothing to recover.\n" }
        return documents.map { document in
            var lines = ["\(document.command) \(document.guest) (run \(document.run)):"]
            lines += document.undone.map { "  \(document.dryRun ? "would be undone" : "undone"): \($0)" }
            lines += document.left.map { "  \(keeps ? "" : "left: ")\($0)" }
            if document.undone.isEmpty && document.left.isEmpty { lines.append("  it had left nothing behind") }
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }
}
