/// The packages that differ from release to release: base files, the init system, networking, kernels.
struct ReleasePackages {
    let release: FixtureRelease
    let architecture: String

    var all: [FixturePackage] {
        var packages = [baseFiles] + networking + kernels
        packages += release.initSystem == .systemd ? systemd : sysvinit
        if release.suite == "bookworm" {
            // debootstrap asks for it by name; mmdebstrap's hook for a merged /usr for its source, and a version over 1.
            var merged = package("usr-is-merged", priority: "required")
            merged.version = "37"
            merged.relations = [("Source", "usrmerge")]
            // What no package has it takes away, as the real one.
            merged.scripts["postinst"] = """
                #!/bin/sh
                set -e
                if test "$1" = configure && test -L /lib32; then
                    rm /lib32
                    rmdir /usr/lib32
                fi

                """
            packages.append(merged)
        }
        return packages
    }

    /// The kernel version of the release's default kernel package, `6.1.0-test-amd64`.
    static func kernelVersion(_ release: FixtureRelease, flavour: String) -> String {
        (release.initSystem == .sysvinit ? "3.2.0-4-" : "6.1.0-test-") + flavour
    }

    private func package(
        _ name: String,
        priority: String = "optional",
        depends: String = "",
        _ entries: [TreeEntry] = []
    ) -> FixturePackage {
        FixturePackage(
            name: name,
            version: "1.0+\(release.suite)",
            architecture: architecture,
            priority: priority,
            relations: [("Depends", depends)],
            entries: entries
        )
    }

    private var baseFiles: FixturePackage {
        let isUbuntu = release.distribution == .ubuntu
        let name = isUbuntu ? "Ubuntu" : "Debian GNU/Linux"
        let number = release.version.prefix { $0 != "." || isUbuntu }
        let osRelease = """
            PRETTY_NAME="\(name) \(number) (\(release.suite))"
            NAME="\(name)"
            VERSION_ID="\(number)"
            VERSION="\(number) (\(release.suite))"
            VERSION_CODENAME=\(release.suite)
            ID=\(isUbuntu ? "ubuntu" : "debian")

            """
        var package = package("base-files", priority: "required")
        package.essential = true
        package.relations = [("Provides", "netbase")]
        package.entries = [
            "bin", "boot", "dev", "etc", "etc/default", "etc/opt", "etc/profile.d", "etc/skel", "home", "lib", "media",
            "mnt", "opt", "proc", "run", "sbin", "srv", "sys", "usr/bin", "usr/lib", "usr/local/bin", "usr/local/sbin",
            "usr/sbin", "usr/share", "usr/src", "var/backups", "var/cache", "var/lib/misc", "var/local", "var/log",
            "var/mail", "var/opt", "var/spool",
        ].map { .directory($0) }
        package.entries += [
            .directory("root", mode: 0o700), .directory("tmp", mode: 0o1777), .directory("var/tmp", mode: 0o1777),
            .link("var/run", to: "/run"), .link("var/lock", to: "/run/lock"),
            .file("etc/debian_version", isUbuntu ? "\(release.suite)/sid\n" : "\(release.version)\n"),
            .file("usr/lib/os-release", osRelease), .link("etc/os-release", to: "../usr/lib/os-release"),
            .file("etc/issue", "\(name) \(number) \\n \\l\n\n"), .file("etc/host.conf", "multi on\n"),
            .file("etc/profile", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PATH\n"),
            .file("etc/protocols", "ip 0 IP\ntcp 6 TCP\n"), .file("etc/services", "ssh 22/tcp\n"),
            .file("root/.profile", "# ~/.profile\n"), .file("etc/skel/.profile", "# ~/.profile\n"),
        ]
        if isUbuntu {
            package.entries.append(.file("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_CODENAME=\(release.suite)\n"))
        }
        package.scripts = ["conffiles": "/etc/debian_version\n/etc/host.conf\n/etc/issue\n"]
        return package
    }

    /// ifupdown in Debian, netplan in Ubuntu.
    private var networking: [FixturePackage] {
        if release.distribution == .ubuntu {
            let netplan = TreeEntry.file("usr/sbin/netplan", "#!/bin/sh\nexit 0\n", mode: 0o755)
            return [package("netplan.io", priority: "important", [.directory("etc/netplan"), netplan])]
        }
        var ifupdown = package("ifupdown", priority: "important")
        ifupdown.entries = ["if-up.d", "if-down.d", "if-pre-up.d", "if-post-down.d", "interfaces.d"]
            .map { .directory("etc/network/\($0)") }
        ifupdown.entries += ["ifup", "ifdown", "ifquery"].map {
            .file("sbin/\($0)", "#!/bin/sh\nexit 0\n", mode: 0o755)
        }
        ifupdown.entries.append(.file("etc/init.d/networking", "#!/bin/sh\nexit 0\n", mode: 0o755))
        ifupdown.scripts = [
            "postinst": """
            #!/bin/sh
            set -e
            test -e /etc/network/interfaces || echo 'source /etc/network/interfaces.d/*' > /etc/network/interfaces

            """
        ]
        return [ifupdown]
    }

    private var systemd: [FixturePackage] {
        func unit(_ name: String, _ lines: String) -> TreeEntry {
            .file("lib/systemd/system/\(name)", "[Unit]\nDescription=\(name)\n\(lines)")
        }
        let getty = "[Service]\nExecStart=-/sbin/agetty --noclear %I $TERM\n[Install]\nWantedBy=getty.target\n"
        var systemd = package("systemd", priority: "important")
        systemd.entries = [
            .file("lib/systemd/systemd", "#!/bin/sh\nexit 0\n", mode: 0o755),
            .file("lib/systemd/systemd-networkd", "#!/bin/sh\nexit 0\n", mode: 0o755),
            .file("bin/systemctl", InitScripts.systemctl, mode: 0o755),
            unit("getty@.service", getty), unit("serial-getty@.service", getty),
            unit("systemd-networkd.service", "[Install]\nWantedBy=multi-user.target\n"),
            unit("getty.target", ""), unit("multi-user.target", ""), unit("graphical.target", ""),
            .link("lib/systemd/system/default.target", to: "graphical.target"),
            .directory("etc/systemd/network"), .directory("etc/systemd/system"), .directory("lib/systemd/network"),
            .file("etc/systemd/journald.conf", "[Journal]\n"), .directory("var/lib/systemd"),
        ]
        systemd.scripts = [
            // A machine id of the base, which its guests must not share.
            "postinst": """
            #!/bin/sh
            set -e
            test -s /etc/machine-id || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n' > /etc/machine-id
            mkdir -p /etc/systemd/system/getty.target.wants
            ln -sf /lib/systemd/system/getty@.service /etc/systemd/system/getty.target.wants/getty@tty1.service

            """
        ]
        let udev = package(
            "udev",
            priority: "important",
            [.directory("etc/udev/rules.d"), .directory("lib/udev/rules.d")]
        )
        let systemdInit = package(
            "systemd-sysv",
            priority: "important",
            depends: "systemd",
            [.link("sbin/init", to: "/lib/systemd/systemd")]
        )
        return [systemd, udev, systemdInit]
    }

    private var sysvinit: [FixturePackage] {
        var sysvinit = package("sysvinit", priority: "required")
        sysvinit.essential = true
        sysvinit.entries = [
            .file("sbin/init", "#!/bin/sh\nexit 0\n", mode: 0o755), .file("etc/inittab", InitScripts.inittab),
        ]
        let scripts = package(
            "initscripts",
            priority: "required",
            [
                .file("etc/init.d/rc", "#!/bin/sh\nexit 0\n", mode: 0o755),
                .file("etc/init.d/rcS", "#!/bin/sh\nexec /etc/init.d/rc S\n", mode: 0o755),
                .file("etc/default/rcS", "UTC=yes\n"),
            ]
        )
        let udev = package(
            "udev",
            priority: "important",
            [.directory("etc/udev/rules.d"), .directory("lib/udev/rules.d")]
        )
        return [sysvinit, scripts, udev]
    }

    /// The metapackages that Debian and Ubuntu have, each with one kernel; none is installed unless asked for.
    private var kernels: [FixturePackage] {
        let names =
            switch (release.distribution, release.initSystem) {
            case (.ubuntu, _): ["generic", "virtual"]
            case (.debian, .sysvinit): [architecture]
            case (.debian, .systemd): [architecture, "cloud-\(architecture)"]
            }
        let tools = package(
            "initramfs-tools",
            [
                .file("usr/sbin/update-initramfs", Self.updateInitramfs, mode: 0o755),
                .directory("etc/initramfs-tools"), .file("etc/initramfs-tools/modules", "# one module a line\n"),
            ]
        )
        return [tools]
            + names.flatMap { flavour -> [FixturePackage] in
                let version = Self.kernelVersion(release, flavour: flavour)
                var image = package("linux-image-\(version)", depends: "initramfs-tools")
                image.entries = [
                    .file("boot/vmlinuz-\(version)", bytes: KernelFiles.kernel(version: version)),
                    .file("boot/config-\(version)", KernelFiles.configuration),
                    .file("boot/System.map-\(version)", "ffffffffffffffff T _stext\n"),
                    .file("lib/modules/\(version)/modules.dep", ""),
                ]
                image.scripts = [
                    "postinst": """
                    #!/bin/sh
                    set -e
                    # As /etc/kernel/postinst.d/initramfs-tools.
                    [ "${INITRD:-}" = No ] || update-initramfs -c -k \(version)
                    ln -sf boot/vmlinuz-\(version) /vmlinuz
                    ln -sf boot/initrd.img-\(version) /initrd.img

                    """
                ]
                return [image, package("linux-image-\(flavour)", depends: "linux-image-\(version)")]
            }
    }

    private static let updateInitramfs = """
        #!/bin/sh
        # update-initramfs -c|-u [-k VERSION|all]
        set -e
        version=all
        while test $# -gt 0; do
            case $1 in
                -k) version=$2; shift ;;
                -k*) version=${1#-k} ;;
            esac
            shift
        done
        test "$version" != all || version=$(cd /boot && ls vmlinuz-* | sed 's/^vmlinuz-//')
        for one in $version; do
            echo "update-initramfs: Generating /boot/initrd.img-$one"
            (cd /etc/initramfs-tools && find . | cpio -o -H newc 2>/dev/null) | gzip > "/boot/initrd.img-$one"
        done

        """
}
