import XenConfig

/// Whether the file system that the kernel is told of is on one of the guest's disks.
extension HostCheck {
    func root(of reading: ConfigurationReading, on disks: GuestPieces) -> [Problem] {
        guard reading.type != "hvm", disks.isWhole, !disks.pieces.isEmpty, let root = Self.rootUUID(of: reading),
            !disks.pieces.contains(where: { $0.content.uuid.lowercased() == root.lowercased() })
        else { return [] }
        let list = disks.pieces.map { "\($0.name) \($0.content.uuid)" }.joined(separator: ", ")
        return [
            Problem(
                severity: .error,
                message: "the kernel looks for the root on UUID=\(root), which is on none of its disks",
                hint: "they have \(list)",
                position: reading.file.position(of: reading.file.rootKey))
        ]
    }

    static func rootUUID(of reading: ConfigurationReading) -> String? {
        let words = reading.file.kernelCommandLine?.split(separator: " ") ?? []
        return words.last { $0.hasPrefix("root=UUID=") }.map { String($0.dropFirst("root=UUID=".count)) }
    }
}
