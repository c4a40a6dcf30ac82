import LinuxHost
import Synchronization

/// The files of bases that were found whole, for as long as a command takes.
final class VerifiedBases: Sendable {
    private let files = Mutex<Set<FileIdentity>>([])

    func holds(_ file: FileIdentity?) -> Bool { file.map { file in files.withLock { $0.contains(file) } } ?? false }

    func note(_ file: FileIdentity?) {
        if let file { files.withLock { _ = $0.insert(file) } }
    }
}
