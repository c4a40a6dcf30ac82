import CLinux
import Glibc

/// Signals are read from a descriptor, never handled: the helper waits for all that can happen in one poll(2).
enum Signals {
    /// Those that ask us to end.
    static let ending = [SIGTERM, SIGINT, SIGHUP, SIGQUIT]

    /// Takes back whatever the caller ignored or handled, and blocks what is read from descriptors.
    static func takeOver() {
        for number in 1...64 where number != SIGKILL && number != SIGSTOP { signal(Int32(number), SIG_DFL) }
        // SIGPIPE too: a write to a keeper that has gone is an error code, not our end.
        var blocked = set(of: ending + [SIGCHLD, SIGPIPE])
        sigprocmask(SIG_SETMASK, &blocked, nil)
    }

    /// Nothing blocked, for the command; dispositions are default already.
    static func release() {
        var none = set(of: [])
        sigprocmask(SIG_SETMASK, &none, nil)
    }

    static func descriptor(for signals: [Int32]) throws(Failure) -> Int32 {
        var wanted = set(of: signals)
        let descriptor = clinux_signalfd(-1, &wanted, O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure("watch signals") }
        return descriptor
    }

    private static func set(of signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}

/// A point in time by the clock that nobody sets.
struct Deadline {
    private let milliseconds: Int64

    init(after milliseconds: Int64) {
        self.milliseconds = Self.now + milliseconds
    }

    var hasPassed: Bool { Self.now >= milliseconds }

    /// For poll(2).
    var remaining: Int32 { Int32(clamping: max(0, milliseconds - Self.now)) }

    private static var now: Int64 {
        var value = timespec()
        clock_gettime(CLOCK_MONOTONIC, &value)
        return Int64(value.tv_sec) * 1000 + Int64(value.tv_nsec) / 1_000_000
    }
}

/// Waits until one of the descriptors has something to read or has ended.
///
/// - Returns: the descriptors that have.
func waitForAny(of descriptors: [Int32], until deadline: Deadline?) -> [Int32] {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&entries, nfds_t(entries.count), deadline?.remaining ?? -1) > 0 else { return [] }
    return entries.filter { $0.revents != 0 }.map(\.fd)
}
