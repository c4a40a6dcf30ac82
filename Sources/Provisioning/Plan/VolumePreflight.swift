import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Everything about volumes that can be known to fail before anything is made.
struct VolumePreflight {
    private let host: Host
    private let store: StateStore?
    private let plan: CreatePlan
    private let groupName: VolumeGroupName
    private let poolName: VolumeName?
    private let wiping: Bool

    /// Percent of a thin pool's data or metadata above which nothing more is put in, and above which it is said. A pool that
    /// is full takes all its guests down.
    static let limit = 95.0
    static let caution = 80.0

    /// nil for a guest that has none.
    init?(host: Host, store: StateStore?, plan: CreatePlan) {
        guard case .volumes(let group, let pool, let wiping) = plan.spec.storage.home else { return nil }
        self.host = host
        self.store = store
        self.plan = plan
        groupName = group
        poolName = pool
        self.wiping = wiping
    }

    /// - Throws: ``ProvisioningError`` for the first thing that is wrong.
    func check() throws {
        let group = try group()
        let volumes = try host.volumes.volumes(in: groupName)
        try checkNames(volumes)
        if let pool = try pool(volumes) {
            try checkFill(pool)
            try checkZeroing(pool)
        } else {
            try checkExtents(group)
        }
        try checkDeviceMapper()
    }

    /// What is not wrong yet.
    func warnings() throws -> [String] {
        guard let pool = try pool(host.volumes.volumes(in: groupName)) else { return [] }
        return fills(of: pool).filter { $0.percent >= Self.caution && $0.percent < Self.limit }.map { fill in
            "the \(fill.what) of the thin pool \(groupName)/\(pool.name) is \(fill.percent) % full: when it is full, every "
                + "guest in it stops"
        }
    }

    private func group() throws -> VolumeGroup {
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

    private func checkDeviceMapper() throws {
        guard try host.files.entry(at: "/dev/mapper/control") == nil else { return }
        throw ProvisioningError(
            "volumes cannot be used here: this kernel has no device-mapper (/dev/mapper/control)",
            exit: .unavailable, hint: "modprobe dm_mod; in a container it takes the host's")
    }

    private func checkNames(_ volumes: [Volume]) throws {
        let ours = try store?.record(named: plan.spec.hostname.name)?.volumes ?? []
        for drive in plan.disks.drives {
            guard case .volume(let path) = drive.place,
                let there = volumes.first(where: { $0.name == path.volume.name }),
                !ours.contains(where: { $0.group == there.group && $0.uuid == there.uuid })
            else { continue }
            throw ProvisioningError(
                "there is a volume \(path) already, and it is not one of \(plan.spec.hostname)'s", exit: .cannotCreate,
                hint:
                    "choose another name for the guest, or rename the volume; what Domus did not make it does not replace"
            )
        }
    }

    private func pool(_ volumes: [Volume]) throws -> Volume? {
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

    private func checkFill(_ pool: Volume) throws {
        guard let full = fills(of: pool).first(where: { $0.percent >= Self.limit }) else { return }
        throw ProvisioningError(
            "the thin pool \(groupName)/\(pool.name) is too full for another guest: \(full.percent) % of its \(full.what) is "
                + "used, and \(Self.limit) % is the limit",
            exit: .cannotCreate,
            hint: "lvextend(8) makes it larger; fstrim in its guests gives back what they do not use")
    }

    /// What a guest writes less than a chunk of, it would read the rest of.
    private func checkZeroing(_ pool: Volume) throws {
        guard wiping && !pool.zeroesBlocks else { return }
        throw ProvisioningError(
            "the thin pool \(groupName)/\(pool.name) does not zero its chunks: a guest in it could read what others left "
                + "there", exit: .unavailable,
            hint: "lvchange -Zy \(groupName)/\(pool.name) has it do so (lvmthin(7)); --no-wipe accepts it as it is")
    }

    private func checkExtents(_ group: VolumeGroup) throws {
        let needed = try plan.disks.drives.reduce(Int64(0)) { sum, drive in
            let extents = (try plan.disks.size(of: drive).bytes + group.extentSize - 1) / group.extentSize
            return sum + extents * group.extentSize
        }
        guard needed > group.free else { return }
        throw ProvisioningError(
            "there is no room for \(plan.spec.hostname) in the volume group \(groupName): its volumes take "
                + "\(ByteSize(bytes: needed).rounded), \(ByteSize(bytes: group.free).rounded) are free, and "
                + "\(ByteSize(bytes: needed - group.free).rounded) are missing",
            exit: .cannotCreate, hint: "make the guest smaller, or the group larger with vgextend(8)")
    }
}
