import LinuxHost
import SystemPackage

/// Carries out plans: all of it, or nothing.
package struct Provisioner: Sendable {
    package let host: Host
    package let store: StateStore
    package let reporter: any Reporter

    package init(host: Host, store: StateStore, reporter: any Reporter) {
        self.host = host
        self.store = store
        self.reporter = reporter
    }

    /// What a finished create has to tell.
    package struct Created: Sendable {
        package var record: GuestRecord
        package var findings: Findings
        /// How long it took to make it.
        package var seconds: Double
        /// nil when it was not to be started.
        package var start: StartOutcome?
    }

    /// Runs a plan's steps in order. When one fails, or the task is cancelled, all that was done is undone before the
    /// error is thrown. A start that fails is no such error: the guest is there, and what became of its start is told.
    ///
    /// - Parameters:
    ///   - run: the run's number, as the plan was made with.
    ///   - replacesExisting: `--force`.
    ///   - keepsFailed: `--keep`: what a failing run made stays, for the user to look at.
    ///   - command: as `domus recover` shows it.
    /// - Throws: ``ProvisioningError``.
    package func create(
        _ plan: CreatePlan, run: String, log: FilePath?, replacesExisting: Bool, keepsFailed: Bool,
        command: String = "create"
    ) async throws(ProvisioningError) -> Created {
        let name = plan.spec.hostname.name
        try begin(command, on: name, run: run, log: log)
        let context = RunContext(
            spec: plan.spec, disks: plan.disks, identifiers: plan.identifiers, locations: plan.locations,
            paths: plan.paths, log: log, effects: Effects(host: host, store: store, run: run), reporter: reporter,
            replacesExisting: replacesExisting,
            namesVolumesAtOnce: !replacesExisting && plan.forcedVolumes.isEmpty)
        let started = host.clock.monotonic
        var findings = Findings()
        var current: String?
        do {
            try await carryOut(plan.steps, of: plan.allSteps.count, &findings, &current, in: context)
        } catch {
            if let disk = await findings.endWorkBeside() { reporter.warn("\(disk)") }
            throw await failure(error, step: current, run: run, log: log, keeps: keepsFailed)
        }
        // The last step has committed: from here on nothing is taken back, whatever fails.
        let seconds = host.clock.monotonic - started
        var start: StartOutcome?
        if let step = plan.start {
            // The run goes on, so that nobody deletes the guest while it comes up.
            await tidy(run: run, ends: false)
            start = await self.start(step, &findings, in: context, number: plan.allSteps.count)
        }
        await tidy(run: run, ends: true)
        do {
            guard let record = try store.record(named: name) else {
                throw ProvisioningError("the guest was made but is not in the records", exit: .software)
            }
            return Created(record: record, findings: findings, seconds: seconds, start: start)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Does steps in order.
    ///
    /// - Parameters:
    ///   - count: how many there are, with those that follow.
    ///   - current: the one at which it breaks off.
    func carryOut(
        _ steps: [any Step], of count: Int, _ findings: inout Findings, _ current: inout String?, in context: RunContext
    ) async throws {
        do {
            for (index, step) in steps.enumerated() {
                try Task.checkCancellation()
                current = step.summary
                let began = host.clock.monotonic
                reporter.began(step.summary, number: index + 1, of: count)
                try await step.perform(&findings, in: context)
                reporter.finished(step.summary, seconds: host.clock.monotonic - began)
            }
        } catch {
            if let current { reporter.failed(current) }
            throw context.explained(error, findings)
        }
    }

    /// After the commit: what was made is there; what is left over of making it goes away, or is told.
    func tidy(run: String, ends: Bool) async {
        let outcome = await completed(run: run, ends: ends)
        guard ends else { return }
        for complaint in outcome.left {
            reporter.warn("\(complaint); domus recover tries again")
        }
    }

    /// What is left to do after a commit. A task of its own: this one may be cancelled, too late.
    func completed(run: String, ends: Bool = true) async -> Rollback.Outcome {
        let rollback = Rollback(host: host, store: store)
        return await Task.detached { await rollback.undo(run: run, ends: ends) }.value
    }

    private func start(
        _ step: StartGuest, _ findings: inout Findings, in context: RunContext, number: Int
    ) async -> StartOutcome {
        let began = host.clock.monotonic
        reporter.began(step.summary, number: number, of: number)
        do {
            try await step.perform(&findings, in: context)
            reporter.finished(step.summary, seconds: host.clock.monotonic - began)
            return .started(domain: findings.domain)
        } catch {
            reporter.failed(step.summary)
            var failure = ProvisioningError(error)
            failure.exit = Task.isCancelled ? .interrupted : .notStarted
            failure.message =
                Task.isCancelled
                ? "\(step.guest) is made, but its start was interrupted"
                : "\(step.guest) is made, but was not started: \(failure.message)"
            failure.step = step.summary
            failure.hint = "it stays as it is; to try again: \(step.command)"
            failure.log = context.log
            return .failed(failure)
        }
    }

    /// Opens a run: from here on the guest is this run's alone.
    ///
    /// - Parameters:
    ///   - command: as `domus recover` shows it.
    ///   - guest: its name, or that of what else no two runs may work on.
    func begin(_ command: String, on guest: String, run: String, log: FilePath? = nil) throws(ProvisioningError) {
        do {
            try store.begin(
                RunEntry(
                    id: run, command: command, guest: guest, process: host.system.thisProcess,
                    started: host.clock.seconds, log: log?.string), isRunning: host.system.isRunning)
        } catch {
            throw ProvisioningError(error)
        }
    }

    /// Undoes a failed run and makes the error that tells all of it.
    func failure(
        _ error: any Error, step: String?, run: String, log: FilePath?, keeps: Bool
    ) async -> ProvisioningError {
        var failure = ProvisioningError(error)
        if Task.isCancelled {
            failure.exit = .interrupted
            failure.message = "the run was interrupted"
        }
        failure.step = step
        failure.log = log
        // A task of its own: this one may be cancelled, and undoing must not be.
        let rollback = Rollback(host: host, store: store)
        let outcome = await Task.detached { keeps ? await rollback.keep(run: run) : await rollback.undo(run: run) }
            .value
        failure.undone = outcome.undone
        failure.left = outcome.left
        return failure
    }
}
