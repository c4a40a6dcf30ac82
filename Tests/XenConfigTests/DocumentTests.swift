import GuestModel
import Testing
import XenConfig

/// The exact text before and after.
@Suite("Editing an xl configuration")
struct DocumentTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let title: String
        let before: String
        let edit: Edit
        let after: String
        let version: XenVersion

        init(
            _ title: String, _ before: String, _ edit: Edit, _ after: String, for version: XenVersion = .newest
        ) {
            (self.title, self.before, self.edit, self.after, self.version) = (title, before, edit, after, version)
        }

        var testDescription: String { title }
    }

    enum Edit: Sendable {
        case set(String, XenConfigValue, after: [String] = [])
        case item(Int, String, String)
        case remove(String)

        func make(in document: inout XenConfigDocument) throws(XenConfigError) {
            switch self {
            case .set(let key, let value, let anchors): try document.set(key, to: value, after: anchors)
            case .item(let index, let key, let text): try document.replaceItem(index, of: key, with: text)
            case .remove(let key): try document.remove(key)
            }
        }
    }

    private func expect(_ example: Example) throws {
        var document = try XenConfigDocument(parsing: example.before, for: example.version)
        try example.edit.make(in: &document)
        // By bytes: == of String takes two spellings of an accented letter for equal.
        let text = String(decoding: document.bytes, as: UTF8.self)
        #expect(text.utf8.elementsEqual(example.after.utf8), "\(text.debugDescription)")
        #expect(
            Reading(document.file) == Reading(configuration: document.bytes, for: example.version),
            "what it says it reads as is what the text reads as")
    }

    private static let guest = """
        # web1: the shop. Ask Anna before you touch it!

        name    = 'web1'
        type    = "pv"      # until the kernel can do pvh
        \tmemory=512;vcpus = 2 # see the ticket
        kernel  = "/boot/vmlinuz"

        disk = [
            'phy:/dev/vg0/web1-disk,xvda2,w',   # the root
            # 'phy:/dev/vg0/old,xvdb,w',
            'phy:/dev/vg0/web1-swap,xvda1,w'
        ]

        """

    private static func guest(_ from: String, _ to: String) -> String {
        let halves = guest.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false)
        return halves.joined(separator: to)
    }

    @Test(
        "what an administrator has written stays around what is edited",
        arguments: [
            Example("a value", guest, .set("type", .string("pvh")), guest("\"pv\"", "\"pvh\"")),
            Example("its quotes", guest, .set("name", .string("it's")), guest("'web1'", "'it\\'s'")),
            Example("a number", guest, .set("memory", .number("1024")), guest("512", "1024")),
            Example("the last of a line", guest, .set("vcpus", .string("four")), guest("2 #", "\"four\" #")),
            Example("the same value", guest, .set("memory", .string("512")), guest),
            Example(
                "the same list", guest,
                .set("disk", .list(["disk,xvda2,w", "swap,xvda1,w"].map { .string("phy:/dev/vg0/web1-" + $0) })), guest),
            Example(
                "an item", guest, .item(1, "disk", "/dev/vg0/web1-swap,raw,xvda1,rw"),
                guest("phy:/dev/vg0/web1-swap,xvda1,w", "/dev/vg0/web1-swap,raw,xvda1,rw")),
            Example(
                "an item of a list that is set", guest,
                .set("disk", .list([.string("/dev/x"), .string("phy:/dev/vg0/web1-swap,xvda1,w")])),
                guest("phy:/dev/vg0/web1-disk,xvda2,w", "/dev/x")),
            Example(
                "a new key", guest, .set("cmdline", .string("ro"), after: ["ramdisk", "kernel"]),
                guest("vmlinuz\"\n", "vmlinuz\"\ncmdline = \"ro\"\n")),
            Example(
                "a new list at the end", guest, .set("vif", .list([.string("bridge=b"), .number("1")])),
                guest + "vif = [\n    \"bridge=b\",\n    1,\n]\n"),
            Example("a line", guest, .remove("name"), guest("name    = 'web1'\n", "")),
            Example(
                "a comment behind it", guest, .remove("type"),
                guest("type    = \"pv\"      # until", "# until")),
            Example("the first of a line", guest, .remove("memory"), guest("memory=512;", "")),
            Example("the last of a line that goes", guest, .remove("vcpus"), guest(";vcpus = 2 #", " #")),
            Example("what is not there", guest, .remove("vif"), guest),
        ])
    func guests(example: Example) throws { try expect(example) }

    @Test(
        "a value is replaced where it counts",
        arguments: [
            Example("in the last place", "a=1 # x\na=2 # y\n", .set("a", .number("3")), "a=1 # x\na=3 # y\n"),
            Example("a list for a text", "a='x';b=1\n", .set("a", .list([.string("y")])), "a=[\n    \"y\",\n];b=1\n"),
            Example("a text for a list", "a=[\n1 # x\n] # y\n", .set("a", .string("x")), "a=\"x\" # y\n"),
            Example("an empty list", "a = [ 1, ]\n", .set("a", .list([])), "a = []\n"),
            Example(
                "a longer list", "a = ['x']\n", .set("a", .list([.string("x"), .string("y")])),
                "a = [\n    \"x\",\n    \"y\",\n]\n"),
            Example(
                "a list in a list", "a = [ '1', [2] ]\n", .set("a", .list([.string("1"), .list([.string("it's")])])),
                "a = [ '1', [\"it\\'s\"] ]\n"),
            Example(
                "what is added goes", "a='x'\n\na+='y' # why\na+='z'\n", .set("a", .string("b")), "a='b'\n\n# why\n"),
            Example("what is added to", "a='x'\na+='y'\n", .set("a", .string("x")), "a='x'\n"),
            Example("without =", "a += 'y'; a += 'z'; b=1\n", .set("a", .string("x")), "a += 'x'; b=1\n"),
            Example("an item that was added", "a=['x']\na+=['y','z']\n", .item(2, "a", "t"), "a=['x']\na+=['y','t']\n"),
            Example("an item that is a number", "a=['x',1]\n", .item(1, "a", "t"), "a=['x',\"t\"]\n"),
            Example("not before =", "a=['v'];a+=['w'];a=['x']\n", .item(0, "a", "t"), "a=['v'];a+=['w'];a=['t']\n"),
            Example("the same item", "a=[\"\\'\"]", .item(0, "a", "'"), "a=[\"\\'\"]"),
            Example("another spelling of é", "a='\u{E9}'\n", .set("a", .string("e\u{301}")), "a='e\u{301}'\n"),
        ])
    func places(example: Example) throws { try expect(example) }

    @Test(
        "what is removed leaves whole lines, and the separators of others",
        arguments: [
            Example("all of them", "a=1\nb=2\na=3\n", .remove("a"), "b=2\n"),
            Example("the first", "a=1; b=2\n", .remove("a"), "b=2\n"),
            Example("the middle", "a=1; b=2 ;c=3\n", .remove("b"), "a=1; c=3\n"),
            Example("the last", "a=1; b=2 ;\n", .remove("b"), "a=1 ;\n"),
            Example("neighbours", " a=1;; a=2; b=3; a=4; a=5 # c\n", .remove("a"), " b=3 # c\n"),
            Example("neighbours alone", "c=0\n ;a=1;; a=2;\n\nb=3\n", .remove("a"), "c=0\n\nb=3\n"),
            Example("a comment between", "a=1;a=2 # one; b\n ; a=3;# two\n", .remove("a"), "# one; b\n # two\n"),
            Example("over lines", "x=[\n1\n]; a=[\n2 # two\n]; b=[\n3\n]\n", .remove("a"), "x=[\n1\n]; b=[\n3\n]\n"),
            Example("an end without a line break", "b=1\na=2", .remove("a"), "b=1\n"),
            Example("everything", "a=1", .remove("a"), ""),
            Example("everything but a comment", "#\n a = 1; #\n", .remove("a"), "#\n #\n"),
            Example("a semicolon for a line break", "b=1\na=2;", .remove("a"), "b=1\n", for: XenVersion(4, 2)),
            Example("the last of a line, to an old xl", "b=1;a=2;", .remove("a"), "b=1;", for: XenVersion(4, 2)),
        ])
    func removals(example: Example) throws { try expect(example) }

    @Test(
        "a new line stands by itself",
        arguments: [
            Example("in an empty text", "", .set("a", .number("1")), "a = 1\n"),
            Example("at an end without a line break", "b=1 ", .set("a", .number("1")), "b=1 \na = 1\n"),
            Example("for an old xl", "b=1;", .set("a", .number("1")), "b=1;\na = 1\n", for: XenVersion(4, 2)),
            Example("behind a comment", "b=1 # c\n", .set("a", .number("1"), after: ["b"]), "b=1 # c\na = 1\n"),
            Example(
                "behind the last", "b=1\nb=2\n\nc=3\n", .set("a", .number("1"), after: ["x", "b", "c"]),
                "b=1\nb=2\na = 1\n\nc=3\n"),
            Example(
                "behind others", "b=1; c=[ # x\n2\n]; d=3\ne=4\n", .set("a", .number("1"), after: ["b"]),
                "b=1; c=[ # x\n2\n]; d=3\na = 1\ne=4\n"),
            Example(
                "behind others at the end", "b=1; c=[\n2]", .set("a", .number("1"), after: ["b"]),
                "b=1; c=[\n2]\na = 1\n"),
        ])
    func insertions(example: Example) throws { try expect(example) }

    // In "memory = 512M" without a line break xl does not see the M.
    @Test(
        "a last character that xl overlooks stays overlooked",
        arguments: [
            Example("before a new line", "b = 512M", .set("a", .number("1")), "b = 512\na = 1\n"),
            Example("alone on its line", "b = 512\n'", .set("a", .number("1")), "b = 512\na = 1\n"),
            Example("alone", "\r", .set("a", .number("1")), "a = 1\n"),
            Example("a # begins a comment", "b = 512 #", .set("a", .number("1")), "b = 512 #\na = 1\n"),
            Example("far from a new line", "b=1\nc=2M", .set("a", .number("1"), after: ["b"]), "b=1\na = 1\nc=2M"),
            Example("for an old xl", "b=1\nM", .set("a", .number("1")), "b=1\na = 1\n", for: XenVersion(4, 2)),
            Example("behind a value", "a = 512M", .set("a", .number("1")), "a = 1M"),
            Example("on a line that goes", "b = 1\na = 512M", .remove("a"), "b = 1\n"),
            Example("behind another", "b = 1;a = 512 M", .remove("a"), "b = 1 "),
            Example("behind a semicolon", "b=1;a=2;M", .remove("a"), "b=1;", for: XenVersion(4, 2)),
            Example("a # stays", "b = 1;a = 512 #", .remove("a"), "b = 1 #"),
            Example("a # stays alone", "a = 512 #", .remove("a"), "#"),
            Example("before it", "a = 512; b = 1M", .remove("a"), "b = 1M"),
        ])
    func strays(example: Example) throws { try expect(example) }

    @Test("bytes that are not UTF-8 stay as they are")
    func latin() throws {
        let comment = Array("# Gr".utf8) + [0xFC, 0xDF] + Array("e\nb = '".utf8) + [0xE9, 0x27, 0x0A]
        var document = try XenConfigDocument(parsing: comment + Array("a = 1\n".utf8))
        try document.set("a", to: .number("2"))
        #expect(document.bytes == comment + Array("a = 2\n".utf8))
        #expect(document.file["b"] == .string("\u{FFFD}"))
    }

    @Test(
        "what xl cannot read is not written",
        arguments: [
            (.set("Name", .number("1")), .newest, "\"Name\" cannot be a key of an xl configuration"),
            (.set("b", .number("-1")), .newest, "\"-1\" cannot be a number of an xl configuration"),
            (.set("a", .string("\0")), .newest, "a string with a NUL cannot stand in an xl configuration"),
            (.item(0, "b", "x"), .newest, "\"b\" is no list whose item 1 is a string"),
            (.item(0, "a", "x"), .newest, "1:1: \"a\" is no list whose item 1 is a string"),
            (.item(0, "c", "x"), .newest, "2:1: \"c\" is no list whose item 1 is a string"),
            (.item(-1, "c", "x"), .newest, "2:1: \"c\" is no list whose item 0 is a string"),
            (
                .set("b.c", .number("1")), XenVersion(4, 2),
                "\"b.c\" cannot be edited so that xl 4.2 reads it: \".\" stands outside quotes"
            ),
            (
                .set("a", .list([.list([])])), XenVersion(4, 5),
                "\"a\" cannot be edited so that xl 4.5 reads it: a list inside a list, which xl before 4.6 cannot read"
            ),
        ] as [(Edit, XenVersion, String)])
    func refused(edit: Edit, version: XenVersion, message: String) throws {
        let text = version == .newest ? "a = 1\nc = [[]]\n" : "a = 1\n"
        var document = try XenConfigDocument(parsing: text, for: version)
        let error = #expect(throws: XenConfigError.self) { try edit.make(in: &document) }
        #expect(error?.description == message)
        #expect(document.bytes == Array(text.utf8))
        #expect(document.file["a"] == .number("1"))
    }

    @Test("what XenConfigFile refuses is refused with the same words")
    func errors() {
        let mine = #expect(throws: XenConfigError.self) { try XenConfigDocument(parsing: "a = True", file: "g.cfg") }
        let theirs = #expect(throws: XenConfigError.self) { try XenConfigFile(parsing: "a = True", file: "g.cfg") }
        #expect(mine == theirs)
    }
}
