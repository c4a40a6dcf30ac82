import Glibc
import GuestModel
import SystemPackage

/// The kernel's clocks.
package struct RealClock: Clock {
    package init() {}

    package var today: CalendarDate {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        return CalendarDate(year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday))
    }

    package var seconds: Int64 { Int64(time(nil)) }

    package var monotonic: Double {
        var value = timespec()
        clock_gettime(CLOCK_MONOTONIC, &value)
        return Double(value.tv_sec) + Double(value.tv_nsec) / 1e9
    }

    package func pause(_ seconds: Double) async throws { try await Task.sleep(for: .seconds(seconds)) }
}

/// getrandom(2) through the standard library's system generator.
package struct RealRandom: RandomSource {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

/// The running system, read from uname(2) and /proc.
package struct RealSystemFacts: SystemFacts {
    package init() {}

    package var userID: UInt32 { geteuid() }

    package var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    package var kernelRelease: String {
        firstLine(of: "/proc/sys/kernel/osrelease") ?? ""
    }

    package var thisProcess: ProcessMark { mark(of: getpid()) ?? ProcessMark(number: getpid(), start: "", boot: "") }

    package func isRunning(_ mark: ProcessMark) -> Bool {
        self.mark(of: mark.number) == mark
    }

    private func mark(of number: Int32) -> ProcessMark? {
        guard let line = firstLine(of: "/proc/\(number)/stat"), let close = line.lastIndex(of: ")") else { return nil }
        // The name in parentheses may hold spaces, so fields are counted from its end: state is the third.
        let fields = line[line.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return ProcessMark(
            number: number, start: String(fields[19]),
            boot: firstLine(of: "/proc/sys/kernel/random/boot_id") ?? "")
    }

    private func firstLine(of path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
        defer { try? file.close() }
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
        return String(decoding: buffer.prefix(count).prefix { $0 != 10 }, as: UTF8.self)
    }
}

extension Host {
    /// This machine.
    ///
    /// - Parameters:
    ///   - path: the value of `PATH` to look programs up in.
    ///   - volumes: what a room above knows how to do.
    package static func real(path: String, volumes: any VolumeManaging) -> Host {
        Host(
            files: RealFileSystem(), processes: SubprocessRunner(path: path), clock: RealClock(), random: RealRandom(),
            system: RealSystemFacts(), volumes: volumes)
    }
}
