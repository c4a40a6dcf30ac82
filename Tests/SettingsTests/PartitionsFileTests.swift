import GuestModel
import Testing

@testable import Settings

@Suite("Partitions file")
struct PartitionsFileTests {
    @Test("a server's layout is read in the order of its mount points")
    func server() throws {
        let text = """
            # A layout
            [var-tmp]
            size = 1.5G
            type = xfs
            mountpoint = /var/tmp
            options = nodev,nosuid

            [root]
            size=1G
            type=ext3
            mountpoint=/
            options=defaults,errors=remount-ro
            ; swap
            [ swap ]
            size=2Gb
            type=swap
            [var]
            size=512M
            type=ext4
            mountpoint=/var
            options=
            [opt]
            size=2048k
            type=btrfs
            mountpoint=/opt
            """
        let partitions = try PartitionsFile(named(text)).partitions
        #expect(partitions.map(\.name) == ["swap", "root", "var", "opt", "var-tmp"])
        #expect(partitions.map(\.mountPoint) == [nil, "/", "/var", "/opt", "/var/tmp"])
        #expect(
            partitions.map(\.mountOptions) == [
                "sw", "defaults,errors=remount-ro", "defaults", "defaults", "nodev,nosuid",
            ]
        )
        #expect(
            partitions.map(\.size) == [
                .gibibytes(2), .gibibytes(1), .mebibytes(512), .mebibytes(2), .mebibytes(1536),
            ]
        )
        #expect(partitions.map(\.fileSystem) == [nil, .ext3, .ext4, .btrfs, .xfs])
    }

    private static let root = "[root]\nsize=1G\ntype=ext4\nmountpoint=/\n"

    @Test(
        "what is wrong is reported at its line",
        arguments: [
            (1, "", "no partition is mounted at /"),
            (3, "[a]\nsize=1G\ntype=swap", "no partition is mounted at /"),
            (5, root + "[root]\nsize=1G\ntype=swap", "there already, in line 1"),
            (8, root + "[b]\nsize=1G\ntype=ext4\nmountpoint=/", "mount point of the partition \"root\""),
            (5, root + "size=2G", "there already, in line 2"),
            (5, root + "label=x", "no key \"label\""),
            (5, root + "Size=2G", "no key \"Size\""),
            (5, root + "nonsense", "neither a section"),
            (1, "size=1G", "before the first section"),
            (1, "[a b]\nsize=1G\ntype=swap\n" + root, "not a partition's name"),
            (1, "[]\nsize=1G\ntype=swap\n" + root, "not a partition's name"),
            (1, "[../x]\nsize=1G\ntype=swap\n" + root, "not a partition's name"),
            (5, root + "[b]\ntype=swap", "has no size"),
            (6, root + "[b]\nsize=\ntype=swap", "has no size"),
            (5, root + "[b]\nsize=1G", "has no type"),
            (6, root + "[b]\nsize=1\ntype=swap", "no unit"),
            (6, root + "[b]\nsize=1X\ntype=swap", "not a size"),
            (6, root + "[b]\nsize=1G ; big\ntype=swap", "not a size"),
            (7, root + "[b]\nsize=1G\ntype=ntfs\nmountpoint=/b", "not a file system"),
            (5, root + "[b]\nsize=1G\ntype=ext4", "has no mountpoint"),
            (8, root + "[b]\nsize=1G\ntype=ext4\nmountpoint=b", "not a mount point"),
            (8, root + "[b]\nsize=1G\ntype=ext4\nmountpoint=/b/../c", "not a mount point"),
            (8, root + "[b]\nsize=1G\ntype=ext4\nmountpoint=/b/", "not a mount point"),
            (8, root + "[b]\nsize=1G\ntype=ext4\nmountpoint=/b c", "not a mount point"),
            (9, root + "[b]\nsize=1G\ntype=ext4\nmountpoint=/b\noptions=a b", "mount options"),
            (8, root + "[b]\nsize=1G\ntype=swap\nmountpoint=/b", "swap space has no mount point"),
        ]
    )
    func refuses(line: Int, text: String, message: String) throws {
        let error = try #require(throws: SettingsError.self) { try PartitionsFile(named(text, "/etc/p/server")) }
        #expect(error.description.hasPrefix("/etc/p/server, line \(line): "), "\(error)")
        #expect(error.message.contains(message), "\(error)")
    }

    @Test("the hint for a type names swap, too")
    func typeHint() throws {
        let error = try #require(throws: SettingsError.self) {
            try PartitionsFile(named("[a]\nsize=1G\ntype=zfs\nmountpoint=/"))
        }
        #expect(error.hint?.contains("ext4") == true)
        #expect(error.hint?.contains("swap") == true)
    }

    @Test("sixteen partitions are one too many", arguments: [15, 16])
    func count(number: Int) throws {
        var text = Self.root
        for index in 2...number { text += "[p\(index)]\nsize=1G\ntype=ext4\nmountpoint=/p\(index)\n" }
        if number == 15 {
            #expect(try PartitionsFile(named(text)).partitions.count == 15)
        } else {
            let error = try #require(throws: SettingsError.self) { try PartitionsFile(named(text)) }
            #expect(error.message.contains("16"))
        }
    }
}
