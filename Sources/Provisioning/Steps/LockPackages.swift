import Bootstrap
import GuestModel
import LinuxHost
import SystemPackage
import Tailoring

/// Reads what the archives of the installed packages were, before a hook tidies it away.
struct ReadPackageDigests: Step {
    var summary: String { "Read which packages were installed" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        try findings.installed.readDigests(inTree: context.paths.root, context.host.files)
    }
}

/// Makes sure that nothing but what is locked is installed, whatever hooks and roles have done.
struct CheckLock: Step {
    let lock: PackageLock
    let tailor: Tailor

    var summary: String { "Hold the \(lock.packages.count) packages against the lock" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let installed = try await findings.lock(tailor, in: context)
        guard let difference = installed.difference(from: lock) else {
            try await findings.forgetDigests(tailor, in: context)
            return
        }
        throw ProvisioningError(
            "the guest is not what is locked: \(difference)", exit: .badData,
            hint: "a hook or a role has changed it; --lock=FILE makes a new lock")
    }
}

/// Writes the lock: it is there when the guest is.
struct WriteLock: Step {
    let path: FilePath
    let tailor: Tailor

    var summary: String { "Write \(path)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let lock = try await findings.lock(tailor, in: context)
        let effects = context.effects
        // Beside its place, so that nobody reads half of it.
        let made = path.removingLastComponent().appending(".domus-\(effects.run).lock")
        let identity = try effects.createOwnFile(
            made, contents: lock.document(), mode: 0o644, step: summary)
        try effects.publish(made, as: path, identity: identity, isDirectory: false, step: summary)
        try context.host.files.synchronize(path.removingLastComponent())
        try await findings.forgetDigests(tailor, in: context)
    }
}

extension Findings {
    fileprivate func lock(_ tailor: Tailor, in context: RunContext) async throws -> PackageLock {
        try await installed.lock(of: context.spec, inTree: context.paths.root, context.host.files) { words in
            let question = tailor.invocation(inGuest: "apt-cache", ["show", "--"] + words, input: [])
            let answer = try await context.host.processes.capture(question)
            try Task.checkCancellation()
            return answer.output
        }
    }

    /// What the bootstrap has left for it: a hook removes it, where hooks are run.
    fileprivate func forgetDigests(_ tailor: Tailor, in context: RunContext) async throws {
        _ = try await context.run(tailor.invocation(inGuest: "rm", ["-rf", "/var/lib/domus"], input: []))
    }
}
