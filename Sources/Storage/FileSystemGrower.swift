import GuestModel
import LinuxHost
import SystemPackage

/// The programs that make a file system fill the room that it has got: the kernel developers' own.
package struct FileSystemGrower: Sendable {
    /// An image, or a block device.
    package var image: FilePath
    /// Where in it the file system has its room now, in bytes.
    package var range: Range<Int64>
    /// A file in whose place the programs see the room as a device of its own; nil where it is all of the image. They know
    /// offsets, but resize2fs then cuts off the end of an image, as far as the file system was from its beginning.
    package var window: FilePath?
    /// The helper executable, with which no program goes on working on a disk when we are killed.
    package var helper: FilePath

    package init(image: FilePath, range: Range<Int64>, window: FilePath?, helper: FilePath) {
        self.image = image
        self.range = range
        self.window = window
        self.helper = helper
    }

    /// The programs that a host needs for a kind of content, and the Debian package that has them.
    package static func requirements(
        for content: Superblock.Content
    ) -> [(program: String, package: String)] {
        switch content {
        case .swap: [("mkswap", "util-linux")]
        case .fileSystem(.btrfs): [("btrfs", "btrfs-progs")]
        case .fileSystem(.xfs): [("xfs_growfs", "xfsprogs")]
        case .fileSystem: [("e2fsck", "e2fsprogs"), ("resize2fs", "e2fsprogs"), ("e2undo", "e2fsprogs")]
        }
    }

    /// Whether the kind grows only while it is mounted. The kernel does it then, in one transaction of the file system's own:
    /// it has grown, or it has not.
    package static func growsMounted(_ content: Superblock.Content) -> Bool {
        content == .fileSystem(.xfs) || content == .fileSystem(.btrfs)
    }

    /// What resize2fs(8) wants to have gone before: a check that mends what can be mended safely. Exit status 3 and below is
    /// success, as the bits of e2fsck(8) say.
    package func check() -> Invocation { confined("e2fsck", ["-f", "-p", place]) }

    /// The same, and nothing is mended: success is a file system that is whole.
    package func look() -> Invocation { confined("e2fsck", ["-f", "-n", place]) }

    /// Whether ``check()`` ended well: nothing to mend, or mended.
    package static func checked(_ status: ExitStatus) -> Bool {
        if case .exited(let code) = status { code < 4 } else { false }
    }

    /// Grows an ext2, ext3 or ext4. An image that ends behind it by less than a block of it loses that.
    ///
    /// - Parameter undoFile: gets each block before it is written over; it must not exist.
    package func growExt(undoFile: FilePath) -> Invocation {
        let sectors = (range.upperBound - range.lowerBound) / 512
        return confined("resize2fs", ["-z", undoFile.string, place, "\(sectors)s"])
    }

    /// How an undo file is used.
    package enum Reversion: Sendable {
        /// One that is whole; e2undo refuses if the file system has been changed since.
        case whole
        /// One that was cut off, which e2undo cannot hold against the file system.
        case cutOff
        /// The same, and nothing is written.
        case tryCutOff
    }

    /// Takes back what ``growExt(undoFile:)`` wrote. The file system must be checked afterwards.
    package func revertExt(undoFile: FilePath, _ reversion: Reversion) -> Invocation {
        let options =
            switch reversion {
            case .whole: [] as [String]
            case .cutOff: ["-f"]
            case .tryCutOff: ["-n", "-f"]
            }
        return confined("e2undo", options + [undoFile.string, place])
    }

    /// Bytes at the beginning of an undo file that tell whether it is whole.
    package static let undoHeader = 48

    /// Whether the program that wrote an undo file came to its end (struct undo_header and E2UNDO_STATE_FINISHED in undo_io.c
    /// of e2fsprogs 1.43 and later).
    package static func isFinished(_ header: [UInt8]) -> Bool {
        header.count >= undoHeader && header.starts(with: "E2UNDO02".utf8) && header[44] & 1 != 0
    }

    /// Bytes that ``growExt(undoFile:)`` may keep: without flexible groups (ext2, ext3) each added group's inode tables are
    /// written, which takes 3 % here.
    package static func undoRoom(_ kind: FileSystemKind, adding added: Int64) -> Int64 {
        (32 << 20) + (kind == .ext4 ? added / 512 : added / 24)
    }

    /// Has files that are then made in a directory written synchronously (chattr(1)).
    package static func keepingInOrder(_ directory: FilePath) -> Invocation {
        Invocation("chattr", ["+S", directory.string], environment: environment)
    }

    private var place: String { (window ?? image).string }

    private func confined(_ program: String, _ arguments: [String]) -> Invocation {
        var confinement = Confinement(helper: helper)
        if let window {
            confinement.loopDevices = [
                .init(
                    image, at: window, offset: range.lowerBound,
                    length: range.isEmpty ? 0 : range.upperBound - range.lowerBound)
            ]
        }
        return confinement.wrap(Invocation(program, arguments, environment: Self.environment))
    }

    /// Grows an xfs or btrfs through a mount that lives only as long as that: in the helper's namespace, on a loop device
    /// that the kernel takes away with it.
    package func growMounted(_ kind: FileSystemKind, at mountPoint: FilePath) -> Invocation {
        var confinement = Confinement(helper: helper)
        confinement.loopMounts = [.init(image, at: mountPoint, type: kind.rawValue, range: range)]
        return confinement.wrap(
            kind == .xfs
                ? Invocation("xfs_growfs", ["-d", mountPoint.string], environment: Self.environment)
                : Invocation(
                    "btrfs", ["filesystem", "resize", "max", mountPoint.string], environment: Self.environment))
    }

    /// Makes a swap area in a file of the new size. Its first ``swapHeader`` bytes are all that there is to it: written over
    /// those of the old one, they make it larger.
    package static func swap(in file: FilePath, uuid: String, label: String?) -> Invocation {
        Invocation(
            "mkswap", ["--uuid", uuid] + (label.map { ["--label", $0] } ?? []) + [file.string],
            environment: Self.environment)
    }

    package static let swapHeader = 4096

    private static let environment = ["LC_ALL": "C.UTF-8"]
}
