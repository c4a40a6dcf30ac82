import SystemPackage
import TestSupport
import Testing

/// Volume groups as the program finds them, without a device-mapper: all that is said before the first effect. Guests on
/// volumes are shown on the Xen host.
@Suite("guests on volumes", Requirement.bootstrapping, Requirement.loopDevices, Requirement.program("lvm", "losetup"))
struct VolumeTests {
    private func create(_ words: [String], in workspace: Workspace, _ scratch: ScratchLVM) async throws -> Outcome {
        var command = workspace.domus(try await workspace.tiny("web1", words))
        command.environment["LVM_SYSTEM_DIR"] = scratch.systemDirectory.string
        return try await command.run()
    }

    @Test("a kernel without device-mapper is told, and nothing is made", Requirement.noDeviceMapper)
    func noDeviceMapper() async throws {
        let scratch = try ScratchLVM()
        try await scratch.withGroup(mebibytes: 128) { group, _ in
            try await withWorkspace { workspace in
                let outcome = try await create(["--lvm=\(group)"], in: workspace, scratch)
                #expect(outcome.status == 69, "\(outcome)")
                #expect(outcome.standardError.contains("this kernel has no device-mapper"))
                #expect(try await scratch.lvm("lvs", "--noheadings", group).standardOutput == "")
                #expect(!fileExists(workspace.guests))
            }
        }
    }

    @Test("what the group cannot give is refused with numbers and names, and nothing is touched")
    func refusals() async throws {
        let scratch = try ScratchLVM()
        try await scratch.withGroup(mebibytes: 64) { group, _ in
            try await withWorkspace { workspace in
                try await scratch.lvm("lvcreate", "-an", "-Zn", "-Wn", "-y", "-L8m", "-nplain", group)
                for (words, status, messages) in [
                    (
                        ["--lvm=nowhere"], 66,
                        ["there is no volume group \"nowhere\" on this host", "there is \(group)"]
                    ),
                    (
                        ["--lvm=\(group)"], 73,
                        ["no room for web1 in the volume group \(group): its volumes take 68M, 52M are free", "16M"]
                    ),
                    (["--lvm=\(group)", "--lvm_thin=pool"], 66, ["there is no thin pool \(group)/pool"]),
                    (["--lvm_thin=\(group)/plain"], 66, ["\(group)/plain is no thin pool", "the group has none"]),
                ] as [([String], Int32, [String])] {
                    let outcome = try await create(words, in: workspace, scratch)
                    #expect(outcome.status == status, "\(outcome)")
                    for message in messages { #expect(outcome.standardError.contains(message), "\(outcome)") }
                }
                try await scratch.lvm("lvrename", group, "plain", "web1-disk")
                let taken = try await create(["--lvm=\(group)", "--force"], in: workspace, scratch)
                #expect(taken.status == 73)
                #expect(taken.standardError.contains("there is a volume \(group)/web1-disk already"), "\(taken)")
                let left = try await scratch.lvm("lvs", "--noheadings", "-o", "lv_name,lv_tags", group).standardOutput
                #expect(left.split(whereSeparator: \.isWhitespace) == ["web1-disk"])
            }
        }
    }
}
