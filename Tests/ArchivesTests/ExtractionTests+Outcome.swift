import Archives
import Foundation
import Glibc
import SystemPackage
import Testing

// What an extraction reports, and how it ends when it does not end well.
extension ExtractionTests {
    @Test("A root that is reached through a link is extracted into")
    func linkedRoot() throws {
        #expect(symlink(root.string, scratch.path.appending("via").string) == 0)
        let archive = try pack([(ArchiveEntry(path: "x"), "x")], to: scratch.path.appending("x.tar"))
        try extract(archive: archive, into: scratch.path.appending("via"))
        #expect(exists(root.appending("x")))
    }

    @Test("A second entry of a name replaces the first")
    func replaced() throws {
        let archive = try pack(
            [(ArchiveEntry(path: "x"), "first, and longer"), (ArchiveEntry(path: "./x"), "second")],
            to: scratch.path.appending("x.tar")
        )
        try extract(archive: archive, into: root)
        #expect(try read(root.appending("x")) == Array("second".utf8))
    }

    @Test(
        "Progress grows up to the size of the archive, and all is the same with gzip, xz and zstd",
        arguments: [".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".tgz"]
    )
    func progress(suffix: String) throws {
        let archive = try pack(
            (0..<20).map { (ArchiveEntry(path: FilePath("file\($0)")), String(repeating: "\($0) ", count: 100_000)) },
            to: scratch.path.appending("x" + suffix)
        )
        var reports: [Int64] = []
        let summary = try extract(archive: archive, into: root, progress: { reports.append($0) })
        #expect(reports.count >= 20)
        #expect(reports == reports.sorted())
        #expect(try summary.archiveBytes == Int64(status(archive).st_size))
        #expect(summary.files == 20)
        #expect(try read(root.appending("file7")) == Array(String(repeating: "7 ", count: 100_000).utf8))
    }

    @Test("Extraction stops when it is cancelled")
    func cancelled() throws {
        let archive = try pack(
            (0..<5).map { (ArchiveEntry(path: FilePath("file\($0)")), "x") },
            to: scratch.path.appending("x.tar")
        )
        var asked = 0
        let error = #expect(throws: ArchiveError.self) {
            try extract(
                archive: archive,
                into: root,
                isCancelled: {
                    asked += 1; return asked > 2
                }
            )
        }
        #expect(error?.kind == .cancelled)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.string).sorted() == ["file0", "file1"])
    }

    @Test("An archive without files is an error")
    func noFiles() throws {
        let nothing = try scratch.file("nothing.tar", [UInt8](repeating: 0, count: 10240))
        let error = #expect(throws: ArchiveError.self) { try extract(archive: nothing, into: root) }
        #expect(error?.message == "could not extract archive \(nothing.string): there are no files in it")
        let directories = try pack(
            [(ArchiveEntry(path: ".", kind: .directory), ""), (ArchiveEntry(path: "etc", kind: .directory), "")],
            to: scratch.path.appending("x.tar")
        )
        let other = #expect(throws: ArchiveError.self) { try extract(archive: directories, into: root) }
        #expect(other?.message.hasSuffix("there are no files in it, only 2 directories") == true)
    }

    @Test("A root that does not exist or is no directory is an error")
    func badRoot() throws {
        let archive = try pack([(ArchiveEntry(path: "x"), "x")], to: scratch.path.appending("x.tar"))
        let missing = scratch.path.appending("missing")
        let error = #expect(throws: ArchiveError.self) { try extract(archive: archive, into: missing) }
        #expect(
            error?.message
                == "could not extract archive \(archive.string) into \(missing.string): No such file or directory"
        )
        #expect(throws: ArchiveError.self) { try extract(archive: archive, into: archive) }
    }

    @Test("A truncated archive is an error, and what was whole stays for the caller to remove")
    func truncated() throws {
        let archive = try pack(
            [(ArchiveEntry(path: "first"), "x"), (ArchiveEntry(path: "second"), String(repeating: "y", count: 5000))],
            to: scratch.path.appending("x.tar")
        )
        let cut = try scratch.file("cut.tar", read(archive)[..<4000])
        let error = #expect(throws: ArchiveError.self) { try extract(archive: cut, into: root) }
        #expect(error?.kind == .truncated)
        #expect(exists(root.appending("first")))
    }

    @Test("Immutable files are not made immutable, so that the tree can be removed")
    func immutable() throws {
        var tar = RawTar()
        tar.add("file", content: "x", pax: [("SCHILY.fflags", "simmutable,nodump")])
        let summary = try extract(archive: scratch.file("x.tar", tar.finished), into: root)
        #expect(summary.warnings.first?.contains("immutable") == true)
        #expect(unlink(root.appending("file").string) == 0)
    }
}
