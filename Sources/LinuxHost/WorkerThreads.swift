import Dispatch
import Synchronization

/// Threads of their own for what computes, or waits for a disk, for seconds without a pause: tasks, which share as many
/// threads as there are cores, would keep everything else waiting.
package struct WorkerThreads: Sendable {
    /// Set when the work is not wanted any more.
    package final class Flag: Sendable {
        private let value = Mutex(false)
        package var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    private let flag = Flag()

    package init() {}

    /// Runs on a thread of its own.
    ///
    /// - Parameter body: is to look at the flag, and to end when it is set.
    package func run<Result: Sendable>(_ body: @escaping @Sendable (Flag) throws -> Result) async throws -> Result {
        let flag = flag
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A serial queue has a thread of its own, beyond the number of cores.
                DispatchQueue(label: "worker").async {
                    continuation.resume(with: Swift.Result { try body(flag) })
                }
            }
        } onCancel: {
            flag.set()
        }
    }
}
