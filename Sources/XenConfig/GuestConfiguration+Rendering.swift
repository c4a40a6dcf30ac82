import Templating

extension GuestConfiguration {
    /// A configuration ready to be written.
    package struct Rendered: Sendable {
        package let text: String
        /// What is not wrong but should be seen; none with the template that Domus brings.
        package let warnings: [Problem]
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
        let text = try Template(template, file: file, escaping: .xl).render(values(extra: extra))
        let problems = verify(text)
        let errors = problems.filter { $0.severity == .error }
        if let first = errors.first {
            throw XenConfigError(
                "the template \(file) makes a configuration that xl would not start as asked: "
                    + errors.map(\.description).joined(separator: "; "),
                hint: first.hint
            )
        }
        return Rendered(text: text, warnings: problems)
    }

    /// The template's variables.
    ///
    /// `name`, `type`, `memory`, `vcpus`, `on_poweroff`, `on_reboot` and `on_crash` are always there; `uuid`, `maxmem`,
    /// `kernel`, `ramdisk`, `cmdline` and `bootloader` only where this guest has them. `disks` and `vifs` are lists:
    /// a disk has `spec` (the whole string), `format`, `vdev`, `access`, `target` and the condition `root`; a vif has
    /// `spec`, `mac`, and where given `bridge`, `vifname` and `ip`. What is in `extra` is there under its own name,
    /// unless that name is taken, and under `env.`.
    package func values(extra: [String: String] = [:]) -> [String: TemplateValue] {
        var values: [String: TemplateValue] = [
            "name": .text(name.name),
            "uuid": .optional(uuid),
            "type": .text(type.rawValue),
            "memory": .text(String(memory.mebibytes)),
            "maxmem": .optional(maximumMemory.map { String($0.mebibytes) }),
            "vcpus": .text(String(virtualCPUs)),
            "kernel": .absent, "ramdisk": .absent, "cmdline": .absent, "bootloader": .absent,
            "disks": .list(
                disks.map(Self.values(of:)),
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
            values["cmdline"] = .text(commandLine)
        case .pygrub:
            values["bootloader"] = .text("pygrub")
        case .pvgrub(let loader):
            values["kernel"] = .text(loader.string)
        }
        return values.merging(extra.mapValues(TemplateValue.text)) { own, _ in own }
    }

    private static func values(of disk: DiskEntry) -> [String: TemplateValue] {
        [
            "spec": .text(disk.spec.text), "format": .text(disk.format.rawValue), "vdev": .text(disk.vdev),
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
            var check = ConfigurationCheck(try XenConfigFile(parsing: text))
            check.compare(with: self)
            if let last = text.utf8.last, last != UInt8(ascii: "\n") {
                check.add(.warning, "the text does not end in a line break, at which xl before 4.3 fails")
            }
            return check.problems
        } catch {
            return [Problem(severity: .error, message: error.message, hint: error.hint, position: error.position)]
        }
    }
}
