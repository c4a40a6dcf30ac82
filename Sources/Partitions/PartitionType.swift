/// What a partition is for, as its type GUID says (UEFI specification 2.10, table 5.7, and systemd's list).
package enum PartitionType: String, CaseIterable, Sendable {
    /// A Linux file system of any kind, the root included.
    case linuxFilesystem = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
    case linuxSwap = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"
    /// Where GRUB keeps the part of itself that a BIOS disk has no room for.
    case biosBoot = "21686148-6449-6E6F-744E-656564454649"
    case efiSystem = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
}
