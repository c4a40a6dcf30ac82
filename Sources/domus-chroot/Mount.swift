import CLinux
import Glibc

/// A mount held by a descriptor, attached to a place or not yet.
///
/// Everything goes through descriptors (fsopen, open_tree, move_mount): the kernel resolves no name of the guest's
/// tree behind our back. Descriptors are never closed here, the process is short-lived and they close on exec.
struct Mount {
    let descriptor: Int32

    private static let emptyPaths = CLINUX_MOVE_MOUNT_F_EMPTY_PATH | CLINUX_MOVE_MOUNT_T_EMPTY_PATH

    /// A copy of what is at this path of the host, with the mounts below it and their flags as they are now.
    static func copy(of path: String) throws(Failure) -> Mount {
        try copy(of: path, below: AT_FDCWD, name: path)
    }

    /// The same, for a name in an open directory; `path` is for messages.
    static func copy(of path: String, below directory: Int32, name: String) throws(Failure) -> Mount {
        let flags =
            CLINUX_OPEN_TREE_CLONE | CLINUX_OPEN_TREE_CLOEXEC | UInt32(CLINUX_AT_RECURSIVE | CLINUX_AT_NO_AUTOMOUNT)
        let descriptor = clinux_open_tree(directory, name, flags)
        guard descriptor >= 0 else { throw Failure("bind", path) }
        return Mount(descriptor: descriptor)
    }

    /// A new file system.
    ///
    /// - Parameter attributes: `CLINUX_MOUNT_ATTR_*`.
    static func new(
        _ type: String,
        _ options: [(key: String, value: String)] = [],
        attributes: UInt64 = 0
    ) throws(Failure) -> Mount {
        let context = clinux_fsopen(type, CLINUX_FSOPEN_CLOEXEC)
        guard context >= 0 else { throw Failure("make a file system of type", type) }
        // Only what mount(8) prints as the device; without it that is "none".
        _ = clinux_fsconfig_string(context, "source", type)
        for option in options where clinux_fsconfig_string(context, option.key, option.value) != 0 {
            throw Failure("set the mount option \(option.key)=\(option.value) of", type)
        }
        guard clinux_fsconfig_create(context) == 0 else { throw Failure("make a file system of type", type) }
        let descriptor = clinux_fsmount(context, CLINUX_FSMOUNT_CLOEXEC, attributes)
        guard descriptor >= 0 else { throw Failure("mount a file system of type", type) }
        return Mount(descriptor: descriptor)
    }

    /// Mounts the file system in an image through a loop device, which goes with the mount.
    static func image(_ loopMount: Options.LoopMount) throws(Failure) {
        let file = open(loopMount.image, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw Failure("open", loopMount.image) }
        let loop = clinux_attach_loop(file, loopMount.offset, loopMount.length)
        guard loop >= 0 else { throw Failure("make a loop device over", loopMount.image) }
        // By its name, by which xfs_growfs finds it in the table of mounts.
        guard let name = realpath("/proc/self/fd/\(loop)", nil) else {
            throw Failure("find the loop device over", loopMount.image)
        }
        defer { free(name) }
        // What is in it may be anybody's.
        let flags = UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC)
        guard mount(name, loopMount.directory, loopMount.type, flags, nil) == 0 else {
            throw Failure("mount \(loopMount.image) on", loopMount.directory)
        }
    }

    /// Shows a part of an image as a block device in the place of a file.
    static func device(_ loopDevice: Options.LoopDevice) throws(Failure) {
        let file = open(loopDevice.image, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw Failure("open", loopDevice.image) }
        let loop = clinux_attach_loop(file, loopDevice.offset, loopDevice.length)
        guard loop >= 0 else { throw Failure("make a loop device over", loopDevice.image) }
        // The command has it open from the beginning: a loop device that nobody has open goes away.
        guard fcntl(loop, F_SETFD, 0) == 0,
            mount("/proc/self/fd/\(loop)", loopDevice.file, nil, UInt(MS_BIND), nil) == 0
        else { throw Failure("show \(loopDevice.image) as a device at", loopDevice.file) }
    }

    /// Attaches it to an open file or directory; `path` is for messages.
    func attach(to target: Int32, path: String) throws(Failure) {
        guard clinux_move_mount(descriptor, "", target, "", Self.emptyPaths) == 0 else {
            throw Failure("mount on", path)
        }
    }

    /// Attaches it at a path of the host, whose links are followed.
    func attach(at path: String) throws(Failure) {
        let target = open(path, CLINUX_O_PATH | O_CLOEXEC)
        guard target >= 0 else { throw Failure("mount on", path) }
        try attach(to: target, path: path)
    }

    /// Makes it read-only, with the mounts below it where the kernel can (5.12). Only once it is attached.
    func makeReadOnly(path: String) throws(Failure) {
        let flags = CLINUX_AT_EMPTY_PATH | CLINUX_AT_RECURSIVE
        if clinux_mount_setattr(descriptor, "", flags, CLINUX_MOUNT_ATTR_RDONLY, 0, 0) == 0 { return }
        guard errno == ENOSYS else { throw Failure("make read-only", path) }
        try Self.remountReadOnly("/proc/self/fd/\(descriptor)", path: path)
    }

    /// Lifts nosuid, nodev and noexec from our private copy: a tree below a /tmp with noexec still has to run.
    ///
    /// Inside a user namespace these flags are locked, and before Linux 5.12 there is no call; the command then meets
    /// them, as it would without us.
    func liftRestrictions() {
        let flags = CLINUX_MOUNT_ATTR_NOSUID | CLINUX_MOUNT_ATTR_NODEV | CLINUX_MOUNT_ATTR_NOEXEC
        _ = clinux_mount_setattr(descriptor, "", CLINUX_AT_EMPTY_PATH, 0, flags, 0)
    }

    /// Makes every mount of this namespace read-only.
    static func makeEverythingReadOnly() throws(Failure) {
        if clinux_mount_setattr(AT_FDCWD, "/", CLINUX_AT_RECURSIVE, CLINUX_MOUNT_ATTR_RDONLY, 0, 0) == 0 { return }
        guard errno == ENOSYS else { throw Failure("make read-only", "/") }
        for path in try MountTable.points() {
            do {
                try remountReadOnly(path, path: path)
            } catch  where [EINVAL, ENOENT, ENOTDIR].contains(error.code) {
                // Another mount hides this one: no path leads to it, for the command neither.
                continue
            }
        }
    }

    /// The call of kernels before 5.12. It replaces all flags of the mount, so those that are set are said again.
    private static func remountReadOnly(_ target: String, path: String) throws(Failure) {
        var information = statvfs()
        guard statvfs(target, &information) == 0 else { throw Failure("make read-only", path) }
        // ST_* of <bits/statvfs.h> have the numbers of MS_*, but for relatime.
        var flags = information.f_flag & UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)
        let relatime: UInt = 4096
        if information.f_flag & relatime != 0 { flags |= UInt(MS_RELATIME) }
        guard mount(nil, target, nil, flags | UInt(MS_REMOUNT | MS_BIND | MS_RDONLY), nil) == 0 else {
            throw Failure("make read-only", path)
        }
    }
}
