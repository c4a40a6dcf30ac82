import LinuxHost
import Storage
import SystemPackage

/// Everything about devices that a guest is given that can be known to fail before anything is made.
struct DevicePreflight {
    let host: Host
    let store: StateStore?
    let plan: CreatePlan

    /// - Parameter replacesExisting: `--force`.
    /// - Throws: ``ProvisioningError`` for the first thing that is wrong.
    func check(replacesExisting: Bool) async throws {
        let devices = plan.disks.drives.compactMap { drive in
            if case .device(let path) = drive.place { path } else { nil }
        }
        guard !devices.isEmpty else { return }
        let resolved = try devices.map { try host.files.resolved($0) }
        guard Set(resolved).count == resolved.count else {
            throw ProvisioningError(
                "\(devices.map(\.string).joined(separator: " and ")) are the same device", exit: .usage)
        }
        try checkGuests(Set(resolved))
        for device in devices {
            try Self.checkFree(device, host)
            if !replacesExisting { try await checkEmpty(device) }
        }
    }

    static func checkFree(_ device: FilePath, _ host: Host) throws {
        guard try host.files.isTaken(device: device) else { return }
        throw ProvisioningError(
            "the device \(device) is in use", exit: .temporary,
            hint: "lsblk shows by whom: a mount, swap, a volume group, a running guest")
    }

    /// Another guest's, shut down as it may be, is not this one's.
    private func checkGuests(_ devices: Set<FilePath>) throws {
        for record in try store?.records() ?? [] where record.hostname != plan.spec.hostname.name {
            for image in record.images where image.path.hasPrefix("/dev/") {
                guard try host.files.entry(at: FilePath(image.path)) != nil,
                    devices.contains(try host.files.resolved(FilePath(image.path)))
                else { continue }
                throw ProvisioningError(
                    "the device \(image.path) is the guest \(record.hostname)'s", exit: .cannotCreate,
                    hint: "delete that one first, or use another device")
            }
        }
    }

    /// By libblkid's own tool, which knows file systems, volume groups, RAIDs and partition tables of all kinds.
    private func checkEmpty(_ device: FilePath) async throws {
        let (status, output) = try await host.processes.capture(
            Invocation(
                "wipefs", ["--no-act", "--noheadings", "--output=TYPE,LABEL", device.string],
                environment: ["LC_ALL": "C.UTF-8"], timeout: 60))
        guard status.isSuccess else {
            throw ProvisioningError(
                "cannot tell what is on the device \(device): wipefs ended with \(status)", exit: .unavailable)
        }
        let found = output.split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        guard !found.isEmpty else { return }
        throw ProvisioningError(
            "there is something on the device \(device): \(found.joined(separator: ", "))", exit: .cannotCreate,
            hint: "wipefs --all \(device) takes its marks away; --force overwrites it")
    }
}
