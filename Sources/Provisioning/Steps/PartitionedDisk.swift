import GuestModel
import Partitions
import Storage
import SystemPackage

/// The partition table of a disk image: GRUB's boot partition, an EFI system partition if there is to be one, then the
/// guest's own, in order.
struct PartitionedDisk {
    private let layout: GPTLayout
    /// The image's whole size.
    let size: ByteSize
    /// What the EFI system partition is made of: room for a boot loader and its successors.
    static let efiSystem = ByteSize.mebibytes(64)

    /// - Throws: `PartitionError` when the partitions cannot be in one table.
    init(_ disks: DiskPlan) throws {
        // A mebibyte for the core of GRUB, so that the disk boots as an HVM guest (its type on GPT: GRUB manual, BIOS
        // installation).
        var plans = [PartitionPlan(name: "bios-boot", type: .biosBoot, size: .bytes(1 << 20))]
        if disks.hasEFISystem {
            plans.append(PartitionPlan(name: "efi", type: .efiSystem, size: .bytes(Self.efiSystem.bytes)))
        }
        plans += disks.slots.map { slot in
            PartitionPlan(
                name: slot.partition.name,
                type: slot.partition.isSwap ? .linuxSwap : .linuxFilesystem,
                size: .bytes(slot.partition.size.bytes))
        }
        layout = try GPTLayout(plans)
        size = ByteSize(bytes: layout.minimumDiskBytes)
    }

    /// Where a partition for a boot loader is; nil where there is none.
    func place(of type: PartitionType) throws -> PartitionGeometry? {
        try layout.geometry(onDiskOf: layout.minimumDiskBytes).first { $0.type == type }
    }

    /// Writes the table.
    ///
    /// - Returns: where each partition begins, in bytes, by its number.
    func write(to image: FilePath) throws -> [Int: Int64] {
        let geometry = try Parted.createGPT(on: image, layout: layout)
        return Dictionary(uniqueKeysWithValues: geometry.map { ($0.number, $0.startByte) })
    }
}
