import CLinux
import Glibc

/// The inner process: it makes the mounts, starts the command, adopts what the command leaves behind, and ends it all.
///
/// In a pid namespace it is process 1, and with it the kernel ends everything inside. Without one it adopts orphans as
/// a subreaper and hunts them down itself. It sits in a session of its own, so what is sent to the helper's process
/// group does not reach it, and it ends when its control pipe does: the helper was killed.
struct Keeper {
    /// What the helper says through the control pipe; its end means `kill`.
    enum Order {
        static let terminate = UInt8(ascii: "T")
        static let kill = UInt8(ascii: "K")
    }

    /// How long the command's group has between SIGTERM and SIGKILL, in milliseconds.
    static let grace: Int64 = 2000

    let options: Options
    /// argv of the command, ending with a null pointer.
    let command: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let control: Int32
    let mayMount: Bool
    let isInit: Bool
    /// Where the helper was started.
    let workingDirectory: String

    /// - Returns: the exit status for the helper to pass on.
    func run() -> Int32 {
        do throws(Failure) {
            return try keep()
        } catch {
            complain(error.description)
            return Status.failed
        }
    }

    private func keep() throws(Failure) -> Int32 {
        setsid()
        // Process 1 takes its namespace along when it dies, so it may be killed with the helper. Without a namespace
        // this process must outlive the helper's death by the time it takes to end the others.
        if isInit { clinux_set_parent_death_signal(SIGKILL) }
        clinux_set_child_subreaper(1)
        let signals = try Signals.descriptor(for: [SIGCHLD])
        var root: GuestRoot?
        if mayMount {
            root = try MountPlan(options).carryOut()
        } else if let path = options.root {
            root = try GuestRoot(path: path)
        }

        let keeper = getpid()
        let child = fork()
        guard child >= 0 else { throw Failure("start a process for the command") }
        if child == 0 {
            _exit(Command(options: options, argv: command, keeper: keeper).become(in: root, workingDirectory))
        }
        // Here and in the child, since nobody knows who comes first.
        setpgid(child, child)
        // A writer to the command's input must meet SIGPIPE when the command closes it, so no copy stays here.
        Helper.replaceStandardInput()

        let status = watch(child, signals: signals)
        root?.removePlaceholders()
        return status
    }

    /// Waits for the command, obeys the helper, and returns when nothing is left running.
    private func watch(_ child: pid_t, signals: Int32) -> Int32 {
        var status: Int32?
        var deadline: Deadline?
        loop: while true {
            while case let (process, result) = Self.reap(), process > 0 {
                if process == child { status = result }
            }
            // After SIGTERM the rest of the group has its grace too: a shell dies at once, its dpkg needs a moment.
            if status != nil && (deadline == nil || kill(-child, 0) != 0) { break }
            if let deadline, deadline.hasPassed { break }
            let ready = waitForAny(of: [signals, control], until: deadline)
            if ready.contains(signals) { while clinux_signalfd_read(signals) > 0 {} }
            if ready.contains(control) {
                var order: UInt8 = 0
                switch read(control, &order, 1) {
                case 1 where order == Order.terminate:
                    kill(-child, SIGTERM)
                    kill(-child, SIGCONT)
                    deadline = deadline ?? Deadline(after: Self.grace)
                case -1 where errno == EINTR || errno == EAGAIN:
                    continue
                default:
                    break loop
                }
            }
        }
        killAll(group: child) { process, result in
            if process == child { status = result }
        }
        return Self.exitStatus(of: status ?? SIGKILL)
    }

    private static func reap() -> (process: pid_t, status: Int32) {
        var status: Int32 = 0
        return (waitpid(-1, &status, WNOHANG), status)
    }

    /// What a shell would say: the exit code, or 128 and the signal.
    static func exitStatus(of status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : Status.signalled + signal
    }

    private func killAll(group: pid_t, reaped: (pid_t, Int32) -> Void) {
        kill(-group, SIGKILL)
        if isInit {
            // Everyone else in the namespace, never us.
            kill(-1, SIGKILL)
            var status: Int32 = 0
            while case let process = waitpid(-1, &status, 0), process > 0 || errno == EINTR {
                if process > 0 { reaped(process, status) }
            }
        } else {
            Orphans.killAll(reaped: reaped)
        }
    }
}
