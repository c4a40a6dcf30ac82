import Archives
import GuestModel
import LinuxHost
import SystemPackage

/// The installer's initial RAM disk with what a guest adds to it, as an archive of its own behind the original, which stays as
/// it was signed.
package struct InstallerRAMDisk: Sendable {
    /// A file that the installer runs or reads.
    typealias File = RAMDiskMember.File

    package let preseed: Preseed
    package let authorizedKeys: [String]
    /// The bytes of a keyring in the place of the distribution's.
    package let keyring: [UInt8]?
    /// What has the installed guest keep its /boot/grub/grub.cfg itself, where the installer has no boot loader for it.
    package let bootFiles: BootFiles?

    package init(preseed: Preseed, authorizedKeys: [String], keyring: [UInt8]?, bootFiles: BootFiles? = nil) {
        self.preseed = preseed
        self.authorizedKeys = authorizedKeys
        self.keyring = keyring
        self.bootFiles = bootFiles
    }

    /// What pygrub reads is written by a script that a guest of `domus create` has, too.
    package struct BootFiles: Sendable {
        /// Hooks/files/zz-domus-grub.
        package let script: [UInt8]
        /// The kernel's options, behind root=; they are in double quotes in a file that sh(1) reads.
        package let commandLine: String

        package init(script: [UInt8], commandLine: String) {
            self.script = script
            self.commandLine = commandLine
        }
    }

    /// Of these directories the original has some, perhaps behind links: only those that it has not are made.
    var files: [File] {
        var files = [File(path: "preseed.cfg", contents: Array(preseed.rendered().utf8), mode: 0o600)]
        if !authorizedKeys.isEmpty {
            files += [
                File(
                    path: "domus/authorized_keys",
                    contents: Array((authorizedKeys.joined(separator: "\n") + "\n").utf8),
                    mode: 0o600),
                File(
                    path: "usr/lib/finish-install.d/90domus-keys", contents: Array(Self.keysScript.utf8), mode: 0o755),
            ]
        }
        if let keyring {
            files += [
                // debian-archive-keyring-udeb puts its own there only where there is none.
                File(path: "usr/share/keyrings/archive.gpg", contents: keyring, mode: 0o644),
                File(
                    path: "usr/lib/base-installer.d/40domus-keyring", contents: Array(Self.keyringScript.utf8),
                    mode: 0o755
                ),
            ]
        }
        if let bootFiles {
            files += [
                File(path: "domus/zz-domus-grub", contents: bootFiles.script, mode: 0o755),
                File(
                    path: "domus/domus-grub",
                    contents: Array(
                        ("# Read by /etc/kernel/postinst.d/zz-domus-grub, which writes /boot/grub/grub.cfg.\n"
                            + "DOMUS_CMDLINE=\"\(bootFiles.commandLine)\"\n").utf8), mode: 0o644),
                File(
                    path: "usr/lib/finish-install.d/91domus-boot", contents: Array(Self.bootScript.utf8), mode: 0o755),
            ]
        }
        return files
    }

    /// finish-install runs it when all is installed, before it unmounts.
    private static let keysScript = """
        #!/bin/sh
        # Written by Domus: root's authorized keys.
        set -e
        mkdir -p /target/root/.ssh
        chmod 700 /target/root/.ssh
        cat /domus/authorized_keys >>/target/root/.ssh/authorized_keys
        chmod 600 /target/root/.ssh/authorized_keys

        """

    /// Before the logs are saved, and all is unmounted.
    private static let bootScript = """
        #!/bin/sh
        # Written by Domus: what pygrub starts, where the installer has no boot loader.
        set -e
        [ ! -e /target/boot/grub/grub.cfg ] || exit 0
        mkdir -p /target/boot/grub /target/etc/default /target/etc/kernel/postinst.d /target/etc/kernel/postrm.d \\
            /target/etc/initramfs/post-update.d
        cp /domus/domus-grub /target/etc/default/domus-grub
        cp /domus/zz-domus-grub /target/etc/kernel/postinst.d/zz-domus-grub
        chmod 755 /target/etc/kernel/postinst.d/zz-domus-grub
        ln -sf ../postinst.d/zz-domus-grub /target/etc/kernel/postrm.d/zz-domus-grub
        ln -sf ../../kernel/postinst.d/zz-domus-grub /target/etc/initramfs/post-update.d/zz-domus-grub
        chroot /target /bin/sh /etc/kernel/postinst.d/zz-domus-grub --force

        """

    /// base-installer runs it when the base system is there, before its apt asks the mirror.
    private static let keyringScript = """
        #!/bin/sh
        # Written by Domus: the keys of the guest's archive.
        set -e
        mkdir -p /target/etc/apt/trusted.gpg.d
        cp /usr/share/keyrings/archive.gpg /target/etc/apt/trusted.gpg.d/domus-archive.gpg
        chmod 644 /target/etc/apt/trusted.gpg.d/domus-archive.gpg

        """

    /// Writes the original and, behind it, what is added, into a file for root alone: there are hashes in it.
    ///
    /// - Parameter names: what the original has (``InitialRAMDisk/names``).
    package func write(
        behind original: FilePath, names: some Sequence<String>, to target: FilePath, on host: Host
    ) throws {
        let member = try RAMDiskMember(files, existing: names)
        var bytes = try host.files.contents(of: original, limit: 1 << 30)
        bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
        bytes += try member.archive()
        _ = try host.files.createFile(target, contents: bytes, mode: 0o600)
    }
}
