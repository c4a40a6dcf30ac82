import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("disks", Requirement.bootstrapping)
struct DiskTests {
    @Test("the ext file systems have their own features", arguments: ["ext2", "ext3", "ext4"])
    func ext(kind: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--fs=\(kind)"]).orThrow()
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.complaint() == nil)
            let features = try await root.features()
            #expect(features.contains("has_journal") == (kind != "ext2"))
            #expect(features.contains("extent") == (kind == "ext4"))
            #expect(mountTable(try await root.text("/etc/fstab")).contains { $0[1] == "/" && $0[2] == kind })
        }
    }

    @Test("btrfs is written without mounting anything", Requirement.program("mkfs.btrfs", "btrfs"))
    func btrfs() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--fs=btrfs", "--size=160M"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            try await run("btrfs", ["check", "--readonly", image.string]).orThrow()
            #expect(try await blkid(image, "TYPE") == "btrfs")
            let copy = workspace.path.appending("restored")
            try makeDirectories(copy)
            try await run("btrfs", ["restore", image.string, copy.string]).orThrow()
            let uuid = try await blkid(image, "UUID")
            let table = mountTable(try readText(copy.pushing("etc/fstab")))
            #expect(table.contains { $0.prefix(3) == ["UUID=\(uuid)", "/", "btrfs"] && $0.last == "0" })
        }
    }

    @Test(
        "xfs is filled through a loop device that is gone afterwards",
        Requirement.program("mkfs.xfs", "xfs_repair"),
        Machine.mounts("xfs")
    )
    func xfs() async throws {
        try await withWorkspace { workspace in
            let before = HostState.capture(marker: workspace.path.string)
            try await workspace.createTiny("web1", ["--fs=xfs", "--size=320M"]).orThrow()
            #expect(HostState.capture(marker: workspace.path.string).difference(from: before) == [])
            let image = workspace.images(of: "web1").appending("disk.img")
            try await run("xfs_repair", ["-n", image.string]).orThrow()
            let fstab = try await Machine.readMounted(image, "etc/fstab")
            let uuid = try await blkid(image, "UUID")
            #expect(mountTable(fstab).contains { $0.prefix(3) == ["UUID=\(uuid)", "/", "xfs"] })
        }
    }

    @Test("a full image has all its blocks, and a sparse one does not")
    func allocation() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("full", ["--image=full"]).orThrow()
            try await workspace.createTiny("sparse", ["--image=sparse"]).orThrow()
            func blocks(_ guest: String, _ name: String) -> Int64 {
                var status = stat()
                stat(workspace.images(of: guest).appending(name).string, &status)
                return Int64(status.st_blocks) * 512
            }
            #expect(blocks("full", "disk.img") >= 64 << 20)
            #expect(blocks("full", "swap.img") >= 4 << 20)
            #expect(blocks("sparse", "disk.img") < 32 << 20)
            let root = GuestImage(workspace.images(of: "full").appending("disk.img"))
            #expect(try await root.complaint() == nil)
        }
    }

    @Test("without swap there is one image, and no swap in fstab")
    func withoutSwap() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--noswap"]).orThrow()
            let images = workspace.images(of: "web1")
            #expect(!fileExists(images.appending("swap.img")))
            let root = GuestImage(images.appending("disk.img"))
            let table = mountTable(try await root.text("/etc/fstab"))
            #expect(table.contains { $0[1] == "/" } && !table.contains { $0[2] == "swap" })
            let disks = try XlText(workspace.configuration(of: "web1")).list("disk").map(XlText.fields)
            #expect(disks.map { $0["vdev"] } == ["xvda1"])
        }
    }

    @Test("a partitions file puts directories, nested ones too, on images of their own")
    func partitionsFile() async throws {
        try await withWorkspace { workspace in
            let file = try workspace.file("layout", Self.partitions)
            try await workspace.createTiny("web1", ["--partitions=\(file)"]).orThrow()
            let images = workspace.images(of: "web1")
            var mounted: [String: GuestImage] = [:]
            for name in ["root", "var", "home", "logs"] {
                let image = GuestImage(images.appending("\(name).img"))
                mounted[name] = image
                #expect(try await image.complaint() == nil, "\(name)")
            }
            let table = mountTable(try await mounted["root"]?.text("/etc/fstab"))
            for (name, point) in [("root", "/"), ("var", "/var"), ("home", "/home"), ("logs", "/var/log")] {
                let uuid = try await mounted[name]?.uuid() ?? ""
                #expect(table.contains { $0.prefix(2) == ["UUID=\(uuid)", point] }, "\(table)")
            }
            #expect(table.first { $0[1] == "/home" }?[3] == "nodev,nosuid")
            // Each tree is where it belongs, with an empty place in the file system above it.
            #expect(try await mounted["root"]?.names(in: "/var") == [])
            #expect(try await mounted["var"]?.names(in: "/").contains("cache") == true)
            #expect(try await mounted["var"]?.names(in: "/log") == [])
            #expect(try await mounted["root"]?.names(in: "/home") == [])
            let disks = try XlText(workspace.configuration(of: "web1")).list("disk").map(XlText.fields)
            #expect(disks.first?["target"] == "\(images)/root.img", "pygrub looks on the first disk")
            #expect(Set(disks.compactMap { $0["vdev"] }) == ["xvda1", "xvda2", "xvda3", "xvda4", "xvda5"])
        }
    }

    private static let partitions = """
        [root]
        size=48M
        type=ext4
        mountpoint=/

        [swap]
        size=4M
        type=swap

        [home]
        size=16M
        type=ext4
        mountpoint=/home
        options=nodev,nosuid

        [logs]
        size=16M
        type=ext3
        mountpoint=/var/log

        [var]
        size=16M
        type=ext4
        mountpoint=/var

        """

    @Test("without libparted or LVM's library all works that needs neither; the rest says so and leaves nothing")
    func withoutLibraries() async throws {
        try await withWorkspace { workspace in
            let libraries = workspace.files.appending("libraries")
            try makeDirectories(libraries)
            for name in ["libparted.so.2", "liblvm2cmd.so.2.03"] { try writeFile(libraries.appending(name), "") }
            func create(_ hostname: String, _ words: [String]) async throws -> Outcome {
                var command = workspace.domus(try await workspace.tiny(hostname, words))
                command.environment["LD_LIBRARY_PATH"] = libraries.string
                return try await command.run()
            }
            try await create("web1", []).orThrow()
            for (words, library) in [(["--layout=disk"], "libparted"), (["--lvm=vg0"], "liblvm2cmd")] {
                let outcome = try await create("web2", words)
                #expect(outcome.status == 69, "\(outcome)")
                #expect(outcome.standardError.contains("\(library) cannot be loaded: "), "\(outcome)")
                #expect(!fileExists(workspace.images(of: "web2")))
            }
            #expect(try await workspace.run(["list", "--json"]).standardOutput.contains("web2") == false)
        }
    }

    @Test("one partitioned disk has a GPT with the file systems in it", Requirement.program("sfdisk"))
    func partitionedDisk() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=disk"]).orThrow()
            let images = workspace.images(of: "web1")
            let image = images.appending("disk.img")
            #expect(!fileExists(images.appending("swap.img")))
            let json = try await run("sfdisk", ["--json", image.string]).orThrow().standardOutput
            let table = try JSONDecoder().decode(PartitionTable.self, from: Data(json.utf8)).partitiontable
            #expect(table.label == "gpt")
            #expect(table.partitions.map(\.name) == ["bios-boot", "swap", "disk"])
            #expect(
                table.partitions.map { $0.type.prefix(8) } == ["21686148", "0657FD6D", "0FC63DAF"],
                "GRUB's, swap and Linux data"
            )
            #expect(table.partitions.allSatisfy { $0.start % 2048 == 0 }, "at whole mebibytes")
            #expect(table.partitions[2].size == 64 << 11)
            let verification = try await run("sfdisk", ["--verify", image.string]).orThrow()
            #expect(verification.description.contains("No errors detected"))

            let root = GuestImage(image, offset: table.partitions[2].start * 512)
            #expect(try await root.complaint() == nil)
            let uuid = try await root.uuid()
            #expect(mountTable(try await root.text("/etc/fstab")).contains { $0.prefix(2) == ["UUID=\(uuid)", "/"] })
            let configuration = try XlText(workspace.configuration(of: "web1"))
            let disks = configuration.list("disk").map(XlText.fields)
            #expect(disks.map { $0["vdev"] } == ["xvda"])
            #expect(disks.map { $0["target"] } == [image.string])
            #expect(configuration.text.contains("root=UUID=\(uuid)"))
        }
    }

    private struct PartitionTable: Decodable {
        struct Partition: Decodable {
            var start: Int
            var size: Int
            var type: String
            var name: String
        }

        struct Table: Decodable {
            var label: String
            var partitions: [Partition]
        }

        var partitiontable: Table
    }
}
