import FakeHost
import GuestModel
import Testing

@testable import Bootstrap

/// What hooks will ask for, and the archive has.
@Suite("Anticipated packages")
struct AnticipatedPackagesTests {
    private static let hooks: Set = [
        "70-install-ssh", "80-install-kernel", "83-install-filesystem-tools", "99-clean-base",
    ]

    private func names(
        hooks: Set<String> = hooks, archive: String = "", _ change: (inout GuestSpec) -> Void = { _ in }
    ) -> [String] {
        var text = ""
        for name in [
            "openssh-server", "linux-image-amd64", "linux-image-cloud-amd64", "linux-image-686", "btrfs-progs", "mine",
        ] {
            text += "Package: \(name)\nVersion: 1\n\n"
        }
        text += "Package: initramfs-tools\nRecommends: busybox, zstd (>= 1) | lz4\n\nPackage: zstd\nVersion: 1\n\n"
        let index = PackageIndex(Array((text + archive).utf8))
        return AnticipatedPackages(of: Sample.guest(change: change), hooks: hooks).names(in: [index])
    }

    @Test("those of the stock hooks, by the names that the archive has")
    func usual() {
        #expect(names() == ["openssh-server", "linux-image-cloud-amd64", "initramfs-tools", "zstd"])
        #expect(names { $0.architecture = .i386 } == ["openssh-server", "linux-image-686", "initramfs-tools", "zstd"])
        #expect(
            names { $0.storage.partitions.append(Sample.partition("var", 512, .btrfs, at: "/var")) }.last
                == "btrfs-progs")
        // What the archive does not have the hook looks for.
        #expect(names { $0.storage.partitions.append(Sample.partition("var", 512, .xfs, at: "/var")) }.count == 4)
    }

    @Test("a hook that the user has replaced or disabled asks for other things")
    func replaced() {
        #expect(names(hooks: []) == [])
        #expect(names(hooks: ["70-install-ssh"]) == ["openssh-server"])
        #expect(names(hooks: Self.hooks.subtracting(["70-install-ssh"])).contains("openssh-server") == false)
        #expect(!AnticipatedPackages(of: Sample.guest(), hooks: ["70-install-ssh"]).removesHostKeys)
        #expect(AnticipatedPackages(of: Sample.guest(), hooks: Self.hooks).removesHostKeys)
        // Whoever makes the initial RAM disk: the kernel's package where no hook of ours does.
        #expect(!AnticipatedPackages(of: Sample.guest(), hooks: Self.hooks).makesRAMDisks)
        #expect(AnticipatedPackages(of: Sample.guest(), hooks: ["86-include-xen-drivers"]).makesRAMDisks)
    }

    @Test("kernels: the host's, the user's own, and what pvgrub can boot")
    func kernels() {
        #expect(
            names { $0.boot.loader = .hostKernel(kernel: "/boot/vmlinuz-6.1.0-37-amd64", initrd: nil) }
                == ["openssh-server"])
        #expect(
            names { $0.tailoring.extraVariables = ["DOMUS_KERNEL_PACKAGE": "mine"] }
                == ["openssh-server", "mine", "initramfs-tools", "zstd"])
        #expect(
            names {
                $0.machine.type = .pv
                $0.boot.loader = .pvgrub("/usr/lib/grub-xen/grub-x86_64-xen.bin")
            }[1] == "linux-image-amd64")
        #expect(names { $0.tailoring.extraVariables = ["DOMUS_OFFLINE": "1"] } == [])
        // A word that is no package's name is no word for apt.
        #expect(!names { $0.tailoring.extraVariables = ["DOMUS_KERNEL_PACKAGE": "-o=x"] }.contains("-o=x"))
    }

    @Test("zstd is for those releases whose initramfs-tools recommend it")
    func recommended() {
        let index = PackageIndex(
            Array("Package: initramfs-tools\nRecommends: busybox\n\nPackage: zstd\nVersion: 1\n\n".utf8))
        #expect(
            AnticipatedPackages(of: Sample.guest(), hooks: Self.hooks).names(in: [index]) == ["initramfs-tools"])
    }
}
