import GuestModel
import LinuxHost

/// A volume that Domus did not make, and that the user wants to give way, by its name: `--force-volume`.
struct ForeignVolume {
    /// As it is now.
    let owned: GuestRecord.OwnedVolume

    /// nil where there is none of that name.
    ///
    /// - Throws: ``ProvisioningError`` for one that somebody uses, that others are made of, and that is no plain volume.
    init?(_ path: VolumePath, for guest: Hostname, on host: Host, store: StateStore?) throws {
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
            } else if let owner = try Self.owner(of: volume, but: guest, store) {
                ("is \(owner)'s", .cannotCreate, "choose another name for one of the two")
            } else {
                nil
            }
        if let obstacle {
            throw ProvisioningError(
                "the volume \(path) is not replaced: it \(obstacle.text)", exit: obstacle.exit, hint: obstacle.hint)
        }
        owned = .init(group: volume.group, name: volume.name, uuid: volume.uuid)
    }

    /// Who has it that Domus knows.
    private static func owner(of volume: Volume, but guest: Hostname, _ store: StateStore?) throws -> String? {
        if let other = try store?.records().first(where: { record in
            record.hostname != guest.name && (record.volumes ?? []).contains { $0.uuid == volume.uuid }
        }) {
            return "the guest \(other.hostname)"
        }
        if let base = try store?.bases().first(where: { $0.place.key == volume.uuid }) {
            return "the base \(base.id)"
        }
        return try store?.runs().first { volume.tags.contains(VolumeTags.of(run: $0.id)) }
            .map { "the run \($0.id) (\($0.command) \($0.guest))" }
    }
}
