import GuestModel
import Provisioning

/// The options of xen-create-image (xen-tools 4.10): which ones Domus has, and which ones it does not have yet.
enum XenToolsOptions {
    /// Options and keys that change what comes out, and that Domus does not have yet: refused, wherever they stand.
    static let missing: [String: String] = [
        "evms": "EVMS is gone from Linux since 2006; use --dir",
        "zpool":
            "guests live in image files (--dir), on logical volumes (--lvm) and other devices (--image-dev) so far",
        "install": "a guest without an installation is not made yet",
        "debootstrap-cmd": "--install-method chooses debootstrap or mmdebstrap",
        "copy-cmd": "the copying is Domus's own",
        "tar-cmd": "the unpacking is Domus's own",
        "cachedir": "packages are not kept between guests yet",
        "p2p": "point-to-point addresses are not configured yet",
        "vlan": "VLANs are not configured yet",
        "ide": "use --disk-device",
        "scsi": "use --disk-device",
        "admins": "xen-shell is not supported",
        "passwd": "use --password-file, or the generated one",
        "finalrole": "use --role",
        "debug": "use --verbose",
        "cdebootstrap": "use --install-method=debootstrap",
    ]

    /// Why an option is passed over, which asks for what is so anyway, or for nothing that the guest would show; nil for all
    /// others. A note says it.
    static func reasonToPassOver(_ name: String, value: String?) -> String? {
        switch name {
        case "nohosts", "no-hosts": "the host's /etc/hosts is never changed"
        case "no-xen-ok": "Xen is not needed to make a guest"
        case "cache": "packages are not kept between guests; --apt-proxy and --base save fetching them"
        case "install" where ["1", "yes"].contains(value): "a guest is installed"
        default: nil
        }
    }

    /// Keys of configuration files that say how, not what: without them the guest is the same, so they are told and
    /// passed over.
    static func isHarmlessInFiles(_ key: String) -> Bool {
        ["cache", "cachedir", "xm", "debootstrap-cmd", "copy-cmd", "tar-cmd", "nohosts", "no-xen-ok"].contains(key)
            || key.hasPrefix("make-fs-") || key.hasPrefix("mount-fs-")
    }

    /// Keys of configuration files that Domus reads.
    static let known: Set<String> = Set([
        "hostname", "dist", "size", "swap", "noswap", "memory", "maxmem", "vcpus", "type", "image", "fs", "partitions",
        "partitionsdir", "dir", "lvm", "lvm-thin", "image-dev", "swap-dev",
        "dontformat", "no-wipe", "layout", "force", "keep", "boot", "hooks",
        "install-method", "install-source", "base", "arch",
        "mirror", "keyring", "apt-proxy", "ip", "dhcp", "gateway", "netmask", "broadcast", "nameserver", "bridge",
        "vifname", "mac", "randommac", "kernel", "initrd", "modules", "pygrub", "pvgrub", "serial-device",
        "initramfs", "disk-device", "accounts", "copyhosts", "password", "password-file", "genpass", "genpass-len",
        "hash-method",
        "role", "role-args", "roledir", "template", "output", "extension", "verbose", "ssh-key", "hook-timeout",
        "no-verify", "gateway6", "nic", "vif", "firmware", "cmdline", "esp", "disk", "xen-version", "format", "cache",
        "security-mirror",
        "components", "ip-pool", "ipfile", "locked", "install-timeout",
    ]).union(SettingsBuilder.options)

    /// Whether a key of a file is one of those with a release in its name, such as `mirror_sid`, or a file system's
    /// options.
    static func isDerived(_ key: String) -> Bool {
        key.hasPrefix("mirror-") || key.hasPrefix("keyring-") || key.hasSuffix("-options")
    }

    /// The spelling with hyphens: xen-tools mixes both.
    static func canonical(_ key: String) -> String { String(key.map { $0 == "_" ? "-" : $0 }) }

    /// Refuses what is not there yet.
    static func check(_ layer: Values.Layer) throws(OptionError) {
        for entry in layer.entries {
            guard let reason = missing[entry.key] else { continue }
            if case .file = entry.place {
                // Switched off it asks for nothing; harmless ones are told elsewhere.
                if isHarmlessInFiles(entry.key) || ["", "0", "no"].contains(entry.value.lowercased()) { continue }
                if entry.key == "install" && entry.value == "1" { continue }
            }
            throw OptionError(
                "\(entry.place): \(entry.key) is an option of xen-tools that Domus does not have yet", hint: reason,
                exit: entry.place.exit)
        }
    }
}
