import SystemPackage

extension TinyRoot {
    static func plainEntries() throws -> [TreeEntry] {
        guard let busybox = findProgram("busybox") else {
            throw TestSupportError("cannot make a root without busybox", hint: "apt-get install busybox-static")
        }
        var entries: [TreeEntry] = [
            "bin", "boot", "dev", "etc", "etc/apt", "etc/default", "etc/init.d", "etc/network",
            "etc/network/interfaces.d", "home", "lib", "lib/modules", "lib/modules/\(kernelVersion)", "mnt", "opt",
            "proc", "run", "sbin", "srv", "sys", "usr", "usr/bin", "usr/lib", "usr/sbin", "usr/share", "var",
            "var/cache", "var/lib", "var/log", "var/spool",
        ].map { .directory($0) }
        entries += [
            .directory("root", mode: 0o700), .directory("tmp", mode: 0o1777), .directory("var/tmp", mode: 0o1777),
            TreeEntry(path: "dev/null", content: .characterDevice(major: 1, minor: 3), mode: 0o666),
            TreeEntry(path: "dev/console", content: .characterDevice(major: 5, minor: 1), mode: 0o600),
            .copy("bin/busybox", of: busybox),
        ]
        entries += [
            "sh", "ls", "cat", "cp", "mv", "rm", "mkdir", "ln", "chmod", "chown", "mount", "umount", "true",
            "false", "grep", "sed", "hostname", "sync", "sleep", "echo", "touch",
        ].map { .link("bin/\($0)", to: "busybox") }
        entries += ["find", "env", "id", "test", "printf", "cut", "sort", "wc", "head", "tail", "dirname", "basename"]
            .map { .link("usr/bin/\($0)", to: "../../bin/busybox") }
        entries += [
            .file("etc/passwd", Accounts.passwd),
            .file("etc/group", Accounts.group),
            TreeEntry(path: "etc/shadow", content: .file(Array(Accounts.shadow.utf8)), mode: 0o640, group: 42),
            .file("etc/debian_version", "12.5\n"),
            .file(
                "etc/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"
                    + "VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n"
            ),
            .file("etc/hostname", "tiny\n"),
            .file("etc/hosts", "127.0.0.1 localhost\n"),
            .file("etc/fstab", "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n"),
            .file("etc/machine-id", "0123456789abcdef0123456789abcdef\n", mode: 0o444),
            .file("boot/vmlinuz-\(kernelVersion)", bytes: KernelFiles.kernel(version: kernelVersion)),
            .file("boot/initrd.img-\(kernelVersion)", bytes: KernelFiles.initialRAMDisk),
            .file("boot/config-\(kernelVersion)", KernelFiles.configuration),
            .file("lib/modules/\(kernelVersion)/modules.dep", ""),
        ]
        return entries
    }

    /// What dpkg's database says when it lists one installed package; add it with
    /// `root.entries += TinyRoot.dpkgStatus(architecture: "amd64")`.
    package static func dpkgStatus(architecture: String) -> [TreeEntry] {
        let status = """
            Package: base-files
            Essential: yes
            Status: install ok installed
            Priority: required
            Section: admin
            Maintainer: Fixture <fixture@example.org>
            Architecture: \(architecture)
            Version: 12.5
            Description: fixture


            """
        return [
            .directory("var/lib/dpkg"), .directory("var/lib/dpkg/info"), .file("var/lib/dpkg/status", status),
            .file("var/lib/dpkg/info/base-files.list", "/.\n"),
            .file("var/lib/dpkg/info/base-files.md5sums", ""),
        ]
    }
}
