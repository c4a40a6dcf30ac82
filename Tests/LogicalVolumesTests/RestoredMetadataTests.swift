import GuestModel
import LinuxHost
import LogicalVolumes
import SystemPackage
import TestSupport
import Testing

/// Thin pools and snapshots as LVM's own metadata has them, restored into a real group: without a device-mapper they cannot
/// be made, but told they are.
@Suite("Thin pools and snapshots", .serialized, Requirement.loopDevices, Requirement.program("lvm", "losetup"))
struct RestoredMetadataTests {
    private let manager = LogicalVolumeManager(activates: false)

    init() {
        _ = ManagerTests.maskAfterFirstUse
    }

    private func segment(_ extents: Int, _ type: String, _ more: String) -> String {
        "segment_count = 1 segment1 { start_extent = 0 extent_count = \(extents) type = \"\(type)\" \(more) }"
    }

    private func linear(_ extents: Int, at first: Int) -> String {
        segment(extents, "striped", "stripe_count = 1 stripes = [ \"pv0\", \(first) ]")
    }

    private func volume(_ name: String, number: Int, isVisible: Bool = true, tags: [String] = [], _ segment: String)
        -> String
    {
        let status = isVisible ? "\"READ\", \"WRITE\", \"VISIBLE\"" : "\"READ\", \"WRITE\""
        let tags = tags.isEmpty ? "" : "tags = [ \(tags.map { "\"\($0)\"" }.joined(separator: ", ")) ]"
        return
            "\(name) { id = \"aaaaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaa\(number)\" status = [\(status)] flags = [] \(tags) \(segment) }"
    }

    /// A group with a thin pool and a volume in it, and a volume with a snapshot.
    private func withVolumes(zeroing: Bool, _ body: (VolumeGroupName) async throws -> Void) async throws {
        let scratch = try #require(ScratchLVM.ofThisProcess)
        try await scratch.withGroup(mebibytes: 256) { name, image in
            let file = FilePath("\(image).metadata")
            defer { removeTree(file) }
            try await scratch.lvm("vgcfgbackup", "-f", file.string, name)
            let pool =
                "metadata = \"pool_tmeta\" pool = \"pool_tdata\" transaction_id = 1 chunk_size = 128 "
                + "discards = \"passdown\" zero_new_blocks = \(zeroing ? 1 : 0)"
            let volumes = [
                volume("pool", number: 1, segment(10, "thin-pool", pool)),
                volume(
                    "thin1", number: 2, tags: ["domus", "domus.run.1"],
                    segment(20, "thin", "thin_pool = \"pool\" transaction_id = 0 device_id = 1")),
                volume("pool_tmeta", number: 3, isVisible: false, linear(1, at: 0)),
                volume("pool_tdata", number: 4, isVisible: false, linear(10, at: 1)),
                volume("base", number: 5, tags: ["domus", "domus.run.1"], linear(4, at: 20)),
                volume("backup", number: 6, linear(2, at: 30)),
                volume(
                    "snapshot0", number: 7, isVisible: false,
                    segment(4, "snapshot", "chunk_size = 8 origin = \"base\" cow_store = \"backup\"")),
            ]
            let text = try readText(file)
            let end = try #require(text.lastIndex(of: "}"))
            try writeFile(file, text[..<end] + "logical_volumes { \(volumes.joined(separator: "\n")) }\n}\n")
            try await scratch.lvm("vgcfgrestore", "--force", "--yes", "-f", file.string, name)
            try await body(VolumeGroupName(name))
        }
    }

    @Test("a pool is one, with what it does to its chunks; what is in it names it", arguments: [true, false])
    func pools(zeroing: Bool) async throws {
        try await withVolumes(zeroing: zeroing) { group in
            let volumes = try manager.volumes(in: group)
            #expect(volumes.map(\.name) == ["backup", "base", "pool", "thin1"])
            #expect(volumes.map(\.isThinPool) == [false, false, true, false])
            #expect(volumes.map(\.pool) == [nil, nil, nil, "pool"])
            #expect(volumes[2].zeroesBlocks == zeroing)
            #expect(volumes[3].size == 80 << 20 && volumes[3].tags == ["domus", "domus.run.1"])
            // Nothing is active, so that the kernel cannot be asked.
            #expect(volumes.allSatisfy { $0.dataPercent == nil && $0.metadataPercent == nil && !$0.isOpen })
        }
    }

    @Test("a volume with a snapshot is not removed: LVM would remove the snapshot with it")
    func snapshots() async throws {
        try await withVolumes(zeroing: true) { group in
            let volumes = try manager.volumes(in: group)
            #expect(volumes.filter(\.hasDependents).map(\.name) == ["base", "pool"])
            let tag = try VolumeTag("domus.run.1")
            let error = #expect(throws: HostError.self) {
                try manager.remove(from: group, uuid: volumes[1].uuid, tag: tag)
            }
            #expect(error?.message.contains("/base is not removed: others are made of it") == true)
            #expect(try manager.volumes(in: group).map(\.name) == ["backup", "base", "pool", "thin1"])
        }
    }
}
