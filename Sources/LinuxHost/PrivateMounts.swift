import CLinux
import Glibc
import GuestModel
import Synchronization
import SystemPackage

/// A mount namespace of this process's own: what is mounted in it nobody else sees or keeps busy, and it is gone with the
/// last of its processes, whatever ends them. What the host mounts and unmounts shows in it as before.
package enum PrivateMounts {
    private static let isEntered = Mutex(false)

    static var areThere: Bool { isEntered.withLock { $0 } }

    /// Enters it, as the first thing that the process does: threads that are there already stay outside. Where the kernel
    /// does not give one all stays as it is, and ``FileChanging/mount(_:at:type:)`` says so once it is asked.
    package static func enter() {
        guard isSingleThreaded, clinux_unshare(CLINUX_CLONE_NEWNS) == 0,
            Glibc.mount(nil, "/", nil, UInt(MS_REC | MS_SLAVE), nil) == 0
        else { return }
        isEntered.withLock { $0 = true }
    }

    private static var isSingleThreaded: Bool {
        guard let tasks = opendir("/proc/self/task") else { return false }
        defer { closedir(tasks) }
        var count = 0
        // "." and "..", and one for each thread.
        while readdir(tasks) != nil { count += 1 }
        return count == 3
    }
}

extension RealFileSystem {
    package func mount(_ device: FilePath, at directory: FilePath, type: String) throws(HostError) {
        guard PrivateMounts.areThere else {
            throw HostError(
                "cannot mount \(device): this host gives no mount namespace, without which a mount could be left behind",
                hint: "a container needs CAP_SYS_ADMIN for that")
        }
        guard Glibc.mount(device.string, directory.string, type, 0, nil) == 0 else {
            throw HostError(cannot: "mount \(device) on \(directory)", Kernel.lastError)
        }
    }

    package func unmount(_ directory: FilePath) throws(HostError) -> Bool {
        guard PrivateMounts.areThere else { return false }
        if umount2(directory.string, Int32(UMOUNT_NOFOLLOW)) == 0 { return true }
        let error = Kernel.lastError
        // Nothing is mounted there, or nothing is there.
        if error == .invalidArgument || error == .noSuchFileOrDirectory { return false }
        throw HostError(cannot: "unmount \(directory)", error)
    }
}
