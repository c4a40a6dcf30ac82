/// The name of a volume group, as lvm(8) takes one.
package struct VolumeGroupName: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    /// - Throws: ``ValueError`` for a name that LVM would refuse.
    package init(_ text: String) throws(ValueError) {
        try VolumeNameRules.check(text, as: "the name of a volume group")
        name = text
    }

    package var description: String { name }
}

/// The name of a logical volume within its group, as lvm(8) takes one.
package struct VolumeName: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    /// - Throws: ``ValueError`` for a name that LVM would refuse, or keeps for itself.
    package init(_ text: String) throws(ValueError) {
        try VolumeNameRules.check(text, as: "the name of a volume")
        // lvm(8), "Valid names": LVM makes such volumes itself, as parts of others.
        if let prefix = ["snapshot", "pvmove"].first(where: text.hasPrefix) {
            throw ValueError("\"\(text)\" cannot be the name of a volume: LVM keeps \"\(prefix)...\" for itself")
        }
        let kept = [
            "_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_wcorig", "_mlog", "_mimage", "_pmspare", "_rimage",
            "_rmeta", "_tdata", "_tmeta", "_vorigin", "_vdata", "_imeta", "_iorig",
        ]
        if let part = kept.first(where: text.contains) {
            throw ValueError("\"\(text)\" cannot be the name of a volume: LVM keeps \"...\(part)\" for itself")
        }
        name = text
    }

    package var description: String { name }
}

/// A logical volume, by group and name: `vg0/web1-disk`.
package struct VolumePath: Hashable, Sendable, CustomStringConvertible {
    package let group: VolumeGroupName
    package let volume: VolumeName

    /// - Throws: ``ValueError`` when both together are longer than the kernel's name for the device may be.
    package init(_ group: VolumeGroupName, _ volume: VolumeName) throws(ValueError) {
        self.group = group
        self.volume = volume
        guard mappedName.utf8.count <= Self.longest else {
            throw ValueError(
                "the volume \(group)/\(volume) has a name of \(mappedName.utf8.count) characters for the kernel, which "
                    + "takes \(Self.longest) at most")
        }
    }

    /// Reads `GROUP/VOLUME`.
    package init(parsing text: String) throws(ValueError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ValueError("\"\(text)\" is not a volume", hint: "write GROUP/VOLUME, such as vg0/web1-disk")
        }
        try self.init(VolumeGroupName(String(parts[0])), VolumeName(String(parts[1])))
    }

    package var description: String { "\(group)/\(volume)" }

    /// What udev's rules call the device.
    package var device: String { "/dev/\(group)/\(volume)" }

    /// DM_NAME_LEN of linux/dm-ioctl.h, less the byte at its end.
    static let longest = 127

    /// The device-mapper's name: the two with a hyphen between, and their own hyphens doubled.
    package var mappedName: String {
        func doubled(_ name: String) -> String {
            name.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--")
        }
        return "\(doubled(group.name))-\(doubled(volume.name))"
    }
}

/// A tag on a volume, as lvm(8) takes one.
package struct VolumeTag: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: ``ValueError`` for a tag that LVM would refuse.
    package init(_ text: String) throws(ValueError) {
        try VolumeNameRules.check(text, as: "a tag of a volume")
        self.text = text
    }

    package var description: String { text }
}

private enum VolumeNameRules {
    static func check(_ text: String, as what: String) throws(ValueError) {
        guard !text.isEmpty else { throw ValueError("\(what) is empty") }
        guard text != ".", text != "..", text.first != "-", text.utf8.allSatisfy(isAllowed) else {
            throw ValueError(
                "\"\(text)\" cannot be \(what)",
                hint: "LVM takes letters, digits and + _ . -, and no hyphen in front")
        }
        // NAME_LEN of LVM, less the byte at its end.
        guard text.utf8.count <= 127 else {
            throw ValueError("\"\(text)\" cannot be \(what): it has \(text.utf8.count) characters, and LVM takes 127")
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
