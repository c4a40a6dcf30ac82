import Glibc
import GuestModel
import LinuxHost
import Storage
import SystemPackage
import TestSupport
import Testing

/// The real programs on small images, and their own checkers as judges.
@Suite("File systems as they are made")
struct RealFileSystemTests {
    private static let uuid = "0a1b2c3d-0000-4000-8000-000000000001"
    private let directory: TemporaryDirectory
    private let files = RealFileSystem()
    private let runner = SubprocessRunner(path: "")

    init() throws {
        directory = try TemporaryDirectory("storage")
    }

    private func make(
        _ kind: FileSystemKind, _ mebibytes: Int64, tree: FilePath?, guest: ExtFeatures.Guest = .init(),
        allocated: Bool = false, grows: Bool = false
    ) async throws -> FilePath {
        let image = directory("disk.img")
        _ = try files.createImage(image, size: .mebibytes(mebibytes), allocated: allocated)
        let invocation = FileSystemMaker(image: image, uuid: Self.uuid).fileSystem(
            kind, tree: tree, features: guest, keepsAllocation: allocated, grows: grows)
        let log = directory("log")
        let status = try await runner.run(invocation, appendingOutputTo: log)
        #expect(status.isSuccess, "\(invocation.commandLine): \((try? readText(log)) ?? "")")
        return image
    }

    private func output(_ program: String, _ arguments: String...) async throws -> String {
        try await run(program, arguments).orThrow().standardOutput
    }

    @Test(
        "an ext file system is clean, has its UUID and the features that the guest reads", Requirement.root,
        Requirement.program("mke2fs", "dumpe2fs", "e2fsck"), arguments: [FileSystemKind.ext2, .ext3, .ext4],
        [ExtFeatures.Guest(kernel: [3, 2], e2fsprogs: [1, 42]), .init(kernel: [6, 1], e2fsprogs: [1, 47])])
    func ext(kind: FileSystemKind, guest: ExtFeatures.Guest) async throws {
        try writeFile(directory("tree/etc/hostname"), "web1\n")
        let image = try await make(kind, 16, tree: directory("tree"), guest: guest)
        let header = try await output("dumpe2fs", "-h", image.string)
        #expect(header.contains(Self.uuid))
        let line = try #require(header.split(separator: "\n").first { $0.hasPrefix("Filesystem features:") })
        let found = Set(line.split(separator: " ").dropFirst(2).map(String.init))
        #expect(found.subtracting(["needs_recovery"]) == Set(ExtFeatures(kind: kind, guest: guest).names))
        #expect(try await run("e2fsck", ["-fn", image.string]).succeeded)
        #expect(try await output("debugfs", "-R", "cat /etc/hostname", image.string) == "web1\n")
    }

    @Test(
        "a base grows into a guest of any size, with the proportions of one that was made so large", Requirement.root,
        Requirement.program("mke2fs", "dumpe2fs", "e2fsck", "tune2fs", "resize2fs"),
        arguments: [FileSystemKind.ext2, .ext3, .ext4],
        [ExtFeatures.Guest(kernel: [3, 2], e2fsprogs: [1, 42]), .init(kernel: [6, 1], e2fsprogs: [1, 47])])
    func clone(kind: FileSystemKind, guest: ExtFeatures.Guest) async throws {
        try writeFile(directory("tree/etc/hostname"), "base\n")
        let image = try await make(
            kind, 2 * FileSystemMaker.blockGroup.mebibytes, tree: directory("tree"), guest: guest, grows: true)
        #expect(truncate(image.string, 20 << 30) == 0)
        let uuid = "0a1b2c3d-0000-4000-8000-000000000002"
        for invocation in CloneRenewal(device: image, uuid: uuid).invocations {
            let log = directory("log-\(invocation.executable)")
            let status = try await runner.run(invocation, appendingOutputTo: log)
            #expect(status.isSuccess, "\(invocation.commandLine): \((try? readText(log)) ?? "")")
        }
        #expect(try await run("e2fsck", ["-fn", image.string]).succeeded)
        let header = try await output("dumpe2fs", "-h", image.string)
        func number(_ name: String) -> Int64? {
            header.split(separator: "\n").first { $0.hasPrefix("\(name):") }?.split(separator: " ").last.flatMap {
                Int64($0)
            }
        }
        #expect(header.contains(uuid) && !header.contains(Self.uuid))
        #expect(number("Block count") == 20 << 18)
        // One for 16 KiB, as mke2fs.conf has it for what is neither small nor huge.
        #expect(number("Inode count") == 20 << 16)
        if kind != .ext2 {
            #expect(
                header.contains("Total journal size:       64M") || header.contains("Journal size:             64M"))
        }
        #expect(try await output("debugfs", "-R", "cat /etc/hostname", image.string) == "base\n")
        // Its tables are not written, but where the file system cannot leave them out.
        let allocated = try #require(try files.entry(at: image)).allocated
        #expect(allocated < (kind == .ext4 ? 200 : 700) << 20, "\(allocated)")
    }

    @Test(
        "owners, modes, capabilities, links and device nodes survive", Requirement.root,
        Requirement.program("mke2fs", "debugfs", "e2fsck", "setcap", "getcap"))
    func attributes() async throws {
        let tree = directory("tree")
        try writeFile(tree.appending("usr/bin/ping"), "program", mode: 0o755)
        try writeFile(tree.appending("usr/bin/su"), "program")
        try writeFile(tree.appending("var/mail/file"), "x", mode: 0o660)
        chown(tree.appending("usr/bin/su").string, 0, 0)
        chmod(tree.appending("usr/bin/su").string, 0o4755)
        chown(tree.appending("var/mail/file").string, 1234, 5678)
        link(tree.appending("usr/bin/su").string, tree.appending("usr/bin/again").string)
        symlink("usr/bin", tree.appending("bin").string)
        mkfifo(tree.appending("fifo").string, 0o600)
        chmod(tree.string, 0o755)
        chown(tree.string, 1000, 1000)
        let node = try await run("mknod", [tree.appending("null").string, "c", "1", "3"]).succeeded
        let capability = try await run("setcap", ["cap_net_raw=ep", tree.appending("usr/bin/ping").string]).succeeded
        let image = try await make(.ext4, 16, tree: tree)

        func stat(_ path: String) async throws -> String {
            try await output("debugfs", "-R", "stat \(path)", image.string)
        }
        let su = try await stat("/usr/bin/su")
        #expect(su.contains("Mode:  04755"))
        #expect(su.contains("Links: 2"))
        #expect(try await stat("/usr/bin/again").split(separator: "\n").first == su.split(separator: "\n").first)
        let mail = try await stat("/var/mail/file")
        #expect(mail.contains("User:  1234") && mail.contains("Group:  5678") && mail.contains("Mode:  0660"))
        #expect(try await stat("/bin").contains("Fast link dest: \"usr/bin\""))
        #expect(try await stat("/fifo").contains("Type: FIFO"))
        // The tree's top belongs to whoever made it; the guest's `/` is root's.
        #expect(try await stat("/").contains("User:     0   Group:     0"))
        if node { #expect(try await stat("/null").contains("Type: character special")) }
        if capability { #expect(try await stat("/usr/bin/ping").contains("security.capability")) }
        #expect(node && capability, "this machine lets root make neither device nodes nor capabilities")
        #expect(try await run("e2fsck", ["-fn", image.string]).succeeded)
    }

    @Test("an image whose blocks are there has them still", Requirement.program("mke2fs"))
    func allocated() async throws {
        let image = try await make(.ext4, 16, tree: nil, allocated: true)
        #expect(try #require(try files.entry(at: image)).allocated >= 16 << 20)
    }

    @Test("a sparse image takes the room of what is in it", Requirement.program("mke2fs"))
    func sparse() async throws {
        let image = try await make(.ext4, 256, tree: nil)
        let entry = try #require(try files.entry(at: image))
        #expect(entry.size == 256 << 20)
        #expect(entry.allocated < 32 << 20)
    }

    @Test(
        "btrfs is clean and has its UUID and files", Requirement.root, Requirement.program("mkfs.btrfs", "btrfs"))
    func btrfs() async throws {
        try writeFile(directory("tree/etc/hostname"), "web1\n")
        chown(directory("tree/etc/hostname").string, 12, 34)
        let image = try await make(.btrfs, 128, tree: directory("tree"))
        #expect(try #require(try files.entry(at: image)).size == 128 << 20)
        #expect(try await run("btrfs", ["check", "--readonly", image.string]).succeeded)
        #expect(try await output("btrfs", "filesystem", "show", image.string).contains(Self.uuid))
        let tree = try await output("btrfs", "inspect-internal", "dump-tree", "-t", "5", image.string)
        #expect(tree.contains("name: hostname"))
    }

    @Test("swap has its UUID and its size", Requirement.program("mkswap"))
    func swap() async throws {
        let image = directory("swap.img")
        _ = try files.createImage(image, size: .mebibytes(1), allocated: false)
        let status = try await runner.run(
            FileSystemMaker(image: image, uuid: Self.uuid).swap(), appendingOutputTo: nil)
        #expect(status.isSuccess)
        let bytes = try readFile(image)
        #expect(bytes.count == 1 << 20)
        #expect(Array(bytes[4086..<4096]) == Array("SWAPSPACE2".utf8))
        // swap header, version 1: the UUID is at 1036.
        let uuid = bytes[1036..<1052].map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        #expect(uuid == Self.uuid.filter { $0 != "-" })
    }
}
