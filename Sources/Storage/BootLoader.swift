import GuestModel
import LinuxHost
import SystemPackage

/// GRUB for a disk that a machine's own firmware starts: all of it in one file, which finds the guest's grub.cfg by the
/// UUID of its file system. The guest needs no GRUB of its own, and its kernels come and go without ours being told.
package struct BootLoader: Sendable, Equatable {
    package let firmware: GuestSpec.Boot.Firmware

    package init(_ firmware: GuestSpec.Boot.Firmware) { self.firmware = firmware }

    /// What grub-mkimage(1) calls the platform.
    private var platform: String {
        switch firmware {
        case .bios: "i386-pc"
        case .ovmf: "x86_64-efi"
        }
    }

    /// Where the host has GRUB's modules for it.
    package var directory: FilePath { FilePath("/usr/lib/grub").appending(platform) }

    /// Programs that a host needs, with the Debian package of each.
    package var requirements: [(program: String, package: String)] {
        let image = [("grub-mkimage", "grub-common")]
        return firmware == .bios
            ? image : image + [("mkfs.vfat", "dosfstools"), ("mmd", "mtools"), ("mcopy", "mtools")]
    }

    /// The package of ``directory``.
    package var package: String {
        switch firmware {
        case .bios: "grub-pc-bin"
        case .ovmf: "grub-efi-amd64-bin"
        }
    }

    // What a grub.cfg of Domus' asks for, and what somebody at its prompt would: the file systems that guests have, no more.
    // `normal` and all its commands are inside, so that nothing is read from the guest but its configuration and kernel.
    private static let modules = [
        "btrfs", "cat", "configfile", "echo", "ext2", "halt", "linux", "ls", "minicmd", "normal", "part_gpt",
        "reboot", "search", "search_fs_file", "search_fs_uuid", "search_label", "serial", "sleep", "terminal", "test",
        "xfs",
    ]

    /// What the loader does first: find the file system with the guest's kernels.
    ///
    /// - Parameters:
    ///   - uuid: of the file system that holds /boot.
    ///   - isSeparate: whether it holds nothing else.
    package static func firstCommands(bootUUID uuid: String, isSeparate: Bool) -> String {
        """
        search.fs_uuid \(uuid) root
        set prefix=($root)\(isSeparate ? "" : "/boot")/grub

        """
    }

    /// Makes the loader.
    ///
    /// - Parameters:
    ///   - commands: the file of ``firstCommands(bootUUID:isSeparate:)``.
    ///   - output: the file that is made.
    package func image(commands: FilePath, output: FilePath) -> Invocation {
        let disk = firmware == .bios ? ["biosdisk"] : ["fat", "efi_gop"]
        return Invocation(
            "grub-mkimage",
            [
                "--format=\(platform)", "--directory=\(directory)", "--prefix=/boot/grub", "--config=\(commands)",
                "--output=\(output)",
            ] + disk + Self.modules,
            environment: ["LC_ALL": "C.UTF-8"])
    }

    /// What puts the loader into an image of an EFI system partition, under the name that firmware looks for on a disk that
    /// it has never seen (UEFI specification 2.10, 3.5.1.1).
    package static func efiSystem(_ image: FilePath, identifier: String, loader: FilePath) -> [Invocation] {
        let environment = ["LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"]
        return [
            Invocation(
                "mkfs.vfat", ["-F", "32", "-i", identifier, "-n", "EFI", image.string], environment: environment),
            Invocation("mmd", ["-i", image.string, "::/EFI", "::/EFI/BOOT"], environment: environment),
            Invocation(
                "mcopy", ["-i", image.string, loader.string, "::/EFI/BOOT/BOOTX64.EFI"], environment: environment),
        ]
    }
}

/// The sectors that a BIOS reads GRUB from: the first one of the disk, and the core in a partition of its own. What
/// grub-bios-setup(8) does (util/setup.c of GRUB 2.06), which works on block devices of the running system only.
package enum BootSectors {
    package static let sector = 512
    // From include/grub/i386/pc/boot.h.
    private static let kernelSector = 0x5c
    private static let driveCheck = 0x66
    /// Where the partition table of a DOS disk begins, which a GPT disk has too: nothing from here on is boot code.
    private static let codeEnd = 440
    private static let blockList = sector - 12

    /// The disk's first sector with GRUB's code in it.
    ///
    /// - Parameters:
    ///   - first: what the sector is: a protective MBR.
    ///   - code: GRUB's boot.img.
    ///   - core: the number of the sector at which the core begins.
    package static func boot(_ first: [UInt8], code: [UInt8], core: Int64) throws(StorageError) -> [UInt8] {
        guard first.count == sector, code.count == sector, code.suffix(2) == [0x55, 0xaa] else {
            throw StorageError("GRUB's boot.img is no boot sector", hint: "apt-get install --reinstall grub-pc-bin")
        }
        var result = code.prefix(codeEnd) + first[codeEnd...]
        put(UInt64(core), into: &result, at: kernelSector)
        // Two no-operations in the place of a jump: some BIOSes say the wrong drive, and this one is a hard disk.
        result[driveCheck] = 0x90
        result[driveCheck + 1] = 0x90
        return Array(result)
    }

    /// The core as it lies on the disk: its first sector loads the others, and must know where they are.
    ///
    /// - Parameters:
    ///   - image: what grub-mkimage(1) made.
    ///   - start: the number of its first sector.
    ///   - room: bytes of its partition.
    package static func core(_ image: [UInt8], start: Int64, room: Int64) throws(StorageError) -> [UInt8] {
        guard image.count > 2 * sector, Int64(image.count) <= room else {
            throw StorageError(
                "GRUB's core has \(image.count) bytes, for which its partition of \(room) has no room")
        }
        var result = image + [UInt8](repeating: 0, count: (sector - image.count % sector) % sector)
        // The list has one block, whose length grub-mkimage has filled in.
        let counted = Int(result[blockList + 8]) | Int(result[blockList + 9]) << 8
        guard counted == result.count / sector - 1 else {
            throw StorageError(
                "GRUB's core says that it has \(counted) sectors behind its first, and has \(result.count / sector - 1)"
            )
        }
        put(UInt64(start + 1), into: &result, at: blockList)
        return result
    }

    private static func put(_ number: UInt64, into bytes: inout some MutableCollection<UInt8>, at offset: Int) {
        var index = bytes.index(bytes.startIndex, offsetBy: offset)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(shift))
            bytes.formIndex(after: &index)
        }
    }
}
