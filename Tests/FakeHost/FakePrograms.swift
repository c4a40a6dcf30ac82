import LinuxHost
import SystemPackage

/// Canned programs, with the effects on files that the real ones have, in small.
package enum FakePrograms {
    /// All that making a guest runs, and making its disks larger.
    package static let all = making.merging(FakeFileSystems.programs) { $1 }

    private static let making: [String: FakeHost.Program] = [
        "apt-helper": { process in
            process.write("Origin: Example\n", to: process.command.arguments.last ?? "")
            return .exited(0)
        },
        "mmdebstrap": install,
        "debootstrap": { process in
            let status = install(&process)
            process.write("leftovers", to: root(process) + "/debootstrap/debootstrap.log")
            return status
        },
        "cp": { process in
            if let device = FakeFileSystems.mounted(process) {
                FakeFileSystems.fill(device, isCutShort: process.isCutShort, in: &process.tree)
                return .exited(0)
            }
            guard process.command.arguments.last?.hasSuffix("/root/") == true else { return .exited(1) }
            var target = process.command.arguments.last ?? ""
            target.removeLast()
            fill(target, &process)
            return .exited(0)
        },
        "mke2fs": { process in
            let path = process.command.arguments.last ?? ""
            guard path.hasPrefix("/dev/sd"), !process.isCutShort else { return make(&process) }
            FakeFileSystems.put(
                FakeFileSystems.ext4(size: size(of: path, process.tree), uuid: process.command.value(after: "-U")),
                on: path, in: &process.tree)
            return .exited(0)
        },
        "mkfs.btrfs": make, "mkfs.xfs": make,
        "mkswap": { process in
            let path = process.command.arguments.last ?? ""
            // One that will be looked at.
            guard path.hasSuffix("/swap") || path.hasPrefix("/dev/sd"), !process.isCutShort else {
                return make(&process)
            }
            FakeFileSystems.put(
                FakeFileSystems.swap(
                    size: size(of: path, process.tree),
                    uuid: path.hasPrefix("/dev/") ? process.command.value(after: "--uuid") : nil), on: path,
                in: &process.tree)
            return .exited(0)
        },
        // Everything that is there is a file system to it.
        "wipefs": { process in
            if process.tree.text(process.command.arguments.last ?? "") != "" { process.output = "ext4   \n" }
            return .exited(0)
        },
        "chpasswd": { process in
            let root = process.command.option("root") ?? ""
            process.write("root:$y$hash\n", to: root + "/etc/shadow", mode: 0o640)
            return .exited(0)
        },
        "20-setup-apt": { process in
            process.write(
                "deb http://mirror.example/debian bookworm main\n", to: hookRoot(process) + "/etc/apt/sources.list")
            return .exited(0)
        },
        "40-setup-networking": { process in
            process.write("auto lo\n", to: hookRoot(process) + "/etc/network/interfaces")
            process.write("nameserver 192.0.2.53\n", to: process.command.environment["DOMUS_RESOLV_CONF"] ?? "")
            return .exited(0)
        },
        "71-make-ssh-keys": { process in
            for (kind, key) in [("ed25519", "c2VjcmV0"), ("rsa", "b3RoZXI=")] {
                process.write(
                    "ssh-\(kind) \(key) root@web1\n", to: hookRoot(process) + "/etc/ssh/ssh_host_\(kind)_key.pub")
            }
            return .exited(0)
        },
        "80-install-kernel": { process in
            for file in kernels { process.write(file.text, to: hookRoot(process) + file.path, mode: file.mode) }
            return .exited(0)
        },
        "zz-mine": { process in
            process.write("mine\n", to: hookRoot(process) + "/etc/mine")
            return .exited(0)
        },
        "webserver": { process in
            process.write("role\n", to: hookRoot(process) + "/etc/webserver.conf")
            return .exited(0)
        },
        "xl": xl,
        "wget": { process in
            process.output = "Origin: Example\nDate: some day\nSHA256:\n 0123 456 main/binary-amd64/Packages.xz\n"
            return .exited(0)
        },
        "lvmconfig": { process in
            process.output = "thin_pool_autoextend_threshold=70\n"
            return .exited(0)
        },
        // Looked for, and run by others only.
        "apt-get": { _ in .exited(1) },
    ]

    /// Where ``all``'s xl keeps its domains: a file by each one's name, with its number.
    package static let domains = "/run/xen"

    /// A toolstack on a host that runs Xen.
    package static let xl: FakeHost.Program = { process in
        let words = process.command.arguments
        switch words.first {
        case "list": return .exited(0)
        case "domid":
            guard let number = process.tree.text("\(domains)/\(words[1])") else { return .exited(1) }
            process.output = "\(number)\n"
            return .exited(0)
        case "create":
            process.output += "Parsing config from \(words[1])\n"
            process.write("7", to: "\(domains)/\(FilePath(words[1]).stem ?? "")")
            return .exited(0)
        case "destroy":
            for path in process.tree.snapshot().keys
            where path.hasPrefix("\(domains)/") && process.tree.text(path) == words[1] {
                process.tree.take(path)
            }
            return .exited(0)
        default: fatalError("not faked: xl \(words)")
        }
    }

    /// What ``all`` has of Domus's own: hooks below /usr/share/domus/hooks, the template, and a host as it is before
    /// the first guest.
    package static func bareMachine(template: String) -> FakeTree {
        var tree = FakeTree()
        for directory in ["/etc", "/srv", "/var/log/domus", "/tmp"] { tree.makeDirectories(directory) }
        tree.put("#!/bin/sh\n", at: "/usr/share/domus/hooks/base/20-setup-apt", mode: 0o755)
        tree.put("#!/bin/sh\n", at: "/usr/share/domus/hooks/base/80-install-kernel", mode: 0o755)
        for name in ["40-setup-networking", "71-make-ssh-keys"] {
            tree.put("#!/bin/sh\n", at: "/usr/share/domus/hooks/guest/\(name)", mode: 0o755)
        }
        tree.put("# common\n", at: "/usr/share/domus/hooks/common.sh")
        tree.put(template, at: "/usr/share/domus/templates/xl.cfg.mustache")
        tree.put("#!/bin/sh\n", at: "/etc/xen-tools/hooks.d/zz-mine", mode: 0o755)
        tree.put("#!/bin/sh\n", at: "/etc/xen-tools/role.d/webserver", mode: 0o755)
        tree.put("kernel", at: "/boot/vmlinuz-6.1.0-37-amd64")
        tree.put("ramdisk", at: "/boot/initrd.img-6.1.0-37-amd64")
        return tree
    }

    private static let install: FakeHost.Program = { process in
        fill(root(process), &process)
        process.output += "I: success in 1.0 seconds\n"
        return .exited(0)
    }

    private static func size(of path: String, _ tree: FakeTree) -> Int64 {
        (try? tree.find(path, followsLast: true)).map { tree.entry(of: $0).size } ?? 0
    }

    private static let make: FakeHost.Program = { process in
        // Without its marks, which come last, it is nothing.
        if process.isCutShort, process.command.arguments.last?.hasPrefix("/dev/sd") == true { return .exited(1) }
        let isEmpty = process.command.executable == "mke2fs" && process.command.value(after: "-d") == nil
        process.fill(
            process.command.arguments.last ?? "",
            with: isEmpty ? FakeFileSystems.empty : "made by \(process.command.executable)")
        return .exited(0)
    }

    private static let system: [(path: String, text: String, mode: UInt32)] = [
        ("/bin/sh", "shell", 0o755), ("/etc/debian_version", "bookworm\n", 0o644), ("/etc/shadow", "root:*:\n", 0o640),
        ("/var/log/dpkg.log", "", 0o644), ("/boot/.keep", "", 0o644),
        (
            "/var/lib/dpkg/status", "Package: e2fsprogs\nStatus: install ok installed\nVersion: 1.47.0-2\n\n", 0o644
        ),
    ]

    private static let kernels: [(path: String, text: String, mode: UInt32)] = [
        ("/boot/vmlinuz-6.1.0-9-amd64", "kernel 6.1.0-9-amd64", 0o644),
        ("/boot/initrd.img-6.1.0-9-amd64", "ramdisk 6.1.0-9-amd64", 0o644),
        ("/boot/vmlinuz-6.1.0-37-amd64", "kernel 6.1.0-37-amd64", 0o644),
        ("/boot/initrd.img-6.1.0-37-amd64", "ramdisk 6.1.0-37-amd64", 0o644),
    ]

    private static func fill(_ root: String, _ process: inout FakeProcess) {
        for file in system { process.write(file.text, to: root + file.path, mode: file.mode) }
    }

    /// A base, as it is when it is mounted.
    static func putSystem(at root: String, in tree: inout FakeTree) {
        for file in system + kernels { tree.put(file.text, at: root + file.path, mode: file.mode) }
    }

    /// The target of a bootstrap tool: its first absolute path that is no option's.
    private static func root(_ process: FakeProcess) -> String {
        process.command.arguments.first { $0.hasPrefix("/") } ?? ""
    }

    /// The tree that a hook gets as its first argument.
    private static func hookRoot(_ process: FakeProcess) -> String { process.command.arguments.first ?? "" }
}
