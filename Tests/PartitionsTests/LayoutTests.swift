import Partitions
import Testing

private let mebibyte: Int64 = 1 << 20

@Suite("Planning partitions")
struct LayoutTests {
    static let guest = [
        PartitionPlan(name: "bios", type: .biosBoot, size: .bytes(mebibyte)),
        PartitionPlan(name: "root", type: .linuxFilesystem, size: .rest),
        PartitionPlan(name: "swap", type: .linuxSwap, size: .bytes(128 * mebibyte)),
    ]

    @Test("The rest of the disk goes to the partition that asks for it, wherever it stands")
    func rest() throws {
        let geometry = try GPTLayout(Self.guest).geometry(onDiskOf: 1024 * mebibyte)
        #expect(geometry.map(\.number) == [1, 2, 3])
        #expect(geometry.map { $0.startByte / mebibyte } == [1, 2, 895])
        #expect(geometry.map { $0.lengthBytes / mebibyte } == [1, 893, 128])
        #expect(geometry.map(\.type) == [.biosBoot, .linuxFilesystem, .linuxSwap])
        #expect(geometry.allSatisfy { $0.uniqueGUID == nil })
    }

    @Test("Sizes are rounded up to 1 MiB, and a disk of the minimal size holds them")
    func minimal() throws {
        let layout = try GPTLayout([
            PartitionPlan(name: "a", type: .linuxFilesystem, size: .bytes(1)),
            PartitionPlan(name: "b", type: .linuxSwap, size: .bytes(mebibyte + 1)),
        ])
        #expect(layout.minimumDiskBytes == 5 * mebibyte)
        let geometry = try layout.geometry(onDiskOf: layout.minimumDiskBytes)
        #expect(geometry.map { $0.lengthBytes / mebibyte } == [1, 2])
        #expect(geometry.map { $0.startByte / mebibyte } == [1, 2])
    }

    @Test("A rest on a disk of the minimal size is 1 MiB")
    func minimalRest() throws {
        let layout = try GPTLayout(Self.guest)
        #expect(layout.minimumDiskBytes == 132 * mebibyte)
        #expect(try layout.geometry(onDiskOf: layout.minimumDiskBytes)[1].lengthBytes == mebibyte)
    }

    @Test("A disk that is too small is refused with both numbers")
    func tooSmall() throws {
        let layout = try GPTLayout(Self.guest)
        let error = #expect(throws: PartitionError.self) { try layout.geometry(onDiskOf: 100 * mebibyte) }
        #expect(
            error?.message
                == "the partitions need a disk of 138412032 bytes (132 MiB), and it has 104857600 (100 MiB)"
        )
        #expect(error?.kind == .tooSmall)
        #expect(error?.hint != nil)
    }

    @Test("Partitions never overlap or leave the disk, whatever its size", arguments: 0..<200)
    func fits(seed: Int) throws {
        let plans = (0...(seed % 7)).map { index in
            PartitionPlan(
                name: "\(index)",
                type: .linuxFilesystem,
                size: index == seed % 5 ? .rest : .bytes(Int64((seed * 7919 + index * 104_729) % 9_000_000) + 1)
            )
        }
        let layout = try GPTLayout(plans)
        let disk = layout.minimumDiskBytes + Int64(seed * 77_777)
        let geometry = try layout.geometry(onDiskOf: disk)
        var end = mebibyte
        for (partition, plan) in zip(geometry, plans) {
            #expect(partition.startByte == end)
            #expect(partition.lengthBytes > 0)
            #expect(partition.lengthBytes % mebibyte == 0)
            if case .bytes(let bytes) = plan.size {
                #expect(partition.lengthBytes >= bytes)
                #expect(partition.lengthBytes < bytes + mebibyte)
            }
            end += partition.lengthBytes
        }
        #expect(end <= disk - 33 * 512)
        if plans.contains(where: { $0.size == .rest }) {
            #expect(disk - end < 2 * mebibyte)
        }
    }

    @Test(
        "An impossible layout is refused",
        arguments: [
            ([], "without partitions"),
            (Array(repeating: PartitionPlan(name: "", type: .linuxSwap, size: .bytes(1)), count: 129), "129"),
            (Array(repeating: PartitionPlan(name: "", type: .linuxSwap, size: .rest), count: 2), "only one"),
            ([PartitionPlan(name: "x", type: .linuxSwap, size: .bytes(0))], "cannot have 0 bytes"),
            ([PartitionPlan(name: "x", type: .linuxSwap, size: .bytes(-5))], "cannot have -5 bytes"),
            ([PartitionPlan(name: "x", type: .linuxSwap, size: .bytes(.max))], "cannot have \(Int64.max) bytes"),
            (
                Array(repeating: PartitionPlan(name: "", type: .linuxSwap, size: .bytes(.max / 2)), count: 3),
                "larger together"
            ),
            ([PartitionPlan(name: "röt", type: .linuxSwap, size: .rest)], "printable ASCII"),
            ([PartitionPlan(name: "a\nb", type: .linuxSwap, size: .rest)], "printable ASCII"),
            ([PartitionPlan(name: String(repeating: "x", count: 37), type: .linuxSwap, size: .rest)], "36"),
        ] as [([PartitionPlan], String)]
    )
    func impossible(plans: [PartitionPlan], reason: String) {
        let error = #expect(throws: PartitionError.self) { try GPTLayout(plans) }
        #expect(error?.kind == .invalidLayout)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
}
