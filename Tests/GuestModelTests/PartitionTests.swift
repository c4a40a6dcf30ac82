import Foundation
import Testing

@testable import GuestModel

@Suite("Partition")
struct PartitionTests {
    private func make(
        name: String = "disk",
        mountPoint: String? = "/",
        options: String = "defaults"
    ) throws(ValueError) -> Partition {
        try Partition(
            name: name,
            size: .gibibytes(1),
            content: mountPoint.map { .fileSystem(.ext4, mountPoint: $0) } ?? .swap,
            mountOptions: options
        )
    }

    @Test(
        "names are letters, digits and hyphens",
        arguments: ["disk", "swap", "var-tmp", "a", "1", "A1", String(repeating: "a", count: 64)]
    )
    func names(name: String) throws {
        #expect(try make(name: name).name == name)
    }

    @Test(
        "a name that is not a file's, a volume's or an option's is refused",
        arguments: [
            "", "-a", "-", "a b", "a/b", "..", ".", "a.b", "a_b", "a:b", "ä", "a\n", "a\0",
            String(repeating: "a", count: 65),
        ]
    )
    func refusesNames(name: String) throws {
        let error = try #require(throws: ValueError.self) { try make(name: name) }
        #expect(error.message.contains("\"\(name)\""))
        #expect(error.hint != nil)
    }

    @Test(
        "mount points are plain absolute paths",
        arguments: ["/", "/var", "/var/tmp", "/srv/a-b_c.d", "/.hidden", "/..a", "/größe"]
    )
    func mountPoints(path: String) throws {
        #expect(try make(mountPoint: path).mountPoint == path)
    }

    @Test(
        "other paths are refused",
        arguments: [
            "", "var", "//", "/var/", "/var//tmp", "/.", "/..", "/var/..", "/var/../etc", "/var/./x", "/a b", "/a:b",
            "/a\tb",
            "/a\n", "/a\0", "/a\u{7F}", "./x", "../x", "/a\\040b",
        ]
    )
    func refusesMountPoints(path: String) throws {
        let error = try #require(throws: ValueError.self) { try make(mountPoint: path) }
        #expect(error.message.contains("\"\(path)\""))
    }

    @Test(
        "options without white space and colons are kept",
        arguments: ["defaults", "noatime,nodiratime,errors=remount-ro", "sw"]
    )
    func options(text: String) throws {
        #expect(try make(options: text).mountOptions == text)
    }

    @Test("other options are refused", arguments: ["", " ", "a b", "a:b", "a\tb", "a\n/dev/x /mnt", "a\0"])
    func refusesOptions(text: String) throws {
        let error = try #require(throws: ValueError.self) { try make(options: text) }
        #expect(error.message.contains("mount options"))
    }

    @Test("swap has neither mount point nor file system")
    func swap() throws {
        let swap = try make(name: "swap", mountPoint: nil, options: "sw")
        #expect(swap.isSwap && swap.mountPoint == nil && swap.fileSystem == nil)
        let disk = try make()
        #expect(!disk.isSwap && disk.mountPoint == "/" && disk.fileSystem == .ext4)
    }

    @Test("what could not be made cannot be decoded")
    func decoding() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(make(name: "disk", mountPoint: "/var")), as: UTF8.self)
        #expect(
            try JSONDecoder().decode(Partition.self, from: Data(text.utf8)) == make(name: "disk", mountPoint: "/var")
        )
        for (sound, broken) in [("\"disk\"", "\"../disk\""), ("\"/var\"", "\"/../var\""), ("defaults", "a b")] {
            let json = text.replacingOccurrences(of: sound, with: broken)
            #expect(json != text)
            #expect(throws: (any Error).self) { try JSONDecoder().decode(Partition.self, from: Data(json.utf8)) }
        }
    }

    @Test("known file systems and their default options", arguments: FileSystemKind.allCases)
    func kinds(kind: FileSystemKind) throws {
        #expect(try FileSystemKind(parsing: kind.rawValue) == kind)
        #expect(kind.isExt == kind.rawValue.hasPrefix("ext"))
        #expect(kind.defaultMountOptions.contains("errors=remount-ro") == kind.isExt)
        #expect(try make(options: kind.defaultMountOptions).mountOptions == kind.defaultMountOptions)
    }

    @Test(
        "other file systems are refused, with the known ones as a hint",
        arguments: ["", "EXT4", "zfs", "reiserfs", "swap"]
    )
    func refusesKinds(text: String) throws {
        let error = try #require(throws: ValueError.self) { try FileSystemKind(parsing: text) }
        #expect(error.hint?.contains("ext4") == true)
        #expect(error.hint?.contains("reiserfs") == (text == "reiserfs"))
    }
}
