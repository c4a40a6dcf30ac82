import CLinux
import Glibc

/// The last steps in the child before it is the command.
struct Command {
    let options: Options
    let argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let keeper: pid_t

    /// Does not return when all goes well.
    ///
    /// - Returns: the exit status that says why there is no command.
    func become(in root: GuestRoot?, _ workingDirectory: String) -> Int32 {
        do throws(Failure) {
            try prepare(root, workingDirectory)
        } catch {
            complain(error.description)
            return Status.failed
        }
        guard let name = argv[0] else { return Status.notFound }
        execvp(name, argv)
        let code = errno
        complain("cannot run \(String(cString: name)): \(reason(code))")
        return code == ENOENT || code == ENOTDIR ? Status.notFound : Status.notExecutable
    }

    private func prepare(_ root: GuestRoot?, _ workingDirectory: String) throws(Failure) {
        // A group of its own in the keeper's session: no key typed at a terminal reaches it, and since it leads no
        // session, a terminal that it opens does not become its own.
        setpgid(0, 0)
        clinux_set_parent_death_signal(SIGKILL)
        guard getppid() == keeper else { throw Failure("go on", "without the helper, which was killed", code: 0) }
        if options.enter, let root {
            guard fchdir(root.descriptor) == 0, chroot(".") == 0 else { throw Failure("enter", root.path) }
            guard chdir("/") == 0 else { throw Failure("enter", root.path) }
        } else if chdir(workingDirectory) != 0 {
            // By its path, since what we inherited is the directory below the mounts just made.
            guard chdir("/") == 0 else { throw Failure("change to", "/") }
        }
        // Where that is not allowed the command takes longer, and that is all.
        if options.ignoreSynchronization { _ = clinux_ignore_synchronization() }
        Signals.release()
    }
}
