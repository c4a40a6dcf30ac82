/// Which file something is, whatever its name: one that is found under a path again is the same if its identity is.
///
/// An inode's number is used again after its file is gone; the time of birth (statx(2)), where the file system
/// keeps one, tells the new file from the old.
package struct FileIdentity: Hashable, Sendable, Codable {
    package let device: UInt64
    package let inode: UInt64
    /// Nanoseconds since 1970; nil where the file system does not keep the time of birth.
    package let birth: Int64?

    package init(device: UInt64, inode: UInt64, birth: Int64?) {
        self.device = device
        self.inode = inode
        self.birth = birth
    }

    /// A device's number is of a power-on, not of the file system on it: Btrfs, ZFS and NFS are given one when they are
    /// mounted, device-mapper's come in the order of activation. So it counts only where there is no time of birth, which
    /// tells two files of one inode apart as well. What a journal or a record names is found again by that.
    package static func == (one: Self, other: Self) -> Bool {
        guard let birth = one.birth, let otherBirth = other.birth else {
            return one.device == other.device && one.inode == other.inode && one.birth == other.birth
        }
        return one.inode == other.inode && birth == otherBirth
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(inode)
        hasher.combine(birth)
    }
}

/// What lstat(2) says of a file.
package struct FileEntry: Hashable, Sendable {
    package enum Kind: Sendable, Hashable {
        case file, directory, symbolicLink, blockDevice, other
    }

    package let kind: Kind
    package let identity: FileIdentity
    /// Permission bits, for example 0o600.
    package let mode: UInt32
    /// Bytes; of a link, the length of its target.
    package let size: Int64
    /// Bytes that its blocks take on the disk.
    package let allocated: Int64
    /// When its bytes or its attributes were changed last, in nanoseconds since 1970 (ctime): no program can set it back.
    package let changed: Int64

    /// What tells whether somebody has written to it since.
    package var stamp: FileStamp { FileStamp(identity: identity, size: size, changed: changed) }

    package init(
        kind: Kind, identity: FileIdentity, mode: UInt32, size: Int64, allocated: Int64, changed: Int64 = 0
    ) {
        self.kind = kind
        self.identity = identity
        self.mode = mode
        self.size = size
        self.allocated = allocated
        self.changed = changed
    }
}

/// A file as it was at a time: while it is the same, nobody has written to the file.
package struct FileStamp: Hashable, Sendable, Codable {
    package let identity: FileIdentity
    /// Bytes.
    package let size: Int64
    /// ctime, in nanoseconds since 1970.
    package let changed: Int64

    package init(identity: FileIdentity, size: Int64, changed: Int64) {
        self.identity = identity
        self.size = size
        self.changed = changed
    }
}
