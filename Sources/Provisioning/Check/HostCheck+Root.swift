import LinuxHost
import Partitions
import Storage
import SystemPackage
import XenConfig

/// Whether the file system that the kernel is told of is on one of the guest's disks.
extension HostCheck {
    /// Only superblocks are read, by Domus itself: what is in a guest's file system may be made to hurt who mounts it.
    func root(of reading: ConfigurationReading) -> [Problem] {
        guard reading.type != "hvm", let words = reading.file.kernelCommandLine?.split(separator: " "),
            let root = words.last(where: { $0.hasPrefix("root=UUID=") })?.dropFirst("root=UUID=".count)
        else { return [] }
        var found: [(vdev: String, uuid: String)] = []
        for disk in reading.summary.disks {
            // One that cannot be understood may be where it is.
            guard let target = disk.target, target.hasPrefix("/"), disk.format == .raw, disk.script == nil,
                disk.backend == nil, let all = try? fileSystems(on: FilePath(target), disk.vdev)
            else { return [] }
            found += all
        }
        guard !found.isEmpty, !found.contains(where: { $0.uuid.lowercased() == root.lowercased() }) else { return [] }
        let list = found.map { "\($0.vdev) \($0.uuid)" }.joined(separator: ", ")
        return [
            Problem(
                severity: .error,
                message: "the kernel looks for the root on UUID=\(root), which is on none of its disks",
                hint: "they have \(list)",
                position: reading.file.position(of: reading.file.rootKey))
        ]
    }

    private struct Unknown: Error {}

    /// - Throws: where there is something that Domus does not know, such as a physical volume.
    private func fileSystems(on path: FilePath, _ vdev: String) throws -> [(vdev: String, uuid: String)] {
        let path = try host.files.resolved(path)
        guard let entry = try host.files.entry(at: path), [.file, .blockDevice].contains(entry.kind) else {
            throw Unknown()
        }
        func superblock(at offset: Int64) throws -> Superblock? {
            Superblock(try host.files.bytes(of: path, at: offset, count: Superblock.length))
        }
        if let whole = try superblock(at: 0) { return [(vdev, whole.uuid)] }
        // libparted would open a device for writing, too, of which udev tells everybody when it is closed.
        guard vdev.last?.isNumber == false, entry.kind == .file else { throw Unknown() }
        return try Parted.partitions(of: path).compactMap { partition in
            if [.biosBoot, .efiSystem].contains(partition.type) { return nil }
            guard let content = try superblock(at: partition.startByte) else { throw Unknown() }
            return ("\(vdev)\(partition.number)", content.uuid)
        }
    }
}
