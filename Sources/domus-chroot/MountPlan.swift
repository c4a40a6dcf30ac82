import CLinux
import Glibc

/// Every mount that the options ask for, made in the private namespace in the one order that works.
struct MountPlan {
    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    /// Makes the namespace's mounts its own, so that none travels to the host. What is unmounted there goes here, too: what
    /// this program knows nothing of it must not keep.
    static func isolate() throws(Failure) {
        guard mount(nil, "/", nil, UInt(MS_REC | MS_SLAVE), nil) == 0 else {
            throw Failure("make the mounts its own below", "/")
        }
    }

    /// - Returns: the tree as it then is, if there is one.
    func carryOut() throws(Failure) -> GuestRoot? {
        // Copies are taken first, as things are now: what stays writable must not inherit read-only, what is bound
        // must not come from something mounted over it, and mounts below the tree keep the flags they have.
        var exceptions: [(path: String, mount: Mount)] = []
        for path in Set(options.writable + (options.root.map { [$0] } ?? [])) {
            exceptions.append((path, try Mount.copy(of: path)))
        }
        var bindings: [(binding: Options.Binding, mount: Mount, isDirectory: Bool)] = []
        for binding in options.bindings {
            let mount = try Mount.copy(of: binding.source)
            bindings.append((binding, mount, try Self.isDirectory(mount, binding.source)))
        }
        let provision = try Provision(options.provided)

        if options.pidNamespace && !options.enter { try mountHostProc() }
        try provision.carryOut()
        if options.readOnlyHost { try Mount.makeEverythingReadOnly() }

        // Shorter paths first: one exception may lie inside another.
        for exception in exceptions.sorted(by: { $0.path.utf8.count < $1.path.utf8.count }) {
            try exception.mount.attach(at: exception.path)
            if exception.path == options.root { exception.mount.liftRestrictions() }
        }
        var root: GuestRoot?
        if let path = options.root {
            var tree = try GuestRoot(path: path)
            if options.mountKernelFileSystems { try KernelFileSystems.mount(in: &tree) }
            root = tree
        }
        for loopMount in options.loopMounts { try Mount.image(loopMount) }
        for loopDevice in options.loopDevices { try Mount.device(loopDevice) }
        for (binding, mount, isDirectory) in bindings {
            if let inside = binding.insideRoot {
                try root?.attach(mount, at: inside, isDirectory: isDirectory)
            } else {
                try mount.attach(at: binding.destination)
            }
            if !binding.isWritable { try mount.makeReadOnly(path: binding.destination) }
        }
        return root
    }

    /// The numbers in /proc must be those of the command's own namespace.
    ///
    /// In a user namespace the kernel may refuse it (EPERM); the command then sees the host's numbers.
    private func mountHostProc() throws(Failure) {
        let attributes = CLINUX_MOUNT_ATTR_NOSUID | CLINUX_MOUNT_ATTR_NODEV | CLINUX_MOUNT_ATTR_NOEXEC
        do {
            try Mount.new("proc", attributes: attributes).attach(at: "/proc")
        } catch  where error.code == EPERM {
            return
        }
    }

    private static func isDirectory(_ mount: Mount, _ path: String) throws(Failure) -> Bool {
        var information = stat()
        guard fstat(mount.descriptor, &information) == 0 else { throw Failure("look at", path) }
        return information.st_mode & S_IFMT == S_IFDIR
    }
}
