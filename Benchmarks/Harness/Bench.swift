import ArgumentParser
import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport

/// Compares Domus with its peers: the same work, in turns, in one sitting.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Compare Domus with its peers, in turns, and write a table and a picture.",
        discussion: "Roots are made below TMPDIR.")

    @Option(help: "Only this part: the contest root, guest, clone or fleet, or the growth with packages or guests.")
    var part: String?

    @Option(help: "How often each does its work.")
    var runs = 5

    @Option(help: "The release that is installed.")
    var suite = "bookworm"

    @Option(help: "The program.")
    var domus = "bin/domus"

    @Option(help: "Where the table and the picture go.")
    var output = "Benchmarks/Results"

    func run() async throws {
        guard geteuid() == 0 else { throw ValidationError("only root can make root file systems") }
        let work = try TemporaryDirectory("bench")
        let program = FilePath(domus).isAbsolute ? domus : "\(Self.workingDirectory)/\(domus)"
        let here = Contest.Circumstances(
            suite: suite, mirror: try await mirror(program, work), domus: program, work: work.path)
        let contests = try Contest.all(here).filter { part == nil || $0.name == part }
        let growths = Growth.all(here).filter { part == nil || $0.name == part }
        guard !contests.isEmpty || !growths.isEmpty else { throw ValidationError("there is no part \(part ?? "")") }
        for contest in contests { try await hold(contest, work) }
        for growth in growths { try await watch(growth, work) }
    }

    private func hold(_ contest: Contest, _ work: TemporaryDirectory) async throws {
        print("\(contest.name): \(contest.title)")
        for command in contest.preparation {
            try await TestSupport.run(command[0], Array(command.dropFirst()), timeout: .seconds(900)).orThrow()
        }
        let able = contest.contestants.filter { contestant in
            let missing = contestant.needs.filter { findProgram($0) == nil }
            if !missing.isEmpty {
                print("left out: \(contestant.name), which needs \(missing.joined(separator: ", "))")
            }
            return missing.isEmpty
        }
        var results = able.map { Result(name: $0.name) }
        for round in 0..<runs {
            // Each is first once, and last once.
            for place in able.indices {
                let index = (place + round) % able.count
                // Removed at the end: an ext4 avoids inodes that were deleted in the last five seconds, one by one.
                let target = work("\(contest.name)\(round)-\(index)")
                let seconds = try await measure(able[index].command(target), work) * able[index].times
                results[index].seconds.append(seconds)
                if let system = contest.system { results[index].packages = try await Self.packages(in: system(target)) }
                print("\(round + 1)/\(runs) \(able[index].name): \(Report.rounded(seconds)) s")
                if contest.isLarge {
                    for name in try directoryNames(work("guests/domains")) where name.hasPrefix("g\(contest.name)") {
                        try await TestSupport.run("rm", ["-r", work("guests/domains/\(name)").string]).orThrow()
                    }
                }
                // What one has left to be written is not the next one's burden; nor are the inodes that were removed.
                sync()
                if contest.isLarge { try await Task.sleep(for: .seconds(6)) }
            }
        }
        let report = Report(contest: contest, results: results, machine: try Self.machine())
        try await publish(report.table, report.picture, as: contest.name)
    }

    /// Each setting as often as was asked for, in turns.
    private func watch(_ growth: Growth, _ work: TemporaryDirectory) async throws {
        print("\(growth.name): \(growth.title)")
        for command in growth.preparation {
            try await TestSupport.run(command[0], Array(command.dropFirst()), timeout: .seconds(900)).orThrow()
        }
        var results = growth.settings.map { Growth.Result(name: $0.name) }
        for round in 0..<runs {
            for (index, setting) in growth.settings.enumerated() {
                let target = work("\(growth.name)\(round)-\(index)")
                let seconds = try await measure(setting.command(target), work)
                results[index].totals.append(seconds)
                results[index].phases.append(try growth.phases(in: setting.logs(target)))
                results[index].size = try await setting.size(target)
                print("\(round + 1)/\(runs) \(setting.name): \(Report.rounded(seconds)) s")
                for path in try setting.made(target) { try await TestSupport.run("rm", ["-r", path.string]).orThrow() }
                sync()
                // An ext4 avoids inodes that were deleted in the last five seconds, one by one.
                try await Task.sleep(for: .seconds(6))
            }
        }
        let report = GrowthReport(growth: growth, results: results, machine: try Self.machine())
        try await publish(report.table, report.picture, as: growth.name)
    }

    private func publish(_ table: String, _ picture: String, as name: String) async throws {
        try makeDirectories(FilePath(output))
        let stem = FilePath(output).appending(name)
        try writeFile(FilePath("\(stem).md"), table)
        try writeFile(FilePath("\(stem).svg"), picture)
        if findProgram("rsvg-convert") != nil {
            try await TestSupport.run("rsvg-convert", ["-o", "\(stem).png", "\(stem).svg"]).orThrow()
        }
        print(table)
    }

    /// The mirror that Domus would take: the host's own.
    private func mirror(_ program: String, _ work: TemporaryDirectory) async throws -> String {
        let words = [
            "create", "--hostname=bench", "--dist=\(suite)", "--dhcp", "--dumpconfig", "--config-dir=\(work("none"))",
        ]
        let lines = try await TestSupport.run(program, words).orThrow().standardOutput.split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("mirror = ") }) else {
            throw ValidationError("domus create --dumpconfig tells no mirror")
        }
        return String(line.dropFirst("mirror = ".count))
    }

    /// Wall seconds of one run, by hyperfine(1).
    private func measure(_ command: [String], _ work: TemporaryDirectory) async throws -> Double {
        let words = command.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
        let file = work("hyperfine.json")
        Self.fetchMemory()
        try await TestSupport.run(
            "hyperfine", ["--shell=none", "--runs=1", "--style=none", "--export-json=\(file)", words],
            timeout: .seconds(900)
        ).orThrow()
        struct Export: Decodable {
            struct Run: Decodable { var times: [Double] }
            var results: [Run]
        }
        let export = try JSONDecoder().decode(Export.self, from: Data(readFile(file)))
        guard let seconds = export.results.first?.times.first else { throw ValidationError("hyperfine tells no time") }
        return seconds
    }

    /// Has memory at hand that a hypervisor took back while it was free (free page reporting): each page of it costs a fault
    /// when it is used again, and a copy takes eight times as long, whoever makes it. What was freed a moment ago is here.
    private static func fetchMemory() {
        let size = 2 << 30
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 1)
        memory.deallocate()
    }

    /// How many packages are installed: what was done must be the same.
    static func packages(in system: Contest.System) async throws -> Int {
        let status =
            switch system {
            case .directory(let root): try readText(root.pushing("var/lib/dpkg/status"))
            case .image(let image):
                try await TestSupport.run("debugfs", ["-R", "cat /var/lib/dpkg/status", image.string]).orThrow()
                    .standardOutput
            }
        return status.split(separator: "\n").count { $0.hasPrefix("Status: install ok installed") }
    }

    private static func machine() throws -> String {
        let model = try readText("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
            .map { $0.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "" }
        return "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores (\(model ?? "unknown"))"
    }

    private static let workingDirectory: String = {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }()
}

/// What one contestant needed.
struct Result: Sendable {
    var name: String
    var seconds: [Double] = []
    var packages = 0

    var median: Double {
        let sorted = seconds.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
