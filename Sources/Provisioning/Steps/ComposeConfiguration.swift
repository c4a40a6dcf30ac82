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
        let guest = try model(findings, context)
        let text = String(decoding: try context.host.files.contents(of: template, limit: 1 << 20), as: UTF8.self)
        let rendered = try guest.render(
            template: text, file: template.string, extra: context.spec.tailoring.extraVariables)
        for warning in rendered.warnings { context.reporter.warn("\(configuration): \(warning)") }
        findings.configuration = rendered.text
    }

    private func model(_ findings: Findings, _ context: RunContext) throws -> GuestConfiguration {
        let spec = context.spec
        let disks: [DiskEntry]
        switch context.disks.layout {
        case .images:
            // The root first: pygrub looks for a boot loader's configuration on the first disk.
            let root = context.disks.root
            disks = try ([root] + context.disks.slots.filter { $0 != root }).map { slot in
                try DiskEntry(
                    vdev: slot.device, target: context.disks.drive(slot.drive).path, isRoot: slot == root)
            }
        case .disk:
            disks = [
                try DiskEntry(
                    vdev: context.disks.diskDevice, target: context.disks.drive("disk").path, isRoot: true)
            ]
        }
        let boot: GuestConfiguration.BootMethod
        switch spec.boot.loader {
        case .pygrub: boot = .pygrub
        case .pvgrub(let loader): boot = .pvgrub(loader)
        case .ownKernel, .hostKernel:
            guard let kernel = findings.kernel?.path else { preconditionFailure("the kernel was taken before") }
            boot = .directKernel(
                kernel: kernel, ramdisk: findings.kernel?.initrd, commandLine: commandLine(findings, context))
        }
        return try GuestConfiguration(
            name: spec.hostname, type: spec.machine.type, memory: spec.machine.memory,
            maximumMemory: spec.machine.maximumMemory, virtualCPUs: spec.machine.virtualCPUs, boot: boot,
            disks: disks, interfaces: spec.interfaces)
    }

    private func commandLine(_ findings: Findings, _ context: RunContext) -> String {
        let root = context.disks.root
        // Without an initial ramdisk the kernel itself mounts the root, and it knows no UUIDs of file systems.
        let device =
            findings.kernel?.initrd == nil
            ? "/dev/\(root.device)" : "UUID=\(context.identifiers[root.partition.name] ?? "")"
        return "root=\(device) ro console=\(context.spec.boot.serialDevice)"
    }
}
