import GuestModel
import SystemPackage

/// Time, for what depends on it: end-of-life dates and elapsed time.
package protocol Clock: Sendable {
    /// Today's date in UTC.
    var today: CalendarDate { get }
    /// Seconds since 1970, for records.
    var seconds: Int64 { get }
    /// Seconds since some fixed point, never going back.
    var monotonic: Double { get }
    /// Lets that many seconds go by.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func pause(_ seconds: Double) async throws
}

extension Clock {
    /// Waits until something holds, and asks for it every 0.2 s.
    ///
    /// - Parameter limit: seconds after which it is given up.
    /// - Returns: whether it holds.
    /// - Throws: ``HostError`` when it cannot be told, or the run is interrupted.
    package func wait(
        upTo limit: Double, until holds: () throws(HostError) -> Bool
    ) async throws(HostError) -> Bool {
        let pause = 0.2
        var left = limit
        while try !holds() {
            guard left > 0 else { return false }
            do {
                try await self.pause(pause)
            } catch {
                throw HostError("the run was interrupted")
            }
            left -= pause
        }
        return true
    }
}

/// Randomness from the kernel, never from a seeded generator.
package protocol RandomSource: Sendable {
    func bytes(_ count: Int) -> [UInt8]
}

/// Who is running and on what.
package protocol SystemFacts: Sendable {
    /// The effective user.
    var userID: UInt32 { get }
    /// uname(2)'s release: the running kernel's.
    var kernelRelease: String { get }
    /// How many CPUs are online.
    var processorCount: Int { get }
    /// This process, by its number and the tick of its start: numbers alone are used again.
    var thisProcess: ProcessMark { get }
    /// Whether the marked process still runs.
    func isRunning(_ mark: ProcessMark) -> Bool
}

/// A process, by number, tick of start (proc(5), stat field 22) and boot of the machine.
package struct ProcessMark: Hashable, Sendable, Codable {
    package let number: Int32
    package let start: String
    package let boot: String

    package init(number: Int32, start: String, boot: String) {
        self.number = number
        self.start = start
        self.boot = boot
    }
}

/// Everything through which Domus touches the machine. Rooms take a host, never the machine itself, so that a test
/// can hand them one that records, fails or dies at will.
package struct Host: Sendable {
    package var files: any FileSystem
    package var processes: any ProcessRunning
    package var clock: any Clock
    package var random: any RandomSource
    package var system: any SystemFacts
    package var volumes: any VolumeManaging

    package init(
        files: any FileSystem, processes: any ProcessRunning, clock: any Clock, random: any RandomSource,
        system: any SystemFacts, volumes: any VolumeManaging
    ) {
        self.files = files
        self.processes = processes
        self.clock = clock
        self.random = random
        self.system = system
        self.volumes = volumes
    }
}
