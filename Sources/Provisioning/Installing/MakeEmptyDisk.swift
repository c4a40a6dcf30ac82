import GuestModel
import LinuxHost
import Storage

/// Makes the disk that the installer will partition: all zeros.
struct MakeEmptyDisk: Step {
    let disks: DiskPlan
    let storage: GuestSpec.Storage

    var summary: String {
        if case .files = storage.home { "Make an empty disk" } else { "Note the empty disk" }
    }

    var details: [String] { disks.drives.map { "\($0.path): \((try? disks.size(of: $0)).map(\.description) ?? "?")" } }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        for drive in disks.drives {
            let size = try disks.size(of: drive)
            if case .file = drive.place {
                let image = context.workingPath(of: drive, findings)
                _ = try context.host.files.createImage(image, size: size, allocated: storage.allocation == .full)
                try context.host.files.synchronize(image)
            }
            findings.images.append(
                .init(
                    path: drive.path.string, size: findings.volumes[drive.name]?.size ?? size.bytes,
                    device: drive.device))
        }
    }
}
