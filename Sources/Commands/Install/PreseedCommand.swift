import ArgumentParser
import GuestModel
import Installer
import LinuxHost
import Provisioning
import SystemPackage

/// `domus preseed`.
struct PreseedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preseed", abstract: "Show or check what debian-installer is answered.",
        subcommands: [Render.self, Check.self])

    /// `domus preseed render`.
    struct Render: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "render",
            abstract: "Print the preseed file that domus install, with these options, would use.",
            discussion: "domus preseed render --hostname=web1 --dist=bookworm --dhcp")

        @OptionGroup var options: InstallOptions
        @OptionGroup var shared: SharedOptions

        /// The file, for `--json`.
        struct Document: Encodable {
            var preseed: String
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            let wishes = try await Wishes(
                options.layer, config: options.run.config, certainties: InstallationBuilder.certainties,
                defaults: InstallationBuilder.defaults, shared: shared, host, console)
            let allocator = AddressAllocator(
                host: host,
                configurations: try wishes.values.directory("output", below: Invoked.workingDirectory) ?? "/etc/xen",
                reserves: false
            ) { [shared] in try shared.existingStore(host) }
            defer { allocator.release() }
            let builder = InstallationBuilder(options: options, shared: shared, host: host, console: console)
            let built = try await builder.spec(wishes, allocator)
            for warning in built.warnings { console.warn(warning) }
            let spec = built.spec
            let locations = try Invoked.locations(host, userConfiguration: shared.configurationDirectory)
            let answers = try await builder.answers(locations, spec)
            let method = builder.hashing(spec)
            func hash(_ password: Secret) throws -> String {
                try PasswordHashing.hash(password, by: method, random: host.random)
            }
            var root: String?
            switch spec.tailoring.rootPassword {
            case .given(let password): root = try hash(password)
            case .generated:
                console.note("root's password is made up when the guest is made; here the account is locked")
                root = GuestPreseed.locked
            case .unchanged: break
            }
            let text: String
            do {
                text = try answers.preseed(for: spec, root: root, hash: hash).rendered()
            } catch {
                throw ProvisioningError(error)
            }
            console.result(text, json: Document(preseed: text))
        }
    }

    /// `domus preseed check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Look for mistakes in preseed files.",
            discussion: "domus preseed check --dist=bookworm preseed.cfg")

        @Argument(help: ArgumentHelp("The files.", valueName: "file"))
        var files: [String]

        @Option(help: ArgumentHelp("The release whose installer reads them (stable).", valueName: "suite"))
        var dist: String?

        @OptionGroup var shared: SharedOptions

        /// What was found, for `--json`.
        struct Finding: Encodable {
            var file: String
            var line: Int?
            var severity: PreseedProblem.Severity
            var message: String
            var hint: String?
        }

        func run() async throws {
            let host = Host.ofThisMachine
            let console = Console(json: shared.json)
            let knowledge = try await HostKnowledge(host: host, configurationDirectory: shared.configurationDirectory)
            let release = try Values.Given(value: dist ?? "stable", place: dist == nil ? .builtIn : .option("dist"))
                .parsed {
                    text throws(ValueError) in try knowledge.releases.resolve(text, today: knowledge.today)
                }
            let locations = try Invoked.locations(host, userConfiguration: shared.configurationDirectory)
            let questions = locations.template.removingLastComponent().appending("installer/questions")
            var findings: [Finding] = []
            do {
                let catalogue = try QuestionCatalogue(
                    parsing: String(decoding: host.files.contents(of: questions, limit: 4 << 20), as: UTF8.self),
                    file: questions.string)
                for file in files { findings += try Self.check(file, release.codename, catalogue, host) }
            } catch let error as OptionError {
                throw error
            } catch {
                throw ProvisioningError(error)
            }
            let text = findings.map(\.text).joined()
            let errors = findings.count { $0.severity == .error }
            guard errors > 0 else {
                console.result(text, json: ["problems": findings])
                return
            }
            throw PartialSuccess(
                text: text, document: ["problems": findings],
                error: ProvisioningError(
                    "\(errors) error\(errors == 1 ? "" : "s") in \(files.count) preseed file\(files.count == 1 ? "" : "s")",
                    exit: .configuration))
        }

        private static func check(
            _ file: String, _ release: String, _ catalogue: QuestionCatalogue, _ host: Host
        ) throws -> [Finding] {
            let path = Invoked.workingDirectory.pushing(FilePath(file)).lexicallyNormalized()
            guard try host.files.entry(at: path) != nil else {
                throw OptionError("there is no file \(path)", exit: .noInput)
            }
            let text = String(decoding: try host.files.contents(of: path, limit: 1 << 20), as: UTF8.self)
            do throws(PreseedError) {
                return try Preseed(parsing: text, file: file).problems(against: catalogue, release: release).map {
                    problem in
                    Finding(
                        file: file, line: problem.line, severity: problem.severity, message: problem.message,
                        hint: problem.hint)
                }
            } catch {
                return [
                    Finding(file: file, line: error.line, severity: .error, message: error.message, hint: error.hint)
                ]
            }
        }
    }
}

extension PreseedCommand.Check.Finding {
    /// As compilers write it.
    fileprivate var text: String {
        let place = line.map { "\(file):\($0)" } ?? file
        let hint = hint.map { "\n  hint:   \($0)" } ?? ""
        return Console.printable("\(place): \(severity.rawValue): \(message)\(hint)\n")
    }
}
