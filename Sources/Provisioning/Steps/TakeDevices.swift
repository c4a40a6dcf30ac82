import LinuxHost
import Storage
import SystemPackage

/// Makes sure once more that nobody uses the devices that the guest is given, and has them read as zeros: what was on them
/// is nobody's to read. From here on it is lost.
struct TakeDevices: Step {
    let disks: DiskPlan
    let wiping: Bool

    var summary: String { "\(wiping ? "Zero" : "Take") the device\(disks.drives.count == 1 ? "" : "s")" }

    var details: [String] { disks.drives.map(\.path.string) }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        for drive in disks.drives {
            guard case .device(let path) = drive.place else { continue }
            try DevicePreflight.checkFree(path, context.host)
            guard let size = try context.host.files.size(ofDevice: path) else {
                throw ProvisioningError("\(path) is no block device any more", exit: .temporary)
            }
            // Without it what tells what was there must go all the same, or the guest's own could not be told from it.
            try ZeroVolumes.zero(path, 0..<(wiping ? size.bytes : min(size.bytes, 1 << 20)), context.host)
        }
    }
}
