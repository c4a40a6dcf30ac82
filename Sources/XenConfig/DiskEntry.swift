import SystemPackage

/// A disk of a guest as Domus writes it: an image or a block device of dom0.
package struct DiskEntry: Hashable, Sendable {
    package let format: DiskSpec.Format
    /// What the guest calls it: `xvda2`.
    package let vdev: String
    package let access: DiskSpec.Access
    /// The file or device in dom0; absolute.
    package let target: FilePath
    /// Whether the root file system is on it.
    package let isRoot: Bool

    /// - Throws: ``XenConfigError`` for a device name that guests do not have, and for a path that xl could not read
    ///   back from its disk string.
    package init(
        format: DiskSpec.Format = .raw,
        vdev: String,
        access: DiskSpec.Access = .readWrite,
        target: FilePath,
        isRoot: Bool = false
    ) throws(XenConfigError) {
        guard Self.isDeviceName(vdev) else {
            throw XenConfigError(
                "\"\(vdev)\" is not a disk of a guest",
                hint: "write xvda, xvda1, sda1 or hda, with a letter for the disk"
            )
        }
        guard format != .empty else { throw XenConfigError("\(vdev) is to be empty, which no disk of Domus is") }
        try GuestConfiguration.checkPath(target, of: "disk \(vdev)")
        guard target.string.last != "," else {
            throw XenConfigError(
                "the path of disk \(vdev), \(target), ends in a comma, which xl would cut off",
                hint: "choose another directory or name"
            )
        }
        self.format = format
        self.vdev = vdev
        self.access = access
        self.target = target
        self.isRoot = isRoot
    }

    /// The entry as one string of xl's `disk` list.
    package var spec: DiskSpec {
        var spec = DiskSpec()
        spec.format = format
        spec.vdev = vdev
        spec.access = access
        spec.target = target.string
        return spec
    }

    /// Whether a name is one of xen-vbd-interface(7): a kind of disk, letters for the disk, and a partition.
    static func isDeviceName(_ name: String) -> Bool {
        guard let kind = ["xvd", "sd", "hd"].first(where: name.hasPrefix) else { return false }
        let rest = name.utf8.dropFirst(kind.utf8.count)
        let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        let digits = rest.dropFirst(letters.count)
        return (1...2).contains(letters.count) && digits.count <= 3 && digits.first != UInt8(ascii: "0")
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
