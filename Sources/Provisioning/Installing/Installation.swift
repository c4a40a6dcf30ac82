import Installer
import LinuxHost
import SystemPackage

/// A guest's domain while it installs itself.
struct Installation {
    let host: Host
    let record: GuestRecord
    let installation: GuestRecord.Installation
    let log: FilePath?
    let reporter: any Reporter

    private var xen: XenHost { XenHost(host: host) }
    private var name: String { record.hostname }

    /// Seconds between two looks at the domain.
    private static let pause = 2.0

    /// What was found, or came about.
    enum Outcome {
        case ended
        /// Somebody has seen to the installation, and what runs is the guest itself.
        case guestRuns
    }

    /// Starts it, unless it runs, or has ended well before, and waits for its end.
    ///
    /// - Throws: ``ProvisioningError`` where it crashes or takes too long; it is left as it is then.
    func run(attaches: Bool) async throws -> Outcome {
        try await xen.checkAnswer()
        // What an earlier installation said is no news.
        var heard: Int64 = 0
        if try await xen.domain(named: name) == nil {
            // Started again, it would write over what it has installed.
            if isInstalled {
                reporter.note("\(name) has been installed already")
                return .ended
            }
            // A device model begins its file anew.
            if installation.console == nil { heard = size(of: consoleLog) }
            try await start()
        } else if try await !xen.runs(FilePath(installation.configuration), as: name) {
            return .guestRuns
        }
        let timeout = Double(installation.timeout)
        if attaches {
            // It ends with the domain, or when the user leaves it by ^].
            _ = try? await host.processes.attach(
                Invocation("xl", ["console", name], environment: ["LC_ALL": "C", "TERM": "vt100"]))
        }
        // Who looks at it himself knows how long it takes.
        let began = host.clock.monotonic
        var told: InstallerConsole?
        while let number = try await watched() {
            if let said = console(behind: heard), said != told {
                told = said
                switch said {
                case .asks(let question):
                    reporter.warn("the installer asks something: \(question)  (xl console \(name) answers it)")
                case .does(let title): reporter.note(title)
                }
            }
            guard host.clock.monotonic - began < timeout else {
                throw ProvisioningError(
                    "the installation of \(name) has not ended within \(installation.timeout) seconds; it goes on in domain "
                        + "\(number)", exit: .notStarted,
                    hint:
                        "xl console \(name) shows whether it asks something; domus install --resume --hostname=\(name) waits "
                        + "on, xl destroy \(name) ends it")
            }
            do { try await host.clock.pause(Self.pause) } catch { throw interrupted }
        }
        return .ended
    }

    /// The domain's number; nil when it has ended.
    private func watched() async throws -> Int? {
        do {
            guard let number = try await xen.domain(named: name) else {
                // An xl that was ended with us has told nothing.
                try Task.checkCancellation()
                return nil
            }
            guard try await !xen.hasCrashed(name) else {
                throw ProvisioningError(
                    "the installer of \(name) has crashed, in domain \(number)", exit: .failed,
                    hint: "xl console \(name) shows what it said last, xl destroy \(name) ends it")
            }
            return number
        } catch {
            guard Task.isCancelled else { throw error }
            throw interrupted
        }
    }

    private var interrupted: ProvisioningError {
        ProvisioningError(
            "the installation of \(name) goes on; nobody waits for it", exit: .interrupted,
            hint: "domus install --resume --hostname=\(name) waits on, and finishes it; xl destroy \(name) ends it")
    }

    private var isInstalled: Bool {
        do {
            _ = try InstalledDisk(of: record, on: host).check(for: record)
            return true
        } catch {
            return false
        }
    }

    /// Where what its console says is kept: by the device model of an emulated machine that was told so, else by xenconsoled, if
    /// it is told to (--log-dir of xenconsoled(8)).
    private var consoleLog: FilePath {
        installation.console.map { FilePath($0) }
            ?? FilePath("/var/log/xen/console").appending("guest-\(name).log")
    }

    private func size(of path: FilePath) -> Int64 { (try? host.files.entry(at: path)?.size) ?? 0 }

    /// What the console said last; nil where nobody keeps it.
    private func console(behind heard: Int64) -> InstallerConsole? {
        let path = consoleLog
        let size = size(of: path)
        guard size > heard, let tail = try? host.files.bytes(of: path, at: max(heard, size - 4096), count: 4096) else {
            return nil
        }
        return InstallerConsole(tail: tail)
    }

    private func start() async throws {
        do {
            _ = try await GuestStart(
                host: host, guest: name, configuration: FilePath(installation.configuration), log: log
            ).start()
        } catch {
            var failure = ProvisioningError(error)
            failure.exit = .notStarted
            failure.message = "the installation of \(name) cannot be started: \(failure.message)"
            failure.hint = failure.hint ?? "it stays as it is; domus install --resume --hostname=\(name) tries again"
            throw failure
        }
    }
}
