import Glibc

/// The descendants of a subreaper: whoever loses its parent becomes our child, so killing children until there are
/// none ends them all, those included that left their group and session.
enum Orphans {
    static func killAll(reaped: (pid_t, Int32) -> Void) {
        while true {
            guard let children = children() else {
                // Without /proc nobody can be found: what has ended already is reaped, and no more.
                reap(options: WNOHANG, reaped: reaped)
                return
            }
            for child in children { kill(child, SIGKILL) }
            var status: Int32 = 0
            let process = waitpid(-1, &status, 0)
            if process > 0 {
                reaped(process, status)
                reap(options: WNOHANG, reaped: reaped)
            } else if errno == ECHILD {
                return
            }
        }
    }

    private static func reap(options: Int32, reaped: (pid_t, Int32) -> Void) {
        var status: Int32 = 0
        while case let process = waitpid(-1, &status, options), process > 0 { reaped(process, status) }
    }

    /// Our children that still run; nil when /proc cannot be read.
    private static func children() -> [pid_t]? {
        guard let directory = opendir("/proc") else { return nil }
        defer { closedir(directory) }
        let ourselves = getpid()
        var found: [pid_t] = []
        var seenOurselves = false
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let process = pid_t(name) else { continue }
            if process == ourselves { seenOurselves = true }
            if parent(of: process) == ourselves { found.append(process) }
        }
        // A /proc of another namespace has other numbers, and by those nobody is to be killed.
        return seenOurselves ? found : nil
    }

    private static func parent(of process: pid_t) -> pid_t? {
        guard let text = try? contents(of: "/proc/\(process)/stat"),
            let close = text.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // The name in parentheses may hold anything; behind it come the state and the parent.
        let fields = text[(close + 1)...].split(separator: 32)
        guard fields.count > 1, fields[0].first != UInt8(ascii: "Z") else { return nil }
        return pid_t(String(decoding: fields[1], as: UTF8.self))
    }
}
