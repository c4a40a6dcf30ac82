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
        let contest = Contest.root(
            suite, mirror: try await mirror(program, work), domus: program, state: work("state"))
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
                let target = work("\(round)-\(index)")
                let seconds = try await measure(able[index].command(target), work)
                results[index].seconds.append(seconds)
                results[index].packages = try Self.packages(in: target)
                print("\(round + 1)/\(runs) \(able[index].name): \(Report.rounded(seconds)) s")
                // What one has left to be written is not the next one's burden.
                sync()
            }
        }
        let report = Report(contest: contest, results: results, machine: try Self.machine())
        try makeDirectories(FilePath(output))
        let stem = FilePath(output).appending(contest.name)
        try writeFile(FilePath("\(stem).md"), report.table)
        try writeFile(FilePath("\(stem).svg"), report.picture)
        if findProgram("rsvg-convert") != nil {
            try await TestSupport.run("rsvg-convert", ["-o", "\(stem).png", "\(stem).svg"]).orThrow()
        }
        print(report.table)
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

    /// How many packages are installed: what was done must be the same.
    private static func packages(in root: FilePath) throws -> Int {
        try readText(root.pushing("var/lib/dpkg/status")).split(separator: "\n")
            .count { $0.hasPrefix("Status: install ok installed") }
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
