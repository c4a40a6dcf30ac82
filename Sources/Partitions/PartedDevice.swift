import CParted
import Glibc
import SystemPackage

/// A disk as libparted sees it. To be used only inside the library's lock.
struct PartedDevice: ~Copyable {
    let raw: UnsafeMutablePointer<PedDevice>
    private let path: FilePath

    init(_ path: FilePath, task: String) throws(PartitionError) {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else {
            throw PartitionError(.unreadable, "\(task): \(Errno(rawValue: errno))")
        }
        let type = status.st_mode & S_IFMT
        guard type == S_IFREG || type == S_IFBLK else {
            throw PartitionError(.unreadable, "\(task): it is neither a file nor a block device")
        }
        guard type == S_IFBLK || status.st_size > 0 else {
            throw PartitionError(.unreadable, "\(task): the file is empty", hint: "give it its size first")
        }
        guard let raw = path.withPlatformString({ ped_device_get($0) }) else {
            throw PartitionError(.unreadable, "\(task): \(PartedMessages.take())")
        }
        self.raw = raw
        self.path = path
    }

    deinit {
        // Out of the library's list too: the next file of this name may be another one.
        ped_device_destroy(raw)
    }

    var sectorSize: Int64 { raw.pointee.sector_size }
    var sizeBytes: Int64 { raw.pointee.length * raw.pointee.sector_size }

    func entries(task: String) throws(PartitionError) -> [GPTEntry] {
        do {
            return try GPTEntry.read(from: path, sectorSize: Int(sectorSize))
        } catch {
            throw PartitionError(.unreadable, "\(task): \(error)")
        }
    }
}
