import GuestModel
import LinuxHost

/// A volume that Domus did not make, and that the user wants to give way, by its name: `--force-volume`.
struct ForeignVolume {
    /// As it is now.
    let owned: GuestRecord.OwnedVolume

    /// nil where there is none of that name.
    ///
    /// - Throws: ``ProvisioningError`` for one that somebody uses, that others are made of, and that is no plain volume.
    init?(_ path: VolumePath, on host: Host) throws {
        guard let volume = try host.volumes.volumes(in: path.group).first(where: { $0.name == path.volume.name }) else {
            return nil
        }
        let obstacle: (text: String, exit: ExitCode, hint: String)? =
            if volume.isThinPool {
                ("is a thin pool, with all that is in it", .cannotCreate, "choose another name for the guest")
            } else if volume.isOpen {
                ("is in use", .temporary, "end what has it open: a running guest, a mount, a copy")
            } else if volume.hasDependents {
                (
                    "has others made of it, which would go with it", .temporary,
                    "remove its snapshots or clones first: lvs \(path.group) shows them under Origin"
                )
            } else {
                nil
            }
        if let obstacle {
            throw ProvisioningError(
                "the volume \(path) is not replaced: it \(obstacle.text)", exit: obstacle.exit, hint: obstacle.hint)
        }
        owned = .init(group: volume.group, name: volume.name, uuid: volume.uuid)
    }
}
