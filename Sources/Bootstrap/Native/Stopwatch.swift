import LinuxHost

/// Writes into the log what takes how long.
actor Stopwatch {
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
        let hundredths = Int(((now - last) * 100).rounded())
        last = now
        guard let log = site.log else { return }
        let fraction = hundredths % 100
        try host.files.append(
            "domus: \(phase) in \(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s\n", to: log)
    }
}
