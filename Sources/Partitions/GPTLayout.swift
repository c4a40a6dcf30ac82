/// The partitions of a disk with a GPT, in their order; a value that exists can be laid out on a disk that is large enough.
///
/// Partitions begin and end on whole MiB. The first MiB of a disk and its last hold the two copies of the table.
package struct GPTLayout: Equatable, Sendable {
    /// 1 MiB: what every partition's start and length is a multiple of.
    package static let alignment: Int64 = 1 << 20
    /// How many a GPT of the usual size holds.
    package static let mostPartitions = 128

    package let partitions: [PartitionPlan]
    /// The bytes of the smallest disk for these partitions, a multiple of 1 MiB. A `rest` counts as 1 MiB.
    package let minimumDiskBytes: Int64

    /// - Throws: `invalidLayout`.
    package init(_ partitions: [PartitionPlan]) throws(PartitionError) {
        guard !partitions.isEmpty else {
            throw PartitionError(.invalidLayout, "a disk without partitions makes no sense")
        }
        guard partitions.count <= Self.mostPartitions else {
            throw PartitionError(
                .invalidLayout,
                "a disk cannot have \(partitions.count) partitions: \(Self.mostPartitions) is the most"
            )
        }
        guard partitions.count(where: { $0.size == .rest }) <= 1 else {
            throw PartitionError(.invalidLayout, "only one partition can take the rest of the disk")
        }
        var total = 2 * Self.alignment
        for (index, partition) in partitions.enumerated() {
            try Self.checkName(partition.name, number: index + 1)
            let length = try Self.length(of: partition, number: index + 1)
            let (sum, overflow) = total.addingReportingOverflow(length)
            guard !overflow else {
                throw PartitionError(.invalidLayout, "the partitions are larger together than any disk")
            }
            total = sum
        }
        self.partitions = partitions
        self.minimumDiskBytes = total
    }

    /// Where the partitions lie on a disk of that many bytes.
    ///
    /// - Throws: `tooSmall`.
    package func geometry(onDiskOf diskBytes: Int64) throws(PartitionError) -> [PartitionGeometry] {
        guard diskBytes >= minimumDiskBytes else {
            throw PartitionError(
                .tooSmall,
                "the partitions need a disk of \(minimumDiskBytes) bytes (\(minimumDiskBytes / Self.alignment) MiB),"
                    + " and it has \(diskBytes) (\(diskBytes / Self.alignment) MiB)",
                hint: "make the disk larger, or a partition smaller"
            )
        }
        let end = Self.end(onDiskOf: diskBytes)
        // Beyond the 1 MiB that minimumDiskBytes counts for it.
        let leftOver = end - (minimumDiskBytes - Self.alignment)
        var start = Self.alignment
        var geometry: [PartitionGeometry] = []
        for (index, partition) in partitions.enumerated() {
            let counted = try Self.length(of: partition, number: index + 1)
            let length = partition.size == .rest ? counted + leftOver : counted
            geometry.append(
                PartitionGeometry(
                    number: index + 1,
                    name: partition.name,
                    type: partition.type,
                    startByte: start,
                    lengthBytes: length
                )
            )
            start += length
        }
        return geometry
    }

    /// The last whole MiB that a partition can reach on a disk of that many bytes. The table at its end takes 16.5 KiB with
    /// sectors of 512 bytes, and 20 KiB with 4096.
    static func end(onDiskOf diskBytes: Int64) -> Int64 { (diskBytes - (64 << 10)) / alignment * alignment }

    private static func length(of partition: PartitionPlan, number: Int) throws(PartitionError) -> Int64 {
        guard case .bytes(let bytes) = partition.size else { return alignment }
        guard bytes > 0, bytes <= Int64.max - alignment else {
            throw PartitionError(.invalidLayout, "partition \(number) (\(partition.name)) cannot have \(bytes) bytes")
        }
        return (bytes + alignment - 1) / alignment * alignment
    }

    private static func checkName(_ name: String, number: Int) throws(PartitionError) {
        // A GPT can hold UTF-16, but libparted translates by the locale of the process, which need not know the letter.
        guard name.utf8.count <= 36, name.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
            throw PartitionError(
                .invalidLayout,
                "partition \(number) cannot have the label \(name.debugDescription):"
                    + " a label is up to 36 printable ASCII characters"
            )
        }
    }
}
