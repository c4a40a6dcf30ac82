import GuestModel
import Templating

extension GuestConfiguration {
    /// A configuration ready to be written.
    package struct Rendered: Sendable {
        package let text: String
        /// What is not wrong but should be seen; none with the template that Domus brings.
        package let warnings: [Problem]
        /// What the kernel is handed, where xl loads it.
        package let commandLine: String?
    }

    /// The configuration's text, made from a mustache template and read back before anybody writes it.
    ///
    /// The variables are those of ``values(extra:)``.
    ///
    /// - Parameters:
    ///   - template: The template's text; the one that Domus brings is `Templates/xl.cfg.mustache`.
    ///   - file: The template's name for messages.
    ///   - extra: More variables, such as the user's environment, as xen-tools offers it to its templates.
    /// - Throws: `TemplateError` for the template; ``XenConfigError`` when its result would not be this guest.
    package func render(template: String, file: String, extra: [String: String] = [:]) throws -> Rendered {
        let text = try Template(template, file: file, escaping: .xl).render(try values(extra: extra))
        let problems = verify(text)
        let errors = problems.filter { $0.severity == .error }
        if let first = errors.first {
            throw XenConfigError(
                "the template \(file) makes a configuration that xl would not start as asked: "
                    + errors.map(\.description).joined(separator: "; "),
                hint: first.hint
            )
        }
        var commandLine: String?
        if case .directKernel(_, _, let words) = boot { commandLine = words }
        return Rendered(text: text, warnings: problems, commandLine: commandLine)
    }

    /// The template's variables.
    ///
    /// `name`, `memory`, `vcpus`, `on_poweroff`, `on_reboot` and `on_crash` are always there; `uuid`, `maxmem`, `kernel`,
    /// `ramdisk`, `cmdline` and `bootloader` only where this guest has them. `type` is there for Xen 4.10 and later, and
    /// `builder` for an emulated machine before; `cmdline` gives way to `root_device` and `extra` before Xen 4.5. `disks`,
    /// `vifs` and `settings` are lists:
    /// a disk has `spec` (the whole string), `format`, `vdev`, `access`, `target` and the condition `root`; a vif has
    /// `spec`, `mac`, and where given `bridge`, `vifname` and `ip`; a setting has `key` and `value`, which has
    /// its quotes already. What is in `extra` is there under its own name, unless that name is taken, and under `env.`.
    ///
    /// - Throws: ``XenConfigError`` for what the release of Xen has no form for.
    package func values(extra: [String: String] = [:]) throws(XenConfigError) -> [String: TemplateValue] {
        var disks: [[String: TemplateValue]] = []
        for disk in self.disks { disks.append(try values(of: disk)) }
        for disk in furtherDisks {
            disks.append([
                "spec": .text(try text(of: disk)), "format": .text(disk.spec.format.rawValue),
                "vdev": .text(disk.spec.vdev), "access": .text(disk.spec.access.rawValue),
                "target": .text(disk.spec.target ?? ""), "root": .flag(false),
            ])
        }
        var settings: [[String: TemplateValue]] = []
        for setting in self.settings {
            settings.append(["key": .text(setting.key), "value": .text(try setting.value.printedOnOneLine())])
        }
        var values: [String: TemplateValue] = [
            "name": .text(name.name),
            "uuid": .optional(uuid),
            "type": .optional(version.hasTypes ? type.xlName : nil),
            "builder": .optional(!version.hasTypes && type.hasFirmware ? GuestType.hvm.xlName : nil),
            "memory": .text(String(memory.mebibytes)),
            "maxmem": .optional(maximumMemory.map { String($0.mebibytes) }),
            "vcpus": .text(String(virtualCPUs)),
            "kernel": .absent, "ramdisk": .absent, "cmdline": .absent, "root_device": .absent, "extra": .absent,
            "bootloader": .absent,
            "settings": .list(settings, fields: ["key", "value"]),
            "disks": .list(
                disks,
                fields: ["spec", "format", "vdev", "access", "target", "root"]
            ),
            "vifs": .list(vifs.map(Self.values(of:)), fields: ["spec", "mac", "bridge", "vifname", "ip"]),
            "on_poweroff": .text(onPowerOff.rawValue),
            "on_reboot": .text(onReboot.rawValue),
            "on_crash": .text(onCrash.rawValue),
            "env": .group(extra.mapValues(TemplateValue.text)),
        ]
        switch boot {
        case .directKernel(let kernel, let ramdisk, let commandLine):
            values["kernel"] = .text(kernel.string)
            values["ramdisk"] = .optional(ramdisk?.string)
            for (key, value) in version.keys(ofCommandLine: commandLine) {
                // `root` is a word of disks.
                values[key == "root" ? "root_device" : key] = .text(value)
            }
        case .pygrub:
            values["bootloader"] = .text("pygrub")
        case .pvgrub(let loader):
            values["kernel"] = .text(loader.string)
        case .firmware:
            // What xm takes for the kernel of an emulated machine; xl finds it itself.
            if toolstack == .xm { values["kernel"] = .text("hvmloader") }
        }
        return values.merging(oldValues(values)) { own, _ in own }
            .merging(extra.mapValues(TemplateValue.text)) { own, _ in own }
    }

    /// What the template of xen-tools (xm.tmpl, 4.9.2) calls by another name, so that who turns one into mustache finds all.
    private func oldValues(_ values: [String: TemplateValue]) -> [String: TemplateValue] {
        let first = vifs.first
        let addresses = first?.addresses ?? []
        let root = rootDisk
        let vlan = first?.others.first { $0.hasPrefix("vlan=") }.map { String($0.dropFirst("vlan=".count)) }
        let isPygrub = if case .pygrub = boot { true } else { false }
        return [
            "hostname": values["name"] ?? .absent, "initrd": values["ramdisk"] ?? .absent,
            "mac": .optional(first?.mac?.description), "bridge": .optional(first?.bridge),
            "vifname": .optional(first?.vifName), "vlan": .optional(vlan),
            "ips": .optional(addresses.isEmpty ? nil : addresses.joined(separator: " ")),
            "dhcp": .flag(interfaces.first?.usesDHCP ?? false), "pygrub": .flag(isPygrub),
            "device": .text(String(root.vdev.prefix { !$0.isNumber })),
        ]
    }

    private func values(of disk: DiskEntry) throws(XenConfigError) -> [String: TemplateValue] {
        [
            "spec": .text(try text(of: disk)), "format": .text(disk.format.rawValue), "vdev": .text(disk.vdev),
            "access": .text(disk.access.rawValue), "target": .text(disk.target.string), "root": .flag(disk.isRoot),
        ]
    }

    private static func values(of vif: VifSpec) -> [String: TemplateValue] {
        [
            "spec": .text(vif.text), "mac": .optional(vif.mac?.description), "bridge": .optional(vif.bridge),
            "vifname": .optional(vif.vifName),
            "ip": .optional(vif.addresses.isEmpty ? nil : vif.addresses.joined(separator: " ")),
        ]
    }

    /// Reads a configuration as xl would and compares it with this guest.
    ///
    /// - Returns: Errors, with which the guest must not be started, and warnings, in the order in which they were
    ///   found; empty when all is well.
    package func verify(_ text: String) -> [Problem] {
        do {
            let version = readingVersion
            var check = ConfigurationCheck(try XenConfigFile(parsing: text, for: version), for: version)
            check.compare(with: self)
            if let last = text.utf8.last, last != UInt8(ascii: "\n"), check.problems.isEmpty {
                check.add(.warning, "the text does not end in a line break, at which xl before 4.3 fails")
            }
            return check.problems
        } catch {
            return [Problem(severity: .error, message: error.message, hint: error.hint, position: error.position)]
        }
    }
}
