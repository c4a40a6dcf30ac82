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

    package init(preseed: Preseed, authorizedKeys: [String], keyring: [UInt8]?) {
        self.preseed = preseed
        self.authorizedKeys = authorizedKeys
        self.keyring = keyring
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
