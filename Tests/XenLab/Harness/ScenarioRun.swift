import Foundation
import Synchronization
import SystemPackage
import TestSupport

/// One try of one scenario, on a host of its own.
struct ScenarioRun: Sendable {
    let scenario: Scenario
    let lab: Laboratory
    let host: XenHost
    let share: FilePath

    /// What the harness tells of it.
    struct Outcome: Sendable {
        var verdict: Verdict
        /// Seconds of the wall.
        var seconds: Double
        /// Seconds of dom0's clock, where it came to an end.
        var hostSeconds: Int?
        /// What it said, line by line.
        var lines: [String]
        /// Consoles and logs.
        var directory: FilePath
    }

    /// With the seconds of dom0's clock behind it.
    private static let powerCut = "lab: power cut "

    func callAsFunction(attempt: Int) async throws -> Outcome {
        let directory = lab.results.appending(attempt == 1 ? scenario.name : "\(scenario.name).\(attempt)")
        try remove(directory)
        try makeDirectories(directory)
        let machine = Machine(host: host.directory, directory: directory, share: share)
        let lines = Lines()
        let mount = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000"
        let start = ContinuousClock.now
        var hostSeconds = 0
        // A scenario that has the power cut goes on, with what is on its second disk, on a host that was started anew.
        var part = 1
        func command() -> String {
            "mkdir -p /lab; \(mount),ro,cache=loose lab /lab && \(mount) results /var/log/xen && "
                + "exec sh /lab/host/run \(scenario.name) \(scenario.limit) \(Int(Date().timeIntervalSince1970)) \(part)"
        }
        func go() async throws -> Machine.Ending {
            // A busy machine makes seconds of dom0's longer, never shorter; ten of ours for one of them is a dead host.
            try await machine.run(
                .saved(host.state, command: command()), until: "lab: end ", Self.powerCut,
                limit: scenario.limit * 5 + 300, runner: lab.runner
            ) { line in
                // What shows only that the host lives.
                if line == "lab: alive" { return }
                lines.append(line)
                lab.reporter.progress(scenario.name, line)
            }
        }
        var ending = try await go()
        while case .answered(let line) = ending {
            hostSeconds += line.split(separator: " ").last.flatMap { Int($0) } ?? 0
            guard line.hasPrefix(Self.powerCut), part < 100 else { break }
            part += 1
            ending = try await go()
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        let said = lines.all
        let verdict = Verdict(
            ending, limit: scenario.limit,
            lastWords: said.last { $0.hasPrefix("lab: ") }.map { String($0.dropFirst(5)) } ?? "",
            hostLog: textIfAny(machine.console) + textIfAny(machine.results.appending("dom0-dmesg")),
            evidence: textIfAny(machine.results.appending("emulator")))
        try writeFile(directory.appending("said"), said.joined(separator: "\n") + "\n")
        return Outcome(
            verdict: verdict, seconds: seconds, hostSeconds: hostSeconds > 0 ? hostSeconds : nil, lines: said,
            directory: directory)
    }
}

/// Lines that come from another task.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}
