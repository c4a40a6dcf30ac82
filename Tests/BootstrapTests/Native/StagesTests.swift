import Archives
import Glibc
import LinuxHost
import SystemPackage
import TestSupport
import Testing

@testable import Bootstrap

@Suite("The trees that packages are unpacked in before they are moved")
struct StagesTests {
    @Test("are where they were, whatever a script puts in the place of their directory")
    func link() async throws {
        try await withTemporaryDirectory { directory in
            let (root, host) = (directory.appending("root"), directory.appending("host"))
            let place = root.appending("lost+found")
            for path in [root, place, host] { try makeDirectories(path) }
            let request = BootstrapRequest(variant: .minbase, architecture: .amd64, sources: [])
            let skeleton = TreeSkeleton(tree: try PackageTree(root: root), request: request)
            let stages = try PackageStages(in: place, skeleton, RealFileSystem())
            for name in ["stage", "stage-5"] {
                try makeDirectories(host.appending(name))
                try writeFile(host.appending(name).appending("mine"), "the host's")
            }
            let moved = root.appending("moved")
            #expect(rename(place.string, moved.string) == 0)
            #expect(symlink(host.string, place.string) == 0)
            _ = try stages.add(7)
            #expect(fileExists(moved.appending("stage-7")) && !fileExists(host.appending("stage-7")))
            try stages.remove()
            #expect(try directoryNames(moved) == [])
            #expect(try directoryNames(host).sorted() == ["stage", "stage-5"])
            #expect(fileExists(host.appending("stage").appending("mine")))
            // And one that is there from the beginning is not followed.
            #expect(throws: HostError.self) { try PackageStages(in: place, skeleton, RealFileSystem()) }
        }
    }
}
