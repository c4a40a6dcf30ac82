import Foundation
import SystemPackage
import TestSupport
import Testing

/// `domus check --host` and what is on the guests' disks.
@Suite("domus check, of the system on the disks")
struct CheckSystemTests {
    private static let root = "6b0f8c1c-33f5-4a4e-9d3c-1d3f7a0b2c11"
    private static let swap = "0c9d5b6e-8a52-4f0b-b1a1-92a1f9f0a711"
    private static let inittab = "1:2345:respawn:/sbin/getty 38400 tty1\n"

    private static let sysinit = "si::sysinit:/etc/init.d/rcS\n"

    /// An image of a tree, its files by their paths; a path to a text that begins with `-> ` is a link.
    private static func image(_ workspace: Workspace, _ tree: [String: String]) async throws -> FilePath {
        let directory = workspace.files.appending("tree")
        try? FileManager.default.removeItem(atPath: directory.string)
        for (name, text) in tree {
            let path = directory.pushing(FilePath(name))
            try makeDirectories(path.removingLastComponent())
            if text.hasPrefix("-> ") {
                try FileManager.default.createSymbolicLink(
                    atPath: path.string, withDestinationPath: String(text.dropFirst(3)))
            } else {
                try writeFile(path, text)
            }
        }
        let image = workspace.files.appending("root.img")
        try? FileManager.default.removeItem(atPath: image.string)
        try await run(
            "mke2fs", ["-q", "-F", "-t", "ext4", "-U", root, "-d", directory.string, image.string, "8M"]
        ).orThrow()
        let area = workspace.files.appending("swap.img")
        try await run(
            "/bin/sh",
            ["-c", "truncate -s 1M \"$1\" && chmod 600 \"$1\" && mkswap -q -U \"$2\" \"$1\"", "sh", area.string, swap]
        )
        .orThrow()
        return image
    }

    private static func problems(
        _ workspace: Workspace, _ image: FilePath, type: String = "pvh", _ more: String = "", vdev: String = "xvda2"
    ) async throws -> String {
        let kernel = workspace.files.appending("vmlinuz")
        try writeFile(kernel, KernelFiles.kernel(version: "6.1.0-1-amd64"))
        try makeDirectories(workspace.files.appending("none"))
        let boot = type == "hvm" ? "" : "kernel = \"\(kernel)\"\n"
        let file = try workspace.file(
            "web1.cfg",
            "name = \"web1\"\ntype = \"\(type)\"\nmemory = 512\n\(boot)disk = [\"\(image),raw,\(vdev),rw\", "
                + "\"\(workspace.files)/swap.img,raw,xvda1,rw\"]\n\(more)")
        return try await workspace.run(
            ["check", "--host", "--output=\(workspace.files)/none", "--xen-version=4.17", file.string]
        ).standardOutput.replacing("\(file):", with: "")
    }

    @Test(
        "an entry of fstab that is on none of the disks",
        arguments: [
            ("UUID=\(root) / ext4 errors=remount-ro 0 1\nUUID=\(swap) none swap sw 0 0\n", nil),
            ("/dev/xvda2 / ext4 defaults 0 1\n/dev/xvda1 none swap sw 0 0\n", nil),
            (
                "UUID=\(root.replacing("6b0f", with: "6b00")) / ext4 defaults 0 1\n",
                "5:1: error: /etc/fstab on xvda2 has UUID=6b008c1c-33f5-4a4e-9d3c-1d3f7a0b2c11 for /, which is none"
            ),
            ("UUID=\(root) / ext4 defaults 0 1\n# UUID=\(swap.replacing("0c", with: "11")) none swap sw 0 0\n", nil),
            (
                "UUID=\(swap.replacing("0c", with: "11")) none swap sw 0 0\n",
                "5:1: warning: /etc/fstab on xvda2 has UUID=119d5b6e-8a52-4f0b-b1a1-92a1f9f0a711 for swap"
            ),
            ("/dev/xvdb1 /srv ext4 defaults 0 2\n", "5:1: error: /etc/fstab on xvda2 has /dev/xvdb1 for /srv"),
            ("/dev/xvdb1 /srv ext4 nofail 0 2\n/dev/xvdb2 /var ext4 noauto 0 2\n", nil),
            ("/dev/xvdb1 /srv ext4 _netdev 0 2\n/dev/xvdb2 /var ext4 x-systemd.automount 0 2\n", nil),
            ("/dev/xvdc swap2 swap sw 0 0\n", "5:1: warning: /etc/fstab on xvda2 has /dev/xvdc for swap"),
            ("'UUID=\(root)' / ext4 defaults 0 1\n", nil),
            ("/dev/xvdb1 /d\r\nweb1.cfg:1:1:\u{A0}error:\u{A0}forged x y\n", "has /dev/xvdb1 for /d, which"),
            ("LABEL=data /srv ext4 defaults 0 2\nUUID=12AB-34CD /boot/efi vfat defaults 0 1\nproc /proc proc\n", nil),
        ] as [(String, String?)])
    func mounts(table: String, problem: String?) async throws {
        try await withWorkspace { workspace in
            let image = try await Self.image(workspace, ["etc/fstab": table, "usr/lib/systemd/systemd": ""])
            let said = try await Self.problems(workspace, image)
            #expect(
                problem.map { said.contains($0) && said.contains("xvda2 UUID=\(Self.root)") } ?? (said == ""), "\(said)"
            )
        }
    }

    @Test(
        "no login on the console that xl shows",
        arguments: [
            (["usr/lib/systemd/systemd": ""], "pvh", "", false),
            (
                ["lib/systemd/systemd": "", "etc/systemd/system/serial-getty@hvc0.service": "-> /dev/null"], "pvh", "",
                true
            ),
            (["lib/systemd/systemd": "", "etc/systemd/system/getty.target": "-> /dev/null"], "pv", "", true),
            (["etc/inittab": sysinit + inittab], "pv", "", true),
            (["etc/inittab": sysinit + inittab + "#co:2345:respawn:/sbin/getty 38400 hvc0\n"], "pv", "", true),
            (["etc/inittab": sysinit + inittab + "co:2345:respawn:/sbin/getty 38400 hvc0\n"], "pv", "", false),
            (["etc/inittab": "::sysinit:/sbin/rc\nhvc0::respawn:/sbin/getty 0 hvc0\n"], "pvh", "", false),
            (["etc/inittab": sysinit + inittab], "pv", "cmdline = \"console=tty1\"\nvfb = [\"vnc=1\"]\n", false),
            // upstart reads no more of it than that.
            (["etc/inittab": "id:3:initdefault:\n"], "pv", "", false),
            (["etc/inittab": "::sysinit:/sbin/rc\n::respawn:/sbin/getty -L 115200 -\n"], "pv", "", false),
            (["etc/inittab": "::sysinit:/sbin/rc\ntty1::askfirst:/bin/sh\n"], "pv", "", true),
            (["etc/inittab": sysinit + "co:2345:respawn:/sbin/agetty xvc0 9600\n"], "pv", "", false),
            (["etc/inittab": sysinit + inittab, "etc/runlevels/default/agetty.hvc0": ""], "pv", "", false),
            (
                [
                    "lib/systemd/systemd": "", "etc/systemd/system/serial-getty@.service": "-> ../../../dev/null",
                    "etc/systemd/system/getty.target.wants/getty@hvc0.service": "-> /lib/systemd/system/getty@.service",
                ], "pvh", "", false
            ),
            (
                ["lib/systemd/systemd": "", "etc/systemd/system/serial-getty@.service": "-> ../../../dev/null"], "pvh",
                "", true
            ),
            (
                ["lib/systemd/systemd": "", "boot/grub2/grub.cfg": "blscfg\n"], "hvm", "serial = \"pty\"\n", false
            ),
            (
                ["lib/systemd/systemd": "", "boot/grub/grub.cfg": "linux /vmlinuz\n"], "hvm",
                "serial = \"file:/x\"\n", false
            ),
            // Neither systemd nor inittab: it is not known.
            (["etc/init.conf": ""], "pv", "", false),
            (
                ["lib/systemd/systemd": "", "boot/grub/grub.cfg": "linux /vmlinuz root=UUID=x ro\n"], "hvm",
                "serial = \"pty\"\n", true
            ),
            (
                ["lib/systemd/systemd": "", "boot/grub/grub.cfg": "linux /vmlinuz console=ttyS0\n"], "hvm",
                "serial = \"pty\"\n", false
            ),
            (["lib/systemd/systemd": "", "boot/grub/grub.cfg": "linux /vmlinuz\n"], "hvm", "vnc = 1\n", false),
        ] as [([String: String], String, String, Bool)])
    func logins(tree: [String: String], type: String, more: String, isSaid: Bool) async throws {
        try await withWorkspace { workspace in
            var tree = tree
            tree["etc/fstab"] = "UUID=\(Self.root) / ext4 defaults 0 1\n"
            let said = try await Self.problems(
                workspace, try await Self.image(workspace, tree), type: type, more)
            let console = type == "hvm" ? "ttyS0" : "hvc0"
            #expect(said.contains("warning: the system on xvda2 has no login on \(console)") == isSaid, "\(said)")
            if !isSaid { #expect(said == "" || more.contains("console=tty1"), "\(said)") }
        }
    }

    @Test("of many that are missing, some are told")
    func many() async throws {
        try await withWorkspace { workspace in
            let table = (0..<3000).map { "/dev/xvdz\($0) /m\($0) ext4 defaults 0 2\n/dev/xvdz1 /again ext4 x 0 0\n" }
                .joined()
            let said = try await Self.problems(workspace, try await Self.image(workspace, ["etc/fstab": table]))
            #expect(said.split(separator: "\n").filter { $0.contains("which is none of") }.count == 8)
        }
    }

    @Test("what Domus cannot look into may be the root: another disk is not taken for it")
    func others() async throws {
        try await withWorkspace { workspace in
            let image = try await Self.image(workspace, ["etc/fstab": "/dev/xvdz1 / ext4 defaults 0 1\n"])
            let area = workspace.files.appending("swap.img")
            try await run(
                "/bin/sh",
                [
                    "-c",
                    "truncate -s 1M \"$1\"; printf LABELONE | dd of=\"$1\" bs=512 seek=1 conv=notrunc status=none",
                    "sh", area.string,
                ]
            ).orThrow()
            #expect(try await Self.problems(workspace, image) == "")
            let told = try await Self.problems(workspace, image, "cmdline = \"root=/dev/xvda2 ro\"\n")
            #expect(told.contains("has /dev/xvdz1 for /"))
        }
    }

    @Test(
        "it is found on a partition of an image or a volume, too, and what is damaged is not judged",
        Requirement.loopDevices, Requirement.program("losetup", "sfdisk"),
        arguments: [
            ("label: gpt\\nstart=2048, size=16384\\n", 1, false), ("label: dos\\nstart=2048, size=16384\\n", 1, false),
            ("label: gpt\\nstart=2048, size=16384\\n", 1, true),
            ("label: dos\\nstart=1024, type=5\\nstart=2048, size=16384\\n", 5, true),
        ] as [(String, Int, Bool)])
    func partitions(table: String, number: Int, isDevice: Bool) async throws {
        try await withWorkspace { workspace in
            let image = try await Self.image(workspace, ["etc/fstab": "/dev/xvdc1 /srv ext4 defaults 0 2\n"])
            let disk = workspace.files.appending("disk.img")
            let script = """
                truncate -s 12M "$2" && printf "$3" | sfdisk -q "$2" &&
                dd if="$1" of="$2" bs=1M seek=1 conv=notrunc status=none
                """
            try await run("/bin/sh", ["-c", script, "sh", image.string, disk.string, table]).orThrow()
            var given = disk
            if isDevice {
                given = FilePath(
                    try await run("losetup", ["--find", "--show", disk.string]).orThrow().standardOutput
                        .trimmingCharacters(in: .whitespacesAndNewlines))
            }
            let said = try? await Self.problems(workspace, given, vdev: "xvdb")
            if isDevice { try await run("losetup", ["--detach", given.string]).orThrow() }
            #expect(
                said?.contains("/etc/fstab on xvdb\(number) has /dev/xvdc1 for /srv") == true, "\(said ?? "nothing")")
            // Where the inodes are.
            try await run(
                "/bin/sh",
                [
                    "-c", "dd if=/dev/urandom of=\"$1\" bs=4k seek=1 count=1500 conv=notrunc status=none", "sh",
                    image.string,
                ]
            ).orThrow()
            #expect(try await Self.problems(workspace, image) == "")
        }
    }
}
