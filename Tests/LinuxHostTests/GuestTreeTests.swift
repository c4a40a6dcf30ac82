import Glibc
import LinuxHost
import SystemPackage
import TestSupport
import Testing

/// A guest's tree is hostile until shown otherwise: whatever a link in it says, its files are looked for in it.
@Suite("Files inside a guest's tree")
struct GuestTreeTests {
    private let files = RealFileSystem()
    private let directory: TemporaryDirectory
    private var root: FilePath { directory("root") }

    init() throws {
        directory = try TemporaryDirectory("tree")
        try writeFile(directory("secret"), "of the host")
        try writeFile(directory("root/etc/hostname"), "web1\n")
        try writeFile(directory("root/secret"), "of the guest")
        try makeDirectories(directory("root/dev"))
    }

    /// Ways out of a tree, all of which lead to the guest's own /secret or to nothing.
    private static let waysOut = [
        "/secret", "../secret", "../../secret", "../../../../../../../../secret", "/etc/../../secret",
        "/proc/self/root/secret",
    ]

    @Test("no link leads out", arguments: waysOut)
    func reading(target: String) throws {
        symlink(target, directory("root/etc/link").string)
        let bytes = try files.contents(of: "/etc/link", inTree: root, limit: 100)
        #expect(bytes == nil || bytes == Array("of the guest".utf8))
        // A directory on the way that is a link.
        symlink(FilePath(target).removingLastComponent().string, directory("root/way").string)
        let below = try files.contents(of: "/way/secret", inTree: root, limit: 100)
        #expect(below == nil || below == Array("of the guest".utf8))
    }

    @Test("a path itself does not lead out either", arguments: waysOut)
    func path(path: String) throws {
        let bytes = try files.contents(of: path, inTree: root, limit: 100)
        #expect(bytes == nil || bytes == Array("of the guest".utf8))
    }

    @Test("a link to a path of the host is sought in the tree")
    func absoluteLink() throws {
        symlink(directory("secret").string, directory("root/etc/link").string)
        #expect(try files.contents(of: "/etc/link", inTree: root, limit: 100) == nil)
        #expect(try files.entry(of: "/etc/link", inTree: root) == nil)
        symlink(directory.path.string, directory("root/etc/directory").string)
        #expect(try files.names(in: "/etc/directory", inTree: root) == [])
        #expect(throws: HostError.self) {
            try files.copyOut("/etc/link", ofTree: root, to: directory("copy"), mode: 0o600)
        }
        #expect(!fileExists(directory("copy")))
    }

    @Test("the kernel's magic links lead nowhere", Requirement.root, Requirement.mountNamespaces)
    func magicLink() async throws {
        try makeDirectories(directory("root/proc"))
        let keeper = try Command(
            "unshare",
            [
                "--mount", "sh", "-c", "mount -t proc proc \"$1\" && echo ready && exec sleep 600", "sh",
                directory("root/proc").string,
            ]
        ).start()
        #expect(try await keeper.waitForOutput("ready"))
        let root = FilePath("/proc/\(keeper.processID)/root\(root)")
        for path in ["/proc/1/root/etc/hostname", "/proc/self/root\(directory("secret"))"] {
            #expect((try? files.contents(of: path, inTree: root, limit: 100)) ?? nil == nil, "\(path)")
        }
        keeper.send(SIGKILL)
        _ = await keeper.wait()
    }

    @Test("a FIFO does not make it wait, and is no file; nor is a directory or a socket")
    func fifo() throws {
        mkfifo(directory("root/etc/fifo").string, 0o600)
        #expect(try files.contents(of: "/etc/fifo", inTree: root, limit: 100) == nil)
        #expect(try files.contents(of: "/etc", inTree: root, limit: 100) == nil)
        #expect(try files.names(in: "/etc/hostname", inTree: root) == [])
        #expect(throws: HostError.self) {
            try files.copyOut("/etc/fifo", ofTree: root, to: directory("copy"), mode: 0o600)
        }
        #expect(!fileExists(directory("copy")))
    }

    @Test("a device node is no file", Requirement.root)
    func device() async throws {
        guard try await run("mknod", [directory("root/dev/zero").string, "c", "1", "5"]).succeeded else { return }
        symlink("/dev/zero", directory("root/etc/zero").string)
        #expect(try files.contents(of: "/etc/zero", inTree: root, limit: 100) == nil)
        #expect(throws: HostError.self) {
            try files.copyOut("/etc/zero", ofTree: root, to: directory("copy"), mode: 0o600)
        }
    }

    @Test("a file larger than the limit is refused in words")
    func limit() {
        let error = #expect(throws: HostError.self) {
            try files.contents(of: "/etc/hostname", inTree: root, limit: 2)
        }
        #expect(error?.message == "cannot read /etc/hostname of the guest: it has 5 bytes, more than 2")
    }

    @Test("writing replaces a link, and never follows it")
    func writing() throws {
        symlink(directory("secret").string, directory("root/etc/resolv.conf").string)
        try files.write(Array("new".utf8), to: "/etc/resolv.conf", inTree: root, mode: 0o640)
        #expect(try readText(directory("secret")) == "of the host")
        #expect(linkTarget(directory("root/etc/resolv.conf")) == nil)
        #expect(try readText(directory("root/etc/resolv.conf")) == "new")
        #expect(status(directory("root/etc/resolv.conf")).st_mode & 0o7777 == 0o640)
        #expect(try files.names(in: "/etc", inTree: root) == ["hostname", "resolv.conf"])
    }

    @Test("a directory that is a link to the host's is not written into")
    func writingThroughDirectory() throws {
        try makeDirectories(directory("outside"))
        symlink(directory("outside").string, directory("root/etc/network").string)
        let error = #expect(throws: HostError.self) {
            try files.write([1], to: "/etc/network/interfaces", inTree: root, mode: 0o644)
        }
        #expect(error?.message.contains("there is no directory etc/network in it") == true)
        #expect(!fileExists(directory("outside/interfaces")))
        // A link inside the tree is what merged-usr guests are made of.
        try makeDirectories(directory("root/usr/lib"))
        symlink("usr/lib", directory("root/lib").string)
        try files.write([1], to: "/lib/file", inTree: root, mode: 0o644)
        #expect(fileExists(directory("root/usr/lib/file")))
        #expect(throws: HostError.self) { try files.write([1], to: "/etc/..", inTree: root, mode: 0o644) }
    }

    @Test("a file is copied out to a new file with its mode, never over another")
    func copyOut() throws {
        try makeDirectories(directory("root/boot"))
        symlink("../etc/hostname", directory("root/boot/vmlinuz").string)
        let identity = try files.copyOut("/boot/vmlinuz", ofTree: root, to: directory("copy"), mode: 0o600)
        #expect(try readText(directory("copy")) == "web1\n")
        #expect(status(directory("copy")).st_mode & 0o7777 == 0o600)
        #expect(try files.entry(at: directory("copy"))?.identity == identity)
        #expect(throws: HostError.self) {
            try files.copyOut("/etc/hostname", ofTree: root, to: directory("copy"), mode: 0o600)
        }
    }

    @Test("a mount point's directory leaves the tree, and an empty one with its mode and owner stays")
    func detach() throws {
        try writeFile(directory("root/var/log/syslog"), "x")
        chmod(directory("root/var/log").string, 0o2775)
        if geteuid() == 0 { chown(directory("root/var/log").string, 7, 8) }
        let before = status(directory("root/var/log"))
        try files.detach("/var/log", ofTree: root, to: directory("log"))
        #expect(try readText(directory("log/syslog")) == "x")
        #expect(status(directory("log")).st_ino == before.st_ino)
        let left = status(directory("root/var/log"))
        #expect(left.st_mode == before.st_mode)
        #expect([left.st_uid, left.st_gid] == [before.st_uid, before.st_gid])
        #expect(try files.names(in: "/var/log", inTree: root) == [])
    }

    @Test("directories that the tree lacks are made")
    func detachMissing() throws {
        try files.detach("/srv/data/base", ofTree: root, to: directory("base"))
        #expect(status(directory("base")).st_mode & 0o7777 == 0o755)
        #expect(try files.names(in: "/srv/data", inTree: root) == ["base"])
        #expect(throws: HostError.self) { try files.detach("/srv/data", ofTree: root, to: directory("base")) }
    }

    @Test(
        "a link or a file on the way to a mount point is refused", arguments: ["/link", "/link/below", "/etc/hostname"])
    func detachLink(path: String) throws {
        try writeFile(directory("outside/below/file"), "precious")
        symlink(directory("outside").string, directory("root/link").string)
        let error = #expect(throws: HostError.self) { try files.detach(path, ofTree: root, to: directory("away")) }
        #expect(error?.message.hasPrefix("cannot put a file system at \(path) of the guest") == true)
        #expect(error?.hint != nil)
        #expect(try readText(directory("outside/below/file")) == "precious")
        #expect(!fileExists(directory("away")))
    }

    @Test("the room that a tree takes: hard links once, links not followed, holes not counted")
    func usage() throws {
        let tree = directory("measured")
        try writeFile(tree.appending("a/file"), [UInt8](repeating: 1, count: 1 << 20))
        let once = try files.usage(of: tree)
        #expect(once.inodes == 2)
        #expect((1 << 20...(1 << 20) + 65536).contains(once.bytes))
        link(tree.appending("a/file").string, tree.appending("again").string)
        link(tree.appending("a/file").string, tree.appending("a/third").string)
        symlink("/usr", tree.appending("usr").string)
        _ = try files.createImage(tree.appending("sparse"), size: .gibibytes(1), allocated: false)
        let all = try files.usage(of: tree)
        #expect(all.inodes == 4)
        #expect(all.bytes - once.bytes < 65536)
    }
}
