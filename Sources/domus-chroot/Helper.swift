import CLinux
import Glibc

/// The outer process: it enters the namespaces, starts the keeper in them, and watches those who may want an end: the
/// caller through the lifeline, the user through signals.
struct Helper {
    private let options: Options

    /// - Returns: the exit status.
    static func run() -> Int32 {
        do throws(Failure) {
            let argv = CommandLine.unsafeArgv
            let options = try Options(argv)
            if options.help {
                let text = Array(Options.usage.utf8)
                _ = text.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
                return 0
            }
            return try Helper(options: options).watchOver(argv + options.command)
        } catch {
            complain(error.description)
            return Status.failed
        }
    }

    /// Puts /dev/null where standard input was.
    static func replaceStandardInput() {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard null > 0 else { return }
        dup2(null, 0)
        close(null)
    }

    private func watchOver(
        _ command: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Failure) -> Int32 {
        try settle()
        let lifeline = try findLifeline()
        let directory = getcwd(nil, 0)
        let workingDirectory = directory.map { String(cString: $0) } ?? "/"
        free(directory)
        let (mayMount, isInit) = try enterNamespaces()
        let signals = try Signals.descriptor(for: Signals.ending + [SIGCHLD])
        var control: [Int32] = [0, 0]
        guard clinux_pipe2(&control, O_CLOEXEC) == 0 else { throw Failure("make a pipe") }

        let child = fork()
        guard child >= 0 else { throw Failure("start a process") }
        if child == 0 {
            close(control[1])
            if !options.passStandardInput { Self.replaceStandardInput() }
            _exit(
                Keeper(
                    options: options,
                    command: command,
                    control: control[0],
                    mayMount: mayMount,
                    isInit: isInit,
                    workingDirectory: workingDirectory
                ).run()
            )
        }
        close(control[0])
        if options.passStandardInput { Self.replaceStandardInput() }
        let status = watch(child, isInit: isInit, orders: control[1], lifeline: lifeline, signals: signals)
        return unmountImages(after: status)
    }

    /// The end of a namespace does not wait until all is written; unmounting by hand does.
    private func unmountImages(after status: Int32) -> Int32 {
        var status = status
        for loopMount in options.loopMounts.reversed() where umount2(loopMount.directory, 0) != 0 {
            complain(Failure("unmount", loopMount.directory).description)
            if status == 0 { status = Status.failed }
        }
        return status
    }

    /// A known state, whatever the caller left us.
    private func settle() throws(Failure) {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is the one that is missing.
            guard open("/dev/null", O_RDWR) >= 0 else { throw Failure("open", "/dev/null") }
        }
        if clinux_close_range(3, UInt32.max, 0) != 0 {
            for descriptor in 3..<Int32(clamping: min(sysconf(Int32(_SC_OPEN_MAX)), 65536)) { close(descriptor) }
        }
        umask(0o022)
        Signals.takeOver()
    }

    /// What becomes readable when the caller has died: the pipe on standard input, or the caller itself when standard
    /// input is the command's.
    ///
    /// Not PR_SET_PDEATHSIG: that follows the thread that started us, and the caller has many.
    private func findLifeline() throws(Failure) -> Int32? {
        if options.passStandardInput {
            let caller = clinux_pidfd_open(getppid(), 0)
            // None when the caller is outside our pid namespace.
            return caller >= 0 ? caller : nil
        }
        var information = stat()
        guard fstat(0, &information) == 0 else { throw Failure("look at", "standard input") }
        return information.st_mode & S_IFMT == S_IFIFO ? 0 : nil
    }

    private func enterNamespaces() throws(Failure) -> (mayMount: Bool, isInit: Bool) {
        let kinds = CLINUX_CLONE_NEWNS | (options.pidNamespace ? CLINUX_CLONE_NEWPID : 0)
        guard clinux_unshare(kinds) == 0 else {
            // A command that is to fill an image must not fill the directory below it instead.
            guard options.allowUnprivileged && errno == EPERM && options.needsNoLoop else {
                throw Failure("make a mount namespace")
            }
            goWithoutMounts(errno)
            return (false, false)
        }
        do {
            try MountPlan.isolate()
        } catch
            where options.allowUnprivileged && options.needsNoLoop
            && [EPERM, EACCES, EINVAL].contains(error.code)
        {
            // EACCES from AppArmor in a container; EINVAL when / is a chroot and no mount.
            goWithoutMounts(error.code)
            return (false, options.pidNamespace)
        }
        return (true, options.pidNamespace)
    }

    private func goWithoutMounts(_ code: Int32) {
        var dropped: [String] = []
        if !options.bindings.isEmpty { dropped.append("--bind") }
        if options.readOnlyHost { dropped.append("--read-only-host") }
        if !options.provided.isEmpty { dropped.append("--provide") }
        complain(
            "no mount namespace here (\(reason(code))): running without /proc, /sys and /dev in the guest"
                + (dropped.isEmpty ? "" : ", and without \(dropped.joined(separator: ", "))")
        )
    }

    /// Waits for the keeper and tells it when to end.
    private func watch(_ keeper: pid_t, isInit: Bool, orders: Int32, lifeline: Int32?, signals: Int32) -> Int32 {
        var lifeline = lifeline
        var deadline: Deadline?
        func order(_ order: UInt8, within milliseconds: Int64) {
            var order = order
            write(orders, &order, 1)
            deadline = Deadline(after: milliseconds)
        }
        while true {
            var status: Int32 = 0
            if waitpid(keeper, &status, WNOHANG) == keeper {
                return Keeper.exitStatus(of: status)
            }
            if let passed = deadline, passed.hasPassed {
                // Its namespace goes with it. A keeper without one is busy ending the others: leave it to that.
                if isInit { kill(keeper, SIGKILL) }
                deadline = nil
            }
            let ready = waitForAny(of: [signals] + (lifeline.map { [$0] } ?? []), until: deadline)
            if ready.contains(signals) {
                while case let signal = clinux_signalfd_read(signals), signal > 0 {
                    if Signals.ending.contains(signal) {
                        order(Keeper.Order.terminate, within: Keeper.grace + 1000)
                    }
                }
            }
            if let line = lifeline, ready.contains(line), hasEnded(line) {
                lifeline = nil
                complain(
                    options.passStandardInput
                        ? "the caller has gone: ending the command"
                        : "standard input has ended, and with it the caller: ending the command"
                )
                order(Keeper.Order.kill, within: 1000)
            }
        }
    }

    /// Bytes on the lifeline mean nothing; only its end does. A pidfd becomes readable once, at its process's end.
    private func hasEnded(_ lifeline: Int32) -> Bool {
        guard lifeline == 0 else { return true }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(0, &buffer, buffer.count)
        return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)
    }
}
