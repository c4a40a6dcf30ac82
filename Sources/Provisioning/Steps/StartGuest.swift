import GuestModel
import LinuxHost
import SystemPackage

/// Starts the finished guest. It comes after the commit: the guest stays, whatever becomes of its start, and only the
/// domain is taken back.
package struct StartGuest: Step {
    package let guest: String
    let configuration: FilePath

    package var summary: String { "Start \(guest)" }
    package var details: [String] { [creation.commandLine] }

    /// What starts it, and shows its console, for people.
    package var command: String {
        Invocation("xl", XenHost.creation(of: configuration, console: true)).commandLine
    }

    private var creation: Invocation {
        // xl stays behind to watch the guest, and so does its device model.
        var creation = plainCreation
        creation.isLasting = true
        return creation
    }

    private var plainCreation: Invocation {
        // A host that must first make room for the guest, and a bootloader in dom0, take their time.
        Invocation("xl", XenHost.creation(of: configuration), environment: ["LC_ALL": "C"], timeout: 600)
    }

    package func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let xen = XenHost(host: context.host)
        let guest = guest
        try Task.checkCancellation()
        if let other = try await xen.domain(named: guest) {
            throw failure("a domain of that name, \(other), has come up in between")
        }
        if let log = context.log { try context.host.files.append("+ \(creation.commandLine)\n", to: log) }
        let reason: String
        do throws(HostError) {
            let status = try await context.host.processes.run(creation, appendingOutputTo: context.log)
            if status.isSuccess {
                // Not to be put off by an interruption: it has come too late.
                findings.domain = await Task.detached { try? await xen.domain(named: guest) }.value
                return
            }
            reason = "xl create: \(status)"
        } catch {
            reason = error.message
        }
        let tail = context.logTail(of: creation, lines: 5)
        var error = failure(reason + (tail.isEmpty ? "" : "; it said last:\n\(tail)"))
        // In a task of its own, because this one may be cancelled.
        let outcome = await Task.detached { await removeHalfMade(in: context, said: tail) }.value
        error.undone = outcome.undone
        error.left = outcome.left
        throw error
    }

    /// xl takes back itself what it had begun, unless it is killed in the middle. There was no such domain before.
    private func removeHalfMade(in context: RunContext, said: String) async -> Rollback.Outcome {
        let xen = XenHost(host: context.host)
        var outcome = Rollback.Outcome()
        do {
            // With that word of libxl's, somebody else was quicker, and it is theirs.
            guard !said.contains("already exists"), let domain = try await xen.domain(named: guest) else {
                return outcome
            }
            // By its number: xl takes a name of digits for one.
            let destruction = Invocation("xl", ["destroy", "\(domain)"], environment: ["LC_ALL": "C"], timeout: 60)
            if let log = context.log { try context.host.files.append("+ \(destruction.commandLine)\n", to: log) }
            let status = try await context.host.processes.run(destruction, appendingOutputTo: context.log)
            if try await xen.domain(named: guest) == domain {
                outcome.left = ["domain \(domain), half made: xl destroy \(domain): \(status)"]
            } else {
                outcome.undone = ["destroyed domain \(domain), which was half made"]
            }
        } catch {
            outcome.left = ["perhaps a domain \(guest), half made: \(error)"]
        }
        return outcome
    }

    private func failure(_ reason: String) -> ProvisioningError {
        ProvisioningError(reason, exit: .notStarted)
    }
}

/// What became of the start.
package enum StartOutcome: Sendable {
    /// It runs; the number is nil when it has ended since.
    case started(domain: Int?)
    case failed(ProvisioningError)
}
