import ArgumentParser
import Glibc
import LinuxHost
import Provisioning
import SystemPackage

/// The commands under one name.
struct DomusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domus", abstract: "Make, list, check, resize and delete Xen guests.",
        discussion: "A guest is made whole, or nothing is left behind.", version: Product.version,
        subcommands: [
            CreateCommand.self, DeleteCommand.self, ListCommand.self, ResizeCommand.self, ConvertCommand.self,
            ExportCommand.self, ImportCommand.self,
            CheckCommand.self,
            BaseCommand.self, BootstrapCommand.self, InstallCommand.self, NetbootCommand.self, PreseedCommand.self,
            RecoverCommand.self,
        ])
}

/// The program: which command was called, by subcommand or by the name it was invoked under.
package enum EntryPoint {
    /// What must be done before there is a second thread.
    ///
    /// - Parameter arguments: with the name of the program in front.
    package static func prepare(_ arguments: [String]) {
        // What is closed would be the next file that is opened, and written to. Not for writing: who writes is to hear of it.
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = Glibc.open("/dev/null", O_RDONLY)
        }
        let program = FilePath(arguments.first ?? "").lastComponent?.string
        // A clone of a base is mounted while it is tailored, and a base while it is exported.
        if program == "xen-create-image" || ["create", "base"].contains(arguments.dropFirst().first) {
            PrivateMounts.enter()
        }
    }

    /// Runs the command and never returns.
    ///
    /// - Parameter arguments: with the name of the program in front.
    package static func run(_ arguments: [String]) async -> Never {
        let program = FilePath(arguments.first ?? "domus").lastComponent?.string ?? "domus"
        var words = Array(arguments.dropFirst())
        let root: any ParsableCommand.Type
        switch program {
        case "xen-create-image": root = CreateCommand.self
        case "xen-delete-image": root = DeleteCommand.self
        case "xen-list-images": root = ListCommand.self
        case "xen-resize-guest": root = ResizeCommand.self
        default: root = DomusCommand.self
        }
        let json = words.prefix { $0 != "--" }.contains("--json")
        let interruption = Interruption()
        do {
            if root != DomusCommand.self {
                let normalized = try XenToolsArguments(program: program).normalized(words)
                words = normalized.words
                for note in normalized.notes { Console(json: json).note(note) }
            } else {
                try XenToolsArguments(program: program).refuseMissing(words)
            }
            let command = try parse(root, words)
            try Invoked.checkWorkingDirectory()
            let task = Task { try await execute(command) }
            interruption.watch(task)
            try await task.value
            Glibc.exit(0)
        } catch let error as any UsageTrouble {
            error.exit(root, program: program, json: json)
        } catch {
            let partial = error as? PartialSuccess
            var report = ErrorReport(partial?.error ?? error)
            if let code = interruption.exitCode { report.status = code }
            if json {
                Console(json: true).result("", json: Together(partial?.document, report))
            } else if let partial {
                Console(json: false).result(partial.text, json: report)
            }
            Console.write(report.text(program: program), to: .standardError)
            Glibc.exit(report.status)
        }
    }

    private static func parse(_ root: any ParsableCommand.Type, _ words: [String]) throws -> any ParsableCommand {
        do {
            return try root.parseAsRoot(apart(words))
        } catch {
            throw ParserTrouble(error: error, words: words)
        }
    }

    /// An empty value, as in `--extension=`, in a word of its own: the parser takes it for none otherwise.
    private static func apart(_ words: [String]) -> [String] {
        let end = words.firstIndex(of: "--") ?? words.endIndex
        return words[..<end].flatMap { word in
            word.hasPrefix("--") && word.hasSuffix("=") && word.filter { $0 == "=" }.count == 1
                ? [String(word.dropLast()), ""] : [word]
        } + words[end...]
    }

    private static func execute(_ command: any ParsableCommand) async throws {
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
        } catch  where DomusCommand.exitCode(for: error).rawValue == 0 {
            // `domus` alone, and `domus help`, ask for the help.
            throw ParserTrouble(error: error, words: [])
        }
    }
}

/// What the parser of arguments has to say, help and version included.
private protocol UsageTrouble: Error {
    func exit(_ root: any ParsableCommand.Type, program: String, json: Bool) -> Never
}

private struct ParserTrouble: UsageTrouble {
    let error: any Error
    let words: [String]

    func exit(_ root: any ParsableCommand.Type, program: String, json: Bool) -> Never {
        if root.exitCode(for: error).rawValue == 0 {
            Console.write(root.fullMessage(for: error) + "\n", to: .standardOutput)
            Glibc.exit(0)
        }
        // The options are those of the subcommand that was named.
        let subcommand = root.configuration.subcommands.compactMap { $0.configuration.commandName }
            .first { $0 == words.first }
        let command = ([program] + (subcommand.map { [$0] } ?? [])).joined(separator: " ")
        let report = ErrorReport(
            OptionError(root.message(for: error), hint: "\(command) --help shows the options", exit: .usage))
        if json { Console(json: true).result("", json: report) }
        Console.write(report.text(program: program), to: .standardError)
        Glibc.exit(report.status)
    }
}
