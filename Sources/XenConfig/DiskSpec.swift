import GuestModel

/// A disk as one string of xl's `disk` list describes it (xl-disk-configuration(5)).
package struct DiskSpec: Hashable, Sendable {
    /// What the guest calls it: `xvda2`.
    package var vdev = ""
    /// The file or device in dom0, or what `script` makes of it; nil for an empty drive.
    package var target: String?
    package var format = Format.raw
    package var access = Access.readWrite
    package var isCDROM = false
    /// `phy`, `qdisk`, `tap` or `standalone`; nil leaves it to xl.
    package var backendType: String?
    /// The domain that serves the disk; nil for dom0.
    package var backend: String?
    /// The hotplug script that prepares the target; nil for the usual one.
    package var script: String?
    /// `xen` or `virtio`; nil leaves it to xl.
    package var specification: String?
    /// Parameters that Domus has no use for, such as `discard`, as they are written.
    package var others: [String] = []
    /// Whether it was written with a prefix (`phy:`, `file:`, ...), which xl still reads but deprecates.
    package var hasDeprecatedPrefix = false

    package init() {}

    /// How the image is laid out.
    package enum Format: String, Hashable, Sendable, Codable {
        case raw, qcow, qcow2, vhd, qed, empty
    }

    /// What the guest may do.
    package enum Access: String, Hashable, Sendable, Codable {
        case readOnly = "ro"
        case readWrite = "rw"
    }

    /// The string in xl's key=value form, its target last because it takes all that follows.
    package var text: String {
        var parts = ["format=\(format.rawValue)", "vdev=\(vdev)", "access=\(access.rawValue)"]
        if isCDROM { parts.append("devtype=cdrom") }
        if let backendType { parts.append("backendtype=\(backendType)") }
        if let backend { parts.append("backend=\(backend)") }
        if let script { parts.append("script=\(script)") }
        if let specification { parts.append("specification=\(specification)") }
        parts += others
        if let target { parts.append("target=\(target)") }
        return parts.joined(separator: ", ")
    }

    /// Reads a disk string as xl does, in the key=value form, the positional form and the deprecated one with
    /// prefixes.
    ///
    /// - Throws: ``XenConfigError`` where xl refuses the string.
    package init(parsing text: String, for version: XenVersion = .newest) throws(XenConfigError) {
        var parser = DiskSpecParser(text, for: version)
        self = try parser.parse()
    }
}
