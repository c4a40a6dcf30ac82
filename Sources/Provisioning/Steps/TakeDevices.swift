import LinuxHost
import Storage
import SystemPackage

/// Makes sure once more that nobody else has the devices that the guest is given, and has them read as zeros: what was on
/// them is nobody's to read. From here on it is lost.
struct TakeDevices: Step {
    let disks: DiskPlan
    let wiping: Bool

    /// What is at the ends of a device tells what is on it: partition tables, RAIDs.
    private static let ends: Int64 = 1 << 20

    var summary: String { "\(wiping ? "Zero" : "Take") the device\(disks.drives.count == 1 ? "" : "s")" }

    var details: [String] { disks.drives.map(\.path.string) }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        // Noted first, and then looked: of two runs that want the same device, at least one sees the other.
        for slot in disks.slots {
            guard case .device(let path) = disks.drive(slot.drive).place,
                let uuid = context.identifiers[slot.partition.name]
            else { continue }
            _ = try context.effects.store.intend(
                .clearDevice(path: path.string, uuid: uuid), step: summary, run: context.effects.run)
        }
        let preflight = DevicePreflight(
            host: context.host, store: context.effects.store, hostname: context.spec.hostname,
            configurations: context.spec.configuration.directory, disks: disks)
        try await preflight.check(replacesExisting: context.replacesExisting)
        var ranges: [(device: FilePath, range: Range<Int64>)] = []
        for drive in disks.drives {
            guard case .device(let path) = drive.place else { continue }
            guard let size = try context.host.files.blockDevice(at: path)?.size.bytes else {
                throw ProvisioningError("\(path) is no block device any more", exit: .temporary)
            }
            // Without wiping what tells what was there must go all the same, or it would be told from the guest's own.
            ranges +=
                wiping || size <= 2 * Self.ends
                ? [(path, 0..<size)] : [(path, 0..<Self.ends), (path, (size - Self.ends)..<size)]
        }
        try Zeroing(host: context.host, reporter: context.reporter).zero(ranges)
    }
}
