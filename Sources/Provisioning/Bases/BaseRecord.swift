import GuestModel
import LinuxHost

/// What is known of a base: an installed system on a volume of its own that nobody writes, of which guests are clones.
package struct BaseRecord: Codable, Sendable, Hashable {
    /// Twelve hexadecimal digits, from its shape and the archive's state.
    package var id: String
    /// ``BaseShape/key``.
    package var shape: String
    /// ``ArchiveState/digest`` just before it was installed.
    package var state: String
    /// For example `debian`.
    package var distribution: String
    package var codename: String
    package var architecture: String
    package var installMethod: String
    package var fileSystem: String
    package var volume: GuestRecord.OwnedVolume
    /// The thin pool that it is in, with all its clones.
    package var pool: String
    /// Bytes: no clone is smaller.
    package var size: Int64
    /// Seconds since 1970.
    package var created: Int64
    /// The version of Domus that made it.
    package var madeBy: String

    package init(
        id: String, shape: String, state: String, distribution: String, codename: String, architecture: String,
        installMethod: String, fileSystem: String, volume: GuestRecord.OwnedVolume, pool: String, size: Int64,
        created: Int64, madeBy: String
    ) {
        self.id = id
        self.shape = shape
        self.state = state
        self.distribution = distribution
        self.codename = codename
        self.architecture = architecture
        self.installMethod = installMethod
        self.fileSystem = fileSystem
        self.volume = volume
        self.pool = pool
        self.size = size
        self.created = created
        self.madeBy = madeBy
    }

    /// Whether a volume is this base's, as it was left.
    package func isOn(_ volume: Volume) -> Bool {
        volume.group == self.volume.group && volume.name == self.volume.name && volume.uuid == self.volume.uuid
            && volume.tags.contains(VolumeTags.all) && volume.pool == pool && volume.isReadOnly
    }
}
