import Glibc
import SystemPackage
import TestSupport
import Testing

/// `--image-dev` and `--swap-dev`: block devices that are there, and stay.
@Suite("guests on given devices", Requirement.bootstrapping, Requirement.loopDevices, Requirement.program("wipefs"))
struct DeviceTests {
    /// Loop devices over files full of somebody's words, detached afterwards.
    private func withDevices(_ body: (Workspace, _ root: String, _ swap: String) async throws -> Void) async throws {
        try await withWorkspace { workspace in
            var devices: [String] = []
            for (name, megabytes) in [("root", 64), ("swap", 8)] {
                let file = workspace.path.appending(name)
                let fill = "yes 'somebody was here' | head -c \(megabytes)M >\"$1\" && losetup --find --show \"$1\""
                let outcome = try await run("sh", ["-c", fill, "sh", file.string]).orThrow()
                devices.append(outcome.standardOutput.filter { $0 != "\n" })
            }
            do {
                try await body(workspace, devices[0], devices[1])
            } catch {
                for device in devices { _ = try? await run("losetup", ["--detach", device]) }
                throw error
            }
            for device in devices { try await run("losetup", ["--detach", device]).orThrow() }
        }
    }

    private func create(_ workspace: Workspace, _ words: String...) async throws -> Command {
        // Without the sizes, which the devices have.
        let tiny = try await workspace.tiny("web1").filter { !$0.hasPrefix("--size") && !$0.hasPrefix("--swap=") }
        return workspace.domus(tiny + words)
    }

    private func words(on device: String) async throws -> String {
        try await run("sh", ["-c", "grep -c -a 'somebody was here' \"$1\" || true", "sh", device]).standardOutput
    }

    private func kind(_ device: String) async throws -> String { try await blkid(FilePath(device), "TYPE") }

    @Test("the guest is on them, nothing of what was there is left, and they stay when it goes")
    func lifetime() async throws {
        try await withDevices { workspace, root, swap in
            let outcome = try await create(workspace, "--image-dev=\(root)", "--swap-dev=\(swap)").run().orThrow()
            #expect(outcome.standardOutput.contains("Disks           :  \(swap) \(root)\n"), "\(outcome)")
            let disk = GuestImage(FilePath(root))
            #expect(try await disk.complaint() == nil)
            let table = mountTable(try await disk.text("/etc/fstab"))
            let (uuid, area) = (try await disk.uuid(), try await blkid(FilePath(swap), "UUID"))
            #expect(table.contains { $0.prefix(2) == ["UUID=\(uuid)", "/"] })
            #expect(table.contains { $0[0] == "UUID=\(area)" && $0[2] == "swap" })
            for device in [root, swap] { #expect(try await words(on: device) == "0\n", "\(device)") }
            let disks = try XlText(workspace.configuration(of: "web1")).list("disk").map(XlText.fields)
            #expect(disks.map { $0["target"] } == [root, swap])

            let grown = try await workspace.run(["resize", "web1", "--add=1G"])
            #expect(grown.status == 66 && grown.standardError.contains("is a device that web1 was given"), "\(grown)")
            let again = try await create(workspace, "--hostname=web2", "--image-dev=\(root)", "--noswap").run()
            #expect(again.status == 73 && again.standardError.contains("is the guest web1's"), "\(again)")
            let gone = try await workspace.run(["delete", "web1"]).orThrow()
            #expect(gone.standardError.contains("note: \(root) stays, with what is on it"), "\(gone)")
            #expect(try await disk.complaint() == nil)
            let full = try await create(workspace, "--image-dev=\(root)", "--noswap").run()
            #expect(
                full.status == 73 && full.standardError.contains("something on the device \(root): ext4"), "\(full)")
            try await create(workspace, "--image-dev=\(root)", "--noswap", "--force").run().orThrow()
            #expect(try await disk.uuid() != uuid)
        }
    }

    @Test("without wiping what was there stays where the guest has written nothing")
    func noWipe() async throws {
        try await withDevices { workspace, root, swap in
            try await create(workspace, "--image-dev=\(root)", "--swap-dev=\(swap)", "--no-wipe").run().orThrow()
            #expect(try await words(on: root) != "0\n")
            #expect(try await GuestImage(FilePath(root)).complaint() == nil)
        }
    }

    @Test("without wiping, too, nothing tells any more what was there", Requirement.program("sfdisk"))
    func marks() async throws {
        try await withDevices { workspace, root, _ in
            let line = "echo 'label: gpt' | sfdisk --quiet --wipe always \"$1\""
            try await run("sh", ["-c", line, "sh", root]).orThrow()
            let refused = try await create(workspace, "--image-dev=\(root)", "--noswap").run()
            #expect(
                refused.status == 73 && refused.standardError.contains("something on the device \(root): gpt"),
                "\(refused)")
            try await create(workspace, "--image-dev=\(root)", "--noswap", "--no-wipe", "--force").run().orThrow()
            let left = try await run("wipefs", ["--no-act", "--noheadings", "--output=TYPE", root]).orThrow()
            #expect(left.standardOutput == "ext4\n")
        }
    }

    @Test("what fails while they are written leaves them without a file system")
    func failure() async throws {
        try await withDevices { workspace, root, swap in
            let before = workspace.capture()
            let real = try #require(findProgram("mke2fs"))
            try workspace.script("bin/mke2fs", "\(real) \"$@\"\nexit 3")
            var command = try await create(workspace, "--image-dev=\(root)", "--swap-dev=\(swap)")
            command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
            let outcome = try await command.run()
            #expect(outcome.status == 73, "\(outcome)")
            for device in [root, swap] {
                #expect(
                    outcome.standardError.contains("undone: cleared what had been written on \(device)"), "\(outcome)")
                #expect(try await kind(device) == "")
            }
            #expect(workspace.capture().difference(from: before).filter { !$0.contains("files/tiny.tar") } == [])
        }
    }

    @Test("what fails before they are written leaves them as they were")
    func early() async throws {
        try await withDevices { workspace, root, swap in
            try workspace.script("etc/hooks.d/77-fail", "exit 1")
            let before = try await run("sha256sum", [root, swap]).orThrow().standardOutput
            let outcome = try await create(workspace, "--image-dev=\(root)", "--swap-dev=\(swap)").run()
            #expect(outcome.status == 1, "\(outcome)")
            #expect(try await run("sha256sum", [root, swap]).orThrow().standardOutput == before)
        }
    }

    @Test("--dontformat keeps a file system that is empty, and a failure empties it again")
    func formatted() async throws {
        try await withDevices { workspace, root, _ in
            func names() async throws -> Set<String> {
                let list = try await run("debugfs", ["-R", "ls -p /", root]).orThrow().standardOutput
                return Set(
                    list.split(separator: "\n").compactMap {
                        $0.split(separator: "/").dropFirst(4).first.map(String.init)
                    })
            }
            let bare = try await create(workspace, "--image-dev=\(root)", "--noswap", "--dontformat").run()
            #expect(
                bare.status == 66 && bare.standardError.contains("there is no ext2, ext3 or ext4 on \(root)"), "\(bare)"
            )
            let uuid = "5a1e77aa-1111-4222-8333-444444444444"
            try await run("mke2fs", ["-q", "-F", "-t", "ext4", "-L", "precious", "-U", uuid, root]).orThrow()
            let empty = try await names()
            #expect(empty == [".", "..", "lost+found"])

            try await run("debugfs", ["-w", "-R", "write /etc/hostname note", root]).orThrow()
            let full = try await create(workspace, "--image-dev=\(root)", "--noswap", "--dontformat").run()
            #expect(full.status == 73 && full.standardError.contains("on \(root) is not empty: note"), "\(full)")
            try await run("debugfs", ["-w", "-R", "rm note", root]).orThrow()

            let real = try #require(findProgram("cp"))
            // Hooks copy, too.
            try workspace.script(
                "bin/cp", "\(real) \"$@\" || exit\ncase \"$*\" in */mount-disk/*) exit 3 ;; esac")
            var command = try await create(workspace, "--image-dev=\(root)", "--noswap", "--dontformat")
            command.environment["PATH"] = "\(workspace.path)/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
            let failed = try await command.run()
            #expect(failed.status == 73, "\(failed)")
            #expect(failed.standardError.contains("undone: emptied the file system on \(root)"), "\(failed)")
            #expect(try await names() == empty)
            #expect(try await GuestImage(FilePath(root)).complaint() == nil)

            try await create(workspace, "--image-dev=\(root)", "--noswap", "--dontformat").run().orThrow()
            let disk = GuestImage(FilePath(root))
            #expect(try await disk.complaint() == nil)
            #expect(try await disk.uuid() == uuid)
            #expect(try await blkid(FilePath(root), "LABEL") == "precious")
            #expect(mountTable(try await disk.text("/etc/fstab")).contains { $0.prefix(2) == ["UUID=\(uuid)", "/"] })
        }
    }

    @Test("what cannot be is refused, and the devices are not touched")
    func refusals() async throws {
        try await withDevices { workspace, root, swap in
            let before = try await run("sha256sum", [root, swap]).orThrow().standardOutput
            let plain = try workspace.file("plain", "no device")
            for (words, status, message) in [
                (["--image-dev=\(root)"], 64, "where is the guest to have its swap area?"),
                (["--swap-dev=\(swap)"], 64, "it belongs to --image-dev"),
                (["--image-dev=\(root)", "--swap-dev=\(swap)", "--noswap"], 64, "not both"),
                (["--image-dev=\(root)", "--swap-dev=\(root)"], 64, "are the same device"),
                (["--image-dev=\(root)", "--noswap", "--lvm=vg0"], 64, "as large as they are"),
                (["--image-dev=\(root)", "--noswap", "--size=1G"], 64, "as large as they are"),
                (["--image-dev=\(root)", "--noswap", "--layout=disk"], 64, "not a partition table"),
                (["--image-dev=\(plain)", "--noswap"], 66, "is no block device"),
                (["--image-dev=/dev/no-such-device", "--noswap"], 66, "there is no device"),
                (["--image-dev=/dev/null", "--noswap"], 66, "is no block device"),
                // A script's variable that was not set: not a guest somewhere else.
                (["--image-dev=", "--noswap"], 64, "--image-dev: the value is empty"),
                (["--image-dev=\(root)", "--swap-dev="], 64, "--swap-dev: the value is empty"),
                (["--image-dev=/dev/disk/../../etc/fstab", "--noswap"], 66, "is no block device"),
            ] as [([String], Int32, String)] {
                var command = try await create(workspace)
                command.arguments += words
                let outcome = try await command.run()
                #expect(outcome.status == status, "\(words): \(outcome)")
                #expect(outcome.standardError.contains(message), "\(words): \(outcome)")
            }
            #expect(try await run("sha256sum", [root, swap]).orThrow().standardOutput == before)
        }
    }

    @Test("a device that is mounted is in use")
    func mounted() async throws {
        try await withDevices { workspace, root, _ in
            try await run("mke2fs", ["-q", "-F", root]).orThrow()
            let point = workspace.path.appending("point")
            try makeDirectories(point)
            var command = try await create(workspace, "--image-dev=\(root)", "--noswap", "--force")
            let words = [command.program] + command.arguments
            command.arguments =
                [
                    "--mount", "sh", "-c", "mount \"$1\" \"$2\" && shift 2 && exec \"$@\"", "sh", root, point.string,
                ] + words
            command.program = "unshare"
            let outcome = try await command.run()
            #expect(
                outcome.status == 75 && outcome.standardError.contains("the device \(root) is in use"), "\(outcome)")
            #expect(try await kind(root) == "ext2")
        }
    }
}
