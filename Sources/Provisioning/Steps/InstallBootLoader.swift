import GuestModel
import LinuxHost
import Storage
import SystemPackage

/// Puts GRUB onto the partitioned disk, so that it boots as an emulated machine.
struct InstallBootLoader: Step {
    let loader: BootLoader
    let disks: DiskPlan

    private static let what = "the disk's boot loader"

    var summary: String {
        switch loader.firmware {
        case .bios: "Put GRUB into the disk's boot sector"
        case .ovmf: "Put GRUB into the disk's EFI system partition"
        }
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let scratch = context.paths.scratch
        let files = context.host.files
        let boot = disks.boot
        guard let uuid = context.identifiers[boot.partition.name] else {
            preconditionFailure("each partition has a UUID")
        }
        let commands = scratch.appending("grub-\(loader.firmware.rawValue).cfg")
        let image = scratch.appending("grub-\(loader.firmware.rawValue).img")
        _ = try files.createFile(
            commands,
            contents: Array(BootLoader.firstCommands(bootUUID: uuid, isSeparate: boot != disks.root).utf8), mode: 0o600)
        try await context.makeOnDisk(loader.image(commands: commands, output: image), Self.what)
        let disk = context.workingPath(of: disks.drive("disk"), findings)
        let table = try PartitionedDisk(disks)
        switch loader.firmware {
        case .bios:
            guard let place = try table.place(of: .biosBoot) else { preconditionFailure("every disk has one") }
            let start = place.startByte / Int64(BootSectors.sector)
            let core = try BootSectors.core(
                files.contents(of: image, limit: 1 << 24), start: start, room: place.lengthBytes)
            let code = try files.contents(of: loader.directory.appending("boot.img"), limit: 1 << 12)
            let first = try files.bytes(of: disk, at: 0, count: BootSectors.sector)
            try files.overwrite(disk, at: place.startByte, with: core)
            try files.overwrite(disk, at: 0, with: try BootSectors.boot(first, code: code, core: start))
        case .ovmf:
            guard let place = try table.place(of: .efiSystem) else { preconditionFailure("it was asked for") }
            let part = scratch.appending("efi.img")
            _ = try files.createImage(part, size: ByteSize(bytes: place.lengthBytes), allocated: false)
            let identifier = String(uuid.filter { $0 != "-" }.prefix(8))
            for invocation in BootLoader.efiSystem(part, identifier: identifier, loader: image) {
                try await context.makeOnDisk(invocation, Self.what)
            }
            try files.copyRange(from: part, to: disk, at: place.startByte)
            try files.remove(part)
        }
        try files.synchronize(disk)
    }
}
