import FoundationEssentials
import Glibc
import LinuxHost
import Provisioning
import Synchronization
import SystemPackage

/// What people and programs see: progress, notes and warnings on standard error; the result, and nothing else, on
/// standard output.
final class Console: Reporter {
    private struct State {
        var line: String?
        var fraction: Double?
        var began = 0.0
        var ticker: Task<Void, Never>?
        var follower: Task<Void, Never>?
    }

    private let json: Bool
    private let verbose: Bool
    /// Whether a line can be drawn again and again.
    private let isTerminal: Bool
    private let hasColour: Bool
    private let clock = RealClock()
    private let state = Mutex(State())

    init(json: Bool, verbose: Bool = false) {
        self.json = json
        self.verbose = verbose
        isTerminal = isatty(STDERR_FILENO) == 1 && Invoked.environment("TERM") != "dumb"
        // no-color.org: any value that is not empty.
        hasColour = isTerminal && (Invoked.environment("NO_COLOR") ?? "").isEmpty
    }

    // MARK: Reporter

    func began(_ summary: String, number: Int, of count: Int) {
        // It may name a guest by what somebody's configuration calls it.
        let summary = Self.printable(summary).replacing("\n", with: "\u{FFFD}")
        let line =
            "[\(String(repeating: " ", count: "\(count)".count - "\(number)".count))\(number)/\(count)] \(summary)"
        state.withLock { state in
            state.line = line
            state.fraction = nil
            state.began = clock.monotonic
            guard isTerminal && !verbose else {
                Self.write(line + "\n", to: .standardError)
                return
            }
            draw(line, nil, seconds: 0)
            state.ticker = Task.detached { [weak self] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(250))
                    self?.tick()
                }
            }
        }
    }

    func progressed(_ fraction: Double) { state.withLock { $0.fraction = fraction } }

    func finished(_ summary: String, seconds: Double) {
        end(mark: paint("ok", 32), seconds: seconds)
    }

    func failed(_ summary: String) {
        let began = state.withLock { $0.began }
        end(mark: paint("failed", 31), seconds: clock.monotonic - began)
    }

    func note(_ text: String) { say("\(paint("note:", 36)) \(Self.printable(text))") }

    func warn(_ text: String) { say("\(paint("warning:", 33)) \(Self.printable(text))") }

    // MARK: Result

    /// The result: a text for people, or one JSON document for programs.
    func result(_ text: String, json document: some Encodable) {
        guard json else {
            Self.write(text, to: .standardOutput)
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(document)) ?? Data("{}".utf8)
        Self.write(String(decoding: data, as: UTF8.self) + "\n", to: .standardOutput)
    }

    /// With `--verbose`: shows the log as it grows.
    func follow(log: FilePath, host: Host) {
        guard verbose else { return }
        let follower = Task.detached {
            var shown = 0
            while true {
                let ended = Task.isCancelled
                if let bytes = try? host.files.contents(of: log, limit: 256 << 20), bytes.count > shown {
                    Self.write(String(decoding: bytes[shown...], as: UTF8.self), to: .standardError)
                    shown = bytes.count
                }
                if ended { return }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        state.withLock { $0.follower = follower }
    }

    /// Ends what runs beside: a line must not be drawn over the result.
    func close() {
        state.withLock { state in
            state.ticker?.cancel()
            state.follower?.cancel()
            state.line = nil
        }
    }

    // MARK: Drawing

    private func tick() {
        state.withLock { state in
            guard let line = state.line, !Task.isCancelled else { return }
            draw(line, state.fraction, seconds: clock.monotonic - state.began)
        }
    }

    private func end(mark: String, seconds: Double) {
        state.withLock { state in
            state.ticker?.cancel()
            let line = state.line ?? ""
            state.line = nil
            if isTerminal && !verbose {
                Self.write("\r\u{1B}[K\(line)  \(mark) \(Self.duration(seconds))\n", to: .standardError)
            } else if seconds >= 1 {
                Self.write("    \(mark) \(Self.duration(seconds))\n", to: .standardError)
            }
        }
    }

    private func draw(_ line: String, _ fraction: Double?, seconds: Double) {
        var text = line
        if let fraction { text += "  \(Int(fraction * 100)) %" }
        if seconds >= 1 { text += "  \(Int(seconds)) s" }
        var size = winsize()
        let columns = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 8 ? Int(size.ws_col) : 80
        // A line that wraps could not be drawn over.
        Self.write("\r\u{1B}[K" + text.prefix(columns - 1), to: .standardError)
    }

    func say(_ text: String) {
        state.withLock { state in
            if isTerminal && !verbose && state.line != nil { Self.write("\r\u{1B}[K", to: .standardError) }
            Self.write(text + "\n", to: .standardError)
            if isTerminal && !verbose, let line = state.line {
                draw(line, state.fraction, seconds: clock.monotonic - state.began)
            }
        }
    }

    private func paint(_ text: String, _ colour: Int) -> String {
        hasColour ? "\u{1B}[\(colour)m\(text)\u{1B}[0m" : text
    }

    /// `0.4 s`, `31.2 s`, `2 min 5 s`.
    static func duration(_ seconds: Double) -> String {
        if seconds >= 100 { return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s" }
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) s"
    }

    static func isTerminal(_ file: FileDescriptor) -> Bool { isatty(file.rawValue) == 1 }

    /// Standard error may be a pipe whose reader is gone: that is no reason to leave a guest half made.
    static func write(_ text: String, to file: FileDescriptor) {
        _ = try? file.writeAll(Array(text.utf8))
    }
}

extension Console {
    /// A configuration may come from anybody, and a terminal obeys control characters.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar == "\n" || scalar.properties.generalCategory != .control ? scalar : "\u{FFFD}"
                }))
    }
}
