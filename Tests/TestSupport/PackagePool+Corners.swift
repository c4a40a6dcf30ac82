import SystemPackage

extension PackagePool {
    /// Each has a file of its own: dpkg forgets a package all of whose files others have too.
    /// Packages each of which has something that dpkg(1) treats specially; nothing installs them unasked. Together they are
    /// `corners`.
    static func corners(architecture: String) -> [FixturePackage] {
        var packages: [FixturePackage] = []
        func add(
            _ name: String, _ entries: [TreeEntry], _ scripts: [String: String] = [:],
            _ relations: [(field: String, value: String)] = []
        ) {
            let scripts = scripts.mapValues { $0.hasPrefix("#") ? $0 : "#!/bin/sh\nset -e\n\($0)\n" }
            packages.append(
                FixturePackage(
                    name: name, architecture: architecture, relations: relations, entries: entries, scripts: scripts))
        }
        var owned = TreeEntry.file("usr/share/corner-files/set id", "setuid\n", mode: 0o4750)
        owned.group = 8
        var directory = TreeEntry.directory("var/lib/corner-files", mode: 0o2770)
        directory.owner = 1
        directory.group = 8
        add(
            "corner-files",
            [
                owned, directory, .file("usr/share/corner-files/ünïcode", "name\n"),
                .file("usr/share/corner-files/empty", ""),
                .file("usr/share/corner-files/large", String(repeating: "0123456789abcdef", count: 1 << 16)),
                .link("usr/share/corner-files/absolute", to: "/usr/share/corner-files/large"),
                .link("usr/share/corner-files/dangling", to: "../nowhere"),
                TreeEntry(
                    path: "usr/share/corner-files/device", content: .characterDevice(major: 1, minor: 3), mode: 0o620),
                .hardLink("usr/share/corner-files/zz-second", to: "usr/share/corner-files/large"),
                .fifo("usr/share/corner-files/fifo", mode: 0o640),
                .file("bin/corner-in-bin", "#!/bin/sh\n", mode: 0o755),
                .file("usr/share/corner-files/replaced", "of corner-files\n"),
            ])
        add(
            "corner-conffiles",
            [
                .file("etc/corner/plain.conf", "plain\n"), .file("etc/corner/made-before.conf", "of the package\n"),
                .hardLink("etc/corner/second.conf", to: "etc/corner/plain.conf"),
                .file("etc/corner/no-conffile", "plain\n"),
            ],
            [
                "conffiles": "#",
                "preinst": "mkdir -p /etc/corner; echo 'of the script' > /etc/corner/made-before.conf",
            ])
        packages[packages.count - 1].scripts["conffiles"] =
            "/etc/corner/plain.conf\n/etc/corner/made-before.conf\n/etc/corner/second.conf\n"
            + "remove-on-upgrade /etc/corner/gone.conf\n"
        add(
            "corner-diverts", [.file("usr/bin/hello", "#!/bin/sh\necho diverted\n", mode: 0o755)],
            [
                // Its own file must not be there yet.
                "preinst": """
                test "$1" = install
                ! grep -qs diverted /usr/bin/hello
                dpkg-divert --package corner-diverts --add --rename --divert /usr/bin/hello.distrib /usr/bin/hello
                """
            ], [("Depends", "hello")])
        add(
            "corner-replaces", [.file("usr/share/corner-files/replaced", "of corner-replaces\n")], [:],
            [("Replaces", "corner-files (<< 2)")])
        add(
            "corner-tool", [.file("usr/bin/corner-tool", "#!/bin/sh\ncat /var/lib/corner-tool\n", mode: 0o755)],
            ["postinst": "test \"$1\" = configure\ntest -z \"$2\"\necho configured > /var/lib/corner-tool"])
        add(
            "corner-predepends", [.file("usr/share/corner-predepends", "file\n")],
            [
                "preinst": """
                test ! -e /usr/share/corner-predepends
                test "$(corner-tool)" = configured
                test "$DPKG_MAINTSCRIPT_PACKAGE $DPKG_MAINTSCRIPT_NAME" = "corner-predepends preinst"
                grep -q '^Package: corner-predepends$' "$(dirname "$0")/control"
                """
            ], [("Pre-Depends", "corner-tool")])
        add(
            "corner-overrides", [.file("usr/bin/corner-overrides", "#!/bin/sh\n", mode: 0o755)],
            ["preinst": "dpkg-statoverride --add daemon mail 2711 /usr/bin/corner-overrides"])
        add(
            "corner-listens", [.directory("usr/share/corner-docs"), .file("usr/share/corner-listens", "its own\n")],
            [
                "postinst": "echo \"$@\" >> /var/lib/corner-listens",
                "triggers": "#",
            ])
        packages[packages.count - 1].scripts["triggers"] =
            "interest-noawait /usr/share/corner-docs\ninterest corner-named\n# a remark\n"
        add(
            "corner-triggers", [.file("usr/share/corner-docs/page", "page\n")],
            ["postinst": "dpkg-trigger corner-named", "triggers": "#"], [("Depends", "corner-listens")])
        packages[packages.count - 1].scripts["triggers"] = "activate-noawait corner-named\n"
        // Essential ones have been configured by then.
        add(
            "corner-shells", [.file("usr/share/early-docs/page", "page\n")])
        add(
            "corner-link-one",
            [
                .link("usr/share/corner-link", to: "corner-docs"), .directory("usr/share/corner-docs"),
                .file("usr/share/corner-link-one", "its own\n"),
            ])
        add(
            "corner-link-two",
            [
                .link("usr/share/corner-link", to: "corner-docs"), .directory("usr/share/corner-docs"),
                .file("usr/share/corner-link-two", "its own\n"),
            ])
        add(
            "corner-alternative", [.file("usr/bin/corner-one", "#!/bin/sh\n", mode: 0o755)],
            ["postinst": "update-alternatives --install /usr/bin/corner corner /usr/bin/corner-one 10"])
        // Nothing in it, and nobody asked for it.
        add("corner-needed", [])
        add(
            "corners", [], [:],
            [("Depends", (packages.map(\.name) + ["hello"]).joined(separator: ", "))])
        add("corner-plus++", [.file("usr/share/corner-plus", "plus\n")])
        packages[packages.count - 1].version = "1:1.0+b~1"
        // With another's file, and no word about it.
        add("clashes", [.file("usr/bin/hello", "#!/bin/sh\n", mode: 0o755)], [:], [("Depends", "hello")])
        return packages
    }
}
