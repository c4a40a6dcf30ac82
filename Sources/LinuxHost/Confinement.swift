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

    /// Whether what the program writes need not be on the disk when it says so: somebody synchronizes all of it at the end.
    package var ignoresSynchronization = false

    /// Images whose file systems are mounted while the program runs, and unmounted, all written, when it has ended.
    package var loopMounts: [LoopMount] = []

    /// Parts of images that are block devices of their own while the program runs, each in the place of a file.
    package var loopDevices: [LoopDevice] = []

    package struct LoopDevice: Sendable, Equatable {
        package var image: FilePath
        package var file: FilePath
        /// In bytes.
        package var offset: Int64
        /// In bytes; 0 for all that there are behind the offset.
        package var length: Int64

        package init(_ image: FilePath, at file: FilePath, offset: Int64, length: Int64) {
            self.image = image
            self.file = file
            self.offset = offset
            self.length = length
        }
    }

    package struct LoopMount: Sendable, Equatable {
        package var image: FilePath
        package var directory: FilePath
        package var type: String
        /// Where in the image the file system is, in bytes; nil for all of the image.
        package var range: Range<Int64>?

        package init(_ image: FilePath, at directory: FilePath, type: String, range: Range<Int64>? = nil) {
            self.image = image
            self.directory = directory
            self.type = type
            self.range = range
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
        arguments += loopMounts.map { mount in
            "--loop-mount=\(mount.image):\(mount.directory):\(mount.type)"
                + (mount.range.map { ":\($0.lowerBound):\($0.count)" } ?? "")
        }
        arguments += loopDevices.map { "--loop-device=\($0.image):\($0.file):\($0.offset):\($0.length)" }
        if ignoresSynchronization { arguments.append("--ignore-sync") }
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
