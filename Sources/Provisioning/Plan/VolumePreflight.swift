import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Everything about volumes that can be known to fail before anything is made.
struct VolumePreflight {
    private let host: Host
    private let store: StateStore?
    private let plan: CreatePlan
    private let room: VolumeRoom
    private let wiping: Bool
    private let count: Int

    /// nil for a guest that has none.
    ///
    /// - Parameter count: how many guests like this one there is to be room for.
    init?(host: Host, store: StateStore?, plan: CreatePlan, count: Int) {
        guard case .volumes(let group, let pool, let wiping) = plan.spec.storage.home else { return nil }
        self.host = host
        self.store = store
        self.plan = plan
        room = VolumeRoom(host: host, groupName: group, poolName: pool)
        self.wiping = wiping
        self.count = count
    }

    /// - Returns: what is not wrong yet.
    /// - Throws: ``ProvisioningError`` for the first thing that is wrong.
    func check() async throws -> [String] {
        let group = try room.group()
        let volumes = try host.volumes.volumes(in: room.groupName)
        try checkNames(volumes)
        try checkForced()
        var warnings: [String] = []
        if let pool = try room.pool(volumes) {
            try room.checkFill(pool, for: "another guest")
            if wiping { try room.checkZeroing(pool) }
            let added = try plan.disks.drives.reduce(0) { $0 + (try plan.disks.size(of: $1).bytes) } * Int64(count)
            warnings = await room.warnings(pool, volumes, adding: added, free: group.free)
        } else {
            try checkExtents(group)
        }
        try checkDeviceMapper()
        return warnings
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
            if plan.forcedVolumes.contains(path) {
                _ = try ForeignVolume(path, for: plan.spec.hostname, on: host, store: store)
                let device = FilePath(path.device)
                if try host.files.entry(at: device) != nil, let block = try host.files.blockDevice(at: device) {
                    try DevicePreflight(
                        host: host, store: store, hostname: plan.spec.hostname,
                        configurations: plan.spec.configuration.directory, disks: plan.disks, formatted: nil
                    ).checkGuests(device, block)
                }
                continue
            }
            throw ProvisioningError(
                "there is a volume \(path) already, and it is not one of \(plan.spec.hostname)'s", exit: .cannotCreate,
                hint:
                    "choose another name for the guest, or rename the volume; --force-volume=\(path) removes it, with what "
                    + "is on it")
        }
    }

    /// One that is not in the guest's way is named by mistake.
    private func checkForced() throws {
        let names = plan.disks.drives.compactMap { drive in
            if case .volume(let path) = drive.place { path } else { nil }
        }
        guard let path = plan.forcedVolumes.first(where: { !names.contains($0) }) else { return }
        throw ProvisioningError(
            "--force-volume: \(path) is not in the way of \(plan.spec.hostname), whose volumes are "
                + names.map(\.description).joined(separator: ", "), exit: .usage, hint: "leave it out")
    }

    private func checkExtents(_ group: VolumeGroup) throws {
        let needed = try plan.disks.drives.reduce(Int64(0)) { sum, drive in
            let extents = (try plan.disks.size(of: drive).bytes + group.extentSize - 1) / group.extentSize
            return sum + extents * group.extentSize * Int64(count)
        }
        guard needed > group.free else { return }
        throw ProvisioningError(
            "there is no room for \(plan.spec.hostname.name(andMore: count)) in the volume group \(room.groupName): "
                + "\(count == 1 ? "its" : "their") volumes take "
                + "\(ByteSize(bytes: needed).rounded), \(ByteSize(bytes: group.free).rounded) are free, and "
                + "\(ByteSize(bytes: needed - group.free).rounded) are missing",
            exit: .cannotCreate, hint: "make the guest smaller, or the group larger with vgextend(8)")
    }
}

extension Hostname {
    /// `web01`, or `web01 and 49 more`.
    func name(andMore count: Int) -> String { count == 1 ? name : "\(name) and \(count - 1) more" }
}
