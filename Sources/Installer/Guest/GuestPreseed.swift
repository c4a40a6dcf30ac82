import GuestModel
import Templating

/// The answers for a guest's installer, from its specification: `Templates/installer/preseed.cfg.mustache` with its blanks
/// filled.
package struct GuestPreseed: Sendable {
    package let spec: GuestSpec

    package init(_ spec: GuestSpec) {
        self.spec = spec
    }

    /// - Parameters:
    ///   - template: the template's text, and its name for messages.
    ///   - passwordHash: root's, as crypt(5) has it; nil for an account that nobody logs in to by password.
    /// - Throws: `TemplateError`, ``InstallerError`` for what the installer cannot be told.
    package func text(template: String, file: String, passwordHash: String?) throws -> String {
        try Template(template, file: file, escaping: .plain).render(values(passwordHash: passwordHash))
    }

    /// What the installer does not do of what was asked for, for the user to know.
    package var warnings: [String] {
        var warnings: [String] = []
        let first = spec.interface
        if first.fixedAddresses.count > 1 {
            warnings.append(
                "the installer gives the first interface one address, \(first.fixedAddresses[0]): the others are left to you"
            )
        }
        if spec.install.security != nil, (try? securityHost) == .some(nil) {
            warnings.append(
                "the installer knows no security updates but those of http://HOST/debian-security: the guest is installed "
                    + "without")
        }
        if !spec.furtherInterfaces.isEmpty {
            warnings.append("the installer sets up the first interface only: the others are left to you")
        }
        return warnings
    }

    func values(passwordHash: String?) throws(InstallerError) -> [String: TemplateValue] {
        let mirror = try MirrorParts(spec.install.mirror)
        if let proxy = spec.install.proxy { _ = try MirrorParts(proxy) }
        var values: [String: TemplateValue] = [
            "hostname": .text(spec.hostname.short), "domain": .text(spec.hostname.domain ?? ""),
            "mirror_protocol": .text(mirror.scheme), "mirror_host": .text(mirror.host),
            "mirror_directory": .text(mirror.directory), "proxy": .text(spec.install.proxy ?? ""),
            "suite": .text(spec.release.codename), "password_hash": .text(passwordHash ?? Self.locked),
            "disk": .text("/dev/\(disk)"), "recipe": .text(recipe), "boot_device": .text("/dev/\(disk)"),
            "packages": .text((["openssh-server"] + spec.install.include).joined(separator: " ")),
            "console": .text(spec.installerConsole), "has_loader": .flag(!spec.architecture.isArm),
            "unverified": .flag(spec.install.verification == .disabled),
        ]
        for (name, component) in [
            ("contrib", "contrib"), ("non_free", "non-free"), ("non_free_firmware", "non-free-firmware"),
        ] {
            values[name] = .text(spec.install.components.contains(component) ? "true" : "false")
        }
        values["security_host"] = .optional(try securityHost)
        for (name, value) in network { values[name] = value }
        return values
    }

    /// The installer asks for the host alone, and knows the directory; nil where that is another.
    private var securityHost: String? {
        get throws(InstallerError) {
            guard let security = spec.install.security else { return nil }
            let parts = try MirrorParts(security.mirror)
            let known = spec.release.distribution == .debian ? "/debian-security" : "/ubuntu"
            return parts.scheme == "http" && parts.directory == known ? parts.host : nil
        }
    }

    /// What the installer calls the disk: an emulated machine without Xen's drivers sees a SCSI disk.
    private var disk: String { spec.machine.type == .hvm ? "sda" : spec.storage.diskDevice }

    private var network: [String: TemplateValue] {
        let interface = spec.interface
        let addresses = interface.fixedAddresses
        guard let address = addresses.first(where: { $0.address.isIPv4 }) ?? addresses.first else {
            return [
                "static": .flag(false), "address": .absent, "netmask": .absent, "gateway": .absent,
                "nameservers": .absent,
            ]
        }
        let isIPv4 = address.address.isIPv4
        let gateway = isIPv4 ? interface.gateway : interface.gateway6
        return [
            "static": .flag(true),
            // The prefix is part of an IPv6 address (netcfg(8) of d-i, since 1.74).
            "address": .text(isIPv4 ? address.address.description : address.description),
            "netmask": .optional(address.netmask?.description),
            "gateway": .text(gateway?.description ?? "none"),
            "nameservers": .text(interface.nameservers.map(\.description).joined(separator: " ")),
        ]
    }

    /// The partitions in partman-auto's words (its doc/devel/partman-auto-recipe.txt): least, wanted and largest size of each
    /// in megabytes, and what becomes of it.
    var recipe: String {
        var parts = ["domus ::"]
        // Where the disk gets a GUID partition table: GRUB's for a BIOS.
        if !spec.architecture.isArm { parts.append("1 1 1 free $iflabel{ gpt } $reusemethod{ } method{ biosgrub } .") }
        let partitions = spec.storage.partitions
        for partition in partitions {
            let size = partition.size.bytes / 1_000_000
            let isRoot = partition.mountPoint == "/"
            // The root takes what rounding leaves, or lacks.
            let sizes = isRoot ? "\(max(size * 9 / 10, 1)) \(size) -1" : "\(size) \(size) \(size)"
            let place = partitions.count <= 3 ? "$primary{ } " : ""
            switch partition.content {
            case .swap: parts.append("\(sizes) linux-swap \(place)method{ swap } format{ } .")
            case .fileSystem(let kind, let mountPoint):
                let options = partition.mountOptions.split(separator: ",").filter { Self.known.contains(String($0)) }
                    .map { " options/\($0){ \($0) }" }.joined()
                parts.append(
                    "\(sizes) \(kind.rawValue) \(place)\(isRoot ? "$bootable{ } " : "")method{ format } format{ } "
                        + "use_filesystem{ } filesystem{ \(kind.rawValue) } mountpoint{ \(mountPoint) }\(options) .")
            }
        }
        return parts.joined(separator: " ")
    }

    /// No password is this one's hash. The installer would ask without any answer, and takes a mere `!` for none (seen with
    /// user-setup 1.107).
    package static let locked = "*"

    /// The mount options that partman offers for every file system; it writes `errors=remount-ro` itself.
    private static let known: Set<String> = [
        "noatime", "nodiratime", "relatime", "nodev", "nosuid", "noexec", "sync", "ro",
    ]
}

extension GuestSpec {
    /// The console that the installer, and the installed system, are on.
    package var installerConsole: String { machine.type.hasFirmware ? "ttyS0" : boot.serialDevice }
}

/// An archive's address as d-i asks for it.
struct MirrorParts {
    let scheme: String
    let host: String
    let directory: String

    init(_ address: String) throws(InstallerError) {
        let shown = MirrorURL.redacted(address)
        guard let mark = address.firstRange(of: "://"),
            ["http", "https", "ftp"].contains(String(address[..<mark.lowerBound]))
        else {
            throw InstallerError(
                "the guest's installer cannot install from \(shown): it fetches packages by http, https or ftp, over the "
                    + "guest's network", hint: "give a mirror that the guest reaches: --mirror=http://...",
                cause: .usage)
        }
        scheme = String(address[..<mark.lowerBound])
        let rest = address[mark.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let host = rest[..<slash]
        guard !host.contains("@") else {
            throw InstallerError(
                "the installer would keep the password in the address of \(shown) where everybody in the guest reads it",
                hint: "give a mirror without one", cause: .usage)
        }
        self.host = String(host)
        directory = slash == rest.endIndex ? "/" : String(rest[slash...])
    }
}
