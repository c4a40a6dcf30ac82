/// A kind of file system that a guest's disk may carry.
package enum FileSystemKind: String, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
    case ext2
    case ext3
    case ext4
    case xfs
    case btrfs

    /// - Throws: ``ValueError`` naming the kinds there are.
    package init(parsing text: String) throws(ValueError) {
        guard let known = FileSystemKind(rawValue: text) else {
            throw ValueError(
                "\"\(text)\" is not a file system that guests can have",
                hint: "known are \(FileSystemKind.allCases.map(\.rawValue).joined(separator: ", "))"
                    + (text == "reiserfs" ? "; Linux 6.13 removed reiserfs" : "")
            )
        }
        self = known
    }

    package var isExt: Bool { self == .ext2 || self == .ext3 || self == .ext4 }

    /// The mount options of fstab(5) when the user gives none; those of xen-tools.
    package var defaultMountOptions: String { isExt ? "noatime,nodiratime,errors=remount-ro" : "defaults" }

    package var description: String { rawValue }
}

/// What a partition carries.
package enum PartitionContent: Hashable, Sendable, Codable {
    /// A file system, mounted in the guest at an absolute path.
    case fileSystem(FileSystemKind, mountPoint: String)
    case swap
}

/// A partition of the guest: an image of its own, or a slice of a partitioned image.
package struct Partition: Hashable, Sendable, Codable {
    /// The image's base name (`disk`, `swap`, or the section of a partitions file): `[A-Za-z0-9-]+`.
    package let name: String
    package let size: ByteSize
    package let content: PartitionContent
    /// The options of fstab(5).
    package let mountOptions: String

    /// - Throws: ``ValueError`` for a name that cannot be a file's, a mount point that is not a plain absolute path,
    ///   or options with white space.
    package init(name: String, size: ByteSize, content: PartitionContent, mountOptions: String) throws(ValueError) {
        guard (1...64).contains(name.utf8.count), name.first != "-",
            name.utf8.allSatisfy({ byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
            })
        else {
            throw ValueError("\"\(name)\" is not a partition's name", hint: "use letters, digits and hyphens")
        }
        if case .fileSystem(_, let mountPoint) = content {
            let parts = mountPoint.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            let valid =
                mountPoint == "/"
                || (mountPoint.hasPrefix("/") && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
                    // A backslash begins an escape in fstab(5), and a colon ends the field that hooks get.
                    && mountPoint.utf8.allSatisfy { $0 > 32 && $0 != 127 && !":\\".utf8.contains($0) })
            guard valid else {
                throw ValueError(
                    "\"\(mountPoint)\" is not a mount point",
                    hint: "write an absolute path such as /var, with no slash at its end"
                )
            }
        }
        guard !mountOptions.isEmpty, mountOptions.utf8.allSatisfy({ $0 > 32 && $0 != 127 && $0 != UInt8(ascii: ":") })
        else {
            throw ValueError("\"\(mountOptions)\" cannot be mount options: they hold no space and no colon")
        }
        self.name = name
        self.size = size
        self.content = content
        self.mountOptions = mountOptions
    }

    /// The mount point; nil for swap.
    package var mountPoint: String? {
        if case .fileSystem(_, let mountPoint) = content { mountPoint } else { nil }
    }

    /// The file system; nil for swap.
    package var fileSystem: FileSystemKind? {
        if case .fileSystem(let kind, _) = content { kind } else { nil }
    }

    package var isSwap: Bool { content == .swap }
}

extension Partition {
    private enum CodingKeys: CodingKey {
        case name, size, content, mountOptions
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            name: container.decode(String.self, forKey: .name),
            size: container.decode(ByteSize.self, forKey: .size),
            content: container.decode(PartitionContent.self, forKey: .content),
            mountOptions: container.decode(String.self, forKey: .mountOptions)
        )
    }
}
