import Dispatch
import Synchronization

/// Threads of their own for what computes for seconds without a pause (decompression): tasks, which share as many threads
/// as there are cores, would keep everything else waiting.
struct UnpackThreads: Sendable {
    /// Set when the work is not wanted any more.
    final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    private let flag = Flag()

    /// Runs on a thread of its own.
    ///
    /// - Parameter body: is to look at the flag, and to end when it is set.
    func run<Result: Sendable>(_ body: @escaping @Sendable (Flag) throws -> Result) async throws -> Result {
        let flag = flag
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A serial queue has a thread of its own, beyond the number of cores.
                DispatchQueue(label: "unpack").async {
                    continuation.resume(with: Swift.Result { try body(flag) })
                }
            }
        } onCancel: {
            flag.set()
        }
    }
}

/// What is ready to be unpacked, the urgent first.
actor UnpackQueue {
    private var ready: [(number: Int, rank: Int)] = []
    private var waiting: [CheckedContinuation<Int?, Never>] = []
    private var isClosed = false

    /// - Parameter rank: lower ones come first.
    func add(_ number: Int, rank: Int) {
        if let waiter = waiting.popLast() {
            waiter.resume(returning: number)
            return
        }
        let place = ready.firstIndex { $0.rank > rank } ?? ready.endIndex
        ready.insert((number, rank), at: place)
    }

    /// No more are coming.
    func close() {
        isClosed = true
        for waiter in waiting { waiter.resume(returning: nil) }
        waiting = []
    }

    /// The next one; nil when all have been taken.
    func next() async -> Int? {
        if !ready.isEmpty { return ready.removeFirst().number }
        if isClosed { return nil }
        return await withCheckedContinuation { waiting.append($0) }
    }
}
