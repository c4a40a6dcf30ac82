import LinuxHost
import SystemPackage

/// Has xl make the domain of a configuration, whole or not at all.
struct GuestStart {
    let host: Host
    let guest: String
    let configuration: FilePath
    let log: FilePath?

    private var xen: XenHost { XenHost(host: host) }

    /// What starts it.
    static func creation(of configuration: FilePath) -> Invocation {
        // A host that must first make room for the guest, and a bootloader in dom0, take their time.
        var creation = Invocation(
            "xl", XenHost.creation(of: configuration), environment: ["LC_ALL": "C"], timeout: 600)
        // xl stays behind to watch the guest, and so does its device model.
        creation.isLasting = true
        return creation
    }

    /// - Returns: the domain's number; nil where it has ended since.
    /// - Throws: ``ProvisioningError`` with what xl said, and what was taken back.
    func start() async throws -> Int? {
        let (xen, guest) = (xen, guest)
        let creation = Self.creation(of: configuration)
        try Task.checkCancellation()
        if let other = try await xen.domain(named: guest) {
            throw failure("a domain of that name, \(other), has come up in between")
        }
        if let log { try host.files.append("+ \(creation.commandLine)\n", to: log) }
        let reason: String
        do throws(HostError) {
            let status = try await host.processes.run(creation, appendingOutputTo: log)
            if status.isSuccess {
                // Not to be put off by an interruption: it has come too late.
                return await Task.detached { try? await xen.domain(named: guest) }.value
            }
            reason = "xl create: \(status)"
        } catch {
            reason = error.message
        }
        let tail = log.map { LogTail(log: $0, host: host).of(creation, lines: 5) } ?? ""
        var error = failure(reason + (tail.isEmpty ? "" : "; it said last:\n\(tail)"))
        // In a task of its own, because this one may be cancelled.
        let outcome = await Task.detached { await removeHalfMade(said: tail) }.value
        error.undone = outcome.undone
        error.left = outcome.left
        throw error
    }

    /// xl takes back itself what it had begun, unless it is killed in the middle. There was no such domain before.
    private func removeHalfMade(said: String) async -> Rollback.Outcome {
        var outcome = Rollback.Outcome()
        do {
            // With that word of libxl's, somebody else was quicker, and it is theirs.
            guard !said.contains("already exists"), let domain = try await xen.domain(named: guest) else {
                return outcome
            }
            // By its number: xl takes a name of digits for one.
            let destruction = Invocation("xl", ["destroy", "\(domain)"], environment: ["LC_ALL": "C"], timeout: 60)
            if let log { try host.files.append("+ \(destruction.commandLine)\n", to: log) }
            let status = try await host.processes.run(destruction, appendingOutputTo: log)
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
