import Glibc
import GuestModel
import LinuxHost
import LogicalVolumes
import TestSupport
import Testing

/// Real volume groups, on loop devices.
@Suite("Logical volumes", .serialized, Requirement.loopDevices, Requirement.program("lvm", "losetup"))
struct ManagerTests {
    private let manager = LogicalVolumeManager(activates: false)
    private let scratch: ScratchLVM

    init() throws {
        scratch = try #require(ScratchLVM.ofThisProcess)
        _ = Self.maskAfterFirstUse
    }

    private func path(_ group: String, _ volume: String) throws -> VolumePath {
        try VolumePath(parsing: "\(group)/\(volume)")
    }

    /// Makes a volume, and looks its UUID up.
    private func create(
        _ volume: String, in group: String, mebibytes: Int64, tags: [VolumeTag]
    ) throws -> String {
        try manager.create(path(group, volume), size: .mebibytes(mebibytes), pool: nil, tags: tags)
        return try #require(try manager.volumes(in: VolumeGroupName(group)).first { $0.name == volume }).uuid
    }

    @Test("a group's size and room are told in bytes, and a volume takes its extents from it")
    func room() async throws {
        try await scratch.withGroup(mebibytes: 128) { name, _ in
            let before = try #require(try manager.groups().first { $0.name == name })
            #expect(before.size == before.free && before.missingDevices == 0)
            #expect(before.extentSize == 4 << 20 && before.size == 124 << 20)
            try manager.create(path(name, "a"), size: .mebibytes(5), pool: nil, tags: [])
            let after = try #require(try manager.groups().first { $0.name == name })
            #expect(before.free - after.free == 8 << 20)
        }
    }

    @Test("a volume has its tags from the beginning, and is told by them and by its UUID")
    func tags() async throws {
        try await scratch.withGroup(mebibytes: 128) { name, _ in
            let tags = try [VolumeTag("domus"), VolumeTag("domus.run.0123456789ab")]
            let uuid = try create("web1-disk", in: name, mebibytes: 8, tags: tags)
            let told = try await scratch.lvm(
                "lvs", "--noheadings", "-o", "lv_name,lv_uuid,lv_size,lv_tags", "--units", "b", name)
            #expect(
                told.standardOutput.split(whereSeparator: \.isWhitespace).map(String.init) == [
                    "web1-disk", uuid, "8388608B", "domus,domus.run.0123456789ab",
                ])
            let volume = try #require(try manager.volumes(in: VolumeGroupName(name)).first)
            #expect(volume.name == "web1-disk" && volume.group == name && volume.uuid == uuid)
            #expect(volume.size == 8 << 20 && volume.tags == ["domus", "domus.run.0123456789ab"])
            #expect(volume.pool == nil && !volume.isThinPool && !volume.isOpen)
        }
    }

    @Test("only a volume with the right tag and UUID is removed, whatever its name")
    func remove() async throws {
        try await scratch.withGroup(mebibytes: 128) { name, _ in
            let group = try VolumeGroupName(name)
            let ours = try VolumeTag("domus.run.1")
            let others = try VolumeTag("domus.run.2")
            // One tag among others, as they are in earnest.
            let all = try VolumeTag("domus")
            let mine = try create("mine", in: name, mebibytes: 4, tags: [all, ours])
            let yours = try create("yours", in: name, mebibytes: 4, tags: [all, others])
            try manager.create(path(name, "nobodys"), size: .mebibytes(4), pool: nil, tags: [])

            #expect(try manager.remove(from: group, uuid: mine, tag: others) == false)
            #expect(try manager.remove(from: group, uuid: yours, tag: ours) == false)
            #expect(try manager.volumes(in: group).map(\.name) == ["mine", "nobodys", "yours"])
            try await scratch.lvm("lvrename", name, "mine", "renamed")
            #expect(try manager.remove(from: group, uuid: mine, tag: ours) == true)
            #expect(try manager.remove(from: group, uuid: mine, tag: ours) == false)
            #expect(try manager.remove(from: group, uuid: nil, tag: others) == true)
            #expect(try manager.volumes(in: group).map(\.name) == ["nobodys"])
        }
    }

    @Test("a volume is renamed only if it is the one that was meant")
    func rename() async throws {
        try await scratch.withGroup(mebibytes: 128) { name, _ in
            let uuid = try create("a", in: name, mebibytes: 4, tags: [])
            let other = try create("b", in: name, mebibytes: 4, tags: [])
            #expect(try manager.rename(path(name, "a"), to: VolumeName("c"), uuid: other) == false)
            #expect(try manager.rename(path(name, "a"), to: VolumeName("c"), uuid: uuid) == true)
            #expect(try manager.rename(path(name, "a"), to: VolumeName("d"), uuid: uuid) == false)
            let error = #expect(throws: HostError.self) {
                try manager.rename(path(name, "c"), to: VolumeName("b"), uuid: uuid)
            }
            #expect(error?.message.contains("already exists") == true, "\(error?.message ?? "")")
            #expect(try manager.volumes(in: VolumeGroupName(name)).map(\.name) == ["b", "c"])
        }
    }

    @Test("a volume becomes larger and smaller by its UUID, in whole extents, and keeps its tags")
    func resize() async throws {
        try await scratch.withGroup(mebibytes: 128) { name, _ in
            let group = try VolumeGroupName(name)
            let uuid = try create("a", in: name, mebibytes: 8, tags: [VolumeTag("domus")])
            let other = try create("b", in: name, mebibytes: 4, tags: [])
            func size() throws -> Int64? { try manager.volumes(in: group).first { $0.name == "a" }?.size }
            #expect(try manager.extend(path(name, "a"), to: .mebibytes(21), uuid: other) == false)
            #expect(try manager.reduce(path(name, "a"), to: .mebibytes(4), uuid: other) == false)
            #expect(try size() == 8 << 20)
            #expect(try manager.extend(path(name, "a"), to: .mebibytes(21), uuid: uuid) == true)
            #expect(try size() == 24 << 20)
            // Neither does the other's work.
            #expect(try manager.extend(path(name, "a"), to: .mebibytes(8), uuid: uuid) == true)
            #expect(try manager.reduce(path(name, "a"), to: .mebibytes(40), uuid: uuid) == true)
            #expect(try size() == 24 << 20)
            let large = #expect(throws: HostError.self) {
                try manager.extend(path(name, "a"), to: .gibibytes(1), uuid: uuid)
            }
            #expect(large?.message.contains("nsufficient") == true, "\(large?.message ?? "")")
            #expect(try manager.reduce(path(name, "a"), to: .mebibytes(8), uuid: uuid) == true)
            #expect(try size() == 8 << 20)
            #expect(try manager.volumes(in: group).first { $0.name == "a" }?.tags == ["domus"])
        }
    }

    @Test("what LVM refuses is an error in its own words, and changes nothing")
    func refusals() async throws {
        try await scratch.withGroup(mebibytes: 64) { name, _ in
            let group = try VolumeGroupName(name)
            try manager.create(path(name, "a"), size: .mebibytes(4), pool: nil, tags: [])
            let twice = #expect(throws: HostError.self) {
                try manager.create(path(name, "a"), size: .mebibytes(4), pool: nil, tags: [])
            }
            #expect(twice?.message.contains("\"a\" already exists") == true, "\(twice?.message ?? "")")
            let large = #expect(throws: HostError.self) {
                try manager.create(path(name, "b"), size: .gibibytes(1), pool: nil, tags: [])
            }
            #expect(large?.message.contains("insufficient free space") == true, "\(large?.message ?? "")")
            let nowhere = #expect(throws: HostError.self) {
                try manager.volumes(in: VolumeGroupName("domus-no-such-group"))
            }
            #expect(nowhere?.message.contains("\"domus-no-such-group\" not found") == true, "\(nowhere?.message ?? "")")
            #expect(try manager.volumes(in: group).map(\.name) == ["a"])
        }
    }

    @Test("LVM takes every name that we take, and refuses those that it keeps for itself as we do")
    func names() async throws {
        try await scratch.withGroup(mebibytes: 64) { name, _ in
            for text in ["a", "A.b_c+d-e", "0", "web1.example.org-disk", ".a", "_x", String(repeating: "x", count: 90)]
            {
                try manager.create(path(name, text), size: .mebibytes(4), pool: nil, tags: [])
            }
            for text in ["x_tmeta", "x_tdata", "x_rimage_0", "x_mlog", "x_cvol", "pvmove0", "snapshot1", "x_vorigin"] {
                await #expect(throws: (any Error).self, "\(text)") {
                    try await scratch.lvm("lvcreate", "-an", "-Zn", "-Wn", "-y", "-L4m", "-n", text, name)
                }
                #expect(throws: ValueError.self, "\(text)") { try VolumeName(text) }
            }
        }
    }

    @Test("the library leaves the process's file mode mask as it was")
    func mask() async throws {
        #expect(Self.maskAfterFirstUse == "Umask:\t0022")
    }

    /// The library changes it when it is first used, which is here: each test begins with this.
    static let maskAfterFirstUse: String? = {
        // What the library reads once must be there.
        _ = ScratchLVM.ofThisProcess
        let before = umask(0o022)
        defer { _ = umask(before) }
        _ = try? LogicalVolumeManager(activates: false).groups()
        return umaskOfThisProcess()
    }()

    /// From proc(5), where reading it does not change it.
    private static func umaskOfThisProcess() -> String? {
        (try? readText("/proc/self/status"))?.split(separator: "\n").first { $0.hasPrefix("Umask:") }.map(String.init)
    }
}
