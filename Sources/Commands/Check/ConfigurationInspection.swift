import GuestModel
import LinuxHost
import Provisioning
import SystemPackage
import XenConfig

/// What is found in the files that `domus check` was given.
struct ConfigurationInspection {
    private let host: Host
    private let version: XenVersion
    private let looksAtHost: Bool
    private var files: [File] = []
    /// The configurations of other guests.
    private var neighbours: [GuestCollisions.Guest] = []

    private struct File {
        /// As it was named.
        let name: String
        let path: FilePath
        let outcome: Outcome
    }

    private enum Outcome {
        case read(ConfigurationReading)
        case refused(Problem)
        case unreadable(String)
    }

    /// A configuration is small; what is not is something else.
    private static let limit = ConfigurationReading.limit

    init(host: Host, version: XenVersion, looksAtHost: Bool, paths: [String]) {
        self.host = host
        self.version = version
        self.looksAtHost = looksAtHost
        var seen: Set<FilePath> = []
        for name in paths {
            // Not normalized: `link/..` is what the link's target lies in.
            let path = Invoked.workingDirectory.pushing(FilePath(name))
            guard seen.insert((try? host.files.resolved(path)) ?? path).inserted else { continue }
            files.append(File(name: name, path: path, outcome: Self.outcome(of: path, name: name, host, version)))
        }
    }

    private static func outcome(
        of path: FilePath, name: String, _ host: Host, _ version: XenVersion
    ) -> Outcome {
        let bytes: [UInt8]
        do {
            bytes = try host.files.contents(of: path, limit: limit)
        } catch {
            return .unreadable(error.message)
        }
        do {
            return .read(try ConfigurationReading(parsing: bytes, file: name, for: version))
        } catch {
            return .refused(
                Problem(severity: .error, message: error.message, hint: error.hint, position: error.position))
        }
    }

    /// Other guests of this host, whose names and addresses none of these may have.
    ///
    /// - Parameter isNamed: whether the user has asked for that directory, so that it must be there.
    mutating func addNeighbours(in directory: FilePath, isNamed: Bool) throws {
        guard try host.files.directory(at: directory) != nil else {
            guard isNamed else { return }
            throw OptionError("--output: there is no directory \(directory)", exit: .noInput)
        }
        let mine = Set(files.map { resolved($0.path) })
        for name in try host.files.names(in: directory).sorted() where name.hasSuffix(".cfg") && !name.hasPrefix(".") {
            let path = directory.appending(name)
            guard !mine.contains(resolved(path)) else { continue }
            if case .read(let reading) = Self.outcome(of: path, name: path.string, host, version) {
                neighbours.append(GuestCollisions.Guest(path: path.string, reading: reading))
            }
        }
    }

    private func resolved(_ path: FilePath) -> FilePath { (try? host.files.resolved(path)) ?? path }

    func document(strict: Bool) -> CheckDocument {
        let guests = files.compactMap { file -> GuestCollisions.Guest? in
            guard case .read(let reading) = file.outcome else { return nil }
            return GuestCollisions.Guest(path: file.name, reading: reading)
        }
        let collisions = GuestCollisions(guests + neighbours)
        let check = looksAtHost ? HostCheck(host: host, version: version) : nil
        let found = files.map { file -> CheckDocument.File in
            switch file.outcome {
            case .unreadable(let reason):
                return CheckDocument.File(path: file.name, name: nil, type: nil, unreadable: reason, problems: [])
            case .refused(let problem):
                return CheckDocument.File(path: file.name, name: nil, type: nil, unreadable: nil, problems: [problem])
            case .read(let reading):
                let guest = GuestCollisions.Guest(path: file.name, reading: reading)
                let problems = reading.problems + (check?.problems(of: reading) ?? []) + collisions.problems(of: guest)
                return CheckDocument.File(
                    path: file.name, name: reading.summary.name, type: reading.type, unreadable: nil,
                    problems: problems.inOrder)
            }
        }
        return CheckDocument(files: found, version: version, looksAtHost: looksAtHost, strict: strict)
    }
}

/// What `domus check` tells.
struct CheckDocument: Encodable, Sendable {
    struct File: Encodable, Sendable {
        var path: String
        /// The guest's.
        var name: String?
        /// `pv`, `pvh` or `hvm`; nil where xl would refuse the file.
        var type: String?
        /// Why it could not be read.
        var unreadable: String?
        var problems: [Finding]

        init(path: String, name: String?, type: String?, unreadable: String?, problems: [Problem]) {
            self.path = path
            self.name = name
            self.type = type
            self.unreadable = unreadable
            self.problems = problems.map(Finding.init)
        }
    }

    struct Finding: Encodable, Sendable {
        var severity: Problem.Severity
        var line: Int?
        var column: Int?
        var message: String
        var hint: String?

        init(_ problem: Problem) {
            severity = problem.severity
            line = problem.position?.line
            column = problem.position?.column
            message = problem.message
            hint = problem.hint
        }
    }

    var files: [File]
    var errors: Int
    var warnings: Int
    var xenVersion: String
    /// Whether files, volumes and bridges of this host were looked for.
    var host: Bool
    private let strict: Bool

    private enum CodingKeys: String, CodingKey {
        case files, errors, warnings, xenVersion, host
    }

    init(files: [File], version: XenVersion, looksAtHost: Bool, strict: Bool) {
        self.files = files
        let findings = files.flatMap(\.problems)
        errors = findings.count { $0.severity == .error }
        warnings = findings.count { $0.severity == .warning }
        xenVersion = "\(version)"
        host = looksAtHost
        self.strict = strict
    }

    /// What compilers write, so that editors find the place.
    var text: String {
        files.map { file in
            let unreadable = file.unreadable.map { "\(file.path): error: \($0)\n" } ?? ""
            let text =
                unreadable
                + file.problems.map { finding in
                    let place = [finding.line, finding.column].compactMap { $0.map { ":\($0)" } }.joined()
                    let hint = finding.hint.map { "  hint: \($0)\n" } ?? ""
                    return "\(file.path)\(place): \(finding.severity.rawValue): \(finding.message)\n\(hint)"
                }.joined()
            return Console.printable(text)
        }.joined()
    }

    /// nil where all is well.
    var error: ProvisioningError? {
        let unread = files.count { $0.unreadable != nil }
        if unread > 0 {
            return ProvisioningError(
                "\(Self.count(unread, "file")) of \(files.count) could not be read", exit: .noInput)
        }
        guard errors > 0 || strict && warnings > 0 else { return nil }
        let parts = [
            errors > 0 ? Self.count(errors, "error") : nil, warnings > 0 ? Self.count(warnings, "warning") : nil,
        ].compactMap(\.self)
        return ProvisioningError(
            "\(parts.joined(separator: " and ")) in \(Self.count(files.count, "configuration"))", exit: .configuration)
    }

    private static func count(_ number: Int, _ thing: String) -> String {
        "\(number) \(thing)\(number == 1 ? "" : "s")"
    }
}
