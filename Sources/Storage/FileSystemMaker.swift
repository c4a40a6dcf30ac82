import GuestModel
import LinuxHost
import SystemPackage

/// The programs that write a file system, with a tree in it, into an image: the kernel developers' own.
package struct FileSystemMaker: Sendable {
    /// The image; it exists and has its size.
    package var image: FilePath
    /// The file system's UUID, chosen beforehand so that fstab could name it.
    package var uuid: String

    package init(image: FilePath, uuid: String) {
        self.image = image
        self.uuid = uuid
    }

    /// The program that a host needs for a kind of content, and the Debian package that has it.
    package static func requirement(for content: PartitionContent) -> (program: String, package: String) {
        switch content {
        case .swap: ("mkswap", "util-linux")
        case .fileSystem(.btrfs, _): ("mkfs.btrfs", "btrfs-progs")
        case .fileSystem(.xfs, _): ("mkfs.xfs", "xfsprogs")
        case .fileSystem: ("mke2fs", "e2fsprogs")
        }
    }

    /// The smallest file system of that kind, below which the programs refuse.
    package static func minimum(of content: PartitionContent) -> ByteSize {
        switch content {
        case .swap: .mebibytes(1)
        // mkfs.xfs(8): 300 MB since xfsprogs 5.19; mkfs.btrfs(8): 109 MiB with default profiles.
        case .fileSystem(.xfs, _): .mebibytes(300)
        case .fileSystem(.btrfs, _): .mebibytes(128)
        case .fileSystem: .mebibytes(8)
        }
    }

    /// Whether the kind can be written from a directory by its own program; the others need the image mounted.
    package static func writesFromDirectory(_ kind: FileSystemKind) -> Bool { kind != .xfs }

    /// A swap area.
    package func swap() -> Invocation {
        Invocation("mkswap", ["--uuid", uuid, image.string], environment: Self.environment)
    }

    /// A file system holding the tree's content; an empty one with a nil tree.
    ///
    /// - Parameters:
    ///   - tree: required to be nil where ``writesFromDirectory(_:)`` says no.
    ///   - grows: whether it will be much larger one day: an ext file system has the proportions of its first size for ever.
    package func fileSystem(
        _ kind: FileSystemKind, tree: FilePath?, features: ExtFeatures.Guest, keepsAllocation: Bool,
        grows: Bool = false
    ) -> Invocation {
        switch kind {
        case .ext2, .ext3, .ext4:
            var arguments = ["-q", "-F", "-t", kind.rawValue, "-b", "4096", "-I", "256", "-U", uuid]
            arguments += ["-O", (["none"] + ExtFeatures(kind: kind, guest: features).names).joined(separator: ",")]
            var extended = ["root_owner=0:0"]
            // Discarding would take back the blocks that the user asked for.
            if keepsAllocation { extended.append("nodiscard") }
            if grows {
                arguments += ["-i", "\(Self.bytesPerInode)"]
                if kind != .ext2 { arguments += ["-J", "size=\(Self.journal.mebibytes)"] }
                // The journal need not be zeroed where all is; descriptors are reserved for 1 TiB of blocks.
                extended += ["lazy_journal_init=1", "resize=\(1 << 28)"]
            }
            arguments += ["-E", extended.joined(separator: ",")]
            if let tree { arguments += ["-d", tree.string] }
            return Invocation("mke2fs", arguments + [image.string], environment: Self.environment)
        case .btrfs:
            var arguments = ["-q", "-f", "-U", uuid]
            if keepsAllocation { arguments.append("-K") }
            if let tree { arguments += ["--rootdir", tree.string] }
            return Invocation("mkfs.btrfs", arguments + [image.string], environment: Self.environment)
        case .xfs:
            var arguments = ["-q", "-f", "-m", "uuid=\(uuid)"]
            if keepsAllocation { arguments.append("-K") }
            return Invocation("mkfs.xfs", arguments + [image.string], environment: Self.environment)
        }
    }

    /// Copies the tree into the image through a mount that lives only as long as the copy: in the helper's namespace,
    /// on a loop device that the kernel takes away with it.
    package func fill(from tree: FilePath, at mountPoint: FilePath, kind: FileSystemKind, helper: FilePath)
        -> Invocation
    {
        var confinement = Confinement(helper: helper)
        confinement.loopMounts = [.init(image, at: mountPoint, type: kind.rawValue)]
        return confinement.wrap(
            Invocation("cp", ["-a", "--sparse=auto", "\(tree)/.", "\(mountPoint)/"], environment: Self.environment))
    }

    /// What mke2fs.conf has for file systems of some size; for small ones it has more inodes, which is wasted on a large one.
    package static let bytesPerInode: Int64 = 16 << 10
    /// Of an ext3 or ext4 that grows.
    package static let journal = ByteSize.mebibytes(64)
    /// What an ext file system that grows is a multiple of, twice at least: in block groups that are whole each has its share
    /// of inodes, as many as all that are added; and mke2fs wants a journal to be less than half of all.
    package static let blockGroup = ByteSize.mebibytes(128)

    /// What an ext file system that grows must have for a tree of that many bytes and files, a tenth of it free.
    ///
    /// Inode tables and reserved blocks take a part; the journal is fixed.
    package static func size(forBytes bytes: Int64, inodes: Int64) -> ByteSize {
        let needed = max(bytes / 100 * 110 + journal.bytes + (32 << 20), inodes / 100 * 120 * bytesPerInode)
        return ByteSize(bytes: max(2, needed / blockGroup.bytes + 1) * blockGroup.bytes)
    }

    private static let environment = ["LC_ALL": "C.UTF-8"]
}
