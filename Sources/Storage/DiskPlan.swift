import GuestModel
import SystemPackage

/// Which images a guest has, and how the guest sees its partitions. Pure: it follows from the specification.
package struct DiskPlan: Sendable, Equatable {
    /// A partition with its place.
    package struct Slot: Sendable, Equatable {
        package let partition: Partition
        /// As the guest sees it: `xvda2`.
        package let device: String
        /// The number behind the disk's name.
        package let number: Int
        /// The file's name below the guest's directory: its image, or the image that it is a slice of.
        package let image: String
    }

    package let slots: [Slot]
    package let layout: GuestSpec.Storage.Layout
    package let diskDevice: String

    /// Numbers as xen-tools gives them: in order from 1; the partitioned layout begins with GRUB's boot partition.
    package init(_ storage: GuestSpec.Storage) {
        layout = storage.layout
        diskDevice = storage.diskDevice
        let first = storage.layout == .disk ? 2 : 1
        slots = storage.partitions.enumerated().map { index, partition in
            Slot(
                partition: partition, device: "\(storage.diskDevice)\(index + first)", number: index + first,
                image: storage.layout == .disk ? "disk.img" : "\(partition.name).img")
        }
    }

    /// Where `/` is.
    package var root: Slot {
        guard let slot = slots.first(where: { $0.partition.mountPoint == "/" }) else {
            preconditionFailure("a specification has a root")
        }
        return slot
    }

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
