import GuestModel
import LinuxHost
import SystemPackage

/// Makes the directory that the run works in.
struct MakeWorkingDirectory: Step {
    let domains: FilePath

    var summary: String { "Make a working directory in \(domains)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let effects = context.effects
        try effects.ensureSharedDirectory(domains, mode: 0o755, step: summary)
        findings.workingDirectory = try effects.createOwnDirectory(context.paths.base, mode: 0o700, step: summary)
        // Inside the working directory nothing is journalled: it goes away as a whole.
        let files = context.host.files
        _ = try files.createDirectory(context.paths.root, mode: 0o755)
        _ = try files.createDirectory(context.paths.scratch, mode: 0o700)
        _ = try files.createDirectory(context.paths.split, mode: 0o700)
        findings.guestDirectory = try files.createDirectory(context.paths.guest, mode: 0o755)
        let keys = context.spec.tailoring.authorizedKeys
        if !keys.isEmpty {
            _ = try files.createFile(
                context.paths.scratch.appending("authorized_keys"),
                contents: Array((keys.joined(separator: "\n") + "\n").utf8), mode: 0o644)
        }
    }
}
