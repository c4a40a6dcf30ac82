import LinuxHost
import Storage
import SystemPackage

/// The growth of an ext file system by resize2fs(8), and the way back from it.
package struct Growth: Codable, Hashable, Sendable {
    /// The image, or the volume's device.
    package var path: String
    /// Where the file system begins on it, and how large it was, in bytes.
    package var offset: Int64
    package var size: Int64
    /// Where the blocks are kept that are written over.
    package var undoFile: String
    /// That of ``FileSystemGrower``.
    package var window: String?
    /// The helper executable.
    package var helper: String

    /// Writes the blocks back, whether resize2fs came to its end or was killed.
    ///
    /// - Returns: whether there were any.
    /// - Throws: when the file system is not whole then, and as large as it was.
    func revert(on host: Host) async throws(HostError) -> Bool {
        // Before there is a file nothing is written.
        guard try host.files.entry(at: FilePath(undoFile)) != nil else { return false }
        let grower = FileSystemGrower(
            image: FilePath(path), range: offset..<offset, window: window.map { FilePath($0) }, helper: FilePath(helper)
        )
        // One that was cut off before its first block is refused by e2undo. What counts is what is there then.
        _ = try await host.processes.capture(grower.revertExt(undoFile: FilePath(undoFile)))
        let (status, output) = try await host.processes.capture(grower.check())
        let now = Superblock(try host.files.bytes(of: FilePath(path), at: offset, count: Superblock.length))
        guard FileSystemGrower.checked(status), now?.size == size else {
            let words = output.split(whereSeparator: \.isNewline).suffix(2).joined(separator: "; ")
            throw HostError(
                "the file system on \(path) is not what it was: e2fsck ended with \(status)"
                    + (words.isEmpty ? "" : ": \(words)"),
                hint: "the blocks that were written over are in \(undoFile), for e2undo(8)")
        }
        return true
    }
}
