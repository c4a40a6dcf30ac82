/// One partition that is wanted.
package struct PartitionPlan: Equatable, Sendable {
    package enum Size: Equatable, Sendable {
        /// At least so many bytes; what is no multiple of 1 MiB is rounded up.
        case bytes(Int64)
        /// What the others leave, 1 MiB at least. One partition of a layout may have it, at any place.
        case rest
    }

    /// The GPT label (PARTLABEL): printable ASCII, 36 characters at most, may be empty.
    package var name: String
    package var type: PartitionType
    package var size: Size

    package init(name: String, type: PartitionType, size: Size) {
        self.name = name
        self.type = type
        self.size = size
    }
}
