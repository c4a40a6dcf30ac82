import Foundation
import Glibc
import Synchronization

/// What people see: a line for everything that is done, and on a terminal what is under way.
final class Reporter: Sendable {
    private struct State {
        /// What runs, by name: since when, and the last that was heard of it.
        var running: [String: (since: ContinuousClock.Instant, last: String)] = [:]
        var statusIsShown = false
    }

    private let state = Mutex(State())
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    /// A line that stays.
    func line(_ text: String) {
        state.withLock { state in
            Self.clear(&state)
            Self.put(text + "\n")
        }
    }

    /// Says what is begun, and how long it took.
    func during(_ what: String, _ work: () async throws -> Void) async throws {
        if !isTerminal { line("\(what) ...") }
        begin(what)
        defer { end(what) }
        let start = ContinuousClock.now
        try await work()
        line("\(what): \(Int(start.duration(to: .now) / .seconds(1))) s")
    }

    func begin(_ name: String) {
        state.withLock { $0.running[name] = (.now, "") }
    }

    func progress(_ name: String, _ text: String) {
        state.withLock { $0.running[name]?.last = text.hasPrefix("lab: ") ? String(text.dropFirst(5)) : text }
    }

    func end(_ name: String) {
        state.withLock { state in
            state.running[name] = nil
            Self.clear(&state)
        }
    }

    /// Draws what is under way once a second, until it is cancelled.
    func draw() async {
        guard isTerminal else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            state.withLock { state in
                Self.clear(&state)
                guard !state.running.isEmpty else { return }
                let parts = state.running.sorted { $0.value.since < $1.value.since }.map { name, run in
                    "\(name) \(Int(run.since.duration(to: .now) / .seconds(1))) s"
                        + (run.last.isEmpty ? "" : ": \(run.last)")
                }
                var size = winsize()
                let width =
                    ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 10 ? Int(size.ws_col) : 80
                Self.put(String(parts.joined(separator: " · ").prefix(width - 1)))
                state.statusIsShown = true
            }
        }
    }

    private static func clear(_ state: inout State) {
        guard state.statusIsShown else { return }
        put("\r\u{1b}[K")
        state.statusIsShown = false
    }

    /// At once: what is read through a pipe should come line by line.
    private static func put(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}
