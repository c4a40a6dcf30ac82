import Glibc
import SystemPackage
import TestSupport
import Testing

/// The main job, as a newcomer types it: from a mirror's packages to images and configuration.
@Suite("a guest from a mirror", Requirement.bootstrapping)
struct BootstrappedGuestTests {
    @Test(
        "is whole: images, accounts, keys, network, console, configuration, summary",
        Requirement.program("debootstrap", "mmdebstrap", "ssh-keygen"),
        arguments: ["native", "debootstrap", "mmdebstrap"]
    )
    func whole(method: String) async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let key = workspace.files.appending("key")
            try await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key.string]).orThrow()
            let words = Workspace.bootstrap(
                "t1",
                method,
                archive,
                mirror,
                ["--ssh-key=\(key).pub", "--role=greet", "--role-args=one 'two three'"]
                    + (method == "debootstrap" ? ["--initramfs=most"] : [])
            )
            try workspace.script("etc/role.d/greet", Self.role)
            let outcome = try await workspace.xenTool("xen-create-image", Array(words.dropFirst())).run(
                timeout: .seconds(400)
            )
            try outcome.orThrow()

            let summary = Summary(outcome.standardOutput)
            try await checkImages(workspace, summary, method)
            let root = GuestImage(workspace.images(of: "t1").appending("disk.img"))
            try await checkSystem(root, archive, mirror, key: try readText(FilePath("\(key).pub")))
            try await checkDrivers(root, isVirtual: method != "debootstrap", in: workspace)
            try await checkKeys(root, summary, in: workspace)
            try checkConfiguration(workspace, try await root.uuid(), archive)
            #expect(try await root.text("/etc/greeting") == "one|two three\n")
            let status = try await root.text("/var/lib/dpkg/status") ?? ""
            #expect(status.contains("Package: hello\nStatus: install ok installed\n"), "the role installed it")

            let password = try #require(summary["Root Password"])
            try await checkPassword(password, root, in: workspace)
            #expect(outcome.standardError.contains("[ 1/"))
            #expect(!outcome.standardError.contains(password))
            #expect(outcome.standardOutput.contains("    xl create -c \(workspace.configuration(of: "t1"))\n"))
        }
    }

    @Test(
        "is installed where it stays, or from a tree: where a file system of its own cannot be mounted, and for some",
        Requirement.mountNamespaces,
        arguments: [
            ([], true), (["--image=full"], true), (["--fs=ext3"], false), (["--type=pvhvm"], false),
        ] as [([String], Bool)]
    )
    func inPlace(more: [String], isInPlace: Bool) async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let words = Workspace.bootstrap("t1", "native", archive, mirror, more + ["--dry-run"])
            let plan = try await workspace.domus(words).run(timeout: .seconds(60)).orThrow().standardOutput
            #expect(plan.contains("Unmount the root's file system") == isInPlace, "\(plan)")
        }
    }

    @Test("leaves its file system whole, with nothing of the making in it, and is refused where it does not fit")
    func rootOfItsOwn() async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let words = Workspace.bootstrap("t1", "native", archive, mirror)
            try await workspace.domus(words).run(timeout: .seconds(400)).orThrow()
            let image = workspace.images(of: "t1").appending("disk.img")
            let found = try await run("debugfs", ["-R", "ls -p /lost+found", image.string]).orThrow()
            // Of "/INODE/MODE/UID/GID/NAME/SIZE/"; what is removed has no inode.
            let entries = found.standardOutput.split(separator: "\n")
                .map { $0.split(separator: "/", omittingEmptySubsequences: false) }
            #expect(entries.filter { $0.count > 5 && $0[1] != "0" }.map { $0[5] } == [".", ".."], "\(found)")
            #expect(try await bytesOfFreeBlocks(image) == 0, "what was removed again is a hole again")

            let before = workspace.capture()
            let small = Workspace.bootstrap("t2", "native", archive, mirror, ["--size=9M"])
            let outcome = try await workspace.domus(small).run(timeout: .seconds(400))
            #expect(outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.contains("the system does not fit: partition disk has 9M, and is full"))
            #expect(outcome.standardError.contains("--size"))
            #expect(try await workspace.settledDifference(from: before) == [])
        }
    }

    @Test(
        "from a tree that has what a guest needs takes no network, and from one that has not says what it missed",
        Requirement.program("debootstrap", "debugfs")
    )
    func offline() async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            try await workspace.domus(Workspace.bootstrap("t1", "debootstrap", archive, mirror))
                .run(timeout: .seconds(400)).orThrow()
            let tree = workspace.files.appending("tree")
            try makeDirectories(tree)
            let image = workspace.images(of: "t1").appending("disk.img")
            try await run("debugfs", ["-R", "rdump / \(tree)", image.string]).orThrow()
            // What the fixture's udev and passwd stand for.
            for program in ["udevadm", "fsck.ext4"] {
                try writeFile(tree.appending("sbin").appending(program), "", mode: 0o755)
            }
            func create(_ hostname: String, _ more: [String] = []) async throws -> Outcome {
                try await workspace.domus(
                    Workspace.bootstrap(hostname, "copy", archive, mirror, ["--install-source=\(tree)"] + more)
                ).run(timeout: .seconds(400))
            }
            // As roles for xen-tools do, which know nothing of ours.
            try workspace.script("etc/role.d/direct", "chroot \"$1\" apt-get -y -q install hello")
            try await run("rm", ["-rf", "\(tree)/var/lib/apt/lists"]).orThrow()
            try await create("t4", ["--role=direct"]).orThrow()
            mirror.stop()
            try await create("t2").orThrow()
            try workspace.script("etc/role.d/idle", "true")
            try await create("t5", ["--role=idle"]).orThrow()
            try await run("rm", ["\(tree)/usr/sbin/sshd"]).orThrow()
            let outcome = try await create("t3")
            #expect(outcome.status != 0)
            #expect(outcome.standardError.contains("could not fetch the package lists from \(mirror.url)"))
        }
    }

    @Test("where its image finds no room on the host, that is said, and nothing is left", Requirement.mountNamespaces)
    func fullHost() async throws {
        let archive = try await FixtureArchive.make(FixtureRelease("bookworm"))
        let mirror = try FixtureMirror(serving: archive)
        try await withWorkspace { workspace in
            let words = Workspace.bootstrap("t1", "native", archive, mirror)
            let before = workspace.capture()
            let look = "\"$@\"; status=$?; find \(workspace.guests) -mindepth 1; exit $status"
            let outcome = try await workspace.domus(words).wrapped(
                in: SmallTmpfs.prefix(mebibytes: 24, at: workspace.guests) + ["sh", "-c", look, "sh"]
            ).run(timeout: .seconds(400))
            #expect(outcome.status == 73, "\(outcome)")
            #expect(outcome.standardError.contains("there is no room left for what was written into the guest"))
            #expect(outcome.standardError.contains("free some space in"))
            #expect(outcome.standardOutput == "")
            let difference = try await workspace.settledDifference(from: before)
            #expect(difference.filter { !$0.hasPrefix("new file \(workspace.guests):") } == [])
        }
    }

    /// How many bytes the host keeps of blocks that the file system does not use.
    private func bytesOfFreeBlocks(_ image: FilePath) async throws -> Int {
        let groups = try await run("dumpe2fs", [image.string]).orThrow().standardOutput
        let file = open(image.string, O_RDONLY)
        defer { close(file) }
        let (seekData, seekHole): (Int32, Int32) = (3, 4)  // hidden behind _GNU_SOURCE
        var sum = 0
        // "  Free blocks: 4130-8191, 9000"
        for line in groups.split(separator: "\n") where line.hasPrefix("  Free blocks: ") {
            for range in line.dropFirst("  Free blocks: ".count).split(separator: ", ") {
                let ends = range.split(separator: "-").compactMap { Int($0) }
                var position = try #require(ends.first) * 4096
                let end = (try #require(ends.last) + 1) * 4096
                while case let data = lseek(file, position, seekData), data >= 0, data < end {
                    position = min(lseek(file, data, seekHole), end)
                    sum += position - data
                }
            }
        }
        return sum
    }

    /// As one that was written for xen-tools.
    private static let role = """
        prefix=$1
        . /usr/share/xen-tools/common.sh
        assert "$LINENO" "${prefix}"
        logMessage Script $0 starting
        installDebianPackage ${prefix} hello
        echo "$2|$3" > ${prefix}/etc/greeting
        """

    private func checkImages(_ workspace: Workspace, _ summary: Summary, _ method: String) async throws {
        let images = workspace.images(of: "t1")
        for name in ["disk.img", "swap.img"] {
            var status = stat()
            #expect(stat(images.appending(name).string, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
        }
        let root = GuestImage(images.appending("disk.img"))
        #expect(try await root.complaint() == nil)
        let table = mountTable(try await root.text("/etc/fstab"))
        let uuid = try await blkid(images.appending("disk.img"), "UUID")
        let swap = try await blkid(images.appending("swap.img"), "UUID")
        #expect(table.contains { $0.prefix(3) == ["UUID=\(uuid)", "/", "ext4"] && $0.last == "1" })
        #expect(table.contains { $0.prefix(3) == ["UUID=\(swap)", "none", "swap"] })
        #expect(summary["Hostname"] == "t1")
        #expect(summary["Distribution"] == "bookworm")
        #expect(summary["IP Address(es)"] == "dynamic")
        // xen-tools 4.9 gives this name, with DHCP and bookworm, this address.
        #expect(summary["MAC Address"] == "00:16:3E:99:7B:CC")
        #expect(summary["Log"] == workspace.log(of: "t1").string)
        #expect(try readText(workspace.log(of: "t1")).contains(method))
    }

    private func checkSystem(
        _ root: GuestImage,
        _ archive: FixtureArchive,
        _ mirror: FixtureMirror,
        key: String
    ) async throws {
        #expect(try await root.text("/etc/hostname") == "t1\n")
        #expect(try await root.text("/etc/hosts")?.contains("127.0.1.1 t1\n") == true)
        #expect(try await root.text("/etc/machine-id") == "")
        let interfaces = try await root.text("/etc/network/interfaces") ?? ""
        #expect(interfaces.contains(" inet dhcp\n"))
        let getty = "/etc/systemd/system/getty.target.wants/serial-getty@hvc0.service"
        #expect(try await root.link(getty)?.hasSuffix("/lib/systemd/system/serial-getty@.service") == true)
        #expect(try await root.text("/root/.ssh/authorized_keys") == key)
        #expect(try await root.mode("/root/.ssh") == "0700")
        #expect(try await root.mode("/root/.ssh/authorized_keys") == "0600")

        let lists = try await root.names(in: "/etc/apt").contains("sources.list")
        var sources = lists ? try await root.text("/etc/apt/sources.list") ?? "" : ""
        for name in try await root.names(in: "/etc/apt/sources.list.d") {
            sources += try await root.text("/etc/apt/sources.list.d/\(name)") ?? ""
        }
        for suite in archive.suites { #expect(sources.contains(suite), "\(sources)") }
        #expect(sources.contains(mirror.url) && sources.contains(mirror.securityURL))
        #expect(try await root.names(in: "/usr/sbin").contains("policy-rc.d") == false)
        #expect(try await root.names(in: "/debootstrap").isEmpty)
        #expect(try await root.names(in: "/proc").isEmpty)
    }

    /// In the disk, and for those that the guest will make of later kernels.
    private func checkDrivers(_ root: GuestImage, isVirtual: Bool, in workspace: Workspace) async throws {
        let settings = try await root.text("/etc/initramfs-tools/conf.d/domus") ?? ""
        #expect(settings.contains(isVirtual ? "\nMODULES=list\n" : "\nMODULES=most\n"), "\(settings)")
        let script = try await root.text("/etc/initramfs-tools/hooks/domus")
        #expect((script != nil) == isVirtual)
        if isVirtual {
            #expect(try await root.mode("/etc/initramfs-tools/hooks/domus") == "0755")
        }
    }

    private func checkKeys(_ root: GuestImage, _ summary: Summary, in workspace: Workspace) async throws {
        var fingerprints: [String] = []
        for kind in ["ecdsa", "ed25519", "rsa"] {
            let copy = workspace.path.appending("host-key-\(kind).pub")
            try await root.dump("/etc/ssh/ssh_host_\(kind)_key.pub", to: copy)
            let listing = try await run("ssh-keygen", ["-lf", copy.string]).orThrow().standardOutput
            fingerprints.append(String(listing.split(separator: " ")[1]) + " (\(kind.uppercased()))")
            #expect(try await root.mode("/etc/ssh/ssh_host_\(kind)_key") == "0600")
            #expect(listing.contains(" root@t1 "))
            if kind == "rsa" { #expect(listing.hasPrefix("3072 ")) }
            // The two belong together.
            let key = workspace.path.appending("host-key-\(kind)")
            try await root.dump("/etc/ssh/ssh_host_\(kind)_key", to: key)
            chmod(key.string, 0o600)
            let derived = try await run("ssh-keygen", ["-y", "-f", key.string]).orThrow().standardOutput
            #expect(try readText(copy).hasPrefix(derived.split(separator: " ").prefix(2).joined(separator: " ")))
        }
        #expect(summary.all("SSH Fingerprint") == fingerprints)
    }

    private func checkConfiguration(_ workspace: Workspace, _ uuid: String, _ archive: FixtureArchive) throws {
        let configuration = try XlText(workspace.configuration(of: "t1"))
        let images = workspace.images(of: "t1")
        let version = archive.kernelVersion(flavour: "cloud-\(archive.architecture)")
        #expect(configuration["name"] == "t1")
        #expect(configuration["type"] == "pv")
        #expect(configuration["memory"] == "512")
        #expect(configuration["vcpus"] == "1")
        #expect(configuration["kernel"] == "\(images)/vmlinuz-\(version)")
        #expect(configuration["ramdisk"] == "\(images)/initrd.img-\(version)")
        #expect(configuration.text.contains("cmdline = \"root=UUID=\(uuid) ro console=hvc0\""))
        #expect(try readFile(images.appending("vmlinuz-\(version)")) == KernelFiles.kernel(version: version))
        #expect(fileExists(images.appending("initrd.img-\(version)")))
        let disks = configuration.list("disk").map(XlText.fields)
        #expect(disks.map { $0["target"] } == ["\(images)/disk.img", "\(images)/swap.img"])
        #expect(disks.map { $0["vdev"] } == ["xvda2", "xvda1"])
        #expect(configuration.list("vif") == ["mac=00:16:3E:99:7B:CC"])
    }

    /// It opens the account, and it is nowhere in the clear.
    private func checkPassword(_ password: String, _ root: GuestImage, in workspace: Workspace) async throws {
        #expect(password.count == 23)
        let shadow = try await root.text("/etc/shadow") ?? ""
        let hash = String(shadow.split(separator: "\n")[0].split(separator: ":")[1])
        #expect(hash.hasPrefix("$"))
        let script = "print crypt($ARGV[0], $ARGV[1])"
        #expect(try await run("perl", ["-e", script, password, hash]).orThrow().standardOutput == hash)
        let search = try await run("grep", ["-rlaF", "-e", password, workspace.path.string])
        #expect(search.status == 1, "the password is in \(search.standardOutput)")
    }
}
