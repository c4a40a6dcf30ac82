import GuestModel

/// The features of an ext2, ext3 or ext4 file system that a guest's kernel, its e2fsck and the boot loaders of dom0
/// all read.
///
/// The host's mke2fs.conf is not asked: a new host's defaults (metadata_csum_seed, orphan_file) are unknown to older
/// guests and to GRUB before 2.12, and a guest whose own e2fsck refuses its root does not boot.
package struct ExtFeatures: Sendable, Equatable {
    /// For mke2fs(8), `-O`.
    package let names: [String]

    /// What is known of the guest.
    package struct Guest: Sendable, Equatable {
        /// The newest kernel that will run it, as `[6, 1]`; nil when not known.
        package var kernel: [Int]?
        /// The version of its e2fsprogs, as `[1, 47]`; nil when it has none or it is not known.
        package var e2fsprogs: [Int]?
        /// The day of its release.
        package var released: CalendarDate?

        package init(kernel: [Int]? = nil, e2fsprogs: [Int]? = nil, released: CalendarDate? = nil) {
            self.kernel = kernel
            self.e2fsprogs = e2fsprogs
            self.released = released
        }

        /// Whether kernel and e2fsck know `metadata_csum` and `64bit`: Linux 3.18 and e2fsprogs 1.43 (May 2016), whose
        /// defaults they are. Where neither version is known the release's age tells.
        package var knowsChecksums: Bool {
            if let kernel, kernel.lexicographicallyPrecedes([3, 18]) { return false }
            if let e2fsprogs { return !e2fsprogs.lexicographicallyPrecedes([1, 43]) }
            // Testing and unstable have no date, and are newer than every release.
            guard let released else { return true }
            return released >= CalendarDate(year: 2017, month: 1, day: 1)
        }
    }

    package init(kind: FileSystemKind, guest: Guest) {
        var names = ["ext_attr", "resize_inode", "dir_index", "filetype", "sparse_super", "large_file"]
        if kind != .ext2 { names.append("has_journal") }
        if kind == .ext4 {
            names += ["extent", "flex_bg", "huge_file", "dir_nlink", "extra_isize"]
            names += guest.knowsChecksums ? ["metadata_csum", "64bit"] : ["uninit_bg"]
        }
        self.names = names
    }
}
