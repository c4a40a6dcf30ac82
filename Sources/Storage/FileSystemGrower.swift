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

    /// Takes back what ``growExt(undoFile:)`` wrote, however far it came. The file system must be checked afterwards.
    package func revertExt(undoFile: FilePath) -> Invocation {
        // Forced: it would refuse what was cut off in the middle.
        confined("e2undo", ["-f", undoFile.string, place])
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
