import XenConfig

/// Whether the file system that the kernel is told of is on one of the guest's disks.
extension HostCheck {
    func root(of reading: ConfigurationReading, on disks: GuestPieces) -> [Problem] {
        guard reading.type != "hvm", disks.isWhole, !disks.pieces.isEmpty,
            case .uuid(let root) = Self.root(of: reading),
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

    /// What the kernel is told, the last of it.
    static func root(of reading: ConfigurationReading) -> GuestPieces.Root {
        let words = reading.file.kernelCommandLine?.split(separator: " ") ?? []
        guard let root = words.last(where: { $0.hasPrefix("root=") })?.dropFirst("root=".count) else { return .unknown }
        if root.hasPrefix("UUID=") { return .uuid(String(root.dropFirst("UUID=".count))) }
        return root.hasPrefix("/dev/xvd") ? .device(String(root.dropFirst("/dev/".count))) : .unknown
    }
}
