import SystemPackage

extension PackagePool {
    /// Accounts and passwords: chpasswd and useradd with PAM, from this machine.
    static func accountTools(architecture: String, libraries: inout HostLibraries) async throws -> [FixturePackage] {
        var passwd = FixturePackage(name: "passwd", architecture: architecture, priority: "required")
        passwd.relations = [("Depends", "libc6"), ("Provides", "libpam-modules, libpam-runtime")]
        let modules = try await pamModules()
        try await libraries.add(modules.map { (String($0.dropFirst()), $0) }, to: &passwd)
        passwd.entries += [
            .file("etc/pam.d/common-auth", "auth required pam_unix.so\n"),
            .file("etc/pam.d/common-account", "account required pam_unix.so\n"),
            .file("etc/pam.d/common-password", "password required pam_unix.so obscure sha512\n"),
            .file("etc/pam.d/common-session", "session required pam_unix.so\n"),
            .file("etc/pam.d/other", "@include common-auth\n@include common-account\n@include common-password\n"),
        ]
        let programs = ["chpasswd", "useradd", "userdel", "usermod", "groupadd", "groupdel", "groupmod"]
        try await libraries.add(programs.map { ("usr/sbin/\($0)", $0) }, to: &passwd)
        passwd.entries += [
            .file("etc/pam.d/chpasswd", "@include common-password\n"),
            .file("etc/pam.d/passwd", "@include common-password\n"),
            .file("etc/default/useradd", "SHELL=/bin/sh\n"),
            .file(
                "etc/login.defs",
                "MAIL_DIR /var/mail\nUID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nUMASK 022\n"
                    + "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\nENCRYPT_METHOD SHA512\nUSERGROUPS_ENAB yes\n"
            ),
            .file("usr/share/passwd-fixture/shadow", Accounts.shadow, mode: 0o600),
        ]
        passwd.scripts = [
            "postinst": """
            #!/bin/sh
            set -e
            if ! test -e /etc/shadow; then
                cp /usr/share/passwd-fixture/shadow /etc/shadow
                sed 's/:.*/:*::/' /etc/group > /etc/gshadow
                chown root:shadow /etc/shadow /etc/gshadow
                chmod 640 /etc/shadow /etc/gshadow
            fi

            """
        ]
        return [passwd]
    }

    /// The PAM modules beside the C library, where programs look for them.
    private static func pamModules() async throws -> [String] {
        let line = try await run("ldd", [findProgram("chpasswd")?.string ?? "chpasswd"]).standardOutput
        guard let libpam = line.split(whereSeparator: \.isWhitespace).first(where: { $0.hasSuffix("/libpam.so.0") })
        else {
            throw TestSupportError("chpasswd does not use PAM here", hint: FixtureArchive.installHint)
        }
        let directory = libpam.dropLast("libpam.so.0".count)
        return ["pam_unix", "pam_permit", "pam_deny"].map { "\(directory)security/\($0).so" }
    }

    /// apt with what it needs to download and verify, and the archive's key where Debian has it.
    static func packageTools(
        architecture: String,
        libraries: inout HostLibraries,
        keyring: FilePath
    ) async throws -> [FixturePackage] {
        var gpgv = FixturePackage(name: "gpgv", architecture: architecture, priority: "important")
        try await libraries.add([("usr/bin/gpgv", "gpgv")], to: &gpgv)

        var keys = FixturePackage(name: "debian-archive-keyring", architecture: "all", priority: "important")
        keys.relations = [("Provides", "ubuntu-keyring")]
        keys.entries = [
            .copy("usr/share/keyrings/debian-archive-keyring.gpg", of: keyring, mode: 0o644),
            .copy("usr/share/keyrings/ubuntu-archive-keyring.gpg", of: keyring, mode: 0o644),
            .copy("etc/apt/trusted.gpg.d/debian-archive-fixture.gpg", of: keyring, mode: 0o644),
        ]

        var apt = FixturePackage(name: "apt", version: "2.6.1", architecture: architecture, priority: "required")
        apt.relations = [("Depends", "gpgv, debian-archive-keyring")]
        let methods = ["http", "file", "copy", "store", "gpgv"].map { "usr/lib/apt/methods/\($0)" }
        let programs = ["apt-get", "apt-cache", "apt-config", "apt-mark"].map { "usr/bin/\($0)" }
        try await libraries.add(
            (methods + programs + ["usr/lib/apt/apt-helper"]).map { ($0, "/\($0)") },
            to: &apt
        )
        if let script = findProgram("apt-key") { apt.entries.append(.copy("usr/bin/apt-key", of: script)) }
        apt.entries += [
            "etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/auth.conf.d",
            "etc/apt/keyrings", "usr/lib/apt/planners", "usr/lib/apt/solvers", "var/cache/apt/archives/partial",
            "var/lib/apt/lists/partial", "var/lib/apt/mirrors/partial", "var/lib/apt/periodic", "var/log/apt",
        ].map { .directory($0) }
        return [gpgv, keys, apt]
    }

    /// ssh-keygen for real; the server is a stand-in.
    static func secureShell(architecture: String, libraries: inout HostLibraries) async throws -> [FixturePackage] {
        var client = FixturePackage(name: "openssh-client", version: "1:9.2p1-2", architecture: architecture)
        try await libraries.add([("usr/bin/ssh-keygen", "ssh-keygen")], to: &client)

        var server = FixturePackage(name: "openssh-server", version: "1:9.2p1-2", architecture: architecture)
        server.relations = [("Depends", "openssh-client, passwd, init-system-helpers"), ("Provides", "ssh-server")]
        let unit = """
            [Unit]
            Description=OpenBSD Secure Shell server
            [Service]
            ExecStart=/usr/sbin/sshd -D
            [Install]
            WantedBy=multi-user.target
            Alias=sshd.service

            """
        server.entries = [
            .file("usr/sbin/sshd", "#!/bin/sh\nexit 0\n", mode: 0o755),
            .file("etc/init.d/ssh", "#!/bin/sh\nexit 0\n", mode: 0o755),
            .file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n#PermitRootLogin prohibit-password\n"),
            .directory("etc/ssh/sshd_config.d"),
            .file("lib/systemd/system/ssh.service", unit),
        ]
        // The host keys that a base must not share with its guests.
        server.scripts = [
            "conffiles": "/etc/ssh/sshd_config\n/etc/init.d/ssh\n",
            "postinst": """
            #!/bin/sh
            set -e
            for type in ed25519 ecdsa rsa; do
                key=/etc/ssh/ssh_host_${type}_key
                bits=
                test $type != rsa || bits='-b 2048'
                test -e $key || ssh-keygen -q -t $type $bits -f $key -N '' -C root@fixture
            done
            if test -d /run/systemd/system || test -x /bin/systemctl; then
                mkdir -p /etc/systemd/system/multi-user.target.wants
                ln -sf /lib/systemd/system/ssh.service /etc/systemd/system/multi-user.target.wants/ssh.service
            else
                update-rc.d ssh defaults
            fi
            invoke-rc.d ssh start

            """,
        ]
        return [client, server]
    }

    /// Packages for tests to ask for, the bad ones too.
    static func extras(architecture: String) -> [FixturePackage] {
        func package(_ name: String, _ entries: [TreeEntry], _ scripts: [String: String] = [:]) -> FixturePackage {
            FixturePackage(name: name, architecture: architecture, entries: entries, scripts: scripts)
        }
        let sudo = TreeEntry.directory("etc/sudoers.d", mode: 0o750)
        return [
            package(
                "hello",
                [
                    .file("usr/bin/hello", "#!/bin/sh\necho 'Hello, world!'\n", mode: 0o755),
                    .file("usr/share/hello/text", "Hello, world!\n"),
                ]),
            package("fails-to-install", [], ["postinst": "#!/bin/sh\necho 'this package fails' >&2\nexit 3\n"]),
            package("hangs-at-install", [], ["postinst": "#!/bin/sh\nsleep 3600\n"]),
            package("sudo", [sudo, .file("etc/sudoers", "root ALL=(ALL:ALL) ALL\n", mode: 0o440)]),
            package(
                "locales",
                [
                    .file("etc/locale.gen", "# en_US.UTF-8 UTF-8\n# de_DE.UTF-8 UTF-8\n"),
                    .file(
                        "usr/sbin/locale-gen",
                        "#!/bin/sh\nmkdir -p /usr/lib/locale\n"
                            + "grep -v '^#' /etc/locale.gen > /usr/lib/locale/fixture-generated\nexit 0\n",
                        mode: 0o755
                    ),
                    .file(
                        "usr/sbin/update-locale",
                        "#!/bin/sh\nfor word; do echo \"$word\"; done > /etc/default/locale\n",
                        mode: 0o755
                    ),
                ]
            ),
            package("isc-dhcp-client", [.file("sbin/dhclient", "#!/bin/sh\nexit 0\n", mode: 0o755)]),
        ]
    }
}
