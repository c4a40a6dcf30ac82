import GuestModel
import LinuxHost
import SystemPackage

/// Starts the finished guest. It comes after the commit: the guest stays, whatever becomes of its start, and only the
/// domain is taken back.
package struct StartGuest: Step {
    package let guest: String
    let configuration: FilePath

    package var summary: String { "Start \(guest)" }
    package var details: [String] { [GuestStart.creation(of: configuration).commandLine] }

    /// What starts it, and shows its console, for people.
    package var command: String {
        Invocation("xl", XenHost.creation(of: configuration, console: true)).commandLine
    }

    package func perform(_ findings: inout Findings, in context: RunContext) async throws {
        findings.domain = try await GuestStart(
            host: context.host, guest: guest, configuration: configuration, log: context.log
        ).start()
    }
}

/// What became of the start.
package enum StartOutcome: Sendable {
    /// It runs; the number is nil when it has ended since.
    case started(domain: Int?)
    case failed(ProvisioningError)
}
