import GuestModel
import LinuxHost

/// A clock that stands still.
package struct FakeClock: Clock {
    private let pausing: @Sendable () -> Void

    /// - Parameter pausing: what happens in each pause.
    package init(pausing: @escaping @Sendable () -> Void = {}) {
        self.pausing = pausing
    }

    package var today: CalendarDate { CalendarDate(year: 2026, month: 7, day: 1) }
    package var seconds: Int64 { 1_782_864_000 }
    package var monotonic: Double { 0 }
    package func pause(_ seconds: Double) async throws {
        try Task.checkCancellation()
        pausing()
        await Task.yield()
    }
}

/// The same bytes each time: 0, 1, 2 ...
package struct FakeRandom: RandomSource {
    package init() {}
    package func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
}

/// Root on a fake machine.
struct FakeFacts: SystemFacts {
    private let host: FakeHost

    init(_ host: FakeHost) {
        self.host = host
    }

    var userID: UInt32 { 0 }
    var kernelRelease: String { "6.1.0-37-amd64" }
    var processorCount: Int { 2 }
    var thisProcess: ProcessMark { host.process }
    func isRunning(_ mark: ProcessMark) -> Bool { host.machine.isAlive(mark) }
}
