import GuestModel

/// A volume group as it is now.
package struct VolumeGroup: Sendable, Hashable {
    package var name: String
    /// Bytes.
    package var size: Int64
    /// Bytes that no volume has.
    package var free: Int64
    /// Bytes; sizes of thick volumes are multiples.
    package var extentSize: Int64
    /// Physical volumes that are gone: nothing can be changed while there are any.
    package var missingDevices: Int

    package init(name: String, size: Int64, free: Int64, extentSize: Int64, missingDevices: Int = 0) {
        self.name = name
        self.size = size
        self.free = free
        self.extentSize = extentSize
        self.missingDevices = missingDevices
    }
}

/// A logical volume as it is now, whoever made it.
package struct Volume: Sendable, Hashable {
    package var group: String
    package var name: String
    /// LVM's own: no other volume has it, before or after.
    package var uuid: String
    /// Bytes, as its user sees it.
    package var size: Int64
    package var tags: Set<String>
    /// The thin pool that it is in.
    package var pool: String?
    /// Percent of the pool's, or of the thin volume's, that is used; nil where LVM does not tell, as for what is not active.
    package var dataPercent: Double?
    /// Percent of a thin pool's metadata that is used.
    package var metadataPercent: Double?
    package var isThinPool: Bool
    /// Of a thin pool: whether blocks read as zeros that its volumes have not written.
    package var zeroesBlocks: Bool
    /// Whether others are made of it that would go with it: snapshots outside thin pools, thin clones of an external origin,
    /// the volumes of a pool.
    package var hasDependents: Bool
    package var isReadOnly: Bool
    /// Whether somebody has its device open: a running guest, a mount.
    package var isOpen: Bool

    package init(
        group: String, name: String, uuid: String, size: Int64, tags: Set<String> = [], pool: String? = nil,
        dataPercent: Double? = nil, metadataPercent: Double? = nil, isThinPool: Bool = false, zeroesBlocks: Bool = true,
        hasDependents: Bool = false, isReadOnly: Bool = false,
        isOpen: Bool = false
    ) {
        self.group = group
        self.name = name
        self.uuid = uuid
        self.size = size
        self.tags = tags
        self.pool = pool
        self.dataPercent = dataPercent
        self.metadataPercent = metadataPercent
        self.isThinPool = isThinPool
        self.zeroesBlocks = zeroesBlocks
        self.hasDependents = hasDependents
        self.isReadOnly = isReadOnly
        self.isOpen = isOpen
    }
}

/// Volume groups and logical volumes.
///
/// Every change names the volume by what it is, not only by its name: somebody else may have put another one in its place.
package protocol VolumeManaging: Sendable {
    /// All volume groups that this host sees, by name.
    func groups() throws(HostError) -> [VolumeGroup]

    /// The volumes of a group, by name; hidden parts of others not among them.
    func volumes(in group: VolumeGroupName) throws(HostError) -> [Volume]

    /// Makes a volume and activates it. What it is, ``volumes(in:)`` tells: each question takes LVM a look at all disks.
    ///
    /// - Parameters:
    ///   - pool: the thin pool that it is to be in.
    ///   - tags: what it has from its first moment, so that a run that is killed then still knows it.
    func create(_ path: VolumePath, size: ByteSize, pool: VolumeName?, tags: [VolumeTag]) throws(HostError)

    /// Removes the volume of a group that has this tag and, where one is given, this UUID, whatever its name is now.
    ///
    /// - Returns: whether there was one.
    /// - Throws: for one that has dependents, too: LVM would remove them with it.
    func remove(from group: VolumeGroupName, uuid: String?, tag: VolumeTag) throws(HostError) -> Bool

    /// Removes the volume of that UUID, whoever made it.
    ///
    /// - Returns: whether it was there under that name.
    /// - Throws: for one that has dependents, too.
    func remove(_ path: VolumePath, uuid: String) throws(HostError) -> Bool

    /// Makes the volume of that UUID larger: at least that many bytes, in whole extents. One that is so large stays so.
    ///
    /// - Parameter uuid: nil where the name alone tells, as in ``rename(_:to:uuid:)``, of one that is known to be smaller.
    /// - Returns: whether it was there under that name.
    func extend(_ path: VolumePath, to size: ByteSize, uuid: String?) throws(HostError) -> Bool

    /// Makes the volume of that UUID smaller: as many bytes, in whole extents. What is behind them is lost. One that is so
    /// small stays so.
    ///
    /// - Returns: whether it was there under that name.
    func reduce(_ path: VolumePath, to size: ByteSize, uuid: String) throws(HostError) -> Bool

    /// Gives the volume of that UUID another name.
    ///
    /// - Parameter uuid: nil where the name alone tells: one with a run's random number in it. That spares LVM a look at all
    ///   disks.
    /// - Returns: whether it was there under that name.
    func rename(_ path: VolumePath, to name: VolumeName, uuid: String?) throws(HostError) -> Bool

    /// Makes a snapshot of a thin volume in its pool, which can be written, and activates it: as large as the origin, and its
    /// blocks are shared until one of the two is written.
    ///
    /// - Parameter tags: what it has from its first moment.
    func snapshot(of origin: VolumePath, as name: VolumeName, tags: [VolumeTag]) throws(HostError)

    /// Makes a volume read-only, takes its device away, and has nothing give it one again by itself at the next boot.
    func seal(_ path: VolumePath) throws(HostError)
}
