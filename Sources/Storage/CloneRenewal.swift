import GuestModel
import LinuxHost
import SystemPackage

/// The programs that make a clone of a file system one of its own: whole, under another UUID, as large as its device.
/// Nobody has it mounted.
package struct CloneRenewal: Sendable {
    /// The clone's device.
    package var device: FilePath
    package var uuid: String
    /// Whether it is known to be whole.
    package var isChecked: Bool

    package init(device: FilePath, uuid: String, isChecked: Bool = false) {
        self.device = device
        self.uuid = uuid
        self.isChecked = isChecked
    }

    /// Whether a file system can be made another's by them. An xfs or btrfs grows only when it is mounted.
    package static func renews(_ kind: FileSystemKind) -> Bool { [.ext2, .ext3, .ext4].contains(kind) }

    /// What the host must have, with the Debian package of each.
    package static var requirements: [(program: String, package: String)] {
        ["e2fsck", "tune2fs", "resize2fs"].map { ($0, "e2fsprogs") }
    }

    /// In their order. Where it is not known to be whole, the first says whether the file system is whole, and mends nothing: what a base has lost it has lost
    /// for every guest.
    package var invocations: [Invocation] {
        (isChecked ? [] : [Invocation("e2fsck", ["-f", "-n", device.string], environment: Self.environment)]) + [
            Invocation("tune2fs", ["-U", uuid, device.string], environment: Self.environment),
            // Where the kernel's ext4 is not loaded it would write all new inode tables itself.
            Invocation(
                "resize2fs", [device.string],
                environment: Self.environment.merging(["RESIZE2FS_FORCE_LAZY_ITABLE_INIT": "1"]) { $1 }),
        ]
    }

    private static let environment = ["LC_ALL": "C.UTF-8"]
}
