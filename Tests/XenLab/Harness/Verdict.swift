/// What came of one scenario.
enum Verdict: Sendable, Equatable {
    case passed
    /// The product's fault, as far as anyone can tell: what failed.
    case failed(String)
    /// The emulated host's fault: the evidence.
    case flaked(String)
    /// It was not tried: why.
    case skipped(String)

    /// Tells a failing product from a flaking emulator.
    ///
    /// The emulator is blamed only with evidence: the machine ended or fell silent, Xen or dom0's kernel crashed, or a
    /// program of dom0's that is not ours died of a signal. A guest that crashes or hangs is ours.
    ///
    /// - Parameters:
    ///   - ending: How the machine's run ended; the answer is `lab: end STATUS SECONDS`.
    ///   - lastWords: What the scenario said last.
    ///   - hostLog: The console of Xen and dom0, and dom0's kernel log.
    ///   - evidence: What the scenario itself wrote down against the emulator.
    init(_ ending: Machine.Ending, limit: Int, lastWords: String, hostLog: String, evidence: String) {
        let crash = Self.crash(in: hostLog)
        switch ending {
        case .gone(let status):
            self = .flaked("the emulated host ended (QEMU: \(status))" + (crash.map { ": \($0)" } ?? ""))
        case .silent(let seconds):
            self = .flaked(
                "the emulated host said nothing for too long (\(seconds) s)" + (crash.map { ": \($0)" } ?? ""))
        case .answered(let line):
            let status = line.split(separator: " ").dropFirst(2).first.flatMap { Int($0) }
            switch status {
            case 0: self = .passed
            case 75 where !evidence.isEmpty: self = .flaked(evidence)
            case _ where crash != nil: self = .flaked(crash ?? "")
            case 124, 137: self = .failed("given up after \(limit) s of dom0's clock; last: \(lastWords)")
            default: self = .failed(lastWords.isEmpty ? "status \(status ?? -1)" : lastWords)
            }
        }
    }

    /// The line that shows that Xen, dom0's kernel, or a program in dom0 that is not ours crashed.
    static func crash(in log: String) -> String? {
        for line in log.split(whereSeparator: \.isNewline) {
            let hypervisor = ["Panic on CPU", "FATAL TRAP", "FATAL PAGE FAULT", "Xen BUG at", "Hardware Dom0 crashed"]
            let kernel = [
                "Kernel panic - not syncing", "BUG: unable to handle", "BUG: kernel NULL", "Oops: ", "double fault:",
            ]
            // "xl[812]: segfault at ...", "traps: xl[812] general protection fault ..."
            let program = ["]: segfault at ", "] general protection", "] trap "]
            let ours = ["domus[", "domus-chroot[", "xen-create-imag["]
            if (hypervisor + kernel).contains(where: line.contains)
                || program.contains(where: line.contains) && !ours.contains(where: line.contains)
            {
                return String(line)
            }
        }
        return nil
    }
}
