import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// `domus resize`: what is on a disk grows with it, exactly as much as was asked, or nothing has changed.
@Suite("making disks larger", Requirement.bootstrapping)
struct ResizeTests {
    private func size(_ file: FilePath) -> Int64 {
        var status = stat()
        return stat(file.string, &status) == 0 ? Int64(status.st_size) : -1
    }

    /// The bytes of a file, told in a line.
    private func digest(_ file: FilePath) async throws -> String {
        try await run("sha256sum", [file.string]).orThrow().standardOutput
    }

    /// Bytes that an ext file system says it has.
    private func reach(_ image: FilePath, offset: Int = 0) async throws -> Int64 {
        let name = offset == 0 ? image.string : "\(image)?offset=\(offset)"
        let text = try await run("dumpe2fs", ["-h", name]).orThrow().standardOutput
        func number(_ label: String) -> Int64 {
            let line = text.split(separator: "\n").first { $0.hasPrefix(label) } ?? ""
            return Int64(line.split(separator: " ").last ?? "") ?? 0
        }
        return number("Block count:") * number("Block size:")
    }

    @Test("an ext file system grows with its image, by exactly what was asked", arguments: ["ext2", "ext3", "ext4"])
    func ext(kind: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--fs=\(kind)"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let root = GuestImage(image)
            let (uuid, fstab) = (try await root.uuid(), try await root.text("/etc/fstab"))
            let outcome = try await workspace.run(["resize", "web1", "--add=1M"]).orThrow()
            #expect(outcome.standardOutput == "Grown: \(image) (xvda2, \(kind)) from 64M to 65M\n")
            #expect(size(image) == 65 << 20)
            #expect(try await reach(image) == 65 << 20)
            try await workspace.run(["resize", "web1", "--partition=xvda2", "--add=1G"]).orThrow()
            #expect(size(image) == 1089 << 20)
            #expect(try await reach(image) == 1089 << 20)
            #expect(try await root.complaint() == nil)
            #expect(try await root.uuid() == uuid)
            #expect(try await root.text("/etc/fstab") == fstab)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: workspace.guests.pushing("domains").string) == [
                    "web1"
                ])
        }
    }

    @Test("btrfs grows", Requirement.program("mkfs.btrfs", "btrfs"), Machine.mounts("btrfs"))
    func btrfs() async throws {
        try await grow("btrfs", size: "160M") { image in
            try await run("btrfs", ["check", "--readonly", image.string]).orThrow()
            let text = try await run("btrfs", ["inspect-internal", "dump-super", image.string]).orThrow().standardOutput
            return text.split(separator: "\n").first { $0.hasPrefix("total_bytes") }
                .flatMap { Int64($0.split(whereSeparator: \.isWhitespace).last ?? "") }
        }
    }

    @Test("xfs grows", Requirement.program("mkfs.xfs", "xfs_repair", "xfs_db", "xfs_growfs"), Machine.mounts("xfs"))
    func xfs() async throws {
        try await grow("xfs", size: "320M") { image in
            try await run("xfs_repair", ["-n", image.string]).orThrow()
            let text = try await run("xfs_db", ["-r", "-c", "sb 0", "-c", "p dblocks blocksize", image.string])
                .orThrow()
            let numbers = text.standardOutput.split { !$0.isNumber }.compactMap { Int64($0) }
            return numbers.count == 2 ? numbers[0] * numbers[1] : nil
        }
    }

    private func grow(_ kind: String, size: String, reach: (FilePath) async throws -> Int64?) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--fs=\(kind)", "--size=\(size)"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let before = try #require(try await reach(image))
            let (uuid, host) = (try await blkid(image, "UUID"), HostState.capture(marker: workspace.path.string))
            try await workspace.run(["resize", "web1", "--add=192M"]).orThrow()
            #expect(try await reach(image) == before + 192 << 20)
            #expect(self.size(image) == before + 192 << 20)
            #expect(try await blkid(image, "UUID") == uuid)
            #expect(HostState.capture(marker: workspace.path.string).difference(from: host) == [])
            let fstab = try await Machine.readMounted(image, "etc/fstab")
            #expect(mountTable(fstab).contains { $0.prefix(3) == ["UUID=\(uuid)", "/", kind] })
        }
    }

    @Test("a swap area is made anew under its UUID")
    func swap() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let image = workspace.images(of: "web1").appending("swap.img")
            let uuid = try await blkid(image, "UUID")
            try await workspace.run(["resize", "web1", "--partition=swap", "--add=4M"]).orThrow()
            #expect(size(image) == 8 << 20)
            #expect(try await blkid(image, "UUID") == uuid)
            #expect(try await blkid(image, "TYPE") == "swap")
            // The last page, from swapheader.h.
            let header = try await run("od", ["-An", "-tu4", "-j1028", "-N4", image.string]).orThrow()
            #expect(header.standardOutput.filter(\.isNumber) == "\((8 << 20) / 4096 - 1)")
        }
    }

    @Test("a full image stays full")
    func full() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--image=full"]).orThrow()
            try await workspace.run(["resize", "web1", "--add=32M"]).orThrow()
            var status = stat()
            stat(workspace.images(of: "web1").appending("disk.img").string, &status)
            #expect(status.st_size == 96 << 20 && Int64(status.st_blocks) * 512 >= 96 << 20)
        }
    }

    @Test("on a partitioned disk the table grows with it, and the last partition", Requirement.program("sfdisk"))
    func partitioned() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=disk"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let before = try await table(of: image)
            let refused = try await workspace.run(["resize", "web1", "--partition=swap", "--add=8M"])
            #expect(refused.status == 66 && refused.standardError.contains("others lie behind it"), "\(refused)")
            #expect(refused.standardError.contains("the last one can: disk (xvda3, ext4, 64M)"), "\(refused)")

            let outcome = try await workspace.run(["resize", "web1", "--add=100M"]).orThrow()
            #expect(outcome.standardOutput.hasPrefix("Grown: \(image) (xvda3, ext4) from "))
            let after = try await table(of: image)
            #expect(after.map(\.uuid) == before.map(\.uuid) && after.map(\.name) == before.map(\.name))
            #expect(after.map(\.start) == before.map(\.start))
            #expect(after[2].size == before[2].size + 100 << 11)
            #expect(after[..<2].map(\.size) == before[..<2].map(\.size))
            let verification = try await run("sfdisk", ["--verify", image.string]).orThrow()
            #expect(verification.description.contains("No errors detected"))
            #expect(try await reach(image, offset: after[2].start * 512) == 164 << 20)
            #expect(try await GuestImage(image, offset: after[2].start * 512).complaint() == nil)
        }
    }

    private struct Partition: Decodable {
        var start: Int
        var size: Int
        var name: String
        var uuid: String
    }

    private func table(of image: FilePath) async throws -> [Partition] {
        struct Document: Decodable {
            struct Table: Decodable { var partitions: [Partition] }
            var partitiontable: Table
        }
        let json = try await run("sfdisk", ["--json", image.string]).orThrow().standardOutput
        return try JSONDecoder().decode(Document.self, from: Data(json.utf8)).partitiontable.partitions
    }

    // MARK: Refusals

    @Test("what cannot be is refused, and nothing is touched")
    func refusals() async throws {
        try await withWorkspace { workspace in
            let xen = try FakeXen(workspace)
            try await workspace.createTiny("web1").orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let before = try await digest(image)
            for (words, status, message) in [
                (["web1"], 64, "how much larger?"),
                (["web1", "--add=-1G"], 64, "would make it smaller"),
                (["web1", "--add=0G"], 64, "is no space at all"),
                (["web1", "--add=1K"], 64, "disks grow by 4K at least"),
                (["web1", "--add=1024"], 64, "has no unit"),
                (["web1", "--add=9000000T"], 64, "is too large a size"),
                (["web1", "--add=8388607.99999T"], 64, "no disk is so large"),
                (
                    ["web1", "--add=1G", "--partition=home"], 66,
                    "it has swap (xvda1, swap, 4M); disk (xvda2, ext4, 64M)"
                ),
                (["web1", "--hostname=web2", "--add=1G"], 64, "two guests are named"),
                (["--add=1G"], 64, "which guest"),
                (["web9", "--add=1G"], 66, "there is no guest \"web9\" that Domus made"),
                (["../web1", "--add=1G"], 64, "\"../web1\""),
                (["web1", "--add=1G", "--lvm=vg0"], 66, "does not live in the volume group vg0"),
            ] as [([String], Int32, String)] {
                let outcome = try await xen.run(["resize"] + words)
                #expect(outcome.status == status, "\(words): \(outcome)")
                #expect(outcome.standardError.contains(message), "\(words): \(outcome)")
            }
            try xen.begin("web1", as: 7)
            let running = try await xen.run(["resize", "web1", "--add=1G"])
            #expect(running.status == 75 && running.standardError.contains("is running (domain 7)"), "\(running)")
            let served = try await xen.run(["resize", "web1", "--add=1G", "--online"])
            #expect(served.status == 75 && served.standardError.contains("QEMU serves it"), "\(served)")
            #expect(try await digest(image) == before)
            #expect(try await workspace.run(["recover"]).orThrow().standardOutput == "There is nothing to recover.\n")
        }
    }

    @Test("an image that is in use through a loop device is not changed", Requirement.loopDevices)
    func inUse() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let loop = try await run("losetup", ["--find", "--show", image.string]).orThrow().standardOutput
                .filter { $0 != "\n" }
            let outcome = try await workspace.run(["resize", "web1", "--add=1G"])
            #expect(
                outcome.status == 75 && outcome.standardError.contains("is in use: \(loop) is over it"), "\(outcome)")
            #expect(size(image) == 64 << 20)

            // A guest has it: its device becomes larger, and the rest is the guest's.
            let xen = try FakeXen(workspace)
            try xen.begin("web1", as: 7)
            let online = try await xen.run(["resize", "web1", "--add=1G", "--online"]).orThrow()
            let bytes = try await run("blockdev", ["--getsize64", loop]).orThrow().standardOutput
            try await run("losetup", ["--detach", loop]).orThrow()
            #expect(online.standardOutput.hasSuffix("\n    resize2fs /dev/xvda2\n"), "\(online)")
            #expect(bytes == "\(1088 << 20)\n")
            #expect(try await reach(image) == 64 << 20)
        }
    }

    @Test("what a guest has damaged is found, and its image stays as it is")
    func damaged() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            // A superblock that promises more than there is; and then none.
            try await run("debugfs", ["-w", "-R", "ssv blocks_count 9999999", image.string]).orThrow()
            let before = try await digest(image)
            let large = try await workspace.run(["resize", "web1", "--add=1G"])
            #expect(large.status == 65 && large.standardError.contains("is said to be"), "\(large)")
            #expect(try await digest(image) == before)
            try await run("dd", ["if=/dev/zero", "of=\(image)", "bs=1M", "count=1", "conv=notrunc"]).orThrow()
            let none = try await workspace.run(["resize", "web1", "--partition=disk", "--add=1G"])
            #expect(none.status == 66 && none.standardError.contains("carries nothing"), "\(none)")
            #expect(size(image) == 64 << 20)
        }
    }

    // MARK: Failures

    /// A program in front of the real one, which runs that first.
    private func replace(_ program: String, _ then: String, in workspace: Workspace, _ words: [String]) throws
        -> Command
    {
        let real = try #require(findProgram(program))
        try workspace.script("bin/\(program)", "\(real) \"$@\"\n\(then)")
        var command = workspace.domus(words)
        command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
        return command
    }

    /// A guest as it is to be again.
    private struct Before: Equatable {
        let size: Int64
        let text: String
        let files: [String]
        let contents: String?
    }

    private func state(_ image: FilePath, offset: Int = 0) async throws -> Before {
        let root = GuestImage(image, offset: offset)
        #expect(try await root.complaint() == nil)
        return Before(
            size: size(image), text: "\(try await reach(image, offset: offset))",
            files: try await root.names(in: "/etc").sorted(), contents: try await root.text("/etc/fstab"))
    }

    private func expectSame(_ image: FilePath, _ before: Before, offset: Int = 0) async throws {
        let now = try await state(image, offset: offset)
        #expect(now == before)
    }

    @Test("when resize2fs fails after all, everything is as it was", arguments: ["images", "disk"])
    func failure(layout: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=\(layout)"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let offset = layout == "disk" ? try await table(of: image)[2].start * 512 : 0
            let before = try await state(image, offset: offset)
            let tables = layout == "disk" ? try await run("sfdisk", ["--dump", image.string]).standardOutput : ""
            let outcome = try await replace("resize2fs", "exit 9", in: workspace, ["resize", "web1", "--add=1G"]).run()
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.standardError.contains("resize2fs ended with exit status 9"))
            #expect(outcome.standardError.contains("undone: took back the growth of the file system on \(image)"))
            #expect(outcome.standardError.contains("undone: gave \(image) its former size of"))
            #expect(!outcome.standardError.contains("left:"))
            try await expectSame(image, before, offset: offset)
            if layout == "disk" { #expect(try await run("sfdisk", ["--dump", image.string]).standardOutput == tables) }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: workspace.guests.pushing("domains").string) == [
                    "web1"
                ])
            try await workspace.run(["resize", "web1", "--add=1G"]).orThrow()
        }
    }

    @Test("after a kill in the middle recover gives everything its size back", arguments: ["images", "disk"])
    func kill(layout: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=\(layout)"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let offset = layout == "disk" ? try await table(of: image)[2].start * 512 : 0
            let before = try await state(image, offset: offset)
            let begun = workspace.path.appending("begun")
            let running = try replace(
                "resize2fs", "touch \(begun)\nexec sleep 1000", in: workspace, ["resize", "web1", "--add=1G"]
            ).start()
            #expect(try await Workspace.wait(for: begun, of: running))
            running.send(SIGKILL)
            _ = await running.wait()
            #expect(size(image) > 1 << 30)
            let refused = try await workspace.run(["resize", "web1", "--add=1G"])
            #expect(refused.status == 75 && refused.standardError.contains("domus recover"), "\(refused)")
            let recovered = try await workspace.run(["recover"]).orThrow()
            #expect(recovered.standardOutput.contains("took back the growth of the file system"), "\(recovered)")
            try await expectSame(image, before, offset: offset)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: workspace.guests.pushing("domains").string) == [
                    "web1"
                ])
        }
    }

    /// Leaves a guest behind whose disk was being made larger when the run was killed.
    private func killed(_ workspace: Workspace) async throws -> FilePath {
        try await workspace.createTiny("web1").orThrow()
        let begun = workspace.path.appending("begun")
        let running = try replace(
            "resize2fs", "touch \(begun)\nexec sleep 1000", in: workspace, ["resize", "web1", "--add=1G"]
        ).start()
        #expect(try await Workspace.wait(for: begun, of: running))
        running.send(SIGKILL)
        _ = await running.wait()
        return workspace.images(of: "web1").appending("disk.img")
    }

    @Test("a disk that is used while recovery is asked for is left alone, and recovered later", Requirement.loopDevices)
    func recoverInUse() async throws {
        try await withWorkspace { workspace in
            let image = try await killed(workspace)
            let before = try await digest(image)
            let log = try readText(workspace.log(of: "web1"))
            let loop = try await run("losetup", ["--find", "--show", image.string]).orThrow().standardOutput
                .filter { $0 != "\n" }
            let used = try await workspace.run(["recover"])
            let xen = try FakeXen(workspace)
            try await run("losetup", ["--detach", loop]).orThrow()
            try xen.begin("web1", as: 7)
            let running = try await xen.run(["recover"])
            #expect(used.status == 74 && used.standardOutput.contains("is in use: \(loop) is over it"), "\(used)")
            #expect(running.status == 74 && running.standardOutput.contains("is running (domain 7)"), "\(running)")
            #expect(try await digest(image) == before)
            // Nor is it looked at as if nothing had been, or its log lost.
            let dry = try await workspace.run(["resize", "web1", "--add=1G", "--dry-run"])
            #expect(dry.status == 75 && dry.standardError.contains("domus recover"), "\(dry)")
            #expect(try readText(workspace.log(of: "web1")) == log)
            try await workspace.run(["recover"]).orThrow()
            #expect(size(image) == 64 << 20)
            #expect(try await GuestImage(image).complaint() == nil)
        }
    }

    @Test("a file system that has been mounted since is not taken back", Machine.mounts("ext4"))
    func usedSince() async throws {
        try await withWorkspace { workspace in
            let image = try await killed(workspace)
            let point = workspace.path.appending("point")
            try makeDirectories(point)
            let write = "mount -o loop \"$1\" \"$2\" && echo precious >\"$2/precious\""
            try await run("unshare", ["--mount", "sh", "-c", write, "sh", image.string, point.string]).orThrow()
            let recovered = try await workspace.run(["recover"])
            #expect(recovered.status == 74, "\(recovered)")
            #expect(recovered.standardOutput.contains("has been used or repaired since"), "\(recovered)")
            #expect(try await GuestImage(image).text("/precious") == "precious\n")
            let kept = try await workspace.run(["recover", "--keep"]).orThrow()
            #expect(kept.standardOutput.contains("\(image) (kept as it is now"), "\(kept)")
            #expect(try await GuestImage(image).text("/precious") == "precious\n")
            #expect(try await GuestImage(image).complaint() == nil)
            try await workspace.run(["resize", "web1", "--add=64M"]).orThrow()
            #expect(try await reach(image) == 1152 << 20)
        }
    }

    @Test("what is restored in the place of a half-grown image is not written on")
    func restoredSince() async throws {
        try await withWorkspace { workspace in
            let image = try await killed(workspace)
            try await workspace.createTiny("web2", ["--size=48M"]).orThrow()
            let backup = workspace.images(of: "web2").appending("disk.img")
            unlink(image.string)
            try await run("cp", ["--sparse=always", backup.string, image.string]).orThrow()
            let before = try await digest(image)
            let recovered = try await workspace.run(["recover"])
            #expect(recovered.status == 74 && recovered.standardOutput.contains("another in its place"), "\(recovered)")
            #expect(try await digest(image) == before)
        }
    }

    @Test(
        "a table that has not kept up with its disk has its copy back when a growth fails", Requirement.loopDevices,
        Requirement.program("sfdisk"))
    func staleTable() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=disk"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            // As after --online, when the guest has not used the room yet.
            try await run("truncate", ["--size=+64M", image.string]).orThrow()
            let offset = try await table(of: image)[2].start * 512
            let before = try await state(image, offset: offset)
            let outcome = try await replace("resize2fs", "exit 9", in: workspace, ["resize", "web1", "--add=1G"]).run()
            #expect(outcome.status == 1 && !outcome.standardError.contains("left:"), "\(outcome)")
            try await expectSame(image, before, offset: offset)
            try await workspace.run(["resize", "web1", "--add=1G"]).orThrow()
            let verification = try await run("sfdisk", ["--verify", image.string]).orThrow()
            #expect(verification.description.contains("No errors detected"), "\(verification)")
        }
    }

    @Test("a table that is none of Domus's is the guest's fault, not Domus's", Requirement.program("sfdisk"))
    func foreignTable() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=disk"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let line = "echo 'label: dos' | sfdisk --wipe always \"$1\""
            try await run("sh", ["-c", line, "sh", image.string]).orThrow()
            let outcome = try await workspace.run(["resize", "web1", "--add=1G"])
            #expect(outcome.status == 65 && outcome.standardError.contains("of type msdos, not a GPT"), "\(outcome)")
        }
    }

    @Test(
        "when a mounted file system does not grow, the image has its size back",
        Requirement.program("mkfs.xfs", "xfs_growfs", "xfs_repair"), Machine.mounts("xfs"))
    func mountedFailure() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--fs=xfs", "--size=320M"]).orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            try workspace.script("bin/xfs_growfs", "echo no space in the superblock >&2; exit 3")
            var command = workspace.domus(["resize", "web1", "--add=1G"])
            command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
            let outcome = try await command.run()
            #expect(outcome.status == 1 && outcome.standardError.contains("no space in the superblock"), "\(outcome)")
            #expect(size(image) == 320 << 20)
            try await run("xfs_repair", ["-n", image.string]).orThrow()

            // Killed when it has grown: nobody makes the disk smaller under it.
            let begun = workspace.path.appending("begun")
            let running = try replace(
                "xfs_growfs", "touch \(begun)\nexec sleep 1000", in: workspace, ["resize", "web1", "--add=1G"]
            ).start()
            #expect(try await Workspace.wait(for: begun, of: running))
            running.send(SIGKILL)
            _ = await running.wait()
            try await workspace.run(["recover"]).orThrow()
            #expect(size(image) == 1344 << 20)
            try await workspace.run(["resize", "web1", "--add=64M"]).orThrow()
            try await run("xfs_repair", ["-n", image.string]).orThrow()
            #expect(size(image) == 1408 << 20)
        }
    }

    @Test("a dry run tells the steps, and does none; JSON has the sizes in bytes")
    func dryRun() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1").orThrow()
            let image = workspace.images(of: "web1").appending("disk.img")
            let before = try await digest(image)
            let outcome = try await workspace.run(["resize", "web1", "--add=64M", "--dry-run"]).orThrow()
            #expect(
                outcome.standardOutput == """
                    Would grow \(image) (xvda2, ext4) from 64M to 128M, in these steps; none was done:
                      1. Check the file system on xvda2
                      2. Make \(image) 128M large
                      3. Grow the ext4 on xvda2
                      4. Note it in the record

                    """, "\(outcome)")
            #expect(try await digest(image) == before)
            let tool = try workspace.xenTool(
                "xen-resize-guest", ["--hostname=web1", "-add", "64Mb", "--force", "--json"])
            let json = try await tool.run().orThrow().standardOutput
            let document = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            #expect(document?["from"] as? Int == 64 << 20 && document?["to"] as? Int == 128 << 20, "\(json)")
            let list = try JSONList(try await workspace.run(["list", "--json"]).orThrow().standardOutput)
            #expect((list.documents.first?["disks"] as? [String])?.contains(image.string) == true)
        }
    }
}
