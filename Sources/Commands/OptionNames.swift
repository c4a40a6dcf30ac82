import ArgumentParser
import FoundationEssentials

/// The names of a command's options, as its parser has them: nothing is listed twice.
enum OptionNames {
    /// Names that take a value.
    static func values(_ command: any ParsableCommand.Type) -> Set<String> { names(command, kind: "option") }

    /// Names that are switches.
    static func flags(_ command: any ParsableCommand.Type) -> Set<String> { names(command, kind: "flag") }

    private static func names(_ command: any ParsableCommand.Type, kind: String) -> Set<String> {
        guard let tool = try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8)) else { return [] }
        let long = (tool.command.arguments ?? []).filter { $0.kind == kind }.flatMap { $0.names ?? [] }
            .filter { $0.kind == "long" }.map { XenToolsOptions.canonical($0.name) }
        return Set(long)
    }

    private struct Tool: Decodable {
        var command: Command

        struct Command: Decodable {
            var arguments: [Argument]?
        }

        struct Argument: Decodable {
            var kind: String
            var names: [Name]?
        }

        struct Name: Decodable {
            var kind: String
            var name: String
        }
    }
}
