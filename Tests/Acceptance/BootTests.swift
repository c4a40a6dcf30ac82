import SystemPackage
import TestSupport
import Testing

@Suite("boot", Requirement.bootstrapping)
struct BootTests {
    @Test("a PVH guest boots its own kernel, copied out")
    func pvh() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--type=pvh", "--memory=256M", "--maxmem=1G", "--vcpus=2"])
                .orThrow()
            let configuration = try XlText(workspace.configuration(of: "web1"))
            #expect(configuration["type"] == "pvh")
            #expect(configuration["memory"] == "256")
            #expect(configuration["maxmem"] == "1024")
            #expect(configuration["vcpus"] == "2")
            let kernel = workspace.images(of: "web1").appending("vmlinuz-\(TinyRoot.kernelVersion)")
            #expect(configuration["kernel"] == kernel.string)
            #expect(try readFile(kernel) == KernelFiles.kernel(version: TinyRoot.kernelVersion))
            #expect(
                try readFile(workspace.images(of: "web1").appending("initrd.img-\(TinyRoot.kernelVersion)"))
                    == KernelFiles.initialRAMDisk
            )
        }
    }

    @Test("pygrub finds a boot loader's configuration and the kernel in the guest")
    func pygrub() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--pygrub"]).orThrow()
            let configuration = try XlText(workspace.configuration(of: "web1"))
            #expect(configuration["bootloader"] == "pygrub")
            #expect(configuration["kernel"] == nil)
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            try await checkBootLoader(root)
            #expect(!fileExists(workspace.images(of: "web1").appending("vmlinuz-\(TinyRoot.kernelVersion)")))
        }
    }

    @Test(
        "GRUB for Xen boots a PVH guest from the same configuration",
        .enabled(
            if: fileExists("/usr/lib/grub-xen/grub-i386-xen_pvh.bin"),
            "needs GRUB for Xen (package grub-xen-host)"
        )
    )
    func pvgrub() async throws {
        try await withWorkspace { workspace in
            try await workspace.createTiny("web1", ["--pvgrub", "--type=pvh"]).orThrow()
            let configuration = try XlText(workspace.configuration(of: "web1"))
            #expect(configuration["kernel"] == "/usr/lib/grub-xen/grub-i386-xen_pvh.bin")
            #expect(configuration["ramdisk"] == nil)
            try await checkBootLoader(GuestImage(workspace.images(of: "web1").appending("disk.img")))
        }
    }

    private func checkBootLoader(_ root: GuestImage) async throws {
        let menu = try await root.text("/boot/grub/grub.cfg") ?? ""
        let uuid = try await root.uuid()
        #expect(menu.contains("/boot/vmlinuz-\(TinyRoot.kernelVersion) root=UUID=\(uuid) ro console=hvc0"), "\(menu)")
        #expect(menu.contains("/boot/initrd.img-\(TinyRoot.kernelVersion)"))
        #expect(try await root.names(in: "/boot").contains("vmlinuz-\(TinyRoot.kernelVersion)"))
    }

    @Test("a kernel of the host comes with its ramdisk and modules, and stays where it is")
    func hostKernel() async throws {
        try await withWorkspace { workspace in
            let kernel = workspace.files.appending("vmlinuz-5.10.0-host")
            let ramdisk = workspace.files.appending("initrd.img-5.10.0-host")
            let modules = workspace.files.pushing("modules/5.10.0-host")
            try writeFile(kernel, KernelFiles.kernel(version: "5.10.0-host"))
            try writeFile(ramdisk, KernelFiles.initialRAMDisk)
            try writeFile(modules.pushing("kernel/one.ko"), "module\n")
            try await workspace.createTiny(
                "web1",
                ["--kernel=\(kernel)", "--initrd=\(ramdisk)", "--modules=\(modules)"]
            ).orThrow()
            let configuration = try XlText(workspace.configuration(of: "web1"))
            #expect(configuration["kernel"] == kernel.string)
            #expect(configuration["ramdisk"] == ramdisk.string)
            let root = GuestImage(workspace.images(of: "web1").appending("disk.img"))
            #expect(try await root.text("/lib/modules/5.10.0-host/kernel/one.ko") == "module\n")
        }
    }

    @Test("a guest without a kernel is refused, with the way out")
    func withoutKernel() async throws {
        try await withWorkspace { workspace in
            var root = try TinyRoot()
            root.entries.removeAll { $0.path.hasPrefix("boot/") }
            let archive = try await root.asTar(in: workspace.files, name: "bare")
            let words = try await workspace.tiny("web1", ["--install-source=\(archive)"])
            let before = workspace.capture()
            let outcome = try await workspace.run(words)
            #expect(outcome.status == 1)
            #expect(outcome.standardError.contains("the guest has no kernel"))
            #expect(outcome.standardError.contains("--kernel=FILE"))
            #expect(workspace.capture().difference(from: before) == [])
        }
    }
}
