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

    func callAsFunction(attempt: Int) async throws -> Outcome {
        let directory = lab.results.appending(attempt == 1 ? scenario.name : "\(scenario.name).\(attempt)")
        try remove(directory)
        try makeDirectories(directory)
        let machine = Machine(host: host.directory, directory: directory, share: share)
        let lines = Lines()
        let mount = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000"
        let command =
            "mkdir -p /lab; \(mount),ro,cache=loose lab /lab && \(mount) results /var/log/xen && "
            + "exec sh /lab/host/run \(scenario.name) \(scenario.limit) \(Int(Date().timeIntervalSince1970))"
        let start = ContinuousClock.now
        // A busy machine makes seconds of dom0's longer, never shorter; ten of ours for one of them is a dead host.
        let ending = try await machine.run(
            .saved(host.state, command: command), until: "lab: end ", limit: scenario.limit * 5 + 300,
            runner: lab.runner
        ) { line in
            // What shows only that the host lives.
            if line == "lab: alive" { return }
            lines.append(line)
            lab.reporter.progress(scenario.name, line)
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        let said = lines.all
        let verdict = Verdict(
            ending, limit: scenario.limit,
            lastWords: said.last { $0.hasPrefix("lab: ") }.map { String($0.dropFirst(5)) } ?? "",
            hostLog: textIfAny(machine.console) + textIfAny(machine.results.appending("dom0-dmesg")),
            evidence: textIfAny(machine.results.appending("emulator")))
        try writeFile(directory.appending("said"), said.joined(separator: "\n") + "\n")
        var hostSeconds: Int?
        if case .answered(let line) = ending { hostSeconds = line.split(separator: " ").last.flatMap { Int($0) } }
        return Outcome(
            verdict: verdict, seconds: seconds, hostSeconds: hostSeconds, lines: said, directory: directory)
    }
}

/// Lines that come from another task.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}
