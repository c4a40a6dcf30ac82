import Archives
import Glibc
import SystemPackage
import Testing

/// One attempt to reach outside of the root.
struct Attack: Sendable, CustomTestStringConvertible {
    let title: String
    /// The archive, given the directory outside that it aims at.
    let archive: @Sendable (_ outside: String) -> RawTar
    /// What the refusal must say; nil where the archive is harmless once its names mean the guest's root.
    let refusal: String?

    init(_ title: String, refusal: String?, _ archive: @escaping @Sendable (String, inout RawTar) -> Void) {
        self.title = title
        self.refusal = refusal
        self.archive = { outside in
            var tar = RawTar()
            archive(outside, &tar)
            return tar
        }
    }

    var testDescription: String { title }
}

@Suite("Hostile archives never reach outside of the root")
struct HostileTests {
    static let attacks: [Attack] = [
        Attack("a name that climbs", refusal: "\"..\"") { _, tar in
            tar.add("../outside/planted", content: "x")
        },
        Attack("a name that climbs later", refusal: "\"..\"") { _, tar in
            tar.add("a/b/../../../outside/planted", content: "x")
        },
        Attack("a name that is only a climb", refusal: "\"..\"") { _, tar in
            tar.add("..", type: "5", mode: 0o777)
        },
        Attack("a long name that climbs", refusal: "\"..\"") { _, tar in
            tar.add("x", content: "x", pax: [("path", String(repeating: "a/", count: 200) + "../outside/planted")])
        },
        Attack("an absolute name", refusal: nil) { outside, tar in
            tar.add("\(outside)/planted", content: "x")
        },
        Attack("an absolute name of a file that exists", refusal: nil) { outside, tar in
            tar.add("//\(outside)//secret", mode: 0o777, content: "x")
        },
        Attack("a file through a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("a/planted", content: "x")
        },
        Attack("a file through a relative link", refusal: "through a symbolic link") { _, tar in
            tar.add("a", type: "2", link: "../outside")
            tar.add("a/planted", content: "x")
        },
        Attack("a file through two links", refusal: "through a symbolic link") { outside, tar in
            tar.add("b", type: "2", link: outside)
            tar.add("a", type: "2", link: "b")
            tar.add("./a/secret", content: "x")
        },
        Attack("a file through a link in a directory", refusal: "through a symbolic link") { outside, tar in
            tar.add("d/", type: "5", mode: 0o755)
            tar.add("d/a", type: "2", link: outside)
            tar.add("d//./a/planted", content: "x")
        },
        Attack("a file through a link that stays inside", refusal: "through a symbolic link") { _, tar in
            tar.add("usr/bin/", type: "5", mode: 0o755)
            tar.add("bin", type: "2", link: "usr/bin")
            tar.add("bin/foo", content: "x")
        },
        Attack("a directory through a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("a/planted/", type: "5", mode: 0o777)
        },
        Attack("a link through a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("a/planted", type: "2", link: "/etc/passwd")
        },
        Attack("a fifo through a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("a/planted", type: "6")
        },
        Attack("a device node through a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("a/planted", type: "3")
        },
        Attack("a directory over a link", refusal: "a directory would replace a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("a/", type: "5", mode: 0o777)
        },
        Attack("a file over a link to a file", refusal: nil) { outside, tar in
            tar.add("a", type: "2", link: "\(outside)/secret")
            tar.add("a", mode: 0o777, content: "x")
        },
        Attack("a link over a link", refusal: nil) { outside, tar in
            tar.add("a", type: "2", link: "\(outside)/secret")
            tar.add("a", type: "2", mode: 0o777, link: "\(outside)/secret")
        },
        Attack("a link over a directory, whose mode is to be set at the end", refusal: "a directory is in its place") {
            outside,
            tar in
            tar.add("a/", type: "5", mode: 0o777)
            tar.add("a", type: "2", link: outside)
        },
        Attack("a link over a directory with a directory in it", refusal: "a directory is in its place") {
            outside,
            tar in
            tar.add("a/directory/", type: "5", mode: 0o777)
            tar.add("a/directory", type: "2", link: "x")
            tar.add("a", type: "2", link: outside)
        },
        Attack("a hard link that climbs", refusal: "\"..\"") { _, tar in
            tar.add("planted", type: "1", link: "../outside/secret")
        },
        Attack("a hard link to an absolute name", refusal: "does not exist") { outside, tar in
            tar.add("planted", type: "1", link: "\(outside)/secret")
        },
        Attack("a hard link through a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("a", type: "2", link: outside)
            tar.add("planted", type: "1", link: "a/secret")
        },
        Attack("a hard link at a place behind a link", refusal: "through a symbolic link") { outside, tar in
            tar.add("file", content: "x")
            tar.add("a", type: "2", link: outside)
            tar.add("a/planted", type: "1", link: "file")
        },
        Attack("a hard link to a link", refusal: nil) { outside, tar in
            tar.add("a", type: "2", link: "\(outside)/secret")
            tar.add("b", type: "1", mode: 0o777, link: "a")
        },
        Attack("a hard link to a link, with content", refusal: "a hard link with content of its own") { outside, tar in
            tar.add("a", type: "2", link: "\(outside)/secret")
            tar.add("b", type: "1", mode: 0o777, link: "a", content: "x", pax: [("comment", "pax")])
        },
        Attack("a hard link to a link, then a file over it", refusal: nil) { outside, tar in
            tar.add("a", type: "2", link: "\(outside)/secret")
            tar.add("b", type: "1", link: "a")
            tar.add("b", mode: 0o777, content: "x")
        },
        Attack("a hard link to a directory", refusal: "a hard link to a directory") { _, tar in
            tar.add("a/", type: "5")
            tar.add("b", type: "1", link: "a")
        },
        Attack("a hard link to the root", refusal: "a hard link to a directory") { _, tar in
            tar.add("b", type: "1", link: "/")
        },
        Attack("a file in place of the root", refusal: "replace the root directory") { _, tar in
            tar.add(".", content: "x")
        },
        Attack("a link in place of the root", refusal: "replace the root directory") { outside, tar in
            tar.add("./", type: "2", link: outside)
        },
        Attack("a hard link in place of the root", refusal: "replace the root directory") { _, tar in
            tar.add("file", content: "x")
            tar.add("/", type: "1", link: "file")
        },
        Attack("a link with an access control list", refusal: nil) { outside, tar in
            tar.add(
                "a",
                type: "2",
                link: "\(outside)/secret",
                pax: [("SCHILY.acl.access", "user::rwx,user::rwx:1000,group::rwx,mask::rwx,other::rwx")]
            )
        },
        Attack("a link with setuid bits", refusal: nil) { outside, tar in
            tar.add("a", type: "2", mode: 0o6777, link: "\(outside)/secret")
        },
        Attack("a path longer than Linux allows", refusal: "bytes long") { _, tar in
            tar.add("x", content: "x", pax: [("path", String(repeating: "abcdefg/", count: 600) + "x")])
        },
    ]

    @Test("An archive with", arguments: attacks)
    func attack(_ attack: Attack) throws {
        let scratch = try Scratch()
        let root = try scratch.directory("root")
        let outside = try scratch.directory("outside")
        try scratch.directory("outside/directory")
        try scratch.file("outside/secret", "untouched".utf8)
        #expect(chmod(outside.appending("secret").string, 0o600) == 0)
        #expect(chmod(outside.string, 0o711) == 0)
        let before = try inventory(outside)
        let archive = try scratch.file("hostile.tar", attack.archive(outside.string).finished)

        if let refusal = attack.refusal {
            let error = #expect(throws: ArchiveError.self) { try extract(archive: archive, into: root) }
            #expect(error?.message.contains(refusal) == true, "\(error?.message ?? "")")
        } else {
            try extract(archive: archive, into: root)
        }
        #expect(try inventory(outside) == before)
        #expect(!exists(scratch.path.appending("planted")))
    }

    @Test("An absolute name means the guest's root")
    func absolute() throws {
        let scratch = try Scratch()
        let root = try scratch.directory("root")
        let archive = try pack([(ArchiveEntry(path: "/etc/hostname"), "demo\n")], to: scratch.path.appending("x.tar"))
        try extract(archive: archive, into: root)
        #expect(try read(root.appending("etc/hostname")) == Array("demo\n".utf8))
    }

    @Test("A link that was in the root before is not followed either")
    func earlierLink() throws {
        let scratch = try Scratch()
        let root = try scratch.directory("root")
        let outside = try scratch.directory("outside")
        #expect(symlink(outside.string, root.appending("etc").string) == 0)
        let archive = try pack([(ArchiveEntry(path: "etc/planted"), "x")], to: scratch.path.appending("x.tar"))
        let error = #expect(throws: ArchiveError.self) { try extract(archive: archive, into: root) }
        #expect(error?.kind == .unsafe)
        #expect(error?.message.contains("entry \"etc/planted\"") == true)
        #expect(error?.hint != nil)
        #expect(!exists(outside.appending("planted")))
    }

    @Test("The current directory stays what it was")
    func currentDirectory() throws {
        let scratch = try Scratch()
        var before = [CChar](repeating: 0, count: 4096)
        var after = before
        #expect(getcwd(&before, before.count) != nil)
        var tar = RawTar()
        tar.add("x", content: "x", pax: [("path", String(repeating: "abcdefg/", count: 480) + "x")])
        let archive = try scratch.file("deep.tar", tar.finished)
        try extract(archive: archive, into: scratch.directory("root"))
        #expect(getcwd(&after, after.count) != nil)
        #expect(before == after)
    }

    @Test("This machine's own root is refused")
    func ownRoot() throws {
        let scratch = try Scratch()
        let archive = try pack([(ArchiveEntry(path: "x"), "x")], to: scratch.path.appending("x.tar"))
        let error = #expect(throws: ArchiveError.self) { try extract(archive: archive, into: "/") }
        #expect(error?.kind == .unsafe)
        #expect(!exists("/x"))
    }
}
