import CParted

/// A partition table in memory. To be used only inside the library's lock, and not longer than its device.
struct PartedDisk: ~Copyable {
    private let raw: UnsafeMutablePointer<PedDisk>

    /// An empty GPT.
    init(newOn device: borrowing PartedDevice, task: String) throws(PartitionError) {
        guard let raw = ped_disk_new_fresh(device.raw, ped_disk_type_get("gpt")) else {
            throw PartitionError.writing("\(task): \(PartedMessages.take())")
        }
        self.raw = raw
    }

    /// The GPT that is on the device.
    init(readFrom device: borrowing PartedDevice, task: String) throws(PartitionError) {
        guard let raw = ped_disk_new(device.raw) else {
            throw PartitionError(.unreadable, "\(task): \(PartedMessages.take())")
        }
        let type = raw.pointee.type.pointee.name.map { String(cString: $0) } ?? "unknown"
        guard type == "gpt" else {
            ped_disk_destroy(raw)
            throw PartitionError(.unreadable, "\(task): it has a partition table of type \(type), not a GPT")
        }
        self.raw = raw
    }

    deinit {
        ped_disk_destroy(raw)
    }

    /// Adds a partition exactly where the plan has it.
    func add(_ partition: PartitionGeometry, sectorSize: Int64, task: String) throws(PartitionError) {
        func failure() -> PartitionError {
            PartitionError.writing("\(task): partition \(partition.number): \(PartedMessages.take())")
        }
        let first = partition.startByte / sectorSize
        let last = (partition.startByte + partition.lengthBytes) / sectorSize - 1
        guard let new = ped_partition_new(raw, PED_PARTITION_NORMAL, nil, first, last) else { throw failure() }
        guard let exactly = ped_constraint_exact(&new.pointee.geom) else {
            ped_partition_destroy(new)
            throw failure()
        }
        defer { ped_constraint_destroy(exactly) }
        guard ped_disk_add_partition(raw, new, exactly) == 1 else {
            ped_partition_destroy(new)
            throw failure()
        }
        // From here on the table owns it.
        guard ped_partition_set_name(new, partition.name) == 1 else { throw failure() }
        if let flag = partition.type?.flag {
            guard ped_partition_set_flag(new, flag, 1) == 1 else { throw failure() }
        }
    }

    /// Gives a partition another end, exactly.
    func resize(
        _ partition: PartitionGeometry, on device: borrowing PartedDevice, task: String
    ) throws(PartitionError) {
        let first = partition.startByte / device.sectorSize
        let length = partition.lengthBytes / device.sectorSize
        var geometry = PedGeometry()
        guard let found = ped_disk_get_partition(raw, Int32(partition.number)),
            ped_geometry_init(&geometry, device.raw, first, length) == 1,
            let exactly = ped_constraint_exact(&geometry)
        else { throw PartitionError.writing("\(task): \(PartedMessages.take())") }
        defer { ped_constraint_destroy(exactly) }
        guard ped_disk_set_partition_geom(raw, found, exactly, first, first + length - 1) == 1 else {
            throw PartitionError.writing("\(task): \(PartedMessages.take())")
        }
    }

    /// Writes both copies of the table and the protective MBR. The kernel is not told.
    func write(task: String) throws(PartitionError) {
        guard ped_disk_commit_to_dev(raw) == 1 else {
            throw PartitionError.writing("\(task): \(PartedMessages.take())")
        }
    }

    /// The partitions by number, with what the table's own slots say about them.
    func partitions(entries: [GPTEntry], sectorSize: Int64) -> [PartitionGeometry] {
        var found: [PartitionGeometry] = []
        var next = ped_disk_next_partition(raw, nil)
        while let partition = next {
            next = ped_disk_next_partition(raw, partition)
            let number = Int(partition.pointee.num)
            guard number > 0 else { continue }  // free space and the table itself
            let entry = entries.indices.contains(number - 1) ? entries[number - 1] : nil
            found.append(
                PartitionGeometry(
                    number: number,
                    name: ped_partition_get_name(partition).map { String(cString: $0) } ?? "",
                    type: entry.flatMap { PartitionType(rawValue: $0.typeGUID) },
                    startByte: partition.pointee.geom.start * sectorSize,
                    lengthBytes: partition.pointee.geom.length * sectorSize,
                    uniqueGUID: entry?.uniqueGUID.lowercased()
                )
            )
        }
        return found.sorted { $0.number < $1.number }
    }
}

extension PartitionType {
    /// The flag by which libparted sets the type; a new partition is a Linux file system without one.
    fileprivate var flag: PedPartitionFlag? {
        switch self {
        case .linuxFilesystem: nil
        case .linuxSwap: PED_PARTITION_SWAP
        case .biosBoot: PED_PARTITION_BIOS_GRUB
        case .efiSystem: PED_PARTITION_ESP
        }
    }
}
