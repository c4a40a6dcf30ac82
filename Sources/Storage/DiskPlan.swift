import GuestModel
import SystemPackage

/// Which drives a guest has, where they are, and how the guest sees its partitions. Pure: it follows from the
/// specification.
package struct DiskPlan: Sendable, Equatable {
    /// A partition with its place.
    package struct Slot: Sendable, Equatable {
        package let partition: Partition
        /// As the guest sees it: `xvda2`.
        package let device: String
        /// The number behind the disk's name.
        package let number: Int
        /// The name of its drive, or of the drive that it is a slice of.
        package let drive: String
    }

    /// What xl is told of: an image file, a volume or another block device.
    package struct Drive: Sendable, Equatable {
        /// `disk`, or its partition's name.
        package let name: String
        /// As the guest sees it: `xvda2`, or `xvda` with a partition table.
        package let device: String
        package let place: Place

        /// Where it is in the end.
        package enum Place: Sendable, Equatable {
            case file(FilePath)
            case volume(VolumePath)
            case device(FilePath)
        }

        package var path: FilePath {
            switch place {
            case .file(let path), .device(let path): path
            case .volume(let volume): FilePath(volume.device)
            }
        }
    }

    package let slots: [Slot]
    /// In the order of the guest's partitions.
    package let drives: [Drive]
    package let layout: GuestSpec.Storage.Layout
    package let diskDevice: String

    /// Whether a partitioned disk has an EFI system partition, its second.
    package let hasEFISystem: Bool

    /// Numbers as xen-tools gives them: in order from 1; the partitioned layout begins with GRUB's boot partition, and the
    /// EFI system partition where there is one.
    ///
    /// - Throws: ``ValueError`` where a volume cannot be called after the guest.
    package init(_ storage: GuestSpec.Storage, of hostname: Hostname) throws(ValueError) {
        layout = storage.layout
        diskDevice = storage.diskDevice
        hasEFISystem = storage.layout == .disk && storage.hasEFISystem
        let first = storage.layout == .disk ? hasEFISystem ? 3 : 2 : 1
        slots = storage.partitions.enumerated().map { index, partition in
            Slot(
                partition: partition, device: "\(storage.diskDevice)\(index + first)", number: index + first,
                drive: storage.layout == .disk ? "disk" : partition.name)
        }
        let names = storage.layout == .disk ? [("disk", storage.diskDevice)] : slots.map { ($0.drive, $0.device) }
        var drives: [Drive] = []
        for (name, device) in names {
            let place: Drive.Place
            switch storage.home {
            case .files: place = .file(storage.guestDirectory(of: hostname).appending("\(name).img"))
            case .devices(let root, let swap, _, _):
                place = .device(name == "swap" ? swap ?? root : root)
            case .volumes(let group, _, _):
                _ = try Self.workingVolume(of: name, in: group, run: "000000000000")
                // As xen-tools calls them.
                place = .volume(try VolumePath(group, VolumeName("\(hostname)-\(name)")))
            }
            drives.append(Drive(name: name, device: device, place: place))
        }
        self.drives = drives
    }

    /// What a drive's volume is called until the guest is finished: nobody takes half a guest for a whole one.
    package static func workingVolume(
        of drive: String, in group: VolumeGroupName, run: String
    ) throws(ValueError) -> VolumePath {
        try VolumePath(group, VolumeName("domus-\(run)-\(drive)"))
    }

    /// A drive by its name.
    package func drive(_ name: String) -> Drive {
        guard let drive = drives.first(where: { $0.name == name }) else { preconditionFailure("a slot has a drive") }
        return drive
    }

    /// Where `/` is.
    package var root: Slot {
        guard let slot = slots.first(where: { $0.partition.mountPoint == "/" }) else {
            preconditionFailure("a specification has a root")
        }
        return slot
    }

    /// Where `/boot` is: a file system of its own, or the root.
    package var boot: Slot { slots.first { $0.partition.mountPoint == "/boot" } ?? root }

    /// File systems other than the root, deepest mount points first: the order in which their directories leave the
    /// tree.
    package var mounted: [Slot] {
        slots.filter { $0.partition.mountPoint != nil && $0.partition.mountPoint != "/" }
            .sorted { left, right in
                let depth = { (slot: Slot) in slot.partition.mountPoint?.split(separator: "/").count ?? 0 }
                return (depth(left), left.number) > (depth(right), right.number)
            }
    }
}
