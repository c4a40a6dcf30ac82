import GuestModel
import LinuxHost
import Storage
import Testing

@Suite("Command lines that make file systems")
struct FileSystemMakerTests {
    private static let uuid = "0a1b2c3d-0000-4000-8000-000000000001"
    private let maker = FileSystemMaker(image: "/images/disk.img", uuid: uuid)
    private let modern = ExtFeatures.Guest(kernel: [6, 1], e2fsprogs: [1, 47])

    @Test("ext4, sparse")
    func ext4() {
        #expect(
            maker.fileSystem(.ext4, tree: "/tree", features: modern, keepsAllocation: false)
                == Invocation(
                    "mke2fs",
                    [
                        "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-U", Self.uuid, "-O",
                        "none,ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file,has_journal,extent,flex_bg,"
                            + "huge_file,dir_nlink,extra_isize,metadata_csum,64bit",
                        "-E", "root_owner=0:0", "-d", "/tree", "/images/disk.img",
                    ], environment: ["LC_ALL": "C.UTF-8"]))
    }

    @Test(
        "an image whose blocks are there keeps them",
        arguments: [
            (FileSystemKind.ext4, "root_owner=0:0,nodiscard"), (.ext2, "root_owner=0:0,nodiscard"), (.btrfs, "-K"),
            (.xfs, "-K"),
        ])
    func allocated(kind: FileSystemKind, word: String) {
        let full = maker.fileSystem(kind, tree: nil, features: modern, keepsAllocation: true)
        let sparse = maker.fileSystem(kind, tree: nil, features: modern, keepsAllocation: false)
        #expect(full.arguments.contains(word))
        #expect(!sparse.arguments.contains(word))
    }

    @Test("btrfs, xfs and swap")
    func others() {
        let environment = ["LC_ALL": "C.UTF-8"]
        #expect(
            maker.fileSystem(.btrfs, tree: "/tree", features: modern, keepsAllocation: false)
                == Invocation(
                    "mkfs.btrfs", ["-q", "-f", "-U", Self.uuid, "--rootdir", "/tree", "/images/disk.img"],
                    environment: environment))
        #expect(
            maker.fileSystem(.xfs, tree: nil, features: modern, keepsAllocation: false)
                == Invocation(
                    "mkfs.xfs", ["-q", "-f", "-m", "uuid=\(Self.uuid)", "/images/disk.img"], environment: environment))
        #expect(
            maker.swap()
                == Invocation(
                    "mkswap", ["--uuid", Self.uuid, "/images/disk.img"], environment: environment))
    }

    @Test("only xfs needs to be mounted")
    func mounting() {
        #expect(FileSystemKind.allCases.filter { !FileSystemMaker.writesFromDirectory($0) } == [.xfs])
        let fill = maker.fill(from: "/a tree", at: "/scratch/mount", kind: .xfs, helper: "/helper")
        #expect(fill.executable == "/helper")
        #expect(fill.arguments.contains("--loop-mount=/images/disk.img:/scratch/mount:xfs"))
        #expect(
            fill.arguments.suffix(5) == ["--", "cp", "-a", "--sparse=auto", "/a tree/.", "/scratch/mount/"].suffix(5))
    }

    @Test(
        "the package of each program",
        arguments: [
            (PartitionContent.swap, "util-linux"), (.fileSystem(.ext4, mountPoint: "/"), "e2fsprogs"),
            (.fileSystem(.btrfs, mountPoint: "/"), "btrfs-progs"), (.fileSystem(.xfs, mountPoint: "/"), "xfsprogs"),
        ])
    func requirement(content: PartitionContent, package: String) {
        #expect(FileSystemMaker.requirement(for: content).package == package)
        #expect(FileSystemMaker.minimum(of: content) >= .mebibytes(1))
    }
}
