import GuestModel
import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// Makes the xl configuration's text and proves that xl would read back what was meant.
struct ComposeConfiguration: Step {
    let template: FilePath
    let configuration: FilePath

    var summary: String { "Compose \(configuration)" }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        let rendered = try render(
            context.spec, context.disks, identifiers: context.identifiers, kernel: findings.kernel, on: context.host)
        for warning in rendered.warnings { context.reporter.warn("\(configuration): \(warning)") }
        findings.configuration = rendered.text
        findings.kernel?.commandLine = rendered.commandLine
    }

    /// Makes a configuration like the one that there will be: what is wrong with it is known before anything is made.
    func rehearse(_ plan: CreatePlan, on host: Host) throws {
        let directory = plan.spec.storage.guestDirectory(of: plan.spec.hostname)
        let kernel = Findings.Kernel(
            version: nil, path: directory.appending("vmlinuz"), initrd: directory.appending("initrd.img"))
        do {
            _ = try render(plan.spec, plan.disks, identifiers: plan.identifiers, kernel: kernel, on: host)
        } catch let error as XenConfigError where plan.spec.configuration.template == nil {
            // The template is ours: what is wrong was asked for.
            let reason = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
            throw ProvisioningError(
                "xl would not start \(plan.spec.hostname) as asked: \(reason)", exit: .usage, hint: error.hint)
        }
    }

    private func render(
        _ spec: GuestSpec, _ disks: DiskPlan, identifiers: [String: String], kernel: Findings.Kernel?, on host: Host
    ) throws -> GuestConfiguration.Rendered {
        let guest = try GuestConfiguration(of: spec, disks: disks, identifiers: identifiers, kernel: kernel)
        let text = String(decoding: try host.files.contents(of: template, limit: 1 << 20), as: UTF8.self)
        return try guest.render(template: text, file: template.string, extra: spec.tailoring.extraVariables)
    }
}

extension GuestConfiguration {
    /// - Parameters:
    ///   - identifiers: the file systems' UUIDs, by partition name.
    ///   - kernel: the one that xl loads; nil where something in the guest does.
    init(of spec: GuestSpec, disks: DiskPlan, identifiers: [String: String], kernel: Findings.Kernel?) throws {
        let settings = try spec.configuration.settings.map { setting in
            // Its text was made from a value.
            let file = try XenConfigFile(parsing: "\(setting.key) = \(setting.value)\n")
            return Setting(setting.key, file.entries[0].value)
        }
        func text(_ key: String) -> String? { settings.first { $0.key == key }?.value.text }
        func action(_ key: String) -> ShutdownAction? { text(key).flatMap(ShutdownAction.init) }
        let own = ["uuid", "on_poweroff", "on_reboot", "on_crash"]
        try self.init(
            name: spec.hostname, uuid: text("uuid"), type: spec.machine.type, memory: spec.machine.memory,
            maximumMemory: spec.machine.maximumMemory, virtualCPUs: spec.machine.virtualCPUs,
            boot: Self.boot(spec, disks, identifiers, kernel), disks: Self.disks(disks),
            furtherDisks: spec.storage.furtherDisks.map { text in
                try FurtherDisk(parsing: text, for: spec.configuration.xenVersion)
            },
            interfaces: spec.interfaces,
            onPowerOff: action("on_poweroff") ?? .destroy, onReboot: action("on_reboot") ?? .restart,
            onCrash: action("on_crash") ?? .restart, settings: settings.filter { !own.contains($0.key) },
            version: spec.configuration.xenVersion, toolstack: spec.configuration.toolstack)
    }

    /// Of a guest that is being installed: a kernel of the host's, and it is gone when it stops, however it stops.
    init(
        installing spec: GuestSpec, disks: DiskPlan, kernel: FilePath, ramdisk: FilePath, commandLine: String
    ) throws {
        let guest = try GuestConfiguration(of: spec, disks: disks, identifiers: [:], kernel: nil)
        try self.init(
            name: guest.name, uuid: guest.uuid, type: guest.type, memory: guest.memory,
            maximumMemory: guest.maximumMemory, virtualCPUs: guest.virtualCPUs,
            boot: .directKernel(kernel: kernel, ramdisk: ramdisk, commandLine: commandLine), disks: guest.disks,
            furtherDisks: guest.furtherDisks, interfaces: guest.interfaces, onPowerOff: .destroy, onReboot: .destroy,
            // What it says when it dies is to be seen.
            onCrash: .preserve, settings: guest.settings,
            version: guest.version, toolstack: guest.toolstack)
    }

    private static func disks(_ plan: DiskPlan) throws -> [DiskEntry] {
        switch plan.layout {
        case .images:
            // The root first: pygrub looks for a boot loader's configuration on the first disk.
            let root = plan.root
            return try ([root] + plan.slots.filter { $0 != root }).map { slot in
                try DiskEntry(vdev: slot.device, target: plan.drive(slot.drive).path, isRoot: slot == root)
            }
        case .disk: return [try DiskEntry(vdev: plan.diskDevice, target: plan.drive("disk").path, isRoot: true)]
        }
    }

    private static func boot(
        _ spec: GuestSpec, _ disks: DiskPlan, _ identifiers: [String: String], _ kernel: Findings.Kernel?
    ) -> BootMethod {
        switch spec.boot.loader {
        case .pygrub: return .pygrub
        case .pvgrub(let loader): return .pvgrub(loader)
        case .firmware(let firmware): return .firmware(firmware)
        case .ownKernel, .hostKernel:
            guard let path = kernel?.path else { preconditionFailure("the kernel was taken before") }
            // Without an initial ramdisk the kernel itself mounts the root, and it knows no UUIDs of file systems.
            let root =
                kernel?.initrd == nil
                ? "/dev/\(disks.root.device)" : "UUID=\(identifiers[disks.root.partition.name] ?? "")"
            return .directKernel(
                kernel: path, ramdisk: kernel?.initrd,
                commandLine: "root=\(root) ro console=\(spec.boot.serialDevice)"
                    + (spec.boot.kernelOptions.isEmpty ? "" : " \(spec.boot.kernelOptions)"))
        }
    }
}
