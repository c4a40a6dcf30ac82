import Archives
import GuestModel
import LinuxHost
import SystemPackage
import XenConfig

/// Looks at what a configuration names of this host: files, volumes and bridges that must be there, and kernels that must
/// boot.
package struct HostCheck: Sendable {
    let host: Host
    private let version: XenVersion

    package init(host: Host, version: XenVersion) {
        self.host = host
        self.version = version
    }

    package func problems(of reading: ConfigurationReading) -> [Problem] {
        let pieces = GuestPieces(of: reading, on: host)
        return files(of: reading) + kernel(of: reading) + disks(of: reading) + bridges(of: reading)
            + root(of: reading, on: pieces) + ramdisk(of: reading) + system(of: reading, on: pieces)
    }

    // MARK: Files

    private static let fileKeys = [
        "kernel", "ramdisk", "bootloader", "bios_path_override", "device_model_override", "firmware_override",
        "acpi_firmware", "smbios_firmware", "device_tree", "pvshim_path", "stubdomain_kernel", "stubdomain_ramdisk",
    ]

    /// Values that are words of xl, not paths; xl looks for pygrub where its own programs are.
    private static let words: [String: Set<String>] = [
        "bootloader": ["pygrub", "eliloader"], "firmware_override": ["ovmf"],
    ]

    private func files(of reading: ConfigurationReading) -> [Problem] {
        Self.fileKeys.compactMap { key in
            guard let path = reading.file[key]?.text, !path.isEmpty, Self.words[key]?.contains(path) != true else {
                return nil
            }
            let position = reading.file.position(of: key)
            guard path.hasPrefix("/") else {
                guard key != "bootloader" else { return nil }
                return Problem(
                    severity: .warning, message: "\"\(key)\" is \"\(path)\", which xl looks for where it is started",
                    hint: "write the whole path", position: position)
            }
            return missing(path, what: "\"\(key)\" is", position)
        }
    }

    /// A problem unless there is something at that place.
    private func missing(_ path: String, what: String, _ position: XenConfigError.Position?) -> Problem? {
        do {
            guard let entry = try host.files.entry(at: host.files.resolved(FilePath(path))) else {
                return Problem(severity: .error, message: "\(what) \(path), which is not there", position: position)
            }
            guard entry.kind != .directory else {
                return Problem(severity: .error, message: "\(what) \(path), a directory", position: position)
            }
            return nil
        } catch {
            let isAbsent = error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory
            return Problem(
                severity: .error,
                message: "\(what) \(path), which \(isAbsent ? "is not there" : "cannot be looked at: \(error)")",
                position: position)
        }
    }

    // MARK: The kernel

    private func kernel(of reading: ConfigurationReading) -> [Problem] {
        // What an HVM guest boots, QEMU loads.
        // Neither is a pipe waited for, nor a device read.
        guard reading.type != "hvm", let path = reading.file["kernel"]?.text, path.hasPrefix("/"),
            let entry = try? host.files.entry(at: host.files.resolved(FilePath(path))), entry.kind == .file,
            let image = try? KernelImage(reading: { offset, count throws(HostError) in
                try host.files.bytes(of: FilePath(path), at: Int64(offset), count: count)
            })
        else { return [] }
        func problem(_ message: String, hint: String? = nil) -> Problem {
            Problem(
                severity: .error, message: "the kernel \(path) \(message)", hint: hint,
                position: reading.file.position(of: "kernel"))
        }
        if image.kind == .unknown { return [problem("is no kernel that xl can load")] }
        if let packing = image.compression, !image.isUnpacked(by: version) {
            return [
                problem(
                    "is packed with \(packing.rawValue), which Xen \(version) does not unpack",
                    hint: "Xen reads xz since 4.2, lz4 since 4.4 and zstd since 4.15")
            ]
        }
        if reading.type == "pvh", !image.canBePVH {
            return [
                problem("is Linux \(image.release ?? ""); a PVH guest needs 4.11", hint: "make the guest PV or HVM")
            ]
        }
        return []
    }

    /// A guest without an emulated machine has Xen's disks and no others.
    private func ramdisk(of reading: ConfigurationReading) -> [Problem] {
        guard reading.type != "hvm", let name = reading.file["ramdisk"]?.text, name.hasPrefix("/"),
            !reading.summary.disks.isEmpty, let path = try? host.files.resolved(FilePath(name)),
            let entry = try? host.files.entry(at: path), entry.kind == .file, entry.size <= 512 << 20
        else { return [] }
        let position = reading.file.position(of: "ramdisk")
        do {
            let disk = try InitialRAMDisk(path: path)
            // An installer loads the drivers that it lacks from its mirror.
            let isInstaller = disk.names.contains { $0.hasSuffix("lib/debian-installer") }
            guard disk.has("xen-blkfront") == false, !isInstaller else { return [] }
            return [
                Problem(
                    severity: .error,
                    message:
                        "the initial RAM disk \(name) has drivers, and not xen-blkfront, by which the guest has disks",
                    hint:
                        "write xen-blkfront into /etc/initramfs-tools/modules where it was made, run update-initramfs -u, and "
                        + "copy what comes out to that place",
                    position: position)
            ]
        } catch {
            return [Problem(severity: .warning, message: error.message, position: position)]
        }
    }

    // MARK: Devices

    private func disks(of reading: ConfigurationReading) -> [Problem] {
        reading.summary.disks.compactMap { disk in
            // What a script makes of a target, and what another domain has, is not known here.
            guard let target = disk.target, !target.isEmpty, disk.script == nil, disk.backend == nil else { return nil }
            let position = reading.file.position(of: "disk")
            guard target.hasPrefix("/") else {
                return Problem(
                    severity: .warning, message: "the disk \(disk.vdev) is \"\(target)\", which is no whole path",
                    hint: "write the whole path", position: position)
            }
            return missing(target, what: "the disk \(disk.vdev) is", position)
        }
    }

    private func bridges(of reading: ConfigurationReading) -> [Problem] {
        reading.summary.vifs.compactMap { vif in
            // Open vSwitch and others have scripts of their own, and another domain has bridges of its own.
            guard let bridge = vif.bridge, vif.script == nil || vif.script?.hasSuffix("vif-bridge") == true,
                !vif.others.contains(where: { $0.hasPrefix("backend=") }),
                let name = FilePath.Component(bridge)
            else { return nil }
            let path = FilePath("/sys/class/net").appending(name).appending("bridge")
            guard (try? host.files.entry(at: path)) == nil else { return nil }
            return Problem(
                severity: .error, message: "the bridge \(bridge) does not exist on this host",
                hint: "ip link add \(bridge) type bridge makes it until the next boot",
                position: reading.file.position(of: "vif"))
        }
    }
}
