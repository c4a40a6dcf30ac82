import GuestModel
import SystemPackage

/// Looking at files of the host. Nothing here changes anything.
package protocol FileReading: Sendable {
    /// What is at the path itself (a link is not followed); nil when there is nothing.
    func entry(at path: FilePath) throws(HostError) -> FileEntry?
    /// The file's bytes. Refuses what is larger than the limit, so that a mistaken path cannot fill the memory.
    func contents(of path: FilePath, limit: Int) throws(HostError) -> [UInt8]
    /// Some bytes of a file or block device, from an offset on; fewer where it ends before.
    func bytes(of path: FilePath, at offset: Int64, count: Int) throws(HostError) -> [UInt8]
    /// What an image or a block device holds, read by all cores.
    func digest(ofImage path: FilePath) async throws(HostError) -> ImageDigest
    /// Holds a directory open; a link in its place is refused.
    func hold(_ directory: FilePath) throws(HostError) -> HeldDirectory
    /// The names in a directory, sorted, without `.` and `..`.
    func names(in directory: FilePath) throws(HostError) -> [String]
    /// The path without links and dots; the file must exist.
    func resolved(_ path: FilePath) throws(HostError) -> FilePath
    /// What a symbolic link says, whether or not it leads anywhere.
    func target(ofLink path: FilePath) throws(HostError) -> FilePath
    /// A block device, links followed; nil for what is none.
    func blockDevice(at path: FilePath) throws(HostError) -> BlockDevice?
    /// Whether another process, or a loop device, has a file open; false also where its file system cannot tell.
    func isOpened(_ path: FilePath) throws(HostError) -> Bool
    /// Whether somebody has a block device for himself: a mount, a swap area, a volume group, a guest.
    func isTaken(device path: FilePath) throws(HostError) -> Bool
    /// Whether the kernel has left an ext2, ext3 or ext4 as one that is whole. Where it could not write what it had to, it
    /// gives the file system up, which not every kernel tells whoever synchronizes or unmounts it: before 5.17 the error of
    /// ext4's own part of syncfs(2) was dropped, and of one that is read-only by then nothing is asked.
    ///
    /// - Parameter device: an image or a block device; not mounted.
    func isLeftWhole(ext device: FilePath) throws(HostError) -> Bool
    /// Bytes that may still be written at the nearest existing ancestor of the path.
    func freeSpace(at path: FilePath) throws(HostError) -> ByteSize
    /// Whether copies there may have the blocks of what they are copies of (reflink): false where the file system of the
    /// nearest existing ancestor is known to be of a kind that cannot.
    func mayShareBlocks(at path: FilePath) throws(HostError) -> Bool
    /// Whether the path can be executed by this process.
    func isExecutable(_ path: FilePath) -> Bool
    /// Whether ``FileChanging/mount(_:through:at:type:options:isReadOnly:)`` can be done here.
    var mountsPrivately: Bool { get }
    /// Whether it can be done with an image, too, which takes a loop device.
    var mountsImages: Bool { get }
}

/// Changing files of the host. Each call is one effect: a step journals it.
package protocol FileChanging: Sendable {
    /// Makes one directory; its parent must exist and it must not.
    func createDirectory(_ path: FilePath, mode: UInt32) throws(HostError) -> FileIdentity
    /// Makes a file that must not exist, with these contents, safe on the disk when the call returns.
    func createFile(_ path: FilePath, contents: [UInt8], mode: UInt32) throws(HostError) -> FileIdentity
    /// Makes a file of this size that must not exist: all zeros, without blocks, or with all of them.
    func createImage(_ path: FilePath, size: ByteSize, allocated: Bool) throws(HostError) -> FileIdentity
    /// The same, with the loop device by which the image will be mounted. One that is made later waits until all that has been
    /// written into the image is on the disk (the kernel's loop_configure() calls fsync).
    func createMountableImage(_ path: FilePath, size: ByteSize, allocated: Bool) throws(HostError) -> ImageDevice
    /// Copies bytes between two files of images, over `length` bytes, leaving holes where the source has holes.
    func copyRange(from source: FilePath, to target: FilePath, at offset: Int64) throws(HostError)
    /// Copies an image into another that is there, as large or larger, and all zeros, with its holes.
    ///
    /// - Parameters:
    ///   - shares: whether the two may have the same blocks, where the file system can (reflink), until one is written.
    ///   - digests: whether it is to be read for its digest too.
    ///   - bypassesCache: whether the copy is written past the page cache, where the file system can: that takes no memory,
    ///     and waits for the disk.
    func copyImage(
        _ source: FilePath, to target: FilePath, shares: Bool, digests: Bool, bypassesCache: Bool
    ) async throws(HostError) -> ImageDigest?
    /// Has a range of a file or a block device read as zeros, and gives it blocks if it has none.
    func zero(_ path: FilePath, from offset: Int64, length: Int64) throws(HostError)
    /// Writes over bytes of a file or block device, safe on the disk when the call returns. It must reach that far.
    func overwrite(_ path: FilePath, at offset: Int64, with bytes: [UInt8]) throws(HostError)
    /// Makes an image larger, by zeros, or smaller.
    ///
    /// - Parameter allocated: whether what is added has its blocks at once.
    func resize(_ path: FilePath, to size: ByteSize, allocated: Bool) throws(HostError)
    /// Gives a file or directory another name, on the same file system; nothing may have that name.
    func rename(_ path: FilePath, to target: FilePath) throws(HostError)
    /// Removes a file, a link, or an empty directory.
    func remove(_ path: FilePath) throws(HostError)
    /// Removes a directory and all in it; never follows a link and never enters another file system.
    func removeTree(_ path: FilePath) throws(HostError)
    /// Writes a text at the end of a log, which is made where it is not there yet.
    func append(_ text: String, to log: FilePath) throws(HostError)
    /// Makes sure that the file, or the names in the directory, survive a power cut.
    func synchronize(_ path: FilePath) throws(HostError)
    /// Mounts a file system on a directory, for this process and those that it starts only: a block device's, or that in an
    /// image, through a loop device that goes with the mount. However they end, it ends with them (``PrivateMounts``).
    ///
    /// - Parameters:
    ///   - loop: the image's, if it was made with one, which is not used again.
    ///   - options: those of mount(8) that only the file system knows.
    func mount(
        _ device: FilePath, through loop: ImageDevice?, at directory: FilePath, type: String, options: String,
        isReadOnly: Bool
    ) throws(HostError)
    /// Writes all of a mounted file system to its device, or of a file to the disk. An error is told once: to this, or to a later
    /// ``unmount(_:whatWasWritten:)`` or ``synchronize(_:)``.
    func writeOut(_ path: FilePath) async throws(HostError)
    /// Has the device of a mounted file system take back what is not used, where it can: of an image that is a hole then. What was
    /// removed and is not yet written out stays.
    func trim(_ directory: FilePath)
    /// Unmounts what ``mount(_:through:at:type:options:isReadOnly:)`` mounted there; when it returns, all is written and the device is free.
    ///
    /// - Parameter matters: whether what was written matters: then one that could not be is an error.
    /// - Returns: whether there was anything.
    func unmount(_ directory: FilePath, whatWasWritten matters: Bool) throws(HostError) -> Bool
}

/// Files inside a guest's tree. The tree is untrusted: a link in it, however it is written, never leads out of it
/// (openat2(2), RESOLVE_IN_ROOT), and device nodes and FIFOs are not opened.
package protocol GuestTreeAccess: Sendable {
    /// What is at the path in the tree, links followed inside it; nil when there is nothing.
    func entry(of path: String, inTree root: FilePath) throws(HostError) -> FileEntry?
    /// The bytes of a regular file; nil when there is none. Refuses what is larger than the limit.
    func contents(of path: String, inTree root: FilePath, limit: Int) throws(HostError) -> [UInt8]?
    /// The names in a directory, sorted; none when there is no such directory.
    func names(in path: String, inTree root: FilePath) throws(HostError) -> [String]
    /// Replaces or makes a regular file; its directory must exist. A link of that name is replaced, not followed.
    func write(_ contents: [UInt8], to path: String, inTree root: FilePath, mode: UInt32) throws(HostError)
    /// Copies a regular file out of the tree to a new file of the host, which is on the disk after ``synchronize(_:)``.
    func copyOut(_ path: String, ofTree root: FilePath, to target: FilePath, mode: UInt32) throws(HostError)
        -> FileIdentity
    /// Moves the directory at a mount point out of the tree and leaves an empty one with its mode and owner.
    /// The directory is made where the tree has none; a link anywhere on the way is refused.
    func detach(_ path: String, ofTree root: FilePath, to target: FilePath) throws(HostError)
    /// Bytes that the files below a directory take, hard links counted once, and how many inodes they are.
    func usage(of root: FilePath) throws(HostError) -> (bytes: Int64, inodes: Int64)
}

/// The files of a host.
package typealias FileSystem = FileReading & FileChanging & GuestTreeAccess

extension FileReading {
    /// Whether there is a directory of the administrator's, or a link to one.
    ///
    /// - Throws: ``HostError`` when something else is there: a link that leads nowhere is not to be taken for nothing.
    package func hasDirectory(at path: FilePath) throws(HostError) -> Bool {
        guard try entry(at: path) != nil else { return false }
        guard try directory(at: path) != nil else {
            throw HostError("\(path) is not a directory", hint: "see where it should lead, or remove it")
        }
        return true
    }

    /// A directory, or what a link leads to: the administrator's way to put things on another disk; nil for all else.
    package func directory(at path: FilePath) throws(HostError) -> FileEntry? {
        guard let entry = try entry(at: path) else { return nil }
        if entry.kind == .directory { return entry }
        guard entry.kind == .symbolicLink, let target = try? self.entry(at: resolved(path)), target.kind == .directory
        else { return nil }
        return target
    }
}
