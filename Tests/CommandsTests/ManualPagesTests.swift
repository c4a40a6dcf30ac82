import ArgumentParser
import FoundationEssentials
import Provisioning
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Holds the manual pages to the program: what the parser, the hooks' environment, the template and the exit statuses
/// have is documented, and nothing else is.
@Suite("Manual pages")
struct ManualPagesTests {
    // MARK: Commands and options

    @Test("every command has a page, and domus(8) names them all")
    func commandsHavePages() throws {
        let overview = try ManualPage("domus.8")
        for command in DomusCommand.configuration.subcommands {
            let name = try #require(command.configuration.commandName)
            #expect(fileExists(ManualPage.path("domus-\(name).8")), "domus-\(name).8 is missing")
            #expect(overview.items("Cm").contains(name), "domus.8 does not list \(name)")
        }
    }

    @Test(
        "the names of xen-tools lead to the pages of the commands",
        arguments: ["create-image", "delete-image", "list-images", "resize-guest"]
    )
    func namesOfXenTools(name: String) throws {
        let page = try ManualPage("xen-\(name).8")
        #expect(page.lines.contains { $0.hasPrefix(".Nm xen-\(name)") }, "the page does not name xen-\(name)")
    }

    @Test(
        "a page has the options that its command's parser has",
        arguments: [
            "create", "delete", "list", "resize", "convert", "export", "import", "check", "base", "bootstrap",
            "recover", "install", "netboot", "preseed",
        ])
    func optionsOfCommands(name: String) throws {
        let command = try #require(
            DomusCommand.configuration.subcommands.first { $0.configuration.commandName == name }
        )
        let page = try ManualPage("domus-\(name).8")
        var parser = try Set(ParsedHelp(command).names)
        #expect(parser.count > 5)
        if name == "base" {
            // Those of base build are create's, whose page has them.
            let create = try Set(ParsedHelp(CreateCommand.self).names)
            #expect(create.subtracting(["count", "start", "parallel"]).isSubset(of: parser))
            parser.subtract(create.subtracting(page.options))
        }
        expectEqual(page.options, parser, "domus-\(name).8", "the parser of \(name)")
    }

    @Test("domus(8) has the options that all commands share")
    func sharedOptions() throws {
        let all = try ParsedHelp.all.get().map(Set.init)
        let shared = try all.reduce(#require(all.first)) { $0.intersection($1) }
        expectEqual(try ManualPage("domus.8").options, shared, "domus.8", "every command's parser")
    }

    @Test("no page speaks of an option that no command has", arguments: ManualPage.names)
    func mentionedOptions(name: String) throws {
        // What a page on the host's own programs may say.
        var known: Set = ["suite"]
        for names in try ParsedHelp.all.get() { known.formUnion(names) }
        if name == "domus-chroot.8" { known = try Self.helperOptions() }
        let unknown = try ManualPage(name).mentionedOptions.subtracting(known)
        #expect(unknown.isEmpty, "\(name) speaks of \(unknown.sorted())")
    }

    @Test("domus-chroot(8) has the options of the helper")
    func optionsOfTheHelper() throws {
        expectEqual(try ManualPage("domus-chroot.8").options, try Self.helperOptions(), "domus-chroot.8", "the helper")
    }

    @Test("what Domus refuses of xen-tools is in domus-create(8), and the keys it reads in domus-xen-tools.conf(5)")
    func xenToolsOptions() throws {
        let create = try ManualPage("domus-create.8")
        let refused = Set(create.section("OPTIONS OF XEN-TOOLS THAT ARE REFUSED").items("Cm"))
        expectEqual(refused, Set(XenToolsOptions.missing.keys), "domus-create.8", "XenToolsOptions.missing")
        let keys = try Set(ManualPage("domus-xen-tools.conf.5").section("KEYS").words("Cm"))
        let missing = XenToolsOptions.known.subtracting(keys)
        #expect(missing.isEmpty, "domus-xen-tools.conf.5 lacks the keys \(missing.sorted())")
    }

    // MARK: Interfaces

    @Test("domus(8) has every exit status, and no other")
    func exitStatuses() throws {
        let documented = try ManualPage("domus.8").section("EXIT STATUS").lines
            .compactMap { $0.hasPrefix(".It ") ? Int32($0.dropFirst(4)) : nil }
        #expect(documented == (0...255).filter { Provisioning.ExitCode(rawValue: $0) != nil })
    }

    @Test("domus-hooks(7) has every variable that hooks get, and no other")
    func hookVariables() throws {
        let source = try readText(ManualPage.root.appending("Sources/Tailoring/HookEnvironment.swift"))
        // The name ends at a counter, where it has one: variables["ip\(index + 1)"] is ip1 and those after it.
        let set = Set(Self.matches(#"variables\["([A-Za-z_0-9]+)(\\\()?"#, in: source))
        #expect(set.count > 40)
        let section = try ManualPage("domus-hooks.7").section("ENVIRONMENT")
        expectEqual(Set(section.items("Ev").map(Self.withoutNumber)), set, "domus-hooks.7", "HookEnvironment")
    }

    @Test("domus-hooks(7) has every variable that the hooks read")
    func variablesThatHooksRead() throws {
        let page = try ManualPage("domus-hooks.7")
        let documented = Set(page.section("ENVIRONMENT").words("Ev").map(Self.withoutNumber))
        let files = try Self.files(below: ManualPage.root.appending("Hooks")).filter { !$0.string.contains("/files/") }
        #expect(files.count > 20)
        for file in files {
            let read = Set(Self.matches(#"\$\{?(DOMUS_[A-Z_]+)"#, in: try readText(file)))
            // common.sh's own, set in it.
            let unknown = read.subtracting(documented).subtracting(["DOMUS_WANTED", "DOMUS_LISTS_DELAYED"])
            #expect(unknown.isEmpty, "\(file) reads \(unknown.sorted())")
        }
    }

    @Test("domus-hooks(7) has the functions of common.sh")
    func functions() throws {
        let script = try readText(ManualPage.root.appending("Hooks/common.sh"))
        let own: Set = ["walk_guest", "guest_program", "with_apt", "forbid_daemons", "apt_first", "forget_downloads"]
        let functions = Set(Self.matches(#"(?m)^([A-Za-z_0-9]+)\(\)"#, in: script)).subtracting(own)
        #expect(functions.count > 30)
        let documented = try Set(ManualPage("domus-hooks.7").section("FUNCTIONS").words("Ic"))
        expectEqual(documented, functions, "domus-hooks.7", "common.sh")
    }

    @Test("domus-template(5) has every variable of the template, and no other")
    func templateVariables() throws {
        let source = try readText(
            ManualPage.root.appending("Sources/XenConfig/GuestConfiguration+Rendering.swift")
        )
        let variables = Set(Self.matches(#""([a-z_]+)": \.[a-z]"#, in: source))
        #expect(variables.isSuperset(of: ["name", "disks", "spec", "root", "bridge", "env", "cmdline"]))
        let section = try ManualPage("domus-template.5").section("VARIABLES")
        expectEqual(Set(section.words("Va")), variables, "domus-template.5", "GuestConfiguration.values")
    }

    // MARK: Form

    @Test("mandoc finds nothing to complain of", Requirement.program("mandoc"), arguments: ManualPage.names)
    func lint(name: String) async throws {
        let outcome = try await run("mandoc", ["-Tlint", "-Wwarning", ManualPage.path(name).string])
        #expect(outcome.succeeded && outcome.standardOutput.isEmpty, "\(outcome)")
    }

    @Test("a page is called what its file is called, and the pages it points to are there", arguments: ManualPage.names)
    func names(name: String) throws {
        let page = try ManualPage(name)
        let own = page.name(ofLinked: name)
        let parts = own.split(separator: ".")
        let title = ".Dt \(parts.dropLast().joined(separator: ".").uppercased()) \(parts.last ?? "")"
        #expect(page.lines.contains(title), "there is no line \(title)")
        for (target, section) in page.references where target.hasPrefix("domus") || target.hasPrefix("xen-") {
            #expect(fileExists(ManualPage.path("\(target).\(section)")), "\(name) points to \(target)(\(section))")
        }
    }

    @Test("the pages name no host but the distributions' own and examples", arguments: ManualPage.names)
    func hosts(name: String) throws {
        let text = try ManualPage(name).lines.joined(separator: "\n")
        let tail = #"(?:com|org|net|io|dev|info|local|internal)\b"#
        for host in Self.matches(#"\b((?:[a-z0-9-]+\.)+"# + tail + ")", in: text) {
            let isKnown = ["debian.org", "ubuntu.com", "example.org", "example.com", "example.net"].contains { known in
                host == known || host.hasSuffix(".\(known)")
            }
            #expect(isKnown, "\(name) names \(host)")
        }
    }

    // MARK: Help

    private func expectEqual(_ page: Set<String>, _ program: Set<String>, _ pageName: String, _ programName: String) {
        let missing = program.subtracting(page).sorted()
        let extra = page.subtracting(program).sorted()
        #expect(missing.isEmpty, "\(pageName) lacks what \(programName) has: \(missing)")
        #expect(extra.isEmpty, "\(pageName) has what \(programName) lacks: \(extra)")
    }

    private static func helperOptions() throws -> Set<String> {
        let source = try readText(ManualPage.root.appending("Sources/domus-chroot/Options.swift"))
        return Set(matches(#"case \("--([a-z-]+)""#, in: source))
    }

    private static func withoutNumber(_ name: String) -> String {
        name.hasSuffix("1") || name.hasSuffix("2") ? String(name.dropLast()) : name
    }

    /// The first group of every match.
    private static func matches(_ pattern: String, in text: String) -> [String] {
        guard let regex = try? Regex(pattern) else { return [] }
        return text.matches(of: regex).compactMap { $0.output[1].substring.map(String.init) }
    }

    private static func files(below directory: FilePath) throws -> [FilePath] {
        try FileManager.default.subpathsOfDirectory(atPath: directory.string).map { directory.pushing(FilePath($0)) }
            .filter { path in
                var isDirectory = false
                return FileManager.default.fileExists(atPath: path.string, isDirectory: &isDirectory) && !isDirectory
            }
    }
}

/// A page's source, as far as the tests read it.
struct ManualPage {
    let lines: [String]

    static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

    /// All pages, links included.
    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: root.appending("man").string)) ?? []).sorted()

    static func path(_ name: String) -> FilePath { root.appending("man").appending(name) }

    init(_ name: String) throws {
        lines = try readText(Self.path(name)).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private init(lines: [String]) { self.lines = lines }

    /// The lines of one section.
    func section(_ title: String) -> ManualPage {
        let rest = lines.drop { $0 != ".Sh \(title)" }.dropFirst()
        return ManualPage(lines: Array(rest.prefix { !$0.hasPrefix(".Sh ") }))
    }

    /// What `.It` lines list with a macro: `.It Cm one , two` lists both.
    func items(_ macro: String) -> [String] {
        lines.filter { $0.hasPrefix(".It \(macro) ") }.flatMap(Self.words)
    }

    /// What a macro marks anywhere, in items or in running text.
    func words(_ macro: String) -> [String] {
        lines.filter { $0.hasPrefix(".\(macro) ") || $0.hasPrefix(".It \(macro) ") }.flatMap(Self.words)
    }

    /// The options that the page describes: `.It Fl Fl name` and `.It Fl h , Fl Fl name`.
    var options: Set<String> {
        Set(lines.filter { $0.hasPrefix(".It Fl ") }.flatMap(Self.options))
    }

    /// The options that stand anywhere in the text, examples included.
    var mentionedOptions: Set<String> {
        let examples = lines.filter { !$0.hasPrefix(".") }.flatMap { line in
            line.split(separator: " ").filter { $0.hasPrefix("--") && $0.dropFirst(2).first?.isLetter == true }
                .map { word in String(word.dropFirst(2).prefix { $0.isLetter || $0.isNumber || "-_".contains($0) }) }
        }
        // Cut short on purpose, in the manner of xen-tools.
        return Set(lines.flatMap(Self.options) + examples).subtracting(["host"])
    }

    /// `.Xr name section`.
    var references: [(String, String)] {
        lines.filter { $0.hasPrefix(".Xr ") }.map { line in
            let words = line.split(separator: " ").map(String.init)
            return (words[1], words.count > 2 ? words[2] : "")
        }
    }

    /// The page's own name, where the file is a link to it.
    func name(ofLinked name: String) -> String {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: Self.path(name).string)
        return target ?? name
    }

    private static func options(_ line: String) -> [String] {
        guard line.hasPrefix("."), !line.hasPrefix(".\\\"") else { return [] }
        let words = line.split(separator: " ")
        return words.indices.dropFirst(2).filter { words[$0 - 1] == "Fl" && words[$0 - 2].hasSuffix("Fl") }
            .map { String(words[$0]) }
    }

    /// The arguments of a line's macro, without those of others behind it and without punctuation.
    private static func words(_ line: String) -> [String] {
        var result: [String] = []
        for word in line.split(separator: " ").dropFirst(line.hasPrefix(".It ") ? 2 : 1) {
            if ["Op", "Ar", "Ns", "Li", "No", "Pa", "Cm"].contains(word) { break }
            if !word.contains(where: { $0.isLetter }) { continue }
            result.append(String(word))
        }
        return result
    }
}

/// The names of a command's options, every spelling of them.
private struct ParsedHelp {
    /// Of each command, once: a debug build of the parser takes seconds to print them.
    static let all = Result { try DomusCommand.configuration.subcommands.map { try ParsedHelp($0).names } }

    let names: [String]

    init(_ command: any ParsableCommand.Type) throws {
        let tool = try JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
        let own = (tool.command.arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.name)
        // A command of commands is one page.
        let below = try command.configuration.subcommands.flatMap { try ParsedHelp($0).names }
        // Every command's, and the parser gives it to some only.
        names = own + below + ["version"]
    }

    private struct Tool: Decodable {
        var command: Command

        struct Command: Decodable {
            var arguments: [Argument]?
        }

        struct Argument: Decodable {
            var names: [Name]?
        }

        struct Name: Decodable {
            var kind: String
            var name: String
        }
    }
}
