import CLinux
import Glibc

/// proc, sys, dev and run in the guest's tree: what maintainer scripts need, and nothing by which they could change
/// the host.
struct KernelFileSystems {
    private static let noPrograms = CLINUX_MOUNT_ATTR_NOSUID | CLINUX_MOUNT_ATTR_NODEV | CLINUX_MOUNT_ATTR_NOEXEC

    /// Mounts them all; the tree remembers the device of /run.
    static func mount(in root: inout GuestRoot) throws(Failure) {
        try mountProc(in: root)
        try mountSys(in: root)
        try mountDev(in: root)
        try mountRun(in: &root)
    }

    private static func mountProc(in root: GuestRoot) throws(Failure) {
        guard let directory = try root.topDirectory("proc", create: true) else { return }
        let path = "\(root.path)/proc"
        let proc = try newOrHosts("proc", at: "/proc", attributes: noPrograms)
        try proc.attach(to: directory, path: path)
        // A guest's sysctl settings are for the guest's kernel; here they would change the host's.
        for name in ["sys", "sysrq-trigger"] {
            let target = openat(proc.descriptor, name, CLINUX_O_PATH | O_NOFOLLOW | O_CLOEXEC)
            if target < 0 && errno == ENOENT { continue }
            guard target >= 0 else { throw Failure("open", "\(path)/\(name)") }
            let cover = try Mount.copy(of: "\(path)/\(name)", below: proc.descriptor, name: name)
            try cover.attach(to: target, path: "\(path)/\(name)")
            try cover.makeReadOnly(path: "\(path)/\(name)")
        }
    }

    private static func mountSys(in root: GuestRoot) throws(Failure) {
        guard let directory = try root.topDirectory("sys", create: true) else { return }
        let path = "\(root.path)/sys"
        let sys = try newOrHosts("sysfs", at: "/sys", attributes: noPrograms | CLINUX_MOUNT_ATTR_RDONLY)
        try sys.attach(to: directory, path: path)
        try sys.makeReadOnly(path: path)
    }

    /// In a user namespace (a rootless container) the kernel mounts no new proc or sysfs where parts of the old are
    /// covered; the one that is there serves.
    private static func newOrHosts(_ type: String, at path: String, attributes: UInt64) throws(Failure) -> Mount {
        do {
            return try Mount.new(type, attributes: attributes)
        } catch  where error.code == EPERM {
            return try Mount.copy(of: path)
        }
    }

    private static func mountDev(in root: GuestRoot) throws(Failure) {
        guard let directory = try root.topDirectory("dev", create: true) else { return }
        let path = "\(root.path)/dev"
        let dev = try Mount.new("tmpfs", [("mode", "0755"), ("size", "4m")], attributes: CLINUX_MOUNT_ATTR_NOSUID)
        try dev.attach(to: directory, path: path)
        // From here on names are resolved in our own tmpfs, where no link waits.
        let nodes: [(name: String, minor: UInt32, major: UInt32)] = [
            ("null", 3, 1), ("zero", 5, 1), ("full", 7, 1), ("random", 8, 1), ("urandom", 9, 1), ("tty", 0, 5),
        ]
        for node in nodes {
            try makeNode(node.name, clinux_makedev(node.major, node.minor), in: dev, path: path)
        }
        let links = [
            "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
            "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
        ]
        for (name, target) in links where symlinkat(target, dev.descriptor, name) != 0 {
            throw Failure("make the link", "\(path)/\(name)")
        }
        // An instance of its own: a terminal opened by the guest's programs is not one of the host's.
        let terminals = try newTerminals()
        try mount(terminals, on: "pts", in: dev, path: path)
        let shared = try Mount.new(
            "tmpfs",
            [("mode", "1777")],
            attributes: CLINUX_MOUNT_ATTR_NOSUID | CLINUX_MOUNT_ATTR_NODEV
        )
        try mount(shared, on: "shm", in: dev, path: path)
    }

    /// Group 5 is tty in Debian and its derivatives; a user namespace may have no such group.
    private static func newTerminals() throws(Failure) -> Mount {
        let attributes = CLINUX_MOUNT_ATTR_NOSUID | CLINUX_MOUNT_ATTR_NOEXEC
        let options = [(key: "ptmxmode", value: "0666"), (key: "mode", value: "0620")]
        do {
            return try Mount.new("devpts", options + [("gid", "5")], attributes: attributes)
        } catch  where error.code == EINVAL {
            return try Mount.new("devpts", options, attributes: attributes)
        }
    }

    private static func mount(_ mount: Mount, on name: String, in parent: Mount, path: String) throws(Failure) {
        guard mkdirat(parent.descriptor, name, 0o755) == 0 else { throw Failure("make", "\(path)/\(name)") }
        let target = openat(parent.descriptor, name, CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard target >= 0 else { throw Failure("open", "\(path)/\(name)") }
        try mount.attach(to: target, path: "\(path)/\(name)")
    }

    /// A node of our own where that is allowed: a script's chmod or chown then does not reach the host's. Where it is
    /// not allowed (containers), the host's node, read-only, which forbids chmod but not writing to the device.
    private static func makeNode(_ name: String, _ device: UInt64, in dev: Mount, path: String) throws(Failure) {
        let shown = "\(path)/\(name)"
        if mknodat(dev.descriptor, name, S_IFCHR | 0o666, dev_t(device)) == 0 {
            guard fchmodat(dev.descriptor, name, 0o666, 0) == 0 else { throw Failure("set the mode of", shown) }
            // In a user namespace mknod may succeed and the tmpfs still be nodev: only opening it tells.
            let probe = openat(dev.descriptor, name, O_RDONLY | O_NOCTTY | O_CLOEXEC)
            if probe >= 0 { close(probe) }
            // ENXIO is the answer of /dev/tty to a process without a terminal: the node works.
            if probe >= 0 || errno == ENXIO { return }
            unlinkat(dev.descriptor, name, 0)
        } else if errno != EPERM {
            throw Failure("make the device", shown)
        }
        let file = openat(dev.descriptor, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw Failure("make", shown) }
        let node = try Mount.copy(of: "/dev/\(name)")
        try node.attach(to: file, path: shown)
        try node.makeReadOnly(path: shown)
        close(file)
    }

    /// A fresh run: nothing that scripts leave there stays in the tree. Trees older than /run keep without it.
    private static func mountRun(in root: inout GuestRoot) throws(Failure) {
        guard let directory = try root.topDirectory("run", create: false) else { return }
        let path = "\(root.path)/run"
        let run = try Mount.new(
            "tmpfs",
            [("mode", "0755")],
            attributes: CLINUX_MOUNT_ATTR_NOSUID | CLINUX_MOUNT_ATTR_NODEV
        )
        try run.attach(to: directory, path: path)
        // The target of /var/lock, which is there on every running system.
        guard mkdirat(run.descriptor, "lock", 0o755) == 0, fchmodat(run.descriptor, "lock", 0o1777, 0) == 0 else {
            throw Failure("make", "\(path)/lock")
        }
        var information = stat()
        guard fstat(run.descriptor, &information) == 0 else { throw Failure("look at", path) }
        root.scratchDevice = information.st_dev
    }
}
