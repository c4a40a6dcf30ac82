import GuestModel
import LinuxHost

/// A guest's volumes as they are now, held against its record.
package struct OwnedVolumes {
    /// Those that are there, under their names, with Domus's tag.
    package let present: [GuestRecord.OwnedVolume]
    /// A sentence for each of the others.
    package let missing: [String]
    /// The same as they are now, in the same order.
    let volumes: [Volume]
    private let hostname: String

    /// - Throws: what LVM says, but for a group that is not there.
    package init(of record: GuestRecord, host: Host) throws {
        hostname = record.hostname
        let owned = record.volumes ?? []
        let groups = owned.isEmpty ? [] : try Set(host.volumes.groups().map(\.name))
        var found: [Volume] = []
        for group in Set(owned.map(\.group)).intersection(groups).sorted() {
            found += try host.volumes.volumes(in: VolumeGroupName(group))
        }
        var present: [GuestRecord.OwnedVolume] = []
        var volumes: [Volume] = []
        var missing: [String] = []
        for owned in owned {
            let volume = found.first {
                $0.group == owned.group && $0.uuid == owned.uuid && $0.name == owned.name
                    && $0.tags.contains(VolumeTags.all)
            }
            if let volume {
                present.append(owned)
                volumes.append(volume)
            } else if groups.contains(owned.group) {
                missing.append("\(owned.path): it is gone, or not the one that Domus made")
            } else {
                missing.append("\(owned.path): there is no volume group \(owned.group) on this host")
            }
        }
        self.present = present
        self.volumes = volumes
        self.missing = missing
    }

    /// - Throws: ``ProvisioningError`` for one that somebody uses, or has made something of.
    package func checkRemovable() throws(ProvisioningError) {
        for (owned, volume) in zip(present, volumes) {
            if volume.isOpen {
                throw ProvisioningError(
                    "the volume \(owned.path) of \(hostname) is in use", exit: .temporary,
                    hint: "end what has it open: a running guest, a mount, a copy")
            }
            if volume.hasDependents {
                throw ProvisioningError(
                    "others are made of the volume \(owned.path) of \(hostname), and would go with it",
                    exit: .temporary,
                    hint: "remove its snapshots or clones first: lvs \(owned.group) shows them under Origin")
            }
        }
    }
}
