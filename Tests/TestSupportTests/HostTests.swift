import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("directories and host state")
struct HostTests {
    @Test("a temporary directory goes with its contents, also when the test throws, and links are not followed")
    func temporaryDirectory() async throws {
        let outside = try TemporaryDirectory("outside")
        try writeFile(outside("kept"), "x")
        var seen: FilePath?
        await #expect(throws: TestSupportError.self) {
            try await withTemporaryDirectory { directory in
                seen = directory
                try writeFile(directory.pushing("a/b/c"), "x")
                symlink(outside.path.string, directory.appending("link").string)
                throw TestSupportError("on purpose")
            }
        }
        #expect(!fileExists(try #require(seen)))
        #expect(fileExists(outside("kept")))
    }

    @Test("what is made, changed and removed shows, and nothing else")
    func files() throws {
        let directory = try TemporaryDirectory()
        try writeFile(directory("same"), "x")
        try writeFile(directory("changed"), "x")
        try writeFile(directory("removed"), "x")
        let before = HostState.capture(watching: [directory.path])
        #expect(HostState.capture(watching: [directory.path]).difference(from: before) == [])
        chmod(directory("changed").string, 0o600)
        unlink(directory("removed").string)
        try writeFile(directory("new"), "x")
        let lines = HostState.capture(watching: [directory.path]).difference(from: before)
        #expect(lines.count == 3)
        #expect(lines.contains { $0.hasPrefix("file \(directory("changed")) changed: file mode 644") })
        #expect(lines.contains { $0.hasPrefix("file \(directory("removed")) is gone") })
        #expect(lines.contains { $0.hasPrefix("new file \(directory("new"))") })
    }

    @Test("a process shows by its command line or its working directory")
    func processes() async throws {
        let directory = try TemporaryDirectory("processes")
        let marker = directory.path.string
        let before = HostState.capture(marker: marker)
        let one = try Command("sleep", ["1000"], directory: directory.path).start()
        let other = try Command("sh", ["-c", "echo ready; sleep 1000; : \(marker)"]).start()
        #expect(try await other.waitForOutput("ready"))
        let lines = HostState.capture(marker: marker).difference(from: before)
        #expect(lines.contains { $0.hasPrefix("new process \(one.processID):") })
        #expect(lines.contains { $0.hasPrefix("new process \(other.processID):") })
        one.send(SIGKILL, toGroup: true)
        other.send(SIGKILL, toGroup: true)
        _ = await (one.wait(), other.wait())
        #expect(HostState.capture(marker: marker).difference(from: before) == [])
    }

    /// A loop device over an image, and the host as it was before.
    private func attach(_ image: String, in directory: TemporaryDirectory) async throws -> (String, HostState) {
        try await run("truncate", ["-s", "1M", image]).orThrow()
        let before = HostState.capture(watching: [directory.path])
        let device = try await run("losetup", ["--find", "--show", image]).orThrow().standardOutput
        return (device.filter { $0 != "\n" }, before)
    }

    @Test("a loop device on a watched file shows", Requirement.loopDevices)
    func loops() async throws {
        let directory = try TemporaryDirectory("loops")
        let image = directory("image").string
        let (device, before) = try await attach(image, in: directory)
        let lines = HostState.capture(watching: [directory.path]).difference(from: before)
        try await run("losetup", ["--detach", device]).orThrow()
        #expect(lines == ["new loop device \(device): \(image)"])
    }

    @Test("a loop device that somebody still looks at is no remainder once it is let go", Requirement.loopDevices)
    func loopThatGoes() async throws {
        let directory = try TemporaryDirectory("loops")
        let (device, before) = try await attach(directory("image").string, in: directory)
        let looker = try Command("sh", ["-c", "exec <\(device); echo open; exec sleep 1"]).start()
        let isOpen = try await looker.waitForOutput("open")
        #expect(isOpen)
        try await run("losetup", ["--detach", device]).orThrow()
        let after = HostState.capture(watching: [directory.path])
        #expect(after.difference(from: before) == [])
        let end = await looker.wait()
        #expect(end.succeeded)
    }

    @Test("a small tmpfs is full soon, and gone with its program", Requirement.mountNamespaces)
    func smallTmpfs() async throws {
        let directory = try TemporaryDirectory("tmpfs")
        let before = HostState.capture(watching: [directory.path])
        let file = directory("file").string
        let outcome = try await Command("dd", ["if=/dev/zero", "of=\(file)", "bs=1M", "count=5"])
            .wrapped(in: SmallTmpfs.prefix(mebibytes: 2, at: directory.path)).run()
        #expect(outcome.standardError.contains("No space left on device"))
        #expect(outcome.status == 1)
        #expect(HostState.capture(watching: [directory.path]).difference(from: before) == [])
    }
}
