import Glibc
import LinuxHost
import SystemPackage
import TestSupport
import Testing

@Suite("Removing files of the host")
struct RemovalTests {
    private let files = RealFileSystem()

    @Test("a tree goes with all in it, and what its links lead to stays")
    func links() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("outside/file"), "precious")
            let tree = directory.appending("tree")
            try writeFile(tree.appending("a/b/c/file"), "x", mode: 0)
            try writeFile(tree.appending(".hidden"), "x")
            symlink(directory.appending("outside").string, tree.appending("directory").string)
            symlink("../outside/file", tree.appending("a/file").string)
            symlink("nowhere", tree.appending("dangling").string)
            mkfifo(tree.appending("fifo").string, 0o600)
            chmod(tree.appending("a/b").string, 0o500)
            // A name that is no UTF-8.
            var name = Array("\(tree)/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
            close(open(&name, O_CREAT | O_WRONLY, 0o600))

            try files.removeTree(tree)
            #expect(!fileExists(tree))
            #expect(try readText(directory.appending("outside/file")) == "precious")
        }
    }

    @Test("a link in the place of the tree is removed, not followed")
    func linkItself() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("outside/file"), "precious")
            symlink("outside", directory.appending("tree").string)
            try files.removeTree(directory.appending("tree"))
            #expect(!fileExists(directory.appending("tree")))
            #expect(try readText(directory.appending("outside/file")) == "precious")
        }
    }

    @Test("a file system mounted in the tree is refused, and not emptied", Requirement.mountNamespaces)
    func mount() async throws {
        try await withMount { mounted in
            try writeFile(mounted.appending("file"), "precious")
            let error = #expect(throws: HostError.self) {
                try files.removeTree(mounted.removingLastComponent())
            }
            #expect(error?.errno == .resourceBusy)
            #expect(try readText(mounted.appending("file")) == "precious")
        }
    }

    @Test("one file, one link or one empty directory; never a full one")
    func remove() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile(directory.appending("full/file"), "x")
            #expect(throws: HostError.self) { try files.remove(directory.appending("full")) }
            symlink("file", directory.appending("full/link").string)
            try files.remove(directory.appending("full/link"))
            #expect(fileExists(directory.appending("full/file")))
            try files.remove(directory.appending("full/file"))
            try files.remove(directory.appending("full"))
            #expect(!fileExists(directory.appending("full")))
            #expect(throws: HostError.self) { try files.remove(directory.appending("full")) }
            #expect(throws: HostError.self) { try files.removeTree(directory.appending("full")) }
        }
    }
}
