import LinuxHost
import SystemPackage
import Tailoring

/// Runs one hook on the tree.
struct RunHook: Step {
    let hook: Hook
    let tailor: Tailor

    var summary: String { "Run hook \(hook.name)" + (hook.isStock ? "" : " (\(hook.path))") }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        if hook.name == MakeHostKeys.hook, let keys = findings.hostKeys {
            // Who interrupts does not wait for a prime number.
            await withTaskCancellationHandler {
                await keys.value
            } onCancel: {
                keys.cancel()
            }
        }
        try Task.checkCancellation()
        let invocation = tailor.invocation(of: hook)
        let status = try await context.run(invocation)
        guard status.isSuccess else {
            throw ScriptFailure.error(kind: "hook", name: hook.name, path: hook.path, invocation, status, in: context)
        }
    }
}

/// Runs one role on the tree.
struct RunRole: Step {
    let name: String
    let path: FilePath
    let arguments: [String]
    let tailor: Tailor

    var summary: String { "Run role \(name)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let invocation = tailor.invocation(ofRole: path, arguments: arguments)
        let status = try await context.run(invocation)
        guard status.isSuccess else {
            throw ScriptFailure.error(kind: "role", name: name, path: path, invocation, status, in: context)
        }
    }
}

private enum ScriptFailure {
    static func error(
        kind: String, name: String, path: FilePath, _ invocation: Invocation, _ status: ExitStatus,
        in context: RunContext
    ) -> TailoringError {
        let tail = context.logTail(of: invocation, lines: 5)
        let hint =
            if case .timedOut = status { "--hook-timeout=SECONDS gives it more time" } else { "the script is \(path)" }
        return TailoringError(
            "the \(kind) \(name) \(Self.ending(status))" + (tail.isEmpty ? "" : "; it said last:\n\(tail)"), hint: hint)
    }

    private static func ending(_ status: ExitStatus) -> String {
        if case .timedOut = status { status.description } else { "failed with \(status)" }
    }
}
