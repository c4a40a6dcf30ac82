import GuestModel
import Partitions
import Storage
import SystemPackage

/// The partition table of a disk image: GRUB's boot partition, then the guest's own, in order.
struct PartitionedDisk {
    private let layout: GPTLayout
    /// The image's whole size.
    let size: ByteSize

    /// - Throws: `PartitionError` when the partitions cannot be in one table.
    init(_ disks: DiskPlan) throws {
        // A mebibyte for the core of GRUB, so that the image can become a bootable HVM guest (its type on GPT:
        // GRUB manual, BIOS installation).
        var plans = [PartitionPlan(name: "bios-boot", type: .biosBoot, size: .bytes(1 << 20))]
        plans += disks.slots.map { slot in
            PartitionPlan(
                name: slot.partition.name,
                type: slot.partition.isSwap ? .linuxSwap : .linuxFilesystem,
                size: .bytes(slot.partition.size.bytes))
        }
        layout = try GPTLayout(plans)
        size = ByteSize(bytes: layout.minimumDiskBytes)
    }

    /// Writes the table.
    ///
    /// - Returns: where each partition begins, in bytes, by its number.
    func write(to image: FilePath) throws -> [Int: Int64] {
        let geometry = try Parted.createGPT(on: image, layout: layout)
        return Dictionary(uniqueKeysWithValues: geometry.map { ($0.number, $0.startByte) })
    }
}
