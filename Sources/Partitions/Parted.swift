import CParted
import Glibc
import Synchronization
import SystemPackage

/// Partition tables through libparted.
///
/// The library is one for the process (its list of devices, its exception handler), so one call works at a time; others
/// wait. Nothing here tells the kernel: a table on a block device is seen only when the device is opened anew or
/// scanned. Images are files; no device node is needed.
package enum Parted {
    /// Writes a new GPT on an image file or a block device of its present size; an old table is lost.
    ///
    /// - Returns: the partitions as they lie on the disk, read back.
    /// - Throws: `unavailable`; `tooSmall` before anything is written, `unreadable`, `cannotWrite` with libparted's own words.
    @discardableResult
    package static func createGPT(
        on image: FilePath,
        layout: GPTLayout
    ) throws(PartitionError) -> [PartitionGeometry] {
        try library.withLock { library throws(PartitionError) in
            let task = "could not partition \(image)"
            try library.prepare(for: task)
            let device = try PartedDevice(image, task: task)
            let planned: [PartitionGeometry]
            do throws(PartitionError) {
                planned = try layout.geometry(onDiskOf: device.sizeBytes)
            } catch {
                throw PartitionError(error.kind, "\(task): \(error.message)", hint: error.hint)
            }
            let disk = try PartedDisk(newOn: device, task: task)
            for partition in planned {
                try disk.add(partition, sectorSize: device.sectorSize, task: task)
            }
            try disk.write(task: task)
            let written = try PartedDisk(readFrom: device, task: task).partitions(
                entries: device.entries(task: task),
                sectorSize: device.sectorSize
            )
            // What the library moved or dropped would be found out by the guest else.
            let unnamed = written.map { partition in
                var partition = partition
                partition.uniqueGUID = nil
                return partition
            }
            guard unnamed == planned else {
                throw PartitionError(.cannotWrite, "\(task): libparted has placed the partitions differently")
            }
            return written
        }
    }

    /// The partitions of an image file or a block device that has a GPT, by number.
    ///
    /// A table for a smaller disk, as after enlarging the image, is read as it is.
    ///
    /// - Throws: `unavailable`; `unreadable` with libparted's own words, for another kind of table or none as well.
    package static func partitions(of image: FilePath) throws(PartitionError) -> [PartitionGeometry] {
        try library.withLock { library throws(PartitionError) in
            let task = "could not read the partitions of \(image)"
            try library.prepare(for: task)
            let device = try PartedDevice(image, task: task)
            let disk = try PartedDisk(readFrom: device, task: task)
            return disk.partitions(entries: try device.entries(task: task), sectorSize: device.sectorSize)
        }
    }

    /// Where the table's copy is, as it says itself, in bytes (AlternateLBA in the UEFI specification 2.10, section 5.3.2).
    ///
    /// - Throws: `unavailable`, `unreadable`.
    package static func copyOfTable(on image: FilePath) throws(PartitionError) -> Int64 {
        try library.withLock { library throws(PartitionError) in
            let task = "could not read the partition table of \(image)"
            try library.prepare(for: task)
            let device = try PartedDevice(image, task: task)
            do throws(Errno) {
                return try GPTEntry.copyOfTable(on: image, sectorSize: Int(device.sectorSize))
            } catch {
                throw PartitionError(.unreadable, "\(task): \(error)")
            }
        }
    }

    /// Gives the last partition of a disk that has grown all the room behind it, and the table its place at the disk's new
    /// end. What is in the partitions, their GUIDs and labels stay.
    ///
    /// - Parameter number: the partition, which must be the last on the disk.
    /// - Returns: the partition as it is then.
    /// - Throws: `invalidLayout` for another than the last, `tooSmall` when there is no room behind it, `unreadable`,
    ///   `cannotWrite`, `unavailable`.
    package static func growLast(_ number: Int, on image: FilePath) throws(PartitionError) -> PartitionGeometry {
        try library.withLock { library throws(PartitionError) in
            let task = "could not make partition \(number) of \(image) larger"
            try library.prepare(for: task)
            let device = try PartedDevice(image, task: task)
            // Looked at first without adapting: that writes already.
            let before = try PartedDisk(readFrom: device, task: task).partitions(
                entries: device.entries(task: task), sectorSize: device.sectorSize)
            guard var wanted = before.max(by: { $0.startByte < $1.startByte }), wanted.number == number else {
                throw PartitionError(.invalidLayout, "\(task): it is not the last on the disk")
            }
            let end = GPTLayout.end(onDiskOf: device.sizeBytes)
            guard end > wanted.startByte + wanted.lengthBytes else {
                throw PartitionError(.tooSmall, "\(task): there is no room behind it")
            }
            PartedMessages.adaptTables(true)
            defer { PartedMessages.adaptTables(false) }
            let disk = try PartedDisk(readFrom: device, task: task)
            wanted.lengthBytes = end - wanted.startByte
            try disk.resize(wanted, on: device, task: task)
            try disk.write(task: task)
            let after = try PartedDisk(readFrom: device, task: task).partitions(
                entries: device.entries(task: task), sectorSize: device.sectorSize)
            guard after == before.map({ $0.number == number ? wanted : $0 }) else {
                throw PartitionError(.cannotWrite, "\(task): libparted has changed more than that")
            }
            return wanted
        }
    }

    private static let library = Mutex(Library())

    /// Guards the library; knows whether our handler is installed.
    private struct Library {
        private var hasHandler = false

        mutating func prepare(for task: String) throws(PartitionError) {
            _ = PartedMessages.take()
            guard !hasHandler else { return }
            if let reason = cparted_load() {
                throw PartitionError(
                    .unavailable, "\(task): libparted cannot be loaded: \(String(cString: reason))",
                    hint: "its package is libparted2, or libparted2t64")
            }
            hasHandler = true
            PartedMessages.install()
        }
    }
}
