import SystemPackage

/// Running a program in namespaces of its own, through the helper domus-chroot(8): every mount and every process made
/// there is gone when the program ends, however it ends, and also when Domus itself is killed.
package struct Confinement: Sendable, Equatable {
    /// The helper executable.
    package var helper: FilePath
    /// The guest's tree; nil when no tree is involved.
    package var root: FilePath?
    /// Whether the program runs with the tree as its `/`.
    package var entersRoot: Bool
    /// Whether /proc, /sys, /dev and /run are mounted below the tree.
    package var mountsKernelFileSystems: Bool
    /// Host paths to bind; a target that begins with `@` lies in the tree.
    package var binds: [Bind]
    /// Whether the program sees the host's file systems read-only but for the tree and `writable`.
    package var hostIsReadOnly: Bool
    package var writable: [FilePath]
    /// Files that appear at absolute host paths, whose directories need not exist.
    package var provides: [Bind]

    /// Images whose file systems are mounted while the program runs, and unmounted, all written, when it has ended.
    package var loopMounts: [LoopMount] = []

    package struct LoopMount: Sendable, Equatable {
        package var image: FilePath
        package var directory: FilePath
        package var type: String

        package init(_ image: FilePath, at directory: FilePath, type: String) {
            self.image = image
            self.directory = directory
            self.type = type
        }
    }

    package struct Bind: Sendable, Equatable {
        package var source: FilePath
        package var target: String

        package init(_ source: FilePath, at target: String) {
            self.source = source
            self.target = target
        }
    }

    package init(
        helper: FilePath, root: FilePath? = nil, entersRoot: Bool = false, mountsKernelFileSystems: Bool = false,
        binds: [Bind] = [], hostIsReadOnly: Bool = false, writable: [FilePath] = [], provides: [Bind] = []
    ) {
        self.helper = helper
        self.root = root
        self.entersRoot = entersRoot
        self.mountsKernelFileSystems = mountsKernelFileSystems
        self.binds = binds
        self.hostIsReadOnly = hostIsReadOnly
        self.writable = writable
        self.provides = provides
    }

    /// The same invocation, confined. What it reads on standard input stays its own.
    package func wrap(_ invocation: Invocation) -> Invocation {
        var arguments: [String] = []
        if let root { arguments.append("--root=\(root)") }
        if entersRoot { arguments.append("--enter") }
        if mountsKernelFileSystems { arguments.append("--mount-kernel-fs") }
        arguments += binds.map { "--bind=\($0.source):\($0.target)" }
        if hostIsReadOnly { arguments.append("--read-only-host") }
        arguments += writable.map { "--writable=\($0)" }
        arguments += provides.map { "--provide=\($0.source):\($0.target)" }
        arguments += loopMounts.map { "--loop-mount=\($0.image):\($0.directory):\($0.type)" }
        arguments += ["--pid-namespace", "--allow-unprivileged"]
        var wrapped = invocation
        switch invocation.input {
        case .none: wrapped.input = .lifeline
        case .bytes: arguments.append("--stdin")
        case .lifeline: break
        }
        wrapped.executable = helper.string
        wrapped.arguments = arguments + ["--", invocation.executable] + invocation.arguments
        return wrapped
    }
}
