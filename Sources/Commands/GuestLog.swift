import Bootstrap
import LinuxHost
import Provisioning
import SystemPackage

/// The log of a guest's making: the programs' whole output, and the commands, without secrets.
struct GuestLog {
    let directory: FilePath
    let guest: String
    let host: Host

    /// Starts a new log; the one before it is kept as `NAME.log.1`.
    ///
    /// - Parameter command: what is done.
    func begin(_ command: String) throws -> FilePath {
        try Directories.ensure(directory, mode: 0o750, host)
        let log = directory.appending("\(guest).log")
        if try host.files.entry(at: log) != nil {
            let older = directory.appending("\(guest).log.1")
            if try host.files.entry(at: older) != nil { try host.files.remove(older) }
            try host.files.rename(log, to: older)
        }
        try host.files.append("domus \(Product.version): \(command) \(guest) on \(host.clock.today)\n", to: log)
        return log
    }
}

/// Writes into a log, too, how long each step took.
struct LoggingReporter: Reporter {
    let reporter: any Reporter
    let log: FilePath
    let host: Host

    func began(_ summary: String, number: Int, of count: Int) { reporter.began(summary, number: number, of: count) }
    func progressed(_ fraction: Double) { reporter.progressed(fraction) }
    func failed(_ summary: String) { reporter.failed(summary) }
    func note(_ text: String) { reporter.note(text) }
    func warn(_ text: String) { reporter.warn(text) }

    func finished(_ summary: String, seconds: Double) {
        reporter.finished(summary, seconds: seconds)
        // What is done is done, and may be committed: that the log cannot tell is no reason to take it back.
        try? host.files.append(Stopwatch.line(summary, seconds: seconds), to: log)
    }
}

/// Tells of runs that were killed, before anything else is done.
struct UnfinishedRuns {
    let host: Host
    let store: StateStore

    func tell(_ console: Console) throws {
        for run in try Recovery(host: host, store: store).unfinished() {
            console.warn(
                "an earlier run was killed before it ended: \(run.command) \(run.guest) (run \(run.id)); "
                    + "domus recover takes back what it left")
        }
    }
}
