import SystemPackage
import TestSupport
import Testing

@Suite("tiny root", Requirement.program("busybox"))
struct TinyRootTests {
    @Test("as a directory it can be entered", Requirement.root)
    func directory() async throws {
        try await withTemporaryDirectory { directory in
            try TinyRoot().asDirectory(directory)
            let outcome = try await run("chroot", [directory.string, "sh", "-c", "id -un; cat /etc/debian_version"])
            #expect(outcome.standardOutput == "root\n12.5\n")
            var image = try readFile(directory.pushing(FilePath("boot/vmlinuz-\(TinyRoot.kernelVersion)")))[...]
            #expect(image.dropFirst(0x202).prefix(4).elementsEqual("HdrS".utf8))
            image = image.dropFirst(0x200 + Int(image[0x20e]) + Int(image[0x20f]) << 8)
            #expect(image.starts(with: Array(TinyRoot.kernelVersion.utf8)))
        }
    }

    @Test(
        "as a tar archive it belongs to root and every compressor's reader takes it",
        arguments: TinyRoot.Compression.allCases
    )
    func archive(compression: TinyRoot.Compression) async throws {
        try await withTemporaryDirectory { directory in
            var root = try TinyRoot()
            root.entries.append(.file(String(repeating: "long/", count: 30) + "name", "x"))
            let tar = try await root.asTar(in: directory, compression: compression)
            #expect(tar.lastComponent?.string == "root.tar\(compression.suffix)")
            let list = try await run("tar", ["--list", "--verbose", "--numeric-owner", "--file", tar.string]).orThrow()
            #expect(list.standardError == "")
            #expect(list.standardOutput.contains("etc/passwd\n"))
            #expect(list.standardOutput.contains("bin/sh -> busybox\n"))
            #expect(list.standardOutput.contains("long/long/name\n"))
            let lines = list.standardOutput.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("crw-rw-rw- 0/0 ") && $0.contains(" 1,3 ") })
            #expect(lines.count == root.entries.count)
            #expect(lines.allSatisfy { $0.contains(" 0/0 ") || $0.contains(" 0/42 ") })
        }
    }

    @Test("a truncated archive is one that tar refuses", arguments: TinyRoot.Compression.allCases)
    func truncated(compression: TinyRoot.Compression) async throws {
        try await withTemporaryDirectory { directory in
            let tar = try await TinyRoot(.truncated).asTar(in: directory, compression: compression)
            #expect(try await run("tar", ["--list", "--file", tar.string]).status == 2)
        }
    }

    @Test("the attack's links lead to the files outside")
    func attack() async throws {
        try await withTemporaryDirectory { directory in
            let outside = directory.appending("outside")
            try writeFile(outside.appending("hostname"), "victim\n")
            try writeFile(outside.appending("fstab"), "victim\n")
            let root = directory.appending("root")
            try TinyRoot(.symlinkAttack(outside: outside)).asDirectory(root)
            #expect(try readText(root.pushing("etc/hostname")) == "victim\n")
            #expect(try readText(root.pushing("etc/fstab")) == "victim\n")
        }
    }

    @Test("a careless extraction of the traversal writes outside")
    func traversal() async throws {
        try await withTemporaryDirectory { directory in
            let outside = directory.appending("outside")
            let root = directory.appending("root")
            try makeDirectories(outside)
            try makeDirectories(root)
            let tar = try await TinyRoot(.pathTraversal(outside: outside)).asTar(in: directory)
            let careless = ["--extract", "--absolute-names", "--file", tar.string, "--directory", root.string]
            _ = try await run("tar", careless)
            for name in ["dotdot", "absolute", "through-link"] {
                #expect(fileExists(outside.appending(name)), "\(name)")
            }
        }
    }

    @Test("a database of dpkg can be added", Requirement.program("dpkg-query"))
    func database() async throws {
        try await withTemporaryDirectory { directory in
            var root = try TinyRoot()
            root.entries += TinyRoot.dpkgStatus(architecture: "amd64")
            try root.asDirectory(directory)
            let query = ["--admindir=\(directory)/var/lib/dpkg", "-W"]
            #expect(try await run("dpkg-query", query).orThrow().standardOutput == "base-files\t12.5\n")
        }
    }
}
