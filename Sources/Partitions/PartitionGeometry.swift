/// Where a partition lies on its disk: planned, or read back.
package struct PartitionGeometry: Equatable, Sendable {
    /// Counted from 1, as in `/dev/xvda1`.
    package var number: Int
    /// The GPT label.
    package var name: String
    /// nil for a type that is none of ours.
    package var type: PartitionType?
    package var startByte: Int64
    package var lengthBytes: Int64
    /// The partition's own GUID (PARTUUID), lower case, as in `/dev/disk/by-partuuid`; nil as long as it is only planned.
    package var uniqueGUID: String?

    package init(
        number: Int,
        name: String,
        type: PartitionType?,
        startByte: Int64,
        lengthBytes: Int64,
        uniqueGUID: String? = nil
    ) {
        self.number = number
        self.name = name
        self.type = type
        self.startByte = startByte
        self.lengthBytes = lengthBytes
        self.uniqueGUID = uniqueGUID
    }
}
