import Foundation
import LinuxHost
import SystemPackage
import TestSupport

/// One run of the lab: what it needs is there or made, then the scenarios go through it, several side by side.
struct Session: Sendable {
    let lab: Laboratory
    let scenarios: [Scenario]
    let jobs: Int?

    typealias Result = (scenario: Scenario, verdict: Verdict, retried: String?)

    /// - Returns: The exit status.
    func run() async throws -> Int32 {
        let start = ContinuousClock.now
        let results: [Result]
        do {
            try checkMachine()
            let lock = try await lockCache()
            defer { try? lock.close() }
            try removeRemains()
            let wanted =
                Set(scenarios.flatMap(\.roots)).sorted().map { (Ingredient.Kind.root, $0) }
                + Set(scenarios.flatMap(\.archives)).sorted().map { (Ingredient.Kind.archive, $0) }
            async let preparedHost = XenHost.prepared(lab)
            async let preparedIngredients = Ingredient.prepared(wanted, lab)
            let (host, ingredients) = try await (preparedHost, preparedIngredients)
            let share = try await makeShare(ingredients)
            defer { try? remove(share) }
            results = try await runAll(host, share)
        } catch let error as Unavailable {
            results = scenarios.map { ($0, .skipped(error.reason), nil) }
            lab.reporter.line("skipped  all scenarios: \(error.reason)")
        }
        return summary(results, start.duration(to: .now))
    }

    /// What this machine lacks is said before anything is begun.
    private func checkMachine() throws {
        for (program, package) in [
            (Machine.program, "qemu-system-x86"), ("mmdebstrap", "mmdebstrap"), ("mke2fs", "e2fsprogs"),
            ("zstd", "zstd"), ("unshare", "util-linux"), ("ssh-keygen", "openssh-client"), ("tar", "tar"),
            ("debootstrap", "debootstrap"), ("apt-ftparchive", "apt-utils"), ("gpg", "gnupg"),
        ] where lab.runner.find(program) == nil {
            throw Unavailable("\(program) is not installed (apt-get install \(package))")
        }
        guard geteuid() == 0 else {
            throw Unavailable("it takes root to make file systems and guests (sudo make check-xen)")
        }
        let needed = XenHost.room + Int64(workers) << 31
        let free = try freeBytes(lab.cache)
        guard free >= needed else {
            throw Unavailable(
                "\(lab.cache) has \(free >> 20) MiB free, and \(needed >> 20) MiB may be needed (free some, or name another "
                    + "place with XDG_CACHE_HOME)")
        }
        guard Self.availableMemory >= Int64(Machine.memory + 512) << 20 else {
            throw Unavailable(
                "\(Self.availableMemory >> 20) MiB of memory are free, and a Xen host takes \(Machine.memory + 512) MiB"
            )
        }
    }

    /// One run at a time has the cache: they make and remove the same things. It is released with the descriptor.
    private func lockCache() async throws -> FileDescriptor {
        let file = lab.cache.appending("lock")
        let lock = try FileDescriptor.open(
            file, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        var said = false
        while flock(lock.rawValue, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else {
                throw LabError("cannot lock \(file): \(Errno(rawValue: errno))")
            }
            if !said { lab.reporter.line("another run has the cache \(lab.cache): this one waits for it") }
            said = true
            try await Task.sleep(for: .milliseconds(500))
        }
        return lock
    }

    /// What a run left that was killed: nobody else's, as long as we have the lock.
    private func removeRemains() throws {
        for name in try entries(of: lab.cache) where name.hasPrefix("share-") || name.hasSuffix(".part") {
            try remove(lab.cache.appending(name))
        }
    }

    /// `MemAvailable` of proc(5), in bytes.
    private static var availableMemory: Int64 {
        let line = textIfAny("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0) << 10
    }

    private var workers: Int {
        let byMemory = Int(Self.availableMemory / (Int64(Machine.memory + 512) << 20))
        return max(1, min(jobs ?? ProcessInfo.processInfo.activeProcessorCount, byMemory, scenarios.count))
    }

    /// What dom0 sees below /lab: the program, the root archives, the scenarios, keys of this run.
    private func makeShare(_ ingredients: [Ingredient]) async throws -> FilePath {
        let share = lab.cache.appending("share-\(getpid())")
        try remove(share)
        for kind in [Ingredient.Kind.root, .archive] { try makeDirectories(share.appending(kind.directory)) }
        let log = lab.cache.appending("share.log")
        try await lab.run("cp", ["-a", "\(lab.program)", "\(share)/program"], log: log, timeout: 300)
        let parts = [
            ("Scenarios", "scenarios"), ("Host", "host"), ("lib.sh", "lib.sh"), ("../../Benchmarks/by-hand", "by-hand"),
        ]
        for (from, to) in parts {
            try await lab.run("cp", ["-a", "\(lab.sources)/\(from)", "\(share)/\(to)"], log: log, timeout: 60)
        }
        for ingredient in ingredients {
            // Second names for the same files: QEMU's share does not lead out of its directory.
            let name = "\(ingredient.kind.directory)/\(ingredient.name)\(ingredient.kind.suffix)"
            try await lab.run("cp", ["-a", "--link", "\(ingredient.path)", "\(share)/\(name)"], log: log, timeout: 60)
        }
        try makeDirectories(share.appending("key"))
        try await lab.run(
            "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "xen-lab", "-f", "\(share)/key/id"], log: log,
            timeout: 60)
        try writeFile(share.appending("key/password"), "password of \(UUID().uuidString)\n", mode: 0o600)
        return share
    }

    private func runAll(_ host: XenHost, _ share: FilePath) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result.self) { group in
            // The longest first, so that none of them is left alone at the end.
            var waiting = scenarios.sorted { $0.limit > $1.limit }[...]
            var results: [Result] = []
            func next() {
                guard let scenario = waiting.popFirst() else { return }
                group.addTask { try await one(scenario, host, share) }
            }
            for _ in 0..<workers { next() }
            while let result = try await group.next() {
                results.append(result)
                next()
            }
            return results
        }
    }

    private func one(_ scenario: Scenario, _ host: XenHost, _ share: FilePath) async throws -> Result {
        lab.reporter.begin(scenario.name)
        defer { lab.reporter.end(scenario.name) }
        let run = ScenarioRun(scenario: scenario, lab: lab, host: host, share: share)
        var outcome = try await run(attempt: 1)
        report(scenario, outcome)
        guard case .flaked(let evidence) = outcome.verdict else { return (scenario, outcome.verdict, nil) }
        outcome = try await run(attempt: 2)
        report(scenario, outcome)
        return (scenario, outcome.verdict, evidence)
    }

    private func report(_ scenario: Scenario, _ outcome: ScenarioRun.Outcome) {
        let word =
            switch outcome.verdict {
            case .passed: "passed "
            case .failed: "FAILED "
            case .flaked: "flaked "
            case .skipped: "skipped"
            }
        let time = "\(Int(outcome.seconds)) s" + (outcome.hostSeconds.map { " (\($0) s in dom0)" } ?? "")
        let name = scenario.name.padding(toLength: max(18, scenario.name.count), withPad: " ", startingAt: 0)
        var text = "\(word)  \(name)  \(time.padding(toLength: 22, withPad: " ", startingAt: 0))  \(scenario.summary)"
        switch outcome.verdict {
        case .passed, .skipped: break
        case .flaked(let evidence):
            text += "\n    the emulator's fault: \(evidence)\n"
            let errors = lab.lastLines(of: outcome.directory.appending("qemu"), 5)
            if !errors.isEmpty { text += errors + "\n" }
            text += "    its logs: \(outcome.directory)"
        case .failed(let reason): text += "\n    \(reason)\n" + evidence(outcome)
        }
        lab.reporter.line(text)
    }

    /// What someone needs to see of a failure: what the scenario printed, the guests' consoles, xl's logs.
    private func evidence(_ outcome: ScenarioRun.Outcome) -> String {
        var parts = [outcome.lines.suffix(25).map { "    \($0)" }.joined(separator: "\n")]
        let results = outcome.directory.appending("results")
        let consoles = results.appending("console")
        for name in (try? entries(of: consoles)) ?? [] where name.hasPrefix("guest-") {
            parts.append("    \(name) ends with\n" + lab.lastLines(of: consoles.appending(name), 15))
        }
        for name in (try? entries(of: results)) ?? [] where name.hasPrefix("xl-") && name.hasSuffix(".log") {
            parts.append("    \(name) ends with\n" + lab.lastLines(of: results.appending(name), 8))
        }
        parts.append("    all of it is in \(outcome.directory)")
        return parts.joined(separator: "\n")
    }

    private func summary(_ results: [Result], _ duration: Duration) -> Int32 {
        func count(_ matches: (Verdict) -> Bool) -> Int { results.count { matches($0.verdict) } }
        let passed = count { $0 == .passed }
        let failed = count { if case .failed = $0 { true } else { false } }
        let flaked = count { if case .flaked = $0 { true } else { false } }
        let skipped = count { if case .skipped = $0 { true } else { false } }
        let retried = results.count { $0.retried != nil }
        lab.reporter.line(
            "\(results.count) scenarios in \(Int(duration / .seconds(1))) s: \(passed) passed, \(failed) failed, "
                + "\(flaked) without a result for the emulator's fault, \(skipped) skipped"
                + (retried > 0 ? "; \(retried) tried twice for the emulator's fault" : ""))
        return failed + flaked > 0 ? 1 : skipped > 0 ? 77 : 0
    }
}
