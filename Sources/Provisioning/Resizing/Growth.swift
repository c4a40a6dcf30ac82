import LinuxHost
import Storage
import SystemPackage

/// The growth of an ext file system by resize2fs(8), and the way back from it. It is data, for the journal.
package struct Growth: Codable, Hashable, Sendable {
    package var disk: DiskMark
    /// How large the file system was, in bytes.
    package var size: Int64
    /// When it was mounted and checked last, as it says: a later time is of somebody who has used it since.
    package var stamp: Superblock.Stamp
    /// Where the blocks are kept that are written over.
    package var undoFile: String
    /// That of ``FileSystemGrower``.
    package var window: String?
    /// The helper executable.
    package var helper: String

    /// Writes the blocks back, whether resize2fs came to its end or was killed.
    ///
    /// - Returns: whether there were any.
    /// - Throws: when somebody has used the file system since, and when it is not whole then, and as large as it was. Only
    ///   what is known to be ours is written.
    func revert(on host: Host) async throws(HostError) -> Bool {
        try await disk.check(on: host)
        let undoFile = FilePath(undoFile)
        guard try host.files.entry(at: undoFile) != nil else {
            // Before there is a file nothing is written.
            guard try disk.superblock(on: host)?.size == size else {
                throw HostError(
                    "the file system on \(disk.path) is not what it was, and \(undoFile) is gone", hint: forget)
            }
            return false
        }
        let grower = FileSystemGrower(
            image: FilePath(disk.path), range: disk.offset..<disk.offset, window: window.map { FilePath($0) },
            helper: FilePath(helper))
        // It may have come to nothing that matters, or have been taken back already.
        // Of a large one that was cut off it has a line or two to say about each group of blocks.
        let looked = try await host.processes.run(grower.look(), appendingOutputTo: nil)
        if looked.isSuccess, try disk.superblock(on: host)?.size == size { return true }
        try await writeBack(undoFile, grower, host)
        let (status, output) = try await host.processes.capture(grower.check())
        guard FileSystemGrower.checked(status), try disk.superblock(on: host)?.size == size else {
            let words = output.split(whereSeparator: \.isNewline).suffix(2).joined(separator: "; ")
            throw HostError(
                "the file system on \(disk.path) is not what it was: e2fsck ended with \(status)"
                    + (words.isEmpty ? "" : ": \(words)"),
                hint: "the blocks that were written over are in \(undoFile), for e2undo(8); \(forget)")
        }
        return true
    }

    private func writeBack(_ undoFile: FilePath, _ grower: FileSystemGrower, _ host: Host) async throws(HostError) {
        // e2undo looks whether the file system is as resize2fs left it, if that came to its end.
        if try await host.processes.capture(grower.revertExt(undoFile: undoFile, .whole)).status.isSuccess { return }
        let header = try host.files.bytes(of: undoFile, at: 0, count: FileSystemGrower.undoHeader)
        // Otherwise it cannot; then the file system's own times must tell.
        let stamp = try Superblock.Stamp(host.files.bytes(of: FilePath(disk.path), at: disk.offset, count: 4096))
        guard !FileSystemGrower.isFinished(header), stamp == self.stamp else {
            throw HostError(
                "the file system on \(disk.path) has been used or repaired since: its growth is not taken back",
                hint: "it stays as it is; \(forget)")
        }
        let tried = try await host.processes.capture(grower.revertExt(undoFile: undoFile, .tryCutOff))
        guard tried.status.isSuccess else {
            throw HostError(
                "the blocks that were written over on \(disk.path) are not all there: e2undo ended with \(tried.status)",
                hint: "e2fsck -f may mend the file system; \(forget)")
        }
        _ = try await host.processes.capture(grower.revertExt(undoFile: undoFile, .cutOff))
    }

    private var forget: String { "domus recover --keep forgets the run" }
}
