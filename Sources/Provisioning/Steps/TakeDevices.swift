import LinuxHost
import Storage
import SystemPackage

/// Makes sure once more that nobody else has the devices that the guest is given, and has them read as zeros: what was on
/// them is nobody's to read. From here on it is lost.
struct TakeDevices: Step {
    let disks: DiskPlan
    let wiping: Bool
    /// The UUID of the root's file system, where it is there already and stays.
    let formatted: String?

    /// What is at the ends of a device tells what is on it: partition tables, RAIDs.
    private static let ends: Int64 = 1 << 20

    var summary: String {
        let isWritten = formatted == nil || disks.drives.count > 1
        return "\(wiping && isWritten ? "Zero" : "Take") the device\(disks.drives.count == 1 ? "" : "s")"
    }

    var details: [String] { disks.drives.map(\.path.string) }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        var kept: (entry: Int64, device: FormattedDevice)?
        // Noted first, and then looked: of two runs that want the same device, at least one sees the other.
        for slot in disks.slots {
            guard case .device(let path) = disks.drive(slot.drive).place,
                let uuid = context.identifiers[slot.partition.name]
            else { continue }
            let entry = try context.effects.store.intend(
                isKept(slot) ? .claim(path: path.string) : .clearDevice(path: path.string, uuid: uuid), step: summary,
                run: context.effects.run)
            if isKept(slot) { kept = (entry, FormattedDevice(path: path, uuid: uuid)) }
        }
        let preflight = DevicePreflight(
            host: context.host, store: context.effects.store, hostname: context.spec.hostname,
            configurations: context.spec.configuration.directory, disks: disks, formatted: formatted)
        try await preflight.check(replacesExisting: context.replacesExisting)
        // Only now is it known to be empty and nobody's; and only what has the mark is ever taken out.
        if let kept {
            let mark = FormattedDevice.mark(of: context.effects.run)
            try context.effects.store.amend(
                kept.entry,
                undo: .emptyFileSystem(
                    kept.device, mark: mark, mountPoint: context.paths.base.string,
                    helper: context.locations.helper.string))
            try await kept.device.mark(
                mark, at: context.paths.base, helper: context.locations.helper, on: context.host)
        }
        var ranges: [(device: FilePath, range: Range<Int64>)] = []
        for slot in disks.slots where !isKept(slot) {
            guard case .device(let path) = disks.drive(slot.drive).place else { continue }
            guard let size = try context.host.files.blockDevice(at: path)?.size.bytes else {
                throw ProvisioningError("\(path) is no block device any more", exit: .temporary)
            }
            // Without wiping what tells what was there must go all the same, or it would be told from the guest's own.
            ranges +=
                wiping || size <= 2 * Self.ends
                ? [(path, 0..<size)] : [(path, 0..<Self.ends), (path, (size - Self.ends)..<size)]
        }
        if !ranges.isEmpty { try Zeroing(host: context.host, reporter: context.reporter).zero(ranges) }
    }

    private func isKept(_ slot: DiskPlan.Slot) -> Bool { formatted != nil && slot == disks.root }
}
