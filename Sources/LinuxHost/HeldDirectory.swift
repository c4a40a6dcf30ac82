import CLinux
import Glibc
import SystemPackage

/// A directory that stays the same one, whatever is put in its place. While it is held, its file system cannot be unmounted.
package final class HeldDirectory: Sendable {
    /// Leads to it without its name (proc(5), /proc/self/fd); good in this process alone.
    package var path: FilePath { FilePath("/proc/self/fd/\(descriptor)") }
    private let descriptor: Int32

    fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

extension RealFileSystem {
    package func hold(_ directory: FilePath) throws(HostError) -> HeldDirectory {
        let descriptor = open(directory.string, CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError(cannot: "open \(directory)", Kernel.lastError) }
        return HeldDirectory(descriptor: descriptor)
    }
}
