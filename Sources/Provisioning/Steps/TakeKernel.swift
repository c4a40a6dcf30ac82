import GuestModel
import LinuxHost
import SystemPackage
import Tailoring
import XenConfig

/// Finds the kernel that the guest will boot, checks that it can be booted the way the guest is to be, and copies it
/// out of the guest when xl is to load it from dom0.
struct TakeKernel: Step {
    let loader: GuestSpec.Boot.Loader
    let type: GuestType

    var summary: String {
        switch loader {
        case .hostKernel(let kernel, _): "Use the kernel \(kernel)"
        case .ownKernel: "Take the guest's kernel"
        case .pygrub, .pvgrub, .firmware: "Find the guest's kernel"
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        if case .hostKernel(let kernel, let initrd) = loader {
            findings.kernel = .init(version: Self.version(of: kernel), path: kernel, initrd: initrd)
            let files = context.host.files
            let image = try KernelImage { offset, count throws(HostError) in
                try files.bytes(of: kernel, at: Int64(offset), count: count)
            }
            try checkUnpacking(kernel.string, image, by: context.spec.configuration.xenVersion)
            try checkType(findings.kernel?.version)
            findings.features.kernel = findings.kernel?.version.map { VersionNumbers.leading(in: $0) }
            return
        }
        let files = context.host.files
        let names = try files.names(in: "/boot", inTree: context.paths.root)
        let versions = names.filter { $0.hasPrefix("vmlinuz-") }.map { String($0.dropFirst("vmlinuz-".count)) }
        guard
            let version = versions.max(by: { left, right in
                VersionNumbers.all(in: left).lexicographicallyPrecedes(VersionNumbers.all(in: right))
            })
        else {
            throw TailoringError(
                "the guest has no kernel: nothing in its /boot is named vmlinuz-*",
                hint: "--kernel=FILE and --initrd=FILE boot it with a kernel of the host")
        }
        let initrd = names.contains("initrd.img-\(version)") ? "initrd.img-\(version)" : nil
        guard initrd != nil || !context.spec.install.method.installsPackages else {
            throw TailoringError(
                "the guest's kernel \(version) has no initrd.img-\(version) beside it, without which it finds no disk",
                hint: "the log tells why update-initramfs did not make it")
        }
        findings.kernel = .init(version: version, path: nil, initrd: nil)
        findings.features.kernel = VersionNumbers.leading(in: version)
        try checkType(version)
        let path = "/boot/vmlinuz-\(version)"
        if loader == .ownKernel {
            let directory = context.spec.storage.guestDirectory(of: context.spec.hostname)
            let taken =
                [("vmlinuz-\(version)", \Findings.Kernel.path)] + (initrd.map { [($0, \Findings.Kernel.initrd)] } ?? [])
            for (name, keyPath) in taken {
                _ = try files.copyOut(
                    "/boot/\(name)", ofTree: context.paths.root, to: context.paths.guest.appending(name), mode: 0o600)
                findings.kernel?[keyPath: keyPath] = directory.appending(name)
            }
            // Of the copy, which needs not be read as a whole, and is nobody else's.
            let copy = context.paths.guest.appending("vmlinuz-\(version)")
            findings.kernel?.image = try KernelImage { offset, count throws(HostError) in
                try files.bytes(of: copy, at: Int64(offset), count: count)
            }
            try checkUnpacking(path, findings.kernel?.image, by: context.spec.configuration.xenVersion)
            return
        }
        if let bytes = try files.contents(of: path, inTree: context.paths.root, limit: 256 << 20) {
            findings.kernel?.image = KernelImage { offset, count in Array(bytes.dropFirst(offset).prefix(count)) }
        }
        switch loader {
        case .pygrub: try checkUnpacking(path, findings.kernel?.image, by: context.spec.configuration.xenVersion)
        case .pvgrub where type == .pv: try checkCompression(path, findings.kernel?.image)
        default: break
        }
    }

    /// The word behind `vmlinuz-`.
    private static func version(of kernel: FilePath) -> String? {
        guard let name = kernel.lastComponent?.string, let dash = name.firstIndex(of: "-") else { return nil }
        return String(name[name.index(after: dash)...])
    }

    func checkType(_ version: String?) throws(TailoringError) {
        guard type == .pvh, let version, !KernelImage.canBePVH(release: version) else { return }
        throw TailoringError(
            "the kernel \(version) cannot be a PVH guest: that needs Linux 4.11 or later", hint: "use --type=pv")
    }

    private func checkCompression(_ path: String, _ image: KernelImage?) throws(TailoringError) {
        guard let image, !image.bootsUnderPVGrub else { return }
        throw TailoringError(
            "GRUB for Xen cannot boot the guest's \(path) as a PV guest"
                + (image.compression.map { ": it is compressed with \($0.rawValue)" } ?? ""),
            hint: "use --type=pvh, or leave --pvgrub out")
    }

    func checkUnpacking(_ path: String, _ image: KernelImage?, by version: XenVersion) throws(TailoringError) {
        guard let image, !image.isUnpacked(by: version), let compression = image.compression else { return }
        throw TailoringError(
            "Xen \(version) cannot unpack the guest's \(path), which is compressed with \(compression.rawValue)",
            hint: version.hasTypes
                ? "--type=pvh --pvgrub lets it unpack itself; or use a newer Xen"
                : "a kernel that is packed with gzip does, by DOMUS_KERNEL_PACKAGE or --kernel; or a newer Xen")
    }
}
