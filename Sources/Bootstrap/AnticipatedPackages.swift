import GuestModel

/// What the hooks of the phase base will ask for: installed with the rest, in one go, it spares them a run of apt.
///
/// The hooks decide. What is anticipated here and wrong they do not miss, and what is missing here they install.
package struct AnticipatedPackages: Sendable, Equatable {
    /// A package that is wanted, whatever it is called.
    package struct Wish: Sendable, Equatable {
        /// The first that the archive has; none is no error.
        package var names: [String]
        /// Only if one of these recommends it.
        package var recommenders: [String]

        package init(_ names: [String], ifRecommendedBy recommenders: [String] = []) {
            self.names = names
            self.recommenders = recommenders
        }
    }

    package var wishes: [Wish] = []
    /// Whether host keys that a package makes are thrown away.
    package let removesHostKeys: Bool
    /// Whether a hook makes the initial RAM disks, which knows what must be in them.
    package let makesRAMDisks: Bool

    /// - Parameter hooks: the names of those stock hooks that will run: one that the user has replaced asks for other things.
    package init(of spec: GuestSpec, hooks: Set<String>) {
        removesHostKeys = hooks.contains("99-clean-base")
        makesRAMDisks = hooks.contains("86-include-xen-drivers")
        let variables = spec.tailoring.extraVariables
        guard variables["DOMUS_OFFLINE"] == nil else { return }
        if hooks.contains("70-install-ssh") { wishes.append(Wish(["openssh-server"])) }
        if hooks.contains("80-install-kernel"), spec.boot.loader.needsGuestKernel {
            wishes.append(Wish(Self.kernels(of: spec)))
            wishes.append(Wish(["initramfs-tools"]))
            wishes.append(Wish(["zstd"], ifRecommendedBy: ["initramfs-tools-core", "initramfs-tools"]))
        }
        if hooks.contains("83-install-filesystem-tools") {
            let kinds = Set(spec.storage.partitions.compactMap(\.fileSystem))
            if kinds.contains(.xfs) { wishes.append(Wish(["xfsprogs"])) }
            if kinds.contains(.btrfs) { wishes.append(Wish(["btrfs-progs", "btrfs-tools"])) }
        }
    }

    /// As Hooks/base/80-install-kernel has them, with the reasons.
    private static func kernels(of spec: GuestSpec) -> [String] {
        if let own = spec.tailoring.extraVariables["DOMUS_KERNEL_PACKAGE"] { return [own] }
        if spec.release.distribution == .ubuntu {
            return ["linux-image-virtual", "linux-virtual", "linux-image-generic"]
        }
        let machine = spec.architecture.rawValue
        var names: [String] =
            switch spec.architecture {
            case .i386: ["linux-image-686-pae", "linux-image-686"]
            case .armhf: ["linux-image-armmp-lpae", "linux-image-armmp"]
            default: ["linux-image-\(machine)"]
            }
        if !spec.needsGenericKernel { names.insert("linux-image-cloud-\(machine)", at: 0) }
        return names
    }

    /// The packages that these indices have.
    func names(in indices: [PackageIndex]) -> [String] {
        wishes.compactMap { wish in
            if !wish.recommenders.isEmpty {
                let isRecommended = indices.contains { index in
                    wish.recommenders.flatMap(index.stanzas(of:)).contains { stanza in
                        PackageRelation.groups(stanza["recommends"]).joined().contains { wish.names.contains($0.name) }
                    }
                }
                guard isRecommended else { return nil }
            }
            return wish.names.first { name in
                NativePackage.isName(name) && indices.contains { !$0.stanzas(of: name).isEmpty }
            }
        }
    }
}
