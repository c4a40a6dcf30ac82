import Glibc
import Storage
import SystemPackage
import TestSupport
import Testing

@Suite("Paths in an ext file system", Requirement.program("mke2fs"))
struct ExtReaderPathTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("ext")
    }

    private static let links = [
        ("etc/absolute", "/etc/fstab"), ("a/b/above", "../../../../../etc/fstab"), ("etc/system", "/a/b"),
        ("etc/again", "system/../../etc/fstab"), ("etc/nowhere", "/proc/self/mounts"), ("etc/self", "self"),
        ("etc/to", "fro"), ("etc/fro", "to"), ("etc/slash", "fstab/"), ("root", "/"),
        ("etc/long", String(repeating: "../etc/", count: 40) + "fstab"),
        ("chain40", "etc/fstab"), ("etc/below", "fstab/.."),
    ]

    private func reader() async throws -> ExtReader {
        let tree = directory("tree")
        try writeFile(tree.appending("etc/fstab"), "fstab")
        try makeDirectories(tree.appending("a/b"))
        let chain = (0..<40).map { ("chain\($0)", "chain\($0 + 1)") }
        for (name, target) in Self.links + chain {
            try #require(symlink(target, tree.pushing(FilePath(name)).string) == 0)
        }
        return try await ExtImage(
            at: directory("image"), mebibytes: 2, tree: tree, ["-t", "ext4", "-b", "1024", "-O", "^has_journal"]
        ).reader()
    }

    @Test("links and dots lead within the file system and never out of it")
    func resolution() async throws {
        let reader = try await reader()
        for path in [
            "/etc/fstab", "etc/fstab", "//etc///./fstab", "/../../etc/fstab", "/etc/absolute", "/a/b/above",
            "/etc/again", "/etc/system/../../etc/fstab", "/root/root/etc/fstab", "/etc/long", "/chain1",
        ] {
            #expect(try reader.contents(of: path, limit: 5) == Array("fstab".utf8), "\(path)")
        }
        for path in ["/etc/nowhere", "/etc/fstab/", "/etc/fstab/x", "/etc/fstab/..", "/etc/slash", "/etc/below", "/b"] {
            #expect(try reader.entry(at: path) == nil, "\(path)")
            #expect(try reader.contents(of: path, limit: 5) == nil, "\(path)")
            #expect(try reader.names(in: path, limit: 5) == nil, "\(path)")
        }
        for path in ["/etc/self", "/etc/to", "/etc/fro/x", "/chain0"] {
            let error = #expect(throws: ExtError.self, "\(path)") { try reader.entry(at: path) }
            #expect(error?.kind == .tooManyLinks, "\(path)")
        }
        for path in ["/", "", "/..", "/root", "/etc/..", "/a/b/../.."] {
            #expect(try reader.names(in: path, limit: 100)?.contains("chain7") == true, "\(path)")
        }
    }

    @Test("the last link is followed only where that is asked for")
    func lastLink() async throws {
        let reader = try await reader()
        for (name, target) in Self.links {
            let entry = try #require(try reader.entry(at: name, followsLast: false))
            #expect(entry.kind == .link && entry.target == target && entry.size == Int64(target.utf8.count))
        }
        #expect(try reader.entry(at: "/etc/absolute")?.kind == .file)
        #expect(try reader.entry(at: "/etc/system")?.kind == .directory)
        #expect(try reader.entry(at: "/etc/system/", followsLast: false)?.kind == .directory)
        #expect(try reader.entry(at: "/etc/system/above", followsLast: false)?.kind == .link)
    }

    @Test("what is of another kind, or too large, is refused")
    func refusals() async throws {
        let reader = try await reader()
        func kind(_ body: () throws -> Void) -> ExtError.Kind? {
            #expect(throws: ExtError.self) { try body() }?.kind
        }
        #expect(kind { _ = try reader.contents(of: "/etc", limit: 100_000) } == .wrongKind)
        #expect(kind { _ = try reader.names(in: "/etc/fstab", limit: 100) } == .wrongKind)
        #expect(kind { _ = try reader.contents(of: "/etc/fstab", limit: 4) } == .tooLarge)
        #expect(kind { _ = try reader.names(in: "/etc", limit: 3) } == .tooLarge)
    }
}
