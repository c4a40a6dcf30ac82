import SystemPackage

extension PackagePool {
    /// The packages without which nothing runs: C library, busybox, dpkg.
    static func coreSystem(architecture: String, libraries: inout HostLibraries) async throws -> [FixturePackage] {
        let base = FixturePackage(name: "", architecture: architecture, priority: "required", essential: true)

        var libc = base
        libc.name = "libc6"
        libc.version = "2.36-9"
        libc.essential = false
        // The libraries that programs load by name at run time come with those that ldd sees.
        try await libraries.add([("usr/bin/getent", "getent")], to: &libc)
        if let directory = libc.entries.first(where: { $0.path.hasSuffix("/libc.so.6") })?.path.dropLast(9) {
            for name in [
                "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2",
                "libnss_files.so.2", "libnss_dns.so.2",
            ] where fileExists(FilePath("/\(directory)\(name)")) {
                try await libraries.add([("\(directory)\(name)", "/\(directory)\(name)")], to: &libc)
            }
        }

        var libcTools = base
        libcTools.name = "libc-bin"
        libcTools.relations = [("Depends", "libc6"), ("Provides", "tzdata")]
        try await libraries.add([("sbin/ldconfig", "ldconfig"), ("usr/bin/locale", "locale")], to: &libcTools)
        libcTools.entries += [
            .file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n"), .directory("etc/ld.so.conf.d"),
            .file("usr/share/zoneinfo/Etc/UTC", "TZif2"), .link("usr/share/zoneinfo/UTC", to: "Etc/UTC"),
            .file("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"),
        ]

        var tar = base
        tar.name = "tar"
        tar.relations = [("Pre-Depends", "libc6")]
        try await libraries.add([("bin/tar", "tar")], to: &tar)

        var bash = base
        bash.name = "bash"
        bash.relations = [("Pre-Depends", "libc6")]
        try await libraries.add([("bin/bash", "bash")], to: &bash)

        return [libc, libcTools, tar, bash, basePasswd(base), awk(base)]
            + [try await busybox(base, &libraries), try await dpkg(base, &libraries)]
            + stubs(base)
    }

    private static func basePasswd(_ base: FixturePackage) -> FixturePackage {
        var package = base
        package.name = "base-passwd"
        // Told of what comes after it.
        package.scripts["triggers"] = "interest-noawait /usr/share/early-docs\n"
        // As the real one does it, before the other packages need the names: mmdebstrap counts on it. Before unpacking,
        // the masters are there only when a bootstrap has extracted all packages first.
        let script = """
            #!/bin/sh
            set -e
            umask 022
            for file in passwd group; do
                master=/usr/share/base-passwd/$file.master
                if test -e $master && ! test -e /etc/$file; then cp $master /etc/$file; fi
            done

            """
        package.entries = [
            .file("usr/share/base-passwd/passwd.master", Accounts.passwd),
            .file("usr/share/base-passwd/group.master", Accounts.group),
        ]
        package.scripts["preinst"] = script
        package.scripts["postinst"] = script + "test \"$1\" != triggered || echo \"$2\" >> /var/lib/early-docs\n"
        return package
    }

    /// debootstrap makes and removes `/usr/bin/awk` itself, so it comes from an alternative, as in Debian.
    private static func awk(_ base: FixturePackage) -> FixturePackage {
        var package = base
        package.name = "mawk"
        package.essential = false
        package.relations = [("Provides", "awk")]
        package.entries = [.file("usr/bin/mawk", "#!/bin/sh\nexec busybox awk \"$@\"\n", mode: 0o755)]
        package.scripts = [
            "postinst": """
            #!/bin/sh
            set -e
            update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5

            """
        ]
        return package
    }

    private static func busybox(
        _ base: FixturePackage,
        _ libraries: inout HostLibraries
    ) async throws -> FixturePackage {
        var package = base
        package.name = "busybox-static"
        package.relations = [
            ("Pre-Depends", "libc6"), ("Provides", "coreutils, util-linux, mount, login, debianutils, e2fsprogs"),
        ]
        // Debian's busybox runs its own `dpkg` and `tar` when its sh, env, xargs ... are to run those, whatever the PATH
        // holds. So the commands that run commands are the real ones.
        let runners = ["chroot", "env", "find", "nice", "nohup", "setsid", "timeout", "xargs"]
        try await libraries.add(
            [("bin/busybox", "busybox"), ("bin/sh", "dash")] + runners.map { ("usr/bin/\($0)", $0) },
            to: &package
        )
        // What other packages bring, or would be misleading to have.
        let others: Set<String> = [
            "busybox", "linuxrc", "sh", "ash", "hush", "awk", "bash", "tar", "dpkg", "dpkg-deb", "rpm", "rpm2cpio",
            "start-stop-daemon", "init", "ifup", "ifdown", "passwd", "mke2fs", "mkswap", "sulogin", "run-init", "su",
        ]
        let list = try await run("busybox", ["--list-full"]).orThrow().standardOutput
        for path in list.split(separator: "\n").map(String.init) {
            guard let name = path.split(separator: "/").last.map(String.init), !others.contains(name),
                !runners.contains(name)
            else { continue }
            // Relative, so that they are right from outside the root too; but debootstrap, merging /usr, refuses
            // relative links between top-level directories.
            let target =
                switch path.prefix(5) {
                case "sbin/": "/bin/busybox"
                case _ where path.hasPrefix("usr/"): "../../bin/busybox"
                default: "busybox"
                }
            package.entries.append(.link(path, to: target))
        }
        return package
    }

    private static func dpkg(_ base: FixturePackage, _ libraries: inout HostLibraries) async throws -> FixturePackage {
        var package = base
        package.name = "dpkg"
        package.version = "1.21.22"
        package.relations = [("Pre-Depends", "libc6, tar")]
        var programs = [
            "dpkg", "dpkg-deb", "dpkg-divert", "dpkg-query", "dpkg-split", "dpkg-statoverride",
            "dpkg-trigger", "update-alternatives",
        ].map { ("usr/bin/\($0)", $0) }
        programs += [("sbin/start-stop-daemon", "start-stop-daemon")]
        try await libraries.add(programs, to: &package)
        // apt reads the tables too.
        let tables = ["abitable", "cputable", "ostable", "tupletable", "sh/dpkg-error.sh"].map {
            "usr/share/dpkg/\($0)"
        }
        for path in tables + ["usr/bin/dpkg-maintscript-helper", "usr/bin/dpkg-realpath"]
        where fileExists(FilePath("/\(path)")) {
            package.entries.append(.copy(path, of: FilePath("/\(path)"), mode: path.contains("bin") ? 0o755 : 0o644))
        }
        package.entries += [
            "etc/alternatives", "var/lib/dpkg", "var/lib/dpkg/info", "var/lib/dpkg/alternatives",
            "var/lib/dpkg/parts", "var/lib/dpkg/updates", "var/lib/dpkg/triggers",
        ].map { .directory($0) }
        // Without waiting for the disk: a test's root is thrown away.
        package.entries.append(.file("etc/dpkg/dpkg.cfg.d/fixture", "force-unsafe-io\n"))
        return package
    }

    /// Packages that a bootstrap asks for by name, or that tailoring looks for, with nothing or next to nothing in them.
    private static func stubs(_ base: FixturePackage) -> [FixturePackage] {
        let packages = ["perl-base", "debconf"].map { name in
            var package = base
            package.name = name
            package.essential = name == "perl-base"
            return package
        }
        var helpers = base
        helpers.name = "init-system-helpers"
        helpers.entries = InitScripts.helpers
        return packages + [helpers]
    }
}
