import GuestModel

/// What depends on the release of Xen that is to read the configuration.
extension GuestConfiguration {
    /// What a guest of this type says beside its own keys, unless it was told otherwise.
    static func defaults(_ type: GuestType, _ boot: BootMethod, _ version: XenVersion) -> [Setting] {
        guard type.hasFirmware else { return [] }
        var settings = machineSettings(type).map { Setting($0.key, $0.value) }
        if case .firmware(.ovmf) = boot {
            settings.append(Setting(version.hasTypes ? "firmware" : "bios", .string("ovmf")))
        }
        return settings
    }

    /// What an emulated machine has, by whether its kernel knows Xen.
    package static func machineSettings(_ type: GuestType) -> [(key: String, value: XenConfigValue)] {
        [
            ("xen_platform_pci", .number(type == .pvhvm ? "1" : "0")),
            // The console of an emulated machine is its serial port: what xl console shows.
            ("serial", .string("pty")),
            // Nobody looks at its screen, which everybody on the host could.
            ("vnc", .number("0")), ("sdl", .number("0")),
        ]
    }

    /// The xl that reads the file as what is to read it does: the first one is as old as the last xm, and kept its words.
    package var readingVersion: XenVersion { toolstack == .xm ? .oldest : max(version, .oldest) }

    /// Keys that are written for what they say elsewhere.
    package static let ownKeys: Set<String> = [
        "bootloader", "builder", "cmdline", "disk", "extra", "kernel", "maxmem", "memory", "name", "ramdisk", "root",
        "type", "uuid", "vcpus", "vif",
    ]

    /// - Throws: ``XenConfigError`` for what the release does not have.
    func checkRelease() throws(XenConfigError) {
        func fail(_ message: String, hint: String? = nil) -> XenConfigError {
            XenConfigError("the configuration of \(name) cannot be made: \(message)", hint: hint)
        }
        if toolstack == .xm, version >= XenVersion(4, 5) {
            throw fail("xm is gone since Xen 4.5, and it is to be for \(version)", hint: "name the release that has it")
        }
        if type == .pvh, !version.hasTypes {
            // From 4.4 to 4.9 there was pvh=1, for kernels of its own (PVHv1).
            throw fail("there are no PVH guests before Xen 4.10, and it is to be for \(version)", hint: "use --type=pv")
        }
        if case .firmware(let firmware) = boot {
            guard type.hasFirmware else { throw fail("a \(type) guest has no firmware to start from its disk") }
            if firmware == .ovmf, version < XenVersion(4, 2) || toolstack == .xm {
                throw fail("Xen \(version) has no UEFI for guests", hint: "leave --firmware=ovmf out")
            }
        } else if type.hasFirmware {
            // What QEMU puts into its memory, beside SeaBIOS (xl.cfg(5), "Direct Kernel Boot"; xl ignored it before 4.5).
            guard case .directKernel = boot, version >= XenVersion(4, 5) else {
                throw fail("an emulated machine starts from its disk, not with a kernel of the host")
            }
        }
        for (index, setting) in settings.enumerated() {
            guard !Self.ownKeys.contains(setting.key) else {
                throw fail("\"\(setting.key)\" is written for what it says elsewhere")
            }
            guard !settings[..<index].contains(where: { $0.key == setting.key }) else {
                throw fail("\"\(setting.key)\" is set twice")
            }
        }
    }

    /// A disk as the release reads it.
    func text(of disk: DiskEntry) throws(XenConfigError) -> String {
        hasOldDisks ? try disk.spec.oldText : disk.spec.text
    }

    func text(of disk: FurtherDisk) throws(XenConfigError) -> String {
        hasOldDisks ? try disk.spec.oldText : disk.text
    }

    private var hasOldDisks: Bool { version < XenVersion(4, 2) || toolstack == .xm }
}

extension XenVersion {
    /// Whether it knows the key `type`, and PVH with it (c7dfe4ac58).
    package var hasTypes: Bool { self >= XenVersion(4, 10) }

}

extension DiskSpec {
    /// The string in the form of xm, which is all that xl 4.1 reads: `phy:/dev/vg/web1,xvda,w`.
    ///
    /// - Throws: ``XenConfigError`` for what has no such form.
    package var oldText: String {
        get throws(XenConfigError) {
            func fail(_ what: String) -> XenConfigError {
                XenConfigError(
                    "the disk \(vdev) cannot be written for Xen before 4.2: \(what)", hint: "name a newer --xen-version"
                )
            }
            guard let target else { throw fail("an empty drive has no form there") }
            guard !target.contains(",") else { throw fail("its path \(target) has a comma, which ends it there") }
            guard script == nil, specification == nil else { throw fail("it has parameters that are none there") }
            let prefix =
                switch format {
                case .raw: target.hasPrefix("/dev/") ? "phy:" : "file:"
                case .qcow2, .qcow, .vhd: "tap:\(format.rawValue):"
                case .qed, .empty: throw fail("the format \(format.rawValue) is none there")
                }
            let kind = isCDROM ? ":cdrom" : ""
            let server = backend.map { ",\($0)" } ?? ""
            return "\(prefix)\(target),\(vdev)\(kind),\(access == .readOnly ? "r" : "w")\(server)"
        }
    }
}
