import SystemPackage

extension GuestSpec {
    /// How the guest's kernel is found at boot.
    package struct Boot: Sendable, Hashable {
        package var loader: Loader
        /// The guest's console, without `/dev/`: `hvc0`.
        package var serialDevice: String
        /// A directory below /lib/modules of the host to copy into the guest.
        package var modules: FilePath?
        /// What the initial RAM disk of the guest's own kernel holds.
        package var drivers: Drivers
        /// The firmware for which a partitioned disk gets a boot loader.
        package var diskLoaders: Set<Firmware>
        /// Words that the kernel is told beside Domus' own; empty for none.
        package var kernelOptions: String

        package init(
            loader: Loader, serialDevice: String = "hvc0", modules: FilePath? = nil, drivers: Drivers = .virtual,
            diskLoaders: Set<Firmware> = [], kernelOptions: String = ""
        ) {
            self.loader = loader
            self.serialDevice = serialDevice
            self.modules = modules
            self.drivers = drivers
            self.diskLoaders = diskLoaders
            self.kernelOptions = kernelOptions
        }

        /// What an emulated machine starts with.
        package enum Firmware: String, Sendable, Hashable, CaseIterable {
            /// SeaBIOS.
            case bios
            /// UEFI, by OVMF.
            case ovmf
        }

        /// The drivers by which the guest finds its root file system.
        package enum Drivers: String, Sendable, Hashable, CaseIterable {
            /// Those of virtual machines: Xen's, and those of other hypervisors.
            case virtual
            /// Nearly all that the kernel has (`MODULES=most` of initramfs.conf(5), Debian's own choice).
            case most
        }

        /// What xl starts.
        package enum Loader: Sendable, Hashable {
            /// A kernel of the host.
            case hostKernel(kernel: FilePath, initrd: FilePath?)
            /// The guest's own kernel, copied out of it beside its images.
            case ownKernel
            /// The guest's own kernel, found by pygrub(8) in dom0.
            case pygrub
            /// The guest's own kernel, found by GRUB for Xen at this path of dom0.
            case pvgrub(FilePath)
            /// The guest's own kernel, found by the boot loader on its disk, which the machine's firmware starts.
            case firmware(Firmware)

            /// The host's kernel that it boots with.
            package var hostKernel: FilePath? {
                if case .hostKernel(let kernel, _) = self { kernel } else { nil }
            }

            /// Whether the guest must bring a kernel of its own.
            package var needsGuestKernel: Bool {
                if case .hostKernel = self { false } else { true }
            }
        }
    }
}
