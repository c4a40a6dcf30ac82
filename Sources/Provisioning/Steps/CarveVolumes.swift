import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Makes the guest's volumes, under names of the run's own where others may have theirs.
struct CarveVolumes: Step {
    let disks: DiskPlan
    let group: VolumeGroupName
    let pool: VolumeName?

    var summary: String {
        "Carve \(disks.drives.count) volume\(disks.drives.count == 1 ? "" : "s") out of "
            + (pool.map { "the thin pool \(group)/\($0)" } ?? "\(group)")
    }

    var details: [String] {
        disks.drives.map { "\($0.path): \((try? disks.size(of: $0)).map(\.description) ?? "?")" }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let wanted = try disks.drives.map { drive in
            Effects.WantedVolume(
                path: try context.workingVolume(of: drive, in: group),
                size: try disks.size(of: drive))
        }
        let volumes = try context.effects.createOwnVolumes(
            wanted, in: group, pool: pool, tag: VolumeTags.of(guest: context.spec.hostname), step: summary)
        for (drive, volume) in zip(disks.drives, volumes) { findings.volumes[drive.name] = volume }
    }
}

/// Has the guest's volumes read as zeros, all of them: what another guest left on the same extents is nobody's to read.
struct ZeroVolumes: Step {
    let disks: DiskPlan

    var summary: String { "Zero the volume\(disks.drives.count == 1 ? "" : "s")" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        try Zeroing(host: context.host, reporter: context.reporter).zero(
            disks.drives.map { drive in
                guard let volume = findings.volumes[drive.name] else { preconditionFailure("it was carved before") }
                return (FilePath(volume.path.device), 0..<volume.size)
            })
    }
}

/// Having devices read as zeros.
struct Zeroing {
    let host: Host
    let reporter: any Reporter

    /// Bytes between one look for an interruption and the next.
    private static let stride: Int64 = 256 << 20

    func zero(_ ranges: [(device: FilePath, range: Range<Int64>)]) throws {
        let sum = ranges.reduce(0) { $0 + $1.range.upperBound - $1.range.lowerBound }
        var done: Int64 = 0
        for (device, range) in ranges {
            for offset in Swift.stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.stride)) {
                try Task.checkCancellation()
                let length = min(Self.stride, range.upperBound - offset)
                try host.files.zero(device, from: offset, length: length)
                done += length
                reporter.progressed(Double(done) / Double(sum))
            }
        }
    }
}

extension DiskPlan {
    /// How large a drive must be.
    func size(of drive: Drive) throws -> ByteSize {
        if layout == .disk { return try PartitionedDisk(self).size }
        guard let slot = slots.first(where: { $0.drive == drive.name }) else {
            preconditionFailure("a drive has a slot")
        }
        return slot.partition.size
    }
}

/// The tags on what Domus makes.
package enum VolumeTags {
    /// On every volume of Domus's.
    package static let all = "domus"

    /// On those that a run made: how a killed run knows its own.
    package static func of(run: String) -> String { "domus.run.\(run)" }

    /// On those of a guest, for people, and for those who find a volume whose record is lost.
    package static func of(guest: Hostname) -> String { "\(guestPrefix)\(guest)" }
    static let guestPrefix = "domus.guest."

    /// On a base's.
    package static func of(base id: String) -> String { "domus.base.\(id)" }
}
