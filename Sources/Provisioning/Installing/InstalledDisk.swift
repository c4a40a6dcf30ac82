import GuestModel
import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// What an installer has left on a guest's disk: enough to know whether the guest will start from it.
///
/// Nothing is mounted, and nothing is believed: file systems are read by ``ExtReader``.
struct InstalledDisk {
    /// The version of the newest kernel in /boot; nil where the file system of /boot is none that can be looked into.
    private(set) var kernelVersion: String?
    /// That kernel's own words.
    private(set) var kernel: KernelImage?
    /// Whether the first sector has code that a BIOS starts.
    private(set) var startsUnderBIOS = false
    /// Whether there is a partition that UEFI reads.
    private(set) var hasEFISystem = false
    /// Whether something was there that could not be looked into: another file system, a physical volume, an encrypted one.
    private(set) var isOpaque = false
    /// Whether the installer's logs are there, which it saves when all else is done (94save-logs of finish-install).
    private(set) var isComplete = false
    /// The boot loader's configuration; nil where none was found.
    private(set) var loaderConfiguration: String?
    private let path: FilePath

    private let hint: String

    /// - Throws: ``ProvisioningError`` for a disk without partitions.
    init(of record: GuestRecord, on host: Host) throws {
        path = FilePath(record.images[0].path)
        hint =
            "see on its console what it said: domus install --resume --attach --hostname=\(record.hostname) starts it again"
        let resolved = try host.files.resolved(path)
        let size: Int64 =
            if let device = try host.files.blockDevice(at: resolved) { device.size.bytes } else {
                try host.files.entry(at: resolved)?.size ?? 0
            }
        let table = try PartitionTable(size: size) { offset, count throws(HostError) in
            try host.files.bytes(of: resolved, at: offset, count: count)
        }
        guard let table else {
            throw ProvisioningError(
                "the installer has left no partitions on \(path)", exit: .failed, hint: hint)
        }
        startsUnderBIOS = table.hasBootCode
        hasEFISystem = table.entries.contains { $0.type == PartitionTable.efiSystem }
        for entry in table.entries where ![PartitionTable.efiSystem, PartitionTable.biosBoot].contains(entry.type) {
            try look(into: entry.range, of: resolved, host)
        }
    }

    private mutating func look(into range: Range<Int64>, of path: FilePath, _ host: Host) throws {
        let head = try host.files.bytes(of: path, at: range.lowerBound, count: Superblock.length)
        guard let superblock = Superblock(head) else {
            isOpaque = isOpaque || head.contains { $0 != 0 }
            return
        }
        guard case .fileSystem(let kind) = superblock.content else { return }
        guard kind.isExt else {
            isOpaque = true
            return
        }
        let reader: ExtReader
        do {
            reader = try ExtReader(budget: 256 << 20) { offset, count in
                let start = range.lowerBound + offset
                guard start < range.upperBound else { return [] }
                return try host.files.bytes(
                    of: path, at: start, count: Int(min(Int64(count), range.upperBound - start)))
            }
            // On the root, on a /var of its own, on a /var/log of its own.
            for directory in ["/var/log/installer", "/log/installer", "/installer"]
            where try reader.entry(at: "\(directory)/status")?.kind == .file {
                isComplete = true
            }
            // The root's, or that of a /boot of its own.
            for directory in ["/boot", ""] {
                let names = try reader.names(in: directory.isEmpty ? "/" : directory, limit: 4096) ?? []
                let versions = names.filter { $0.hasPrefix("vmlinuz-") }.map { String($0.dropFirst("vmlinuz-".count)) }
                guard
                    let newest = versions.max(by: { left, right in
                        VersionNumbers.all(in: left).lexicographicallyPrecedes(VersionNumbers.all(in: right))
                    }), kernelVersion == nil
                else { continue }
                kernelVersion = newest
                let bytes = try reader.contents(of: "\(directory)/vmlinuz-\(newest)", limit: 64 << 20) ?? []
                kernel = KernelImage { offset, count in Array(bytes.dropFirst(offset).prefix(count)) }
                for name in ["grub/grub.cfg", "grub/menu.lst", "grub2/grub.cfg"]
                where try reader.entry(at: "\(directory)/\(name)")?.kind == .file {
                    loaderConfiguration = "\(directory)/\(name)"
                    break
                }
            }
        } catch {
            isOpaque = true
        }
    }

    /// - Parameter isRunning: whether it is a guest that runs already, whose administrator may have tidied up.
    /// - Returns: what could not be made sure of; nil when all is well.
    /// - Throws: ``ProvisioningError`` for a disk from which the guest would not start, or one that is not finished.
    func check(for record: GuestRecord, isRunning: Bool = false) throws(ProvisioningError) -> String? {
        func fail(_ message: String) -> ProvisioningError {
            ProvisioningError("the guest would not start from \(path): \(message)", exit: .failed, hint: hint)
        }
        if ["hvm", "pvhvm"].contains(record.type), !startsUnderBIOS, !hasEFISystem {
            throw fail("nothing on it is for a BIOS or for UEFI: the installation did not come to the boot loader")
        }
        guard let kernelVersion else {
            guard isOpaque else {
                throw fail("there is no kernel in its /boot: the installation did not come to its end")
            }
            return "whether \(path) has a kernel cannot be seen: its file system is none that Domus reads"
        }
        guard loaderConfiguration != nil else {
            throw fail("it has the kernel \(kernelVersion), and no boot loader's configuration that names it")
        }
        guard isComplete || isOpaque || isRunning else {
            throw ProvisioningError(
                "the installation on \(path) has not come to its end: its logs are not in /var/log/installer, where the "
                    + "installer saves them last", exit: .failed, hint: hint)
        }
        return nil
    }
}

extension GuestRecord {
    /// - Throws: ``ProvisioningError`` for a guest that has nothing on its disk yet.
    package func checkInstalled() throws(ProvisioningError) {
        guard installation != nil else { return }
        throw ProvisioningError(
            "\(hostname) has yet to install itself", exit: .usage,
            hint: "domus install --resume --hostname=\(hostname) has it done")
    }
}
