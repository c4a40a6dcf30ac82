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
    ///
    /// - Parameters:
    ///   - volumes: all of the group.
    ///   - added: bytes that volumes in the pool are to have more.
    ///   - free: bytes that the group can still give.
    func warnings(_ pool: Volume, _ volumes: [Volume], adding added: Int64, free: Int64) async -> [String] {
        await fillWarnings(pool) + promiseWarnings(pool, volumes, added, free)
    }

    /// What is promised and not there is missing some day, unless LVM adds it in time.
    private func promiseWarnings(
        _ pool: Volume, _ volumes: [Volume], _ added: Int64, _ free: Int64
    ) async -> [String] {
        let promised = volumes.filter { $0.pool == pool.name }.reduce(added) { $0 + $1.size }
        guard promised > pool.size else { return [] }
        let prospect: String
        switch await threshold() {
        case nil: prospect = "whether LVM makes it larger by itself is not known"
        case let percent? where percent >= 100:
            prospect = "LVM does not make it larger by itself (thin_pool_autoextend_threshold in lvm.conf)"
        case let percent?:
            guard promised > pool.size + free else { return [] }
            prospect =
                "LVM makes it larger from \(percent) % on, and the group has only \(ByteSize(bytes: free).rounded) free"
        }
        return [
            "the volumes in the thin pool \(groupName)/\(pool.name) will have \(ByteSize(bytes: promised).rounded), and it has "
                + "\(ByteSize(bytes: pool.size).rounded); \(prospect): when it is full, every guest in it stops"
        ]
    }

    /// Percent of use from which LVM makes thin pools larger by itself; 100 for never (lvmthin(7)). Asked of the program: the
    /// library answers this on the standard output.
    private func threshold() async -> Int? {
        let question = Invocation(
            "lvmconfig", ["--typeconfig", "full", "activation/thin_pool_autoextend_threshold"],
            environment: ["LC_ALL": "C.UTF-8"], timeout: 30)
        guard let answer = try? await host.processes.capture(question), answer.status.isSuccess else { return nil }
        return answer.output.split(whereSeparator: { $0 == "=" || $0.isNewline }).last.flatMap { Int($0) }
    }

    private func fillWarnings(_ pool: Volume) -> [String] {
        fills(of: pool).filter { $0.percent >= Self.caution && $0.percent < Self.limit }.map { fill in
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

    /// What a guest writes less than a chunk of, it would read the rest of.
    func checkZeroing(_ pool: Volume) throws {
        guard !pool.zeroesBlocks else { return }
        throw ProvisioningError(
            "the thin pool \(groupName)/\(pool.name) does not zero its chunks: a guest in it could read what others left "
                + "there", exit: .unavailable,
            hint: "lvchange -Zy \(groupName)/\(pool.name) has it do so (lvmthin(7)); --no-wipe accepts it as it is"
        )
    }
}
