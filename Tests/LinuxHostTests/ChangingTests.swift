import Glibc
import GuestModel
import LinuxHost
import SystemPackage
import TestSupport
import Testing

/// The kernel's answer to what a test needs to know about a file.
func status(_ path: FilePath) -> stat {
    var information = stat()
    #expect(lstat(path.string, &information) == 0, "\(path) is not there")
    return information
}

@Suite("Changing files of the host")
struct ChangingTests {
    private let files = RealFileSystem()

    @Test(
        "a file is made with its contents and its mode, whatever the umask, and never over another",
        arguments: [
            UInt32(0o600), 0o644, 0o666, 0o640,
        ])
    func createFile(mode: UInt32) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let identity = try files.createFile(path, contents: Array("text".utf8), mode: mode)
            #expect(try readText(path) == "text")
            #expect(status(path).st_mode & 0o7777 == mode)
            #expect(try files.entry(at: path)?.identity == identity)
            #expect(identity.birth != nil)

            let error = #expect(throws: HostError.self) { try files.createFile(path, contents: [1], mode: mode) }
            #expect(error?.errno == .fileExists)
            #expect(error?.message == "cannot create \(path): File exists")
            #expect(try readText(path) == "text")
        }
    }

    @Test("what a link says is read as it stands, whether or not it leads anywhere")
    func targetOfLink() async throws {
        try await withTemporaryDirectory { directory in
            let link = directory.appending("link")
            let long = String(repeating: "a/", count: 1000) + "ü"
            for target in ["../web1.cfg", "/nowhere", ".", long] {
                symlink(target, link.string)
                let read = try files.target(ofLink: link)
                #expect(read == FilePath(target))
                unlink(link.string)
            }
            let error = #expect(throws: HostError.self) { try files.target(ofLink: directory) }
            #expect(error?.errno == .invalidArgument)
        }
    }

    @Test("a link in a new file's place is not followed")
    func createFileThroughLink() async throws {
        try await withTemporaryDirectory { directory in
            symlink("elsewhere", directory.appending("link").string)
            #expect(throws: HostError.self) {
                try files.createFile(directory.appending("link"), contents: [1], mode: 0o600)
            }
            #expect(!fileExists(directory.appending("elsewhere")))
        }
    }

    @Test("a directory is made once, with its mode whatever the umask; its parent must be there")
    func createDirectory() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("new")
            let identity = try files.createDirectory(path, mode: 0o777)
            #expect(status(path).st_mode & 0o7777 == 0o777)
            #expect(try files.entry(at: path)?.identity == identity)
            #expect(
                try #require(throws: HostError.self) { try files.createDirectory(path, mode: 0o777) }.errno
                    == .fileExists)
            #expect(
                try #require(throws: HostError.self) {
                    try files.createDirectory(directory.appending("a/b"), mode: 0o777)
                }.errno == .noSuchFileOrDirectory)
        }
    }

    @Test("an image has its size and no blocks, or all of them", arguments: [false, true])
    func createImage(allocated: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("disk.img")
            _ = try files.createImage(path, size: .mebibytes(4), allocated: allocated)
            let information = status(path)
            #expect(information.st_size == 4 << 20)
            #expect(information.st_mode & 0o7777 == 0o600)
            let entry = try #require(try files.entry(at: path))
            #expect(entry.size == 4 << 20)
            if allocated { #expect(entry.allocated >= 4 << 20) } else { #expect(entry.allocated == 0) }
        }
    }

    @Test(
        "an image to be mounted has its loop device from the beginning, which shows nothing of it yet, and goes with it",
        Requirement.loopDevices, arguments: [false, true])
    func mountableImage(allocated: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let before = HostState.capture(watching: [directory])
            let path = directory.appending("disk.img")
            var device: ImageDevice? = try files.createMountableImage(path, size: .mebibytes(4), allocated: allocated)
            #expect(status(path).st_size == 4 << 20 && status(path).st_mode & 0o7777 == 0o600)
            let entry = try #require(try files.entry(at: path))
            if allocated { #expect(entry.allocated >= 4 << 20) } else { #expect(entry.allocated == 0) }
            let loop = try await run("losetup", ["--noheadings", "--output=NAME", "--associated", path.string])
                .orThrow()
                .standardOutput.filter { $0 != "\n" }
            #expect(try readText(FilePath("/sys/block/\(loop.dropFirst("/dev/".count))/size")) == "0\n")
            #expect(throws: HostError.self) {
                try files.createMountableImage(path, size: .mebibytes(4), allocated: allocated)
            }
            withExtendedLifetime(device) {}
            device = nil
            try files.remove(path)
            #expect(HostState.capture(watching: [directory]).difference(from: before) == [])
        }
    }

    @Test(
        "a file system that the kernel has given up, or not unmounted, is not taken for a whole one",
        Requirement.program("mkfs.ext4", "debugfs"),
        arguments: ["ssv state 1", "ssv state 2", "ssv state 0", "feature needs_recovery"])
    func leftWhole(change: String) async throws {
        try await withTemporaryDirectory { directory in
            let image = directory.appending("disk.img")
            _ = try files.createImage(image, size: .mebibytes(8), allocated: false)
            #expect(try !files.isLeftWhole(ext: image))
            try await run("mkfs.ext4", ["-q", image.string]).orThrow()
            #expect(try files.isLeftWhole(ext: image))
            try await run("debugfs", ["-w", "-R", change, image.string]).orThrow()
            #expect(try files.isLeftWhole(ext: image) == (change == "ssv state 1"))
        }
        #expect(throws: HostError.self) { try files.isLeftWhole(ext: "/dev/null") }
    }

    @Test(
        "a range reads as zeros afterwards, and what is beside it as before", Requirement.loopDevices,
        arguments: [false, true])
    func zero(isDevice: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let image = directory.appending("disk.img")
            try writeFile(image, [UInt8](repeating: 0xA5, count: 4 << 20))
            var target = image
            if isDevice {
                let loop = try await run("losetup", ["--find", "--show", image.string]).orThrow().standardOutput
                target = FilePath(loop.filter { $0 != "\n" })
            }
            let result = Result { try files.zero(target, from: 1 << 20, length: 2 << 20) }
            if isDevice { try await run("losetup", ["--detach", target.string]).orThrow() }
            try result.get()
            let bytes = try readFile(image)
            #expect(bytes.count == 4 << 20)
            #expect(bytes[..<(1 << 20)].allSatisfy { $0 == 0xA5 })
            #expect(bytes[(1 << 20)..<(3 << 20)].allSatisfy { $0 == 0 })
            #expect(bytes[(3 << 20)...].allSatisfy { $0 == 0xA5 })
        }
    }

    @Test("an image that does not fit is refused with advice, and nothing of it is left", Requirement.mountNamespaces)
    func fullDisk() async throws {
        try await withMount { path in
            let error = #expect(throws: HostError.self) {
                try files.createImage(path.appending("disk.img"), size: .mebibytes(64), allocated: true)
            }
            #expect(error?.errno == .noSpace)
            #expect(error?.hint?.contains("--dir") == true)
            let names = try files.names(in: path)
            #expect(names == [])
            let free = try files.freeSpace(at: path.appending("not/there/yet"))
            #expect(free <= .mebibytes(1))
            #expect(try !files.mayShareBlocks(at: path.appending("not/there/yet")))
            // The kernel's own: of which nobody says that it cannot.
            #expect(try files.mayShareBlocks(at: "/proc/not/there"))
        }
    }

    @Test("a name is never taken from what has it", arguments: ["file", "directory", "dangling"])
    func rename(target: String) async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("new"), "new")
            try writeFile(directory.appending("file"), "old")
            try makeDirectories(directory.appending("directory"))
            symlink("nowhere", directory.appending("dangling").string)
            let path = directory.appending(target)
            let before = try files.entry(at: path)
            let error = #expect(throws: HostError.self) { try files.rename(directory.appending("new"), to: path) }
            #expect(error?.errno == .fileExists)
            #expect(try files.entry(at: path) == before)
            #expect(try readText(directory.appending("new")) == "new")

            let identity = try files.entry(at: directory.appending("new"))?.identity
            try files.rename(directory.appending("new"), to: directory.appending("free"))
            #expect(try files.entry(at: directory.appending("free"))?.identity == identity)
            #expect(try files.entry(at: directory.appending("new")) == nil)
        }
    }

    @Test("a file made again under its name is another one")
    func identity() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending("file")
            let first = try files.createFile(path, contents: [], mode: 0o600)
            try files.remove(path)
            let second = try files.createFile(path, contents: [], mode: 0o600)
            #expect(first != second)
        }
    }

    @Test("a log is made at the first line, and every line comes behind the others")
    func append() async throws {
        try await withTemporaryDirectory { directory in
            let log = directory.appending("web1.log")
            try files.append("one\n", to: log)
            try files.append("two\n", to: log)
            #expect(try readText(log) == "one\ntwo\n")
            #expect(status(log).st_mode & 0o007 == 0)
            #expect(throws: HostError.self) { try files.append("three", to: directory) }
        }
    }

    @Test("files and directories can be made to survive a power cut, what is not there cannot")
    func synchronize() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("file"), "text")
            try files.synchronize(directory.appending("file"))
            try files.synchronize(directory)
            #expect(throws: HostError.self) { try files.synchronize(directory.appending("none")) }
        }
    }

    @Test("looking: kinds, limits, names, nothing, and a FIFO that nobody writes")
    func looking() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("b"), "12345")
            try makeDirectories(directory.appending("a"))
            symlink("b", directory.appending("c").string)
            mkfifo(directory.appending("d").string, 0o600)
            #expect(try files.names(in: directory) == ["a", "b", "c", "d"])
            #expect(
                try ["a", "b", "c", "d"].map { try files.entry(at: directory.appending($0))?.kind }
                    == [.directory, .file, .symbolicLink, .other])
            #expect(try files.entry(at: directory.appending("none")) == nil)
            #expect(try files.entry(at: directory.appending("b/below")) == nil)
            #expect(try files.contents(of: directory.appending("c"), limit: 5) == Array("12345".utf8))
            let error = #expect(throws: HostError.self) { try files.contents(of: directory.appending("b"), limit: 4) }
            #expect(error?.message.contains("more than 4 bytes") == true)
            #expect(try files.contents(of: directory.appending("d"), limit: 5) == [])
            #expect(try files.resolved(directory.appending("c")) == directory.appending("b"))
            #expect(!files.isExecutable(directory.appending("b")))
            #expect(!files.isExecutable(directory.appending("a")))
            chmod(directory.appending("b").string, 0o755)
            #expect(files.isExecutable(directory.appending("c")))
        }
    }
}

/// Runs with a tmpfs of one mebibyte that is mounted in another process's namespace and seen through /proc.
func withMount(_ body: (FilePath) async throws -> Void) async throws {
    try await withTemporaryDirectory("mount") { directory in
        let mounted = directory.appending("mounted")
        let prefix = SmallTmpfs.prefix(mebibytes: 1, at: mounted)
        let keeper = try Command(
            prefix[0], Array(prefix.dropFirst()) + ["sh", "-c", "echo ready; exec sleep 600"]
        ).start()
        #expect(try await keeper.waitForOutput("ready"))
        let error: (any Error)?
        do {
            try await body(FilePath("/proc/\(keeper.processID)/root\(mounted)"))
            error = nil
        } catch let failure {
            error = failure
        }
        keeper.send(SIGKILL)
        _ = await keeper.wait()
        if let error { throw error }
    }
}
