import LinuxHost

/// Writes into the log what takes how long.
package actor Stopwatch {
    private let site: InstallationSite
    private let host: Host
    private var last: Double

    init(site: InstallationSite, host: Host) {
        self.site = site
        self.host = host
        last = host.clock.monotonic
    }

    /// Notes the end of a phase.
    func lap(_ phase: String) throws {
        let now = host.clock.monotonic
        let line = Self.line(phase, seconds: now - last)
        last = now
        if let log = site.log { try host.files.append(line, to: log) }
    }

    /// What a run's log has of each part of the work, for people and for comparisons.
    package static func line(_ phase: String, seconds: Double) -> String {
        let hundredths = Int((seconds * 100).rounded())
        let fraction = hundredths % 100
        return "domus: \(phase) in \(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s\n"
    }
}
