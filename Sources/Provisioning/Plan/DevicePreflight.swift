import GuestModel
import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// Everything about devices that a guest is given that can be known to fail before anything is made.
struct DevicePreflight {
    let host: Host
    let store: StateStore?
    let hostname: Hostname
    /// Where xl configurations are, of guests that other tools made, too.
    let configurations: FilePath
    let disks: DiskPlan
    /// The UUID of the root's file system, where it is there already and stays.
    let formatted: String?

    /// - Parameter replacesExisting: `--force`.
    /// - Throws: ``ProvisioningError`` for the first thing that is wrong.
    func check(replacesExisting: Bool) async throws {
        var devices: [(path: FilePath, device: BlockDevice)] = []
        for drive in disks.drives {
            guard case .device(let path) = drive.place else { continue }
            guard let device = try host.files.blockDevice(at: path) else {
                throw ProvisioningError("\(path) is no block device", exit: .noInput)
            }
            devices.append((path, device))
        }
        guard !devices.isEmpty else { return }
        guard Set(devices.map(\.device.number)).count == devices.count else {
            throw ProvisioningError(
                "\(devices.map(\.path.string).joined(separator: " and ")) are the same device", exit: .usage)
        }
        for (path, device) in devices {
            try checkRuns(path, device)
            try checkGuests(path, device)
            try checkFree(path)
            if let formatted, path == disks.drive(disks.root.drive).path {
                try await FormattedDevice(path: path, uuid: formatted).check(on: host)
            } else if !replacesExisting {
                try await checkEmpty(path)
            }
        }
    }

    /// Whether somebody has it: a mount, swap, a volume group, a guest that runs.
    static func isInUse(_ path: FilePath, on host: Host) throws(HostError) -> Bool {
        if try host.files.isTaken(device: path) { return true }
        // Xen's block backend has a device without saying so to others.
        let backends = FilePath("/sys/bus/xen-backend/devices")
        guard let number = try host.files.blockDevice(at: path)?.xenNumber, try host.files.entry(at: backends) != nil
        else { return false }
        return try host.files.names(in: backends).contains { name in
            let file = backends.appending(name).appending("physical_device")
            return (try? host.files.contents(of: file, limit: 64)).map {
                String(decoding: $0, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init)
                    == number
            } ?? false
        }
    }

    private func checkFree(_ path: FilePath) throws {
        guard try Self.isInUse(path, on: host) else { return }
        throw ProvisioningError(
            "the device \(path) is in use", exit: .temporary,
            hint: "lsblk shows by whom: a mount, swap, a volume group; or a guest runs on it")
    }

    /// Another run may be about to write on it.
    private func checkRuns(_ path: FilePath, _ device: BlockDevice) throws {
        for run in try store?.runs() ?? [] where run.guest != hostname.name {
            for effect in try store?.effects(of: run.id) ?? [] {
                let other: String
                switch effect.undo {
                case .clearDevice(let path, _): other = path
                case .claim(let path): other = path
                case .emptyFileSystem(let device, _, _, _): other = device.path
                default: continue
                }
                guard try isSame(FilePath(other), device) else { continue }
                throw ProvisioningError(
                    "the device \(path) is being written for the guest \(run.guest)", exit: .temporary,
                    hint: "see what becomes of that run")
            }
        }
    }

    /// Another guest's, shut down as it may be, is not this one's.
    func checkGuests(_ path: FilePath, _ device: BlockDevice) throws {
        for record in try store?.records() ?? [] where record.hostname != hostname.name {
            for image in record.images where try isSame(FilePath(image.path), device) {
                throw taken(path, by: record.hostname, hint: "delete that one first, or use another device")
            }
        }
        guard try host.files.entry(at: configurations) != nil else { return }
        for name in try GuestConfigurations.names(in: configurations, host.files) {
            // One that cannot be read says nothing.
            let file = configurations.appending(name)
            guard let bytes = try? host.files.contents(of: file, limit: 1 << 20),
                let parsed = try? XenConfigFile(parsing: String(decoding: bytes, as: UTF8.self), file: file.string)
            else { continue }
            let guest = GuestSummary(from: parsed)
            guard guest.name != hostname.name else { continue }
            for disk in guest.paths where try isSame(FilePath(disk), device) {
                throw taken(path, by: guest.name ?? name, hint: "\(file) names it")
            }
        }
    }

    private func taken(_ path: FilePath, by guest: String, hint: String) -> ProvisioningError {
        ProvisioningError("the device \(path) is the guest \(guest)'s", exit: .cannotCreate, hint: hint)
    }

    /// Whether a path leads to that device, to a part of it, or to the whole of it.
    private func isSame(_ path: FilePath, _ device: BlockDevice) throws -> Bool {
        guard try host.files.entry(at: path) != nil, let other = try host.files.blockDevice(at: path) else {
            return false
        }
        if other.number == device.number { return true }
        // A partition's directory is in its disk's.
        let sysfs = FilePath("/sys/dev/block")
        guard let ours = try? host.files.resolved(sysfs.appending(device.number)),
            let theirs = try? host.files.resolved(sysfs.appending(other.number))
        else { return false }
        return ours.starts(with: theirs) || theirs.starts(with: ours)
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
