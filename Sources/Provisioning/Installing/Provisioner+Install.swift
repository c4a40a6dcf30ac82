import GuestModel
import LinuxHost
import Storage
import SystemPackage
import XenConfig

extension Provisioner {
    /// What became of an installation.
    package struct Installed: Sendable {
        package var record: GuestRecord
        /// Of the installed guest; nil when it was not to be started.
        package var start: StartOutcome?
        package var seconds: Double
    }

    /// Runs a guest's installation to its end: starts it, if it does not run, waits until its domain is gone, makes sure that
    /// the guest would start from its disk, and only then removes what only the installation needed.
    ///
    /// An installation that fails, is interrupted or takes too long stays as it is: its disk tells what went wrong, and it can
    /// be begun again.
    ///
    /// - Parameters:
    ///   - attaches: whether its console is shown on this terminal.
    ///   - timeout: seconds, in the place of what was said when it was prepared.
    /// - Throws: ``ProvisioningError``.
    package func install(
        _ name: String, run: String, log: FilePath?, attaches: Bool, timeout: Int? = nil
    ) async throws(ProvisioningError) -> Installed {
        try begin("install", on: name, run: run, log: log)
        let began = host.clock.monotonic
        do {
            guard let record = try store.record(named: name) else {
                throw ProvisioningError(
                    "there is no guest \"\(name)\" that Domus made", exit: .noInput,
                    hint: "domus list shows those that there are")
            }
            guard var installation = record.installation else {
                throw ProvisioningError(
                    "\(name) is installed: there is nothing to go on with", exit: .usage,
                    hint: "xl create \(record.configuration.path) starts it")
            }
            if let timeout { installation.timeout = timeout }
            let running = Installation(
                host: host, record: record, installation: installation, log: log,
                reporter: reporter)
            let ran = try await step("Install \(name)", number: 1) { try await running.run(attaches: attaches) }
            let disk = try InstalledDisk(of: record, on: host)
            if let doubt = try disk.check(for: record, isRunning: ran == .guestRuns) { reporter.warn(doubt) }
            let finished = try finish(record, installation, disk, run: run)
            await tidy(run: run, ends: false)
            let start = ran == .guestRuns ? nil : await start(finished, log: log)
            await tidy(run: run, ends: true)
            return Installed(record: finished, start: start, seconds: host.clock.monotonic - began)
        } catch {
            // Nothing is to be taken back but a half-made domain, which has been.
            let told = error as? ProvisioningError
            var failure = await failure(error, step: nil, run: run, log: log, keeps: false)
            if failure.exit == .interrupted, let told { failure.message = told.message }
            failure.undone = (told?.undone ?? []) + failure.undone
            failure.left = (told?.left ?? []) + failure.left
            throw failure
        }
    }

    private func step<Result>(
        _ summary: String, number: Int, _ body: () async throws -> Result
    ) async throws -> Result {
        let began = host.clock.monotonic
        reporter.began(summary, number: number, of: 2)
        do {
            let result = try await body()
            reporter.finished(summary, seconds: host.clock.monotonic - began)
            return result
        } catch {
            reporter.failed(summary)
            throw error
        }
    }

    /// The record of an installed guest, with what is known of its kernel; what is left over of the installation goes.
    private func finish(
        _ record: GuestRecord, _ installation: GuestRecord.Installation, _ disk: InstalledDisk, run: String
    ) throws -> GuestRecord {
        var finished = record
        finished.installation = nil
        let loaders = (disk.startsUnderBIOS ? ["bios"] : []) + (disk.hasEFISystem ? ["ovmf"] : [])
        finished.boot = GuestRecord.Boot(
            kernelVersion: disk.kernelVersion, kernel: nil, initrd: nil, commandLine: nil, hasOwnKernel: true,
            bootsUnderPVGrub: disk.kernel?.bootsUnderPVGrub ?? false, diskLoaders: loaders)
        var tidying: [Undo] = []
        for file in installation.files {
            // By its identity: what somebody has put in its place stays.
            tidying.append(.removeFile(path: file.path, identity: file.identity))
        }
        try store.commit(run: run, saving: finished, tidying: tidying)
        return finished
    }

    private func start(_ record: GuestRecord, log: FilePath?) async -> StartOutcome {
        let starter = GuestStart(
            host: host, guest: record.hostname, configuration: FilePath(record.configuration.path), log: log)
        let summary = "Start \(record.hostname)"
        let began = host.clock.monotonic
        reporter.began(summary, number: 2, of: 2)
        do {
            let domain = try await starter.start()
            reporter.finished(summary, seconds: host.clock.monotonic - began)
            return .started(domain: domain)
        } catch {
            reporter.failed(summary)
            var failure = ProvisioningError(error)
            failure.exit = Task.isCancelled ? .interrupted : .notStarted
            failure.message = "\(record.hostname) is installed, but was not started: \(failure.message)"
            failure.hint = "it stays as it is; to try again: xl create -c \(record.configuration.path)"
            failure.log = log
            return .failed(failure)
        }
    }
}
