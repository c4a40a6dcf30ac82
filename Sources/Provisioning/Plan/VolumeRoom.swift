import GuestModel
import LinuxHost

/// A volume group, or a thin pool in it, that is to give room.
struct VolumeRoom {
    let host: Host
    let groupName: VolumeGroupName
    let poolName: VolumeName?

    /// Percent of a thin pool's data or metadata above which nothing more is put in, and above which it is said. A pool that
    /// is full takes all its guests down.
    static let limit = 95.0
    static let caution = 80.0

    /// What is not wrong yet.
    func warnings() throws -> [String] {
        guard let pool = try pool(host.volumes.volumes(in: groupName)) else { return [] }
        return fills(of: pool).filter { $0.percent >= Self.caution && $0.percent < Self.limit }.map { fill in
            "the \(fill.what) of the thin pool \(groupName)/\(pool.name) is \(fill.percent) % full: when it is full, every "
                + "guest in it stops"
        }
    }

    /// The group, which must be there and whole.
    func group() throws -> VolumeGroup {
        let groups = try host.volumes.groups()
        guard let group = groups.first(where: { $0.name == groupName.name }) else {
            throw ProvisioningError(
                "there is no volume group \"\(groupName)\" on this host", exit: .noInput,
                hint: groups.isEmpty
                    ? "there is none at all; vgcreate(8) makes one"
                    : "there is \(groups.map(\.name).joined(separator: ", "))")
        }
        guard group.missingDevices == 0 else {
            throw ProvisioningError(
                "the volume group \(groupName) is not whole: \(group.missingDevices) of its physical volumes "
                    + "\(group.missingDevices == 1 ? "is" : "are") missing",
                exit: .unavailable, hint: "bring them back, or take them out with vgreduce(8); pvs(8) shows which")
        }
        return group
    }

    /// The pool, which must be one; nil where none is meant.
    func pool(_ volumes: [Volume]) throws -> Volume? {
        guard let poolName else { return nil }
        let named = volumes.first { $0.name == poolName.name }
        guard let pool = named, pool.isThinPool else {
            let pools = volumes.filter(\.isThinPool).map(\.name)
            throw ProvisioningError(
                named == nil
                    ? "there is no thin pool \(groupName)/\(poolName)" : "\(groupName)/\(poolName) is no thin pool",
                exit: .noInput,
                hint: pools.isEmpty ? "the group has none" : "the group has \(pools.joined(separator: ", "))")
        }
        return pool
    }

    private func fills(of pool: Volume) -> [(what: String, percent: Double)] {
        [("data", pool.dataPercent), ("metadata", pool.metadataPercent)].compactMap { what, percent in
            percent.map { (what, $0) }
        }
    }

    /// - Parameter what: what is to be put in.
    func checkFill(_ pool: Volume, for what: String) throws {
        guard let full = fills(of: pool).first(where: { $0.percent >= Self.limit }) else { return }
        throw ProvisioningError(
            "the thin pool \(groupName)/\(pool.name) is too full for \(what): \(full.percent) % of its \(full.what) is "
                + "used, and \(Self.limit) % is the limit",
            exit: .cannotCreate,
            hint: "lvextend(8) makes it larger; fstrim in its guests gives back what they do not use")
    }
}
