import LinuxHost
import SystemPackage

/// Turns hooks and roles into what is run: the contract of domus-hooks(7).
package struct Tailor: Sendable {
    package var helper: FilePath
    package var root: FilePath
    package var environment: HookEnvironment
    package var paths: HookEnvironment.Paths
    /// Seconds.
    package var timeout: Int

    package init(
        helper: FilePath, root: FilePath, environment: HookEnvironment, paths: HookEnvironment.Paths, timeout: Int
    ) {
        self.helper = helper
        self.root = root
        self.environment = environment
        self.paths = paths
        self.timeout = timeout
    }

    /// A hook, with the root as its only argument.
    package func invocation(of hook: Hook) -> Invocation {
        confinement.wrap(
            Invocation(hook.path.string, [root.string], environment: environment.variables, timeout: timeout))
    }

    /// A role, with the root and the users' arguments.
    package func invocation(ofRole path: FilePath, arguments: [String]) -> Invocation {
        confinement.wrap(
            Invocation(path.string, [root.string] + arguments, environment: environment.variables, timeout: timeout))
    }

    /// A program of the guest, run in it.
    package func invocation(inGuest program: String, _ arguments: [String], input: [UInt8]) -> Invocation {
        var confinement = confinement
        confinement.entersRoot = true
        confinement.provides = []
        return confinement.wrap(
            Invocation(
                program, arguments,
                environment: ["LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                input: .bytes(input), timeout: timeout))
    }

    /// Hooks and roles are shell that writes to `$1/etc/...` from the host's side, and the tree may hold a link that
    /// leads such a write to the host's own files: so the host is read-only to all of them. Roles written for
    /// xen-tools find its common.sh at its old place.
    private var confinement: Confinement {
        var confinement = Confinement(
            helper: helper, root: root, mountsKernelFileSystems: true,
            binds: paths.hostResolver.map { [.init($0, at: "@/etc/resolv.conf")] } ?? [], hostIsReadOnly: true,
            writable: [paths.scratch],
            provides: [.init(paths.hookDirectory.appending("common.sh"), at: "/usr/share/xen-tools/common.sh")])
        // What becomes the guest's disk is synchronized as a whole in the end.
        confinement.ignoresSynchronization = true
        return confinement
    }
}
