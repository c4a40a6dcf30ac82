import SystemPackage
import TestSupport

/// What a program's time goes into, and how that grows with the work.
struct Growth: Sendable {
    /// Some amount of work.
    struct Setting: Sendable {
        var name: String
        /// The command line, for a target that is not there yet.
        var command: @Sendable (FilePath) throws -> [String]
        /// The logs that the run has left.
        var logs: @Sendable (FilePath) throws -> [FilePath]
        /// How much work it was.
        var size: @Sendable (FilePath) async throws -> Int
        /// What is to be removed.
        var made: @Sendable (FilePath) throws -> [FilePath]
    }

    /// A part of the time, and how its lines in a log begin or end.
    struct Phase: Sendable {
        var name: String
        var color: String
        var has: @Sendable (String) -> Bool
    }

    /// What one setting needed.
    struct Result: Sendable {
        var name: String
        var size = 0
        /// Wall seconds of each run.
        var totals: [Double] = []
        /// Seconds by phase, of each run.
        var phases: [[Double]] = []

        /// The run in the middle, by its total: its phases are of one run, and add up.
        var middle: Int { totals.indices.sorted { totals[$0] < totals[$1] }[totals.count / 2] }
    }

    var name: String
    var title: String
    /// What there is more of.
    var unit: String
    var phases: [Phase]
    var settings: [Setting]
    var preparation: [[String]] = []

    /// Sums over the logs of a run. Those of guests that are made side by side add up to more than the wall's seconds.
    func phases(in logs: [FilePath]) throws -> [Double] {
        var sums = [Double](repeating: 0, count: phases.count)
        for log in logs {
            for line in try readText(log).split(separator: "\n") {
                guard let match = line.wholeMatch(of: /domus: (.+) in (\d+\.\d\d) s/),
                    let seconds = Double(match.2),
                    let index = phases.firstIndex(where: { $0.has(String(match.1)) })
                else { continue }
                sums[index] += seconds
            }
        }
        return sums
    }

    /// All there are.
    static func all(_ here: Contest.Circumstances) -> [Growth] { [packages(here), guests(here)] }

    private static func packages(_ here: Contest.Circumstances) -> Growth {
        let server = "openssh-server,nginx,rsyslog,sudo,python3,ca-certificates,locales"
        let sets: [(name: String, options: [String])] = [
            ("essential", ["--variant=essential"]), ("minbase", ["--variant=minbase"]),
            ("important", ["--variant=important"]),
            ("a server", ["--variant=important", "--include=\(server)"]),
            ("standard, a server", ["--variant=standard", "--include=\(server),postgresql,git,vim"]),
            (
                "the same, a kernel",
                ["--variant=standard", "--include=\(server),postgresql,git,vim,linux-image-cloud-amd64"]
            ),
        ]
        let state = here.work.appending("state")
        return Growth(
            name: "packages", title: "a root of \(here.suite) in a directory, from an empty cache", unit: "packages",
            phases: [
                Phase(name: "indices", color: "#7a9cc6") { $0.hasPrefix("indices") || $0.hasSuffix("packages chosen") },
                Phase(name: "download and unpack", color: "#2a7f62") { $0.hasSuffix("unpacked") },
                Phase(name: "scripts and configuration", color: "#d08c3f") {
                    $0.hasSuffix("configured") || $0.hasPrefix("pre-installation")
                },
            ],
            settings: sets.map { set in
                Setting(
                    name: set.name,
                    command: { target in
                        [here.domus, "bootstrap", "--state-dir=\(state)", "--log-dir=\(state)"] + set.options
                            + [here.suite, target.string, here.mirror]
                    },
                    logs: { [state.appending("bootstrap-\($0.lastComponent?.string ?? "").log")] },
                    size: { try await Bench.packages(in: .directory($0)) }, made: { [$0] })
            })
    }

    private static func guests(_ here: Contest.Circumstances) -> Growth {
        let domains = here.work.pushing(FilePath("guests/domains"))
        @Sendable func made(_ target: FilePath, in directory: FilePath) throws -> [FilePath] {
            let prefix = "\(Contest.name(target))-"
            return try directoryNames(directory).filter { $0.hasPrefix(prefix) }.map { directory.appending($0) }
        }
        return Growth(
            name: "guests", title: "guests of \(here.suite) in image files, when there is a base", unit: "guests",
            phases: [
                Phase(name: "copy", color: "#7a9cc6") { $0.hasPrefix("Clone the base") },
                Phase(name: "check, size, mount, unmount", color: "#d08c3f") { $0.contains("the clone") },
                Phase(name: "hooks", color: "#2a7f62") { $0.hasPrefix("Run hook") },
                Phase(name: "the rest", color: "#b8b8b8") { _ in true },
            ],
            settings: [1, 2, 5, 10, 20, 50].map { count in
                Setting(
                    name: count == 1 ? "1 guest" : "\(count) guests",
                    command: { target in
                        Contest.create(
                            here,
                            [
                                "create", "--hostname=\(Contest.name(target))-%02d", "--count=\(count)", "--dhcp",
                                "--base=offline",
                            ])
                    },
                    logs: { target in
                        try made(target, in: here.work.appending("log")).filter { $0.string.hasSuffix(".log") }
                    },
                    size: { try made($0, in: domains).count }, made: { try made($0, in: domains) })
            }, preparation: [Contest.create(here, ["base", "build"])])
    }
}

/// The table and the picture of a growth.
struct GrowthReport: Sendable {
    var growth: Growth
    var results: [Growth.Result]
    var machine: String

    /// In Markdown.
    var table: String {
        let names = growth.phases.map(\.name)
        var lines = [
            "# What the time goes into: \(growth.title)", "",
            "\(machine); \(results.first?.totals.count ?? 0) runs of each, in turns, the host's own mirror; seconds of the "
                + "run in the middle. Phases of guests that are made side by side are summed up.", "",
            "| | \(growth.unit) | whole command | \(names.joined(separator: " | ")) |",
            "|---|---|---|" + String(repeating: "---|", count: names.count),
        ]
        for result in results {
            let middle = result.middle
            let cells = [result.name, "\(result.size)", Report.rounded(result.totals[middle])]
            lines.append("| \((cells + result.phases[middle].map(Report.rounded)).joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// In SVG: a bar of phases for each setting.
    var picture: String {
        let (left, width, row, top) = (200.0, 520.0, 34.0, 76.0)
        let sums = results.map { $0.phases[$0.middle].reduce(0, +) }
        let most = max(sums.max() ?? 1, results.map { $0.totals[$0.middle] }.max() ?? 1)
        let height = top + row * Double(results.count) + 34
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"\(Int(height))\" "
                + "font-family=\"sans-serif\" font-size=\"13\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"12\" y=\"24\" font-size=\"15\">\(Report.escaped(growth.title))</text>",
        ]
        var place = 12.0
        for phase in growth.phases {
            lines.append("<rect x=\"\(place)\" y=\"42\" width=\"12\" height=\"12\" fill=\"\(phase.color)\"/>")
            lines.append("<text x=\"\(place + 17)\" y=\"53\">\(Report.escaped(phase.name))</text>")
            place += 40 + 7.5 * Double(phase.name.count)
        }
        lines.append("<circle cx=\"\(place + 6)\" cy=\"48\" r=\"4\" fill=\"#222\"/>")
        lines.append("<text x=\"\(place + 17)\" y=\"53\">whole command</text>")
        for (index, result) in results.enumerated() {
            let y = top + row * Double(index)
            let middle = Report.rounded(y + row / 2 + 4)
            lines.append(
                "<text x=\"12\" y=\"\(middle)\">\(Report.escaped(result.name)) (\(result.size))</text>")
            var x = left
            for (phase, seconds) in zip(growth.phases, result.phases[result.middle]) {
                let length = seconds / most * width
                lines.append(
                    "<rect x=\"\(Report.rounded(x))\" y=\"\(y + 6)\" width=\"\(Report.rounded(length))\" "
                        + "height=\"\(row - 12)\" fill=\"\(phase.color)\"/>")
                x += length
            }
            let total = result.totals[result.middle]
            lines.append(
                "<circle cx=\"\(Report.rounded(left + total / most * width))\" cy=\"\(y + row / 2)\" r=\"4\" "
                    + "fill=\"#222\"/>")
            lines.append(
                "<text x=\"\(Report.rounded(left + width + 14))\" y=\"\(middle)\">\(Report.rounded(total)) s</text>")
        }
        lines.append(
            "<text x=\"12\" y=\"\(Int(height) - 12)\" fill=\"#666\">\(Report.escaped(machine)); seconds of the run in "
                + "the middle</text>")
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }
}
