import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Guests of each type, and one that becomes another.
@Suite("types", Requirement.bootstrapping)
struct TypeTests {
    private static let bios = Requirement.file("/usr/lib/grub/i386-pc/kernel.img", package: "grub-pc-bin")
    private static let uefi = Requirement.file("/usr/lib/grub/x86_64-efi/kernel.img", package: "grub-efi-amd64-bin")
    private static let xen = Requirement.file("/usr/lib/grub-xen/grub-x86_64-xen.bin", package: "grub-xen-host")

    @Test(
        "a guest that is an emulated machine gets one disk, and a configuration that starts it from there",
        bios, arguments: ["hvm", "pvhvm"])
    func machine(type: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=\(type)", "--xen-version=4.17", "--bridge=br0"]).orThrow()
            let configuration = try XlText(workspace.configuration(of: "web1"))
            #expect(configuration["type"] == "hvm")
            #expect(configuration["xen_platform_pci"] == (type == "hvm" ? "0" : "1"))
            for key in ["kernel", "ramdisk", "cmdline", "bootloader"] { #expect(configuration[key] == nil) }
            let text = try readText(workspace.configuration(of: "web1"))
            #expect(text.contains(type == "hvm" ? ",type=ioemu,model=e1000" : ",type=vif\""))
            #expect(try await domusCheck(workspace, "4.17") == "")
        }
    }

    @Test(
        "its disk starts under a BIOS, and comes to the guest's own menu on the serial port",
        bios, Requirement.program("qemu-system-x86_64"))
    func startsUnderBIOS() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=pvhvm"]).orThrow()
            let disk = workspace.images(of: "web1").appending("disk.img")
            try await run("sfdisk", ["--verify", disk.string]).orThrow()
            try await expectMenu(of: disk, [])
        }
    }

    @Test(
        "and under UEFI, where it was asked for", bios, uefi,
        Requirement.program("qemu-system-x86_64", "mcopy", "mkfs.vfat"),
        Requirement.file("/usr/share/ovmf/OVMF.fd", package: "ovmf"))
    func startsUnderUEFI() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=pvhvm", "--firmware=ovmf", "--xen-version=4.17"]).orThrow()
            #expect(try XlText(workspace.configuration(of: "web1"))["firmware"] == "ovmf")
            try await expectMenu(
                of: workspace.images(of: "web1").appending("disk.img"), ["-bios", "/usr/share/ovmf/OVMF.fd"])
        }
    }

    @Test("where the disk's file system is full, whatever was under way, nothing is left", bios)
    func fullDisk() async throws {
        try await withWorkspace { workspace in
            try makeDirectories(workspace.guests)
            let command = try await workspace.domus(workspace.tiny("web1", ["--type=pvhvm"]))
            // In a mount namespace of its own: the other tests watch the host's.
            let script = """
                guests=$1 size=$2
                shift 2
                mount -t tmpfs -o "size=${size}k" domus-test "$guests" || exit 99
                "$@"
                status=$?
                [ "$status" -eq 0 ] || find "$guests" -mindepth 1 | sed 's/^/left: /' >&2
                exit "$status"
                """
            let before = workspace.capture()
            var steps: Set<Substring> = []
            for size in stride(from: 1024, through: 8192, by: 1024) {
                let outcome = try await run(
                    "unshare",
                    ["-m", "sh", "-c", script, "sh", workspace.guests.string, "\(size)", command.program]
                        + command.arguments, directory: command.directory)
                if outcome.status == 0 { break }
                #expect(try await workspace.settledDifference(from: before) == [], "\(size) KiB")
                let said = outcome.standardError
                #expect(outcome.status == 73 && !said.contains("left:"), "\(size) KiB: \(outcome.status ?? -1) \(said)")
                steps.formUnion(said.split(separator: "\n").filter { $0.contains("while:") })
            }
            #expect(steps.count > 1, "\(steps)")
        }
    }

    /// A /boot of its own: the loader must find its configuration there.
    @Test("a file system for /boot is found, too", bios, Requirement.program("qemu-system-x86_64"))
    func startsFromBoot() async throws {
        try await withWorkspace { workspace in
            let partitions = try workspace.file(
                "parts",
                """
                [root]
                size=48M
                type=ext4
                mountpoint=/

                [boot]
                size=16M
                type=ext4
                mountpoint=/boot

                """)
            try await workspace.createTiny("web1", ["--type=pvhvm", "--partitions=\(partitions)"]).orThrow()
            try await expectMenu(of: workspace.images(of: "web1").appending("disk.img"), [])
        }
    }

    /// An emulated machine without Xen: what its firmware finds is what Xen's would find.
    private func expectMenu(of disk: FilePath, _ more: [String]) async throws {
        let running = try Command(
            "qemu-system-x86_64",
            [
                "-accel", "tcg", "-m", "512", "-display", "none", "-serial", "stdio", "-no-reboot", "-nic", "none",
                "-drive", "file=\(disk),format=raw,if=ide,snapshot=on",
            ] + more
        ).start()
        // Its first entry, which is tried after two seconds, is no kernel: it never ends by itself.
        _ = try await running.waitForOutput("with Linux \(TinyRoot.kernelVersion)", timeout: .seconds(180))
        running.send(SIGKILL)
        let output = await running.wait().standardOutput
        #expect(output.contains("with Linux \(TinyRoot.kernelVersion)"), "\(output.suffix(2000))")
    }

    @Test("one disk has entries for each type of guest, those for Xen first", bios)
    func entries() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=disk", "--type=pvh"]).orThrow()
            // Behind the first mebibyte, GRUB's and the swap area's four.
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"), offset: 6 << 20)
            let lines = (try await root.text("/boot/grub/grub.cfg") ?? "").split(separator: "\n").map(String.init)
            let kernels = lines.filter { $0.contains("\tlinux\t") && !$0.hasSuffix(" single") }
            #expect(kernels.count == 2)
            #expect(kernels.first?.hasSuffix(" ro console=hvc0") == true)
            #expect(kernels.last?.hasSuffix(" ro console=tty0 console=ttyS0,115200n8") == true)
            #expect(lines.filter { $0.hasPrefix("if ") || $0 == "else" || $0 == "fi" }.count == 3)
        }
    }

    @Test("a guest becomes one of each type and again what it was, and what was written into its file stays", bios, xen)
    func converts() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--layout=disk", "--type=pvh", "--xen-version=4.17"]).orThrow()
            let file = workspace.configuration(of: "web1")
            let noted = try readText(file).replacing(
                "memory = 512", with: "# as long as the report runs\nmemory = 512   # was 256")
            try writeFile(file, noted)
            func convert(_ type: String, _ more: String...) async throws -> Outcome {
                try await workspace.run(["convert", "web1", "--type=\(type)", "--xen-version=4.17"] + more)
            }
            try await convert("pvhvm").orThrow()
            var text = try readText(file)
            #expect(text.contains("# as long as the report runs\nmemory = 512   # was 256\n"))
            var xl = try XlText(file)
            #expect(xl["type"] == "hvm" && xl["kernel"] == nil && xl["cmdline"] == nil && xl["ramdisk"] == nil)
            #expect(try await domusCheck(workspace, "4.17") == "")
            try await convert("pv", "--pygrub").orThrow()
            xl = try XlText(file)
            #expect(xl["type"] == "pv" && xl["bootloader"] == "pygrub" && xl["serial"] == nil)
            try await convert("hvm").orThrow()
            #expect(try readText(file).contains("type=ioemu,model=e1000"))
            let listed = try await JSONList(workspace.run(["list", "--json"]).orThrow().standardOutput)
            #expect(listed.documents.first?["type"] as? String == "hvm")
            try await convert("hybrid").orThrow()
            text = try readText(file)
            // The order of its own keys may be another; what it says is the same.
            #expect(Set(text.split(separator: "\n")) == Set(noted.split(separator: "\n")))
            // And it is still the guest's own, so that deleting the guest deletes it.
            try await workspace.run(["delete", "web1"]).orThrow()
        }
    }

    @Test("a conversion is shown, and not made, with --dry-run")
    func dryRun() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=pvh", "--xen-version=4.17"]).orThrow()
            let before = workspace.capture()
            let outcome = try await workspace.run(
                ["convert", "web1", "--type=pv", "--dry-run", "--xen-version=4.17"]
            ).orThrow()
            #expect(outcome.standardOutput.contains("- type = \"pvh\"\n    + type = \"pv\""))
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test(
        "what a guest cannot become is refused with the reason, and its file stays as it is",
        arguments: [
            (["--type=pvhvm"], "its disk has no boot loader for an emulated machine"),
            (["--type=pvh", "--xen-version=4.9"], "there are no PVH guests before Xen 4.10"),
            (["--type=pv", "--firmware=bios"], "it has no firmware then"),
        ])
    func refusesConversion(words: [String], message: String) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=pv"]).orThrow()
            let before = workspace.capture()
            let outcome = try await workspace.run(["convert", "web1"] + words)
            #expect(outcome.status == 69)
            #expect(outcome.standardError.contains(message), "\(outcome.standardError)")
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    @Test(
        "an old release is written for as it reads",
        arguments: [
            (
                "4.1", "xl", ["root = \"UUID=", "extra = \"ro console=hvc0\"", "\"file:", ",xvda2,w\""],
                ["type", "cmdline"]
            ),
            ("4.8", "xl", ["cmdline = \"root=UUID=", "vdev=xvda2"], ["type", "builder"]),
            ("4.17", "xl", ["type = \"pv\"", "cmdline = "], ["builder", "extra"]),
            ("4.4", "xm", ["extra = \"ro console=hvc0\"", "\"file:"], ["type", "cmdline"]),
        ])
    func releases(version: String, format: String, has: [String], lacks: [String]) async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny(
                "web1", ["--type=pv", "--xen-version=\(version)", "--format=\(format)"]
            ).orThrow()
            let text = try readText(workspace.configuration(of: "web1"))
            for part in has { #expect(text.contains(part), "\(part) in \(text)") }
            let keys = text.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
            for key in lacks { #expect(!keys.contains(key), "\(key) in \(text)") }
        }
    }

    @Test("everything that an administrator sets by hand arrives in the configuration", bios)
    func settings() async throws {
        try await withWorkspace { workspace in
            let data = try workspace.file("data.img", "data")
            try await workspace.createTiny(
                "web1",
                [
                    "--type=pvhvm", "--xen-version=4.19", "--vcpus=2", "--maxvcpus=4", "--cpus=2-5,^4", "--pool=fast",
                    "--cpu-weight=512", "--cap=150", "--uuid=0a1b2c3d-1111-4000-8000-00000000000f", "--vnc", "--usb",
                    "--pci=01:00.0", "--pci=02:00.0,permissive=1", "--nested", "--seclabel=system_u:system_r:domU_t",
                    "--vtpm=backend=tpm", "--p9=tag=home,path=/srv/home,security_model=none", "--on-crash=preserve",
                    "--on-reboot=destroy", "--driver-domain", "--stubdom", "--xl=vga=stdvga", "--xl=videoram=16",
                    "--vif=rate=10Mb/s,script=vif-route,backend=net1", "--nic=bridge=br1,model=virtio,vlan=7,mtu=9000",
                    "--disk=\(data),raw,xvdb,ro",
                ]
            ).orThrow()
            let text = try readText(workspace.configuration(of: "web1"))
            for line in [
                "maxvcpus = 4", "cpus = \"2-5,^4\"", "pool = \"fast\"", "cpu_weight = 512", "cap = 150",
                "uuid = \"0a1b2c3d-1111-4000-8000-00000000000f\"", "vnc = \"1\"", "usb = 1",
                "pci = [\"01:00.0\", \"02:00.0,permissive=1\"]", "nestedhvm = 1",
                "seclabel = \"system_u:system_r:domU_t\"", "vtpm = [\"backend=tpm\"]", "driver_domain = 1",
                "device_model_stubdomain_override = 1", "vga = \"stdvga\"", "videoram = 16", "on_crash = \"preserve\"",
                "on_reboot = \"destroy\"", "p9 = [\"tag=home,path=/srv/home,security_model=none\"]",
            ] {
                #expect(text.replacing("vnc = 1", with: "vnc = \"1\"").contains("\(line)\n"), "\(line) in \(text)")
            }
            #expect(text.contains("\"\(data),raw,xvdb,ro\","))
            #expect(text.contains(",script=vif-route,type=vif,rate=10Mb/s,backend=net1\""))
            #expect(text.contains("bridge=br1,type=ioemu,model=virtio,vlan=7,mtu=9000\""))
            #expect(try await domusCheck(workspace, "4.19") == "")
        }
    }

    @Test("a UUID that another guest has is refused")
    func uuid() async throws {
        try await withWorkspace { workspace in
            let uuid = "0a1b2c3d-1111-4000-8000-00000000000f"
            try writeFile(
                workspace.configurations.appending("old"), "name = 'old'\nuuid = '\(uuid.uppercased())'\n")
            let arguments = try await workspace.tiny("web1", ["--uuid=\(uuid)"])
            let before = workspace.capture()
            let outcome = try await workspace.run(arguments)
            #expect(outcome.status == 64 && outcome.standardError.contains("/old has the UUID \(uuid), too"))
            #expect(try await workspace.settledDifference(from: before) == [])
            try await workspace.createTiny("web1", ["--uuid=\(uuid.replacing("0f", with: "0e"))"]).orThrow()
        }
    }

    @Test(
        "what xl would ignore or refuse is refused before anything is made",
        arguments: [
            (["--xl=vncpasswd=secret"], "a password is not taken here"),
            (["--xl=vfb=['vnc=1,vncpasswd=secret']"], "a password is not taken here"),
            (["--xl=vgaa=none"], "is no key of xl 4.17"), (["--xl=memory=5"], "memory is made of other options"),
            (["--xl=cpus=2", "--cpus=3"], "cpus is given by --cpus, too"), (["--xl=pci='01:00.0'"], "xl wants a list"),
            (["--nested"], "a guest of type pvh has none"), (["--firmware=bios"], "a guest of type pvh has none"),
            (["--type=hvm", "--layout=images"], "no disk from which a guest of type hvm could boot"),
            (["--type=pvhvm", "--pvgrub"], "starts from its own disk"), (["--esp"], "only a partitioned disk"),
            (["--format=xm"], "xm is gone since Xen 4.5"), (["--xen-version=4.9"], "runs no PVH guests"),
            (["--xen-version=four"], "\"four\" is no version of Xen"), (["--vif=bridge=b"], "options of their own"),
            (["--vif=rate=fast"], "\"fast\" is not a rate"),
            (["--disk=/nowhere,raw,xvdb,rw"], "/nowhere is no image and no block device here"),
            (["--disk=/etc/passwd,raw,xvda1,rw"], "two disks are to be xvda1"), (["--on-crash=explode"], "\"explode\""),
            (["--maxvcpus=1", "--vcpus=2"], "\"maxvcpus\" is 1, below the 2"),
            (["--arch=i386", "--type=pv"], "32 bits"),
        ])
    func refuses(words: [String], message: String) async throws {
        try await withWorkspace { workspace in
            let type = words.contains { $0.hasPrefix("--type") } ? [] : ["--type=pvh"]
            let version = words.contains { $0.hasPrefix("--xen-version") } ? [] : ["--xen-version=4.17"]
            let all = try await workspace.tiny("web1", type + version + words)
            let before = workspace.capture()
            let outcome = try await workspace.run(all)
            #expect(outcome.status == 64 || outcome.status == 78, "\(outcome.status)")
            #expect(outcome.standardError.contains(message), "\(outcome.standardError)")
            #expect(workspace.capture().difference(from: before) == [])
        }
    }

    /// What a check that knows nothing of this host says of the guest's configuration.
    private func domusCheck(_ workspace: Workspace, _ version: String) async throws -> String {
        let outcome = try await workspace.run([
            "check", "--no-host", "--strict", "--xen-version=\(version)", workspace.configuration(of: "web1").string,
        ])
        return outcome.standardOutput + outcome.standardError
    }
}
