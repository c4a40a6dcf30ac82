import Foundation
import SystemPackage
import TestSupport
import Testing

/// `domus install`: what it prepares, and what it does when the installation has ended. The real installer is in
/// Tests/XenLab; here an xl that is a script plays it.
@Suite(
    "domus install", Requirement.root,
    Requirement.program("gpg", "gpgv", "sfdisk", "mke2fs", "perl"), NetbootPackage.isThere)
struct InstallTests {
    /// A guest's arguments, with a mirror that has a small initial RAM disk.
    struct Case {
        let workspace: Workspace
        var mirror: InstallerMirror
        let initrd: [UInt8]

        func arguments(_ more: [String] = []) -> [String] {
            [
                "install", "--hostname=web1", "--dist=bookworm", "--arch=amd64", "--dhcp",
                "--keyring=\(mirror.keyring)",
                "--mirror=http://127.0.0.1:1/debian", "--security-mirror=none", "--components=main", "--size=200M",
                "--swap=16M", "--netboot=\(id)", "--memory=512M",
            ] + more
        }

        var id = ""

        var directory: FilePath { workspace.images(of: "web1") }
        var installConfiguration: FilePath { directory.appending("install.cfg") }

        /// The images are fetched once: the guest's mirror is one that the guest reaches, and this host does not.
        mutating func fetch() async throws {
            try await mirror.publish()
            let set = try NetbootTests.document(
                try await workspace.run(NetbootTests.fetch(mirror)).orThrow())
            id = set.id
        }

        /// What was added to the initial RAM disk.
        func member() async throws -> String {
            let all = try readFile(directory.appending("install-initrd.gz"))
            let added = all.dropFirst(initrd.count).drop { $0 == 0 }
            let file = workspace.path.appending("member.gz")
            try writeFile(file, Array(added))
            return try await run("gzip", ["-dc", file.string]).orThrow().standardOutput
        }
    }

    static func withCase(
        _ change: (inout InstallerMirror) -> Void = { _ in }, _ body: (Case) async throws -> Void
    ) async throws {
        try await withWorkspace { workspace in
            var mirror = try await InstallerMirror.make(in: workspace.path, images: NetbootPackage.fetched())
            let initrd = try await TinyInitrd.make(
                ["init": "#!/bin/sh\n", "usr/lib/finish-install.d/10x": "x\n"], in: workspace.path)
            mirror.initrd = initrd
            change(&mirror)
            var one = Case(workspace: workspace, mirror: mirror, initrd: initrd)
            try await one.fetch()
            try await body(one)
        }
    }

    @Test("prepares an empty disk, the installer with its answers, and two configurations")
    func prepared() async throws {
        try await Self.withCase { one in
            let key = try one.workspace.file("key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtest me@host\n")
            let outcome = try await one.workspace.run(
                one.arguments(["--ssh-key=\(key)", "--bridge=xenbr0", "--json"])
            ).orThrow()
            let document = try #require(object(outcome.standardOutput))
            #expect(document["installed"] as? Bool == false)

            let configuration = try XlText(one.workspace.configuration(of: "web1"))
            #expect(configuration["bootloader"] == "pygrub")
            #expect(configuration["on_reboot"] == "restart")
            let install = try XlText(one.installConfiguration)
            #expect(install["kernel"] == "\(one.directory)/install-vmlinuz")
            #expect(install["ramdisk"] == "\(one.directory)/install-initrd.gz")
            #expect(install["cmdline"]?.hasSuffix("--- console=hvc0") == true)
            #expect(install["cmdline"]?.contains("priority=critical lowmem=+0") == true)
            #expect(install["on_poweroff"] == "destroy" && install["on_reboot"] == "destroy")
            // One disk, one interface: the same in both.
            #expect(
                install.list("disk") == configuration.list("disk") && install.list("vif") == configuration.list("vif"))
            #expect(XlText.fields(install.list("disk")[0])["vdev"] == "xvda")

            for name in ["install.cfg", "install-vmlinuz", "install-initrd.gz"] {
                #expect(try mode(one.directory.appending(name)) == 0o600, "\(name)")
            }
            let image = one.directory.appending("disk.img")
            let size = try #require(fileSize(image))
            #expect(size > 216 << 20)
            try await run("cmp", ["-n", "\(size)", image.string, "/dev/zero"]).orThrow()
            #expect(try readFile(one.directory.appending("install-vmlinuz")) == readFile(one.mirror.images.kernel))
            // As it was signed, to the last byte, with what was added behind it.
            let disk = try readFile(one.directory.appending("install-initrd.gz"))
            #expect(disk.starts(with: one.initrd))
            let member = try await one.member()
            for answer in [
                "d-i netcfg/get_hostname string web1\n", "d-i mirror/http/hostname string 127.0.0.1:1\n",
                "d-i partman-auto/disk string /dev/xvda\n", "mountpoint{ / }", "d-i mirror/suite string bookworm\n",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtest me@host\n",
            ] { #expect(member.contains(answer), "\(answer)") }
            // The archive's keys are not the distribution's: the installer, and the installed system, get them.
            #expect(member.contains("usr/share/keyrings/archive.gpg") && member.contains("base-installer.d"))
            // A directory that the original has is not made anew: it could be a link there.
            #expect(!member.contains("usr/lib/finish-install.d\0"))

            let password = try #require(document["rootPassword"] as? String)
            let hash = try #require(
                member.split(separator: "\n").first { $0.contains("root-password-crypted password ") }?
                    .split(separator: " ").last.map(String.init))
            #expect(hash.hasPrefix("$y$"))
            #expect(
                try await run("perl", ["-e", "print crypt($ARGV[0], $ARGV[1])", password, hash]).standardOutput == hash)
            #expect(!member.contains(password))
            for file in [one.workspace.log(of: "web1"), one.workspace.state.appending("state.sqlite")] {
                let text = String(decoding: try readFile(file), as: UTF8.self)
                #expect(!text.contains(password) && !text.contains(hash), "\(file)")
            }

            let before = one.workspace.configurations
            try await one.workspace.run(["delete", "--hostname=web1"]).orThrow()
            #expect(!fileExists(one.directory))
            #expect(try directoryNames(before) == [])
        }
    }

    @Test(
        "each type boots the result in its way",
        arguments: [
            ("hvm", "sda", "ttyS0"), ("pvhvm", "xvda", "ttyS0"), ("pvh", "xvda", "hvc0"), ("pv", "xvda", "hvc0"),
        ] as [(String, String, String)])
    func types(type: String, disk: String, console: String) async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments(["--type=\(type)"])).orThrow()
            let configuration = try XlText(one.workspace.configuration(of: "web1"))
            let install = try XlText(one.installConfiguration)
            #expect(install["type"] == (type == "pvhvm" ? "hvm" : type))
            #expect(install["cmdline"]?.contains("console=\(console) ---") == true)
            #expect(install["kernel"] != nil && install["ramdisk"] != nil)
            switch type {
            case "hvm", "pvhvm":
                #expect(configuration["kernel"] == nil && configuration["bootloader"] == nil)
            case "pvh": #expect(configuration["kernel"]?.contains("grub-i386-xen_pvh.bin") == true)
            default: #expect(configuration["bootloader"] == "pygrub")
            }
            let member = try await one.member()
            #expect(member.contains("d-i grub-installer/bootdev string /dev/\(disk)\n"))
            // What xl would refuse is refused by the checker, too.
            try await one.workspace.run(["check", one.installConfiguration.string]).orThrow()
        }
    }

    /// What the installer leaves on the disk.
    enum Result: CaseIterable {
        case whole, nothing, noKernel, noLoader, unfinished, physicalVolume
    }

    /// A disk as an installer leaves it: an MBR with code in it, swap and a root, which is on a logical partition.
    static func disk(_ result: Result, for one: Case) async throws -> FilePath {
        let image = one.workspace.path.appending("installed.img")
        let size = try #require(fileSize(one.directory.appending("disk.img")))
        try await run("truncate", ["-s", "\(size)", image.string]).orThrow()
        guard result != .nothing else { return image }
        let boot = one.workspace.path.pushing("tree/boot/grub")
        try makeDirectories(boot)
        if result != .noLoader { try writeFile(boot.appending("grub.cfg"), "menuentry\n") }
        if result != .noKernel {
            try writeFile(
                boot.removingLastComponent().appending("vmlinuz-6.1.0-50-amd64"), readFile(one.mirror.images.kernel))
        }
        if result != .unfinished {
            let logs = one.workspace.path.pushing("tree/var/log/installer")
            try makeDirectories(logs)
            try writeFile(logs.appending("status"), "")
        }
        try await Command(
            "sfdisk", ["-q", image.string],
            input: "label: dos\nstart=2048, size=32768, type=82\nstart=36864, type=5\nstart=38912, type=83, bootable\n"
        ).run().orThrow()
        let offset: Int64 = 38912 * 512
        if result != .physicalVolume {
            try await run(
                "mke2fs",
                [
                    "-q", "-t", "ext4", "-d", one.workspace.path.appending("tree").string, "-E", "offset=\(offset)",
                    image.string, "\((size - offset) / 1024)k",
                ]
            ).orThrow()
        }
        let file = try FileDescriptor.open(image, .writeOnly)
        try file.closeAfter {
            // As LVM labels its physical volumes, in the second sector.
            if result == .physicalVolume {
                _ = try file.writeAll(toAbsoluteOffset: offset + 512, Array("LABELONE".utf8))
            }
            // GRUB's first code.
            _ = try file.writeAll(toAbsoluteOffset: 0, [0xEB, 0x63, 0x90])
        }
        return image
    }

    /// An xl whose guest installs itself at once, by having the disk that was prepared.
    private func xen(_ one: Case) throws -> FakeXen {
        try FakeXen(
            one.workspace,
            creation: """
                case $1 in
                    *install.cfg)
                        test ! -e slow || { begin "$1"; exit 0; }
                        cp --sparse=always \(one.workspace.path)/installed.img \(one.directory)/disk.img ;;
                    *) begin "$1" ;;
                esac
                """)
    }

    @Test("--boot installs, looks at the disk, removes what only the installer needed, and starts the guest")
    func installs() async throws {
        try await Self.withCase { one in
            // A guest of the size that the disk is made for.
            try await one.workspace.run(one.arguments()).orThrow()
            _ = try await Self.disk(.whole, for: one)
            let xen = try xen(one)
            let outcome = try await xen.run(one.arguments(["--force", "--boot", "--json"])).orThrow()
            let document = try #require(object(outcome.standardOutput))
            #expect(document["installed"] as? Bool == true)
            #expect(document["started"] as? Bool == true)
            #expect(document["kernel"] as? String == "6.1.0-50-amd64")
            #expect((document["rootPassword"] as? String)?.count == 23)
            let configuration = one.workspace.configuration(of: "web1")
            #expect(xen.changes == ["create \(one.installConfiguration)", "create \(configuration)"])
            #expect(xen.domain("web1") == "7")
            #expect(try directoryNames(one.directory) == ["disk.img"])
            #expect(try await one.workspace.run(["recover"]).orThrow().standardOutput.contains("web1") == false)
        }
    }

    @Test(
        "a disk from which the guest would not start is told, and the installation can be begun again",
        arguments: [
            (Result.nothing, "has left no partitions"), (.noKernel, "there is no kernel in its /boot"),
            (.noLoader, "no boot loader's configuration"), (.unfinished, "has not come to its end"),
        ])
    func unbootable(result: Result, words: String) async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments()).orThrow()
            _ = try await Self.disk(result, for: one)
            let xen = try xen(one)
            let outcome = try await xen.run(["install", "--resume", "--hostname=web1"])
            #expect(outcome.status == 1)
            #expect(outcome.standardError.contains(words), "\(outcome.standardError)")
            #expect(xen.changes == ["create \(one.installConfiguration)"], "the guest is not started")
            #expect(fileExists(one.installConfiguration))
            try FileManager.default.removeItem(atPath: one.workspace.path.appending("installed.img").string)
            try? FileManager.default.removeItem(atPath: one.workspace.path.appending("tree").string)
            _ = try await Self.disk(.whole, for: one)
            try await xen.run(["install", "--resume", "--hostname=web1"]).orThrow()
            #expect(!fileExists(one.installConfiguration) && xen.domain("web1") == "7")
            let again = try await xen.run(["install", "--resume", "--hostname=web1"])
            #expect(again.status == 64)
            #expect(again.standardError.contains("web1 is installed"))
        }
    }

    @Test("a disk that cannot be looked into is doubted, and the guest is started")
    func opaque() async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments()).orThrow()
            _ = try await Self.disk(.physicalVolume, for: one)
            let xen = try xen(one)
            let outcome = try await xen.run(["install", "--resume", "--hostname=web1"]).orThrow()
            #expect(outcome.standardError.contains("has a kernel cannot be seen"), "\(outcome.standardError)")
            #expect(xen.domain("web1") == "7")
        }
    }

    @Test("of an emulated machine, what the installer says is read where its serial port is written")
    func serial() async throws {
        try await Self.withCase { one in
            let port = one.workspace.files.appending("serial.log")
            try await one.workspace.run(one.arguments(["--type=pvhvm", "--serial=file:\(port)"])).orThrow()
            _ = try await Self.disk(.whole, for: one)
            try writeFile(port, String(repeating: "of another guest ...\n", count: 1000))
            let xen = try FakeXen(
                one.workspace,
                creation: """
                    case $1 in
                        *install.cfg)
                            begin "$1"
                            printf 'Starting up ... 25%%... 50%%\n\nNow what?\nPrompt: ' >"\(port)" ;;
                        *) begin "$1" ;;
                    esac
                    """)
            let running = try xen.on(one.workspace.domus(["install", "--resume", "--hostname=web1"])).start()
            // Each look at the domain is followed by one at what it says.
            let calls = one.workspace.path.pushing("xen-host/calls")
            let looksTwice = try await Workspace.wait(of: running) {
                let asked = (try? readText(calls))?.components(separatedBy: "create ").last ?? ""
                return xen.domain("web1") != nil && asked.components(separatedBy: "domid").count > 2
            }
            #expect(looksTwice)
            try await run(
                "cp", ["\(one.workspace.path)/installed.img", one.directory.appending("disk.img").string]
            ).orThrow()
            try FileManager.default.removeItem(atPath: one.workspace.path.pushing("xen-host/domains/web1").string)
            let outcome = await running.wait()
            #expect(outcome.succeeded && outcome.standardError.contains("asks something: Now what?"), "\(outcome)")
            #expect(!outcome.standardError.contains("another guest"))
        }
    }

    @Test("what is installed is not installed again, whoever started the installation")
    func byHand() async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments(["--genpass=0"])).orThrow()
            let member = try await one.member()
            #expect(member.contains("passwd/root-password-crypted password *\n"), "else the installer asks for it")
            let before = one.workspace.capture()
            for command in [
                ["resize", "web1", "--add=1G"], ["convert", "--type=pvh", "web1"],
                ["export", "--format=libvirt", "web1"],
            ] {
                let refused = try await one.workspace.run(command)
                #expect(refused.status == 64)
                #expect(
                    refused.standardError.contains("has yet to install itself"), "\(command): \(refused.standardError)")
            }
            let ignored = try await one.workspace.run(["install", "--resume", "--hostname=web1", "--memory=2G"])
            #expect(ignored.status == 64)
            #expect(one.workspace.capture().difference(from: before) == [])
            // The two configurations of one guest are no rivals.
            try await one.workspace.run(
                ["check", one.installConfiguration.string, one.workspace.configuration(of: "web1").string]
            ).orThrow()

            let image = try await Self.disk(.whole, for: one)
            try await run("cp", [image.string, one.directory.appending("disk.img").string]).orThrow()
            try FileManager.default.removeItem(atPath: image.string)
            let xen = try xen(one)
            let outcome = try await xen.run(["install", "--resume", "--hostname=web1"]).orThrow()
            #expect(outcome.standardError.contains("has been installed already"))
            #expect(xen.changes == ["create \(one.workspace.configuration(of: "web1"))"])
            #expect(try directoryNames(one.directory) == ["disk.img"])
        }
    }

    @Test("an installation that is interrupted while it starts leaves no half-made domain")
    func interruptedStart() async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments()).orThrow()
            let xen = try FakeXen(one.workspace, creation: "begin \"$1\"; exec sleep 600")
            let running = try xen.on(one.workspace.domus(["install", "--resume", "--hostname=web1"])).start()
            #expect(try await Workspace.wait(of: running) { xen.domain("web1") != nil })
            running.send(SIGTERM)
            let outcome = await running.wait()
            #expect(outcome.status == 143, "\(outcome)")
            #expect(outcome.standardError.contains("destroyed domain 7, which was half made"), "\(outcome)")
            #expect(xen.domain("web1") == nil && fileExists(one.installConfiguration))
        }
    }

    @Test("--resume takes no name that is none: nothing is written under it")
    func names() async throws {
        try await Self.withCase { one in
            let victim = try one.workspace.file("victim.log", "somebody's\n")
            let before = one.workspace.capture()
            for name in ["", "../../files/victim", "\(one.workspace.files)/victim", "a b"] {
                let outcome = try await one.workspace.run(["install", "--resume", "--hostname=\(name)"])
                #expect(outcome.status == 64, "\(name): \(outcome)")
            }
            #expect(try readText(victim) == "somebody's\n")
            #expect(one.workspace.capture().difference(from: before) == [])
        }
    }

    @Test("what somebody has put in the place of an installer's file stays")
    func strangers() async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments()).orThrow()
            let image = try await Self.disk(.whole, for: one)
            try await run("cp", [image.string, one.directory.appending("disk.img").string]).orThrow()
            let kernel = one.directory.appending("install-vmlinuz")
            try await run("mv", [kernel.string, "\(kernel).old"]).orThrow()
            try writeFile(kernel, "mine\n")
            try await xen(one).run(["install", "--resume", "--hostname=web1"]).orThrow()
            #expect(try readText(kernel) == "mine\n")
            #expect(!fileExists(one.directory.appending("install-initrd.gz")))
        }
    }

    @Test("who waits no longer leaves the installation running, and --resume finishes it")
    func interrupted() async throws {
        try await Self.withCase { one in
            try await one.workspace.run(one.arguments()).orThrow()
            _ = try await Self.disk(.whole, for: one)
            let xen = try xen(one)
            let slow = one.workspace.path.pushing("xen-host/slow")
            try writeFile(slow, "")
            let running = try xen.on(one.workspace.domus(["install", "--resume", "--hostname=web1"])).start()
            #expect(try await Workspace.wait(of: running) { xen.domain("web1") != nil })
            running.send(SIGINT)
            let outcome = await running.wait()
            #expect(outcome.status == 130)
            #expect(outcome.standardError.contains("goes on; nobody waits for it"), "\(outcome.standardError)")
            #expect(xen.domain("web1") == "7" && fileExists(one.installConfiguration))
            // It ends, and what it wrote is there.
            try await run(
                "cp", ["\(one.workspace.path)/installed.img", one.directory.appending("disk.img").string]
            ).orThrow()
            try FileManager.default.removeItem(atPath: one.workspace.path.pushing("xen-host/domains/web1").string)
            try FileManager.default.removeItem(atPath: slow.string)
            try await xen.run(["install", "--resume", "--hostname=web1"]).orThrow()
            #expect(!fileExists(one.installConfiguration))
        }
    }

    @Test("a guest whose installer could not find its modules is not made, and nothing is left of it")
    func modules() async throws {
        try await withWorkspace { workspace in
            var mirror = try await InstallerMirror.make(in: workspace.path, images: NetbootPackage.fetched())
            mirror.initrd = try await TinyInitrd.make(in: workspace.path)
            mirror.modulesRelease = "6.1.0-99-amd64"
            try await mirror.publish()
            let set = try NetbootTests.document(try await workspace.run(NetbootTests.fetch(mirror)).orThrow())
            let one = Case(workspace: workspace, mirror: mirror, initrd: [])
            let before = workspace.capture()
            let outcome = try await workspace.run(one.arguments(["--netboot=\(set.id)"]))
            #expect(outcome.status == 69)
            #expect(outcome.standardError.contains("no modules of the installer for that"), "\(outcome.standardError)")
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test("refuses what the installer could not do, before anything is made")
    func refused() async throws {
        try await Self.withCase { one in
            let before = one.workspace.capture()
            let words = String(repeating: "word=1234567 ", count: 75)
            for (options, status, text) in [
                (["--memory=256M"], 64, "does not run in 256"), (["--cmdline=\(words)"], 64, "reads 1023"),
                (["--mirror=\(one.mirror.url)"], 64, "cannot install from"), (["--attach"], 64, "--boot"),
                (["--type=pvhvm", "--firmware=ovmf"], 64, "beside SeaBIOS only"),
                (["--dist=noble"], 69, "domus create --dist=noble"), (["--netboot=none"], 66, "no images \"none\""),
                (["--preseed=nowhere.cfg"], 66, "no file"), (["--preseed="], 64, "the name is empty"),
                (["--preseed=."], 66, "no file"), (["--preseed-set", "hostnme=x"], 64, "hostname"),
                (["--apt-proxy=http://me:word@127.0.0.1:3128"], 64, "would keep the password"),
                (["--netboot=\(one.id)", "--flavour=xen"], 64, "--netboot says which"),
            ] as [([String], Int32, String)] {
                let outcome = try await one.workspace.run(one.arguments(options))
                #expect(outcome.status == status, "\(options): \(outcome.standardError)")
                #expect(outcome.standardError.contains(text), "\(options): \(outcome.standardError)")
            }
            #expect(one.workspace.capture().difference(from: before) == [])
        }
    }

    @Test("a device that a file gives to other guests is none for one that partitions its disk")
    func devices() async throws {
        try await Self.withCase { one in
            try writeFile(one.workspace.settings.appending("xen-tools.conf"), "image_dev = /dev/sdz\n")
            var command = one.workspace.domus(one.arguments())
            command.arguments.removeAll { $0.hasPrefix("--dir=") }
            let outcome = try await command.run()
            #expect(outcome.status == 64)
            #expect(outcome.standardError.contains("xen-tools.conf, line 1"), "\(outcome.standardError)")
            #expect(outcome.standardError.contains("gets a disk of its own"), "\(outcome.standardError)")
            // Where the disk is to be wins over where others have theirs.
            try await one.workspace.run(one.arguments()).orThrow()
        }
    }

    @Test(
        "a kernel that cannot be such a guest is refused before anything is made",
        arguments: [
            ([], "pvh", "hvm"), ([], "pvhvm", "hvm"), ([], "pv", "hvm"), ([18], "pv", "pvh, hvm, pvhvm"),
            ([1], "pvh", "pv, hvm, pvhvm"),
        ] as [([UInt8], String, String)])
    func kernels(notes: [UInt8], type: String, others: String) async throws {
        let kernel = KernelFiles.kernel(version: "6.1.0-50-686", notes: notes)
        try await Self.withCase({ mirror in
            mirror.kernel = kernel
            mirror.modulesRelease = "6.1.0-50-686"
        }) { one in
            let before = one.workspace.capture()
            let outcome = try await one.workspace.run(one.arguments(["--type=\(type)", "--xen-version=4.14"]))
            #expect(outcome.status == 69)
            #expect(
                outcome.standardError.contains("Linux 6.1.0-50-686, cannot be a guest of type \(type)"),
                "\(outcome.standardError)")
            #expect(outcome.standardError.contains("can be of type \(others)"), "\(outcome.standardError)")
            #expect(outcome.standardError.contains("built without Xen") == notes.isEmpty)
            #expect(one.workspace.capture().difference(from: before) == [])
            try await one.workspace.run(one.arguments(["--type=hvm"])).orThrow()
        }
    }

    @Test("a guest of Arm gets what pygrub reads, which the installer has not")
    func arm() async throws {
        try await withWorkspace { workspace in
            var mirror = try await InstallerMirror.make(in: workspace.path, images: NetbootPackage.fetched())
            let modules = "lib/modules/6.1.0-50-arm64/kernel/x.ko"
            let initrd = try await TinyInitrd.make(["init": "", modules: ""], in: workspace.path)
            // An Image of 64-bit Arm has its magic number at 0x38 (Documentation/arch/arm64/booting.rst).
            mirror.kernel = [UInt8](repeating: 0, count: 0x38) + Array("ARMd".utf8) + [UInt8](repeating: 0, count: 4096)
            (mirror.architecture, mirror.initrd, mirror.flavours) = ("arm64", initrd, ["generic"])
            mirror.modulesRelease = "6.1.0-50-arm64"
            try await mirror.publish()
            let fetch = NetbootTests.fetch(mirror).map { $0 == "--arch=amd64" ? "--arch=arm64" : $0 }
            let set = try NetbootTests.document(try await workspace.run(fetch).orThrow())
            // The kernel does not say which it is; its modules do.
            #expect(set.kernelRelease == "6.1.0-50-arm64" && set.hasModulesInArchive == true)
            let one = Case(workspace: workspace, mirror: mirror, initrd: initrd, id: set.id)
            let words = one.arguments(["--cmdline=quiet"]).map { $0 == "--arch=amd64" ? "--arch=arm64" : $0 }
            let outcome = try await workspace.run(words).orThrow()
            #expect(outcome.standardError.contains("runs no guests of arm64"), "\(outcome.standardError)")
            let configuration = try XlText(workspace.configuration(of: "web1"))
            #expect(configuration["type"] == "pvh" && configuration["bootloader"] == "pygrub")
            let member = try await one.member()
            #expect(member.contains("d-i nobootloader/confirmation_common note\n") && !member.contains("biosgrub"))
            #expect(try await workspace.run(words + ["--force", "--pvgrub"]).status == 64)

            // The installer runs it with the new system in /target.
            let unpacked = workspace.path.appending("member")
            try makeDirectories(unpacked)
            // Where member() has left it.
            try await Command(
                "sh", ["-c", "gzip -dc ../member.gz | cpio -idm --quiet"], directory: unpacked
            ).run().orThrow()
            let target = workspace.path.appending("target")
            try TinyRoot().asDirectory(target)
            try await run("chroot", [target.string, "/bin/busybox", "--install", "-s", "/bin"]).orThrow()
            try writeFile(target.pushing("etc/fstab"), "UUID=0b1e / ext4 defaults 0 1\n")
            try writeFile(target.pushing("boot/vmlinuz-6.1.0-50-arm64"), "")
            try writeFile(target.pushing("boot/initrd.img-6.1.0-50-arm64"), "")
            let script = try readText(unpacked.pushing("usr/lib/finish-install.d/91domus-boot"))
                .replacing("/target", with: target.string).replacing(" /domus/", with: " \(unpacked)/domus/")
            try await run("sh", ["-c", script]).orThrow()
            let grub = try readText(target.pushing("boot/grub/grub.cfg"))
            #expect(grub.contains("/boot/vmlinuz-6.1.0-50-arm64 root=UUID=0b1e ro console=hvc0 quiet"), "\(grub)")
        }
    }

    @Test("answers come from an address, too, and no file of this host has them")
    func address() async throws {
        try await withWorkspace { workspace in
            let pool = workspace.files.appending("pool")
            try writeFile(
                pool.appending("mine.cfg"),
                "d-i passwd/root-password password geheim\nd-i passwd/root-password-again password geheim\n")
            try writeFile(pool.appending("large.cfg"), String(repeating: "# large\n", count: 200_000))
            let server = try FixtureMirror(.serving(workspace.files))
            func rendered(_ name: String) async throws -> Outcome {
                var command = workspace.domus([
                    "preseed", "render", "--hostname=web1", "--dist=bookworm", "--dhcp", "--genpass=0",
                    "--preseed=\(server.url)/pool/\(name)",
                ])
                command.environment["TMPDIR"] = workspace.path.appending("nowhere").string
                return try await command.run()
            }
            let before = workspace.capture()
            let mine = try await rendered("mine.cfg").orThrow()
            #expect(mine.standardOutput.contains("d-i passwd/root-password-crypted password $"))
            #expect(!"\(mine.standardOutput)\(mine.standardError)".contains("geheim"))
            let large = try await rendered("large.cfg")
            #expect(large.status == 65 && large.standardError.contains("more than the 1 MiB"), "\(large)")
            #expect(try await rendered("none.cfg").status == 66)
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test("the user's answers win; passwords among them become hashes; mistakes are told by their lines")
    func answers() async throws {
        try await Self.withCase { one in
            let file = try one.workspace.file(
                "mine.cfg",
                "d-i passwd/root-password password geheim\nd-i passwd/root-password-again password geheim\n"
                    + "d-i debian-installer/locale string de_DE.UTF-8\nd-i passwd/make-usr boolean false\n")
            let outcome = try await one.workspace.run(
                one.arguments(["--preseed=\(file)", "--preseed-set", "keymap=de", "--genpass=0"])
            ).orThrow()
            #expect(outcome.standardError.contains("mine.cfg:4: passwd/make-usr"), "\(outcome.standardError)")
            let member = try await one.member()
            #expect(!member.contains("geheim"))
            #expect(member.contains("d-i debian-installer/locale string de_DE.UTF-8\n"))
            #expect(member.contains("d-i keyboard-configuration/xkb-keymap select de\n"))
            #expect(!member.contains("en_US"))
            #expect(member.contains("d-i pkgsel/run_tasksel boolean false\n"))
            let tasks = try await one.workspace.run(
                ["preseed", "render"]
                    + one.arguments(["--preseed-set=tasks=standard"]).dropFirst()
                    .filter { !$0.hasPrefix("--netboot") }
            ).orThrow()
            #expect(tasks.standardOutput.contains("tasksel tasksel/first multiselect standard\n"))
            #expect(!tasks.standardOutput.contains("run_tasksel"))
            let bad = try one.workspace.file("bad.cfg", "d-i passwd/make-user boolean perhaps\n")
            let refused = try await one.workspace.run(one.arguments(["--force", "--preseed=\(bad)"]))
            #expect(refused.status == 78)
            #expect(refused.standardError.contains("bad.cfg:1:"))
            // What is printed is what is used.
            let shown = try await one.workspace.run(
                ["preseed", "render"] + one.arguments(["--preseed=\(file)", "--genpass=0"]).dropFirst()
            ).orThrow()
            #expect(shown.standardOutput.contains("d-i netcfg/get_hostname string web1\n"))
            #expect(!shown.standardOutput.contains("geheim"))
            let checked = try await one.workspace.run(["preseed", "check", file.string, bad.string])
            #expect(checked.status == 78)
            #expect(checked.standardOutput.contains("bad.cfg:1: error:"), "\(checked.standardOutput)")
        }
    }

    private func mode(_ file: FilePath) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: file.string)
        return (attributes[.posixPermissions] as? Int) ?? 0
    }

    private func object(_ text: String) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
    }
}
