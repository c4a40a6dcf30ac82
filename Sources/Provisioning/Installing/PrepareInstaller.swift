import Archives
import GuestModel
import Installer
import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// Puts what the installation needs into the guest's directory: the kernel, the initial RAM disk with the guest's answers
/// behind it, and the configuration that starts it. Nobody but root may read them: root's password is in there, hashed.
struct PrepareInstaller: Step {
    let plan: InstallPlan
    let disks: DiskPlan

    var summary: String { "Prepare the installer" }

    var details: [String] {
        ["install-vmlinuz, install-initrd.gz and install.cfg in the guest's directory, readable by root only"]
    }

    func perform(_ findings: inout Findings, in context: RunContext) async throws {
        guard let set = findings.netboot else { preconditionFailure("the images were got before") }
        let (host, spec) = (context.host, context.spec)
        let files = InstallerFiles(in: context.paths.guest)
        let preseed = try plan.answers.preseed(
            for: spec, root: rootHash(&findings, in: context)
        ) { try PasswordHashing.hash($0, by: plan.hashing, random: host.random) }
        let original = plan.store.object(set.initrd)
        let disk = InstallerRAMDisk(
            preseed: preseed, authorizedKeys: spec.tailoring.authorizedKeys,
            keyring: try plan.keyring.map { try host.files.contents(of: $0, limit: 16 << 20) },
            bootFiles: try bootFiles(context))
        try disk.write(behind: original, names: InitialRAMDisk(path: original).names, to: files.initrd, on: host)
        _ = try host.files.createFile(
            files.kernel, contents: try host.files.contents(of: plan.store.object(set.kernel), limit: 256 << 20),
            mode: 0o600)
        let text = try configuration(InstallerFiles(in: spec.storage.guestDirectory(of: spec.hostname)), context)
        _ = try host.files.createFile(files.configuration, contents: Array(text.utf8), mode: 0o600)
    }

    /// Arm's only loaders are UEFI's and those of boards: pygrub needs none in the guest, but a configuration to read.
    private func bootFiles(_ context: RunContext) throws -> InstallerRAMDisk.BootFiles? {
        let spec = context.spec
        guard spec.architecture.isArm else { return nil }
        let script = context.locations.hooks.pushing("files/zz-domus-grub")
        return InstallerRAMDisk.BootFiles(
            script: try context.host.files.contents(of: script, limit: 1 << 20),
            commandLine: "ro console=\(spec.installerConsole)"
                + (spec.boot.kernelOptions.isEmpty ? "" : " " + spec.boot.kernelOptions))
    }

    /// Chosen, made up, or none: then the installer locks the account.
    private func rootHash(_ findings: inout Findings, in context: RunContext) throws -> String? {
        let password: Secret
        switch context.spec.tailoring.rootPassword {
        case .unchanged: return nil
        case .given(let secret): password = secret
        case .generated(let length):
            password = try PasswordGenerator(random: context.host.random).password(length: length)
            findings.password = password
        }
        return try PasswordHashing.hash(password, by: plan.hashing, random: context.host.random)
    }

    /// The configuration that installs: as the guest's own, but for the kernel, and that it stops at its end.
    private func configuration(_ files: InstallerFiles, _ context: RunContext) throws -> String {
        let spec = context.spec
        let guest = try GuestConfiguration(
            installing: spec, disks: disks, kernel: files.kernel, ramdisk: files.initrd,
            commandLine: InstallerBoot.commandLine(for: spec))
        // Domus' own: a user's template says how the guest is to run, not how it is installed.
        let template = context.locations.template
        let text = String(decoding: try context.host.files.contents(of: template, limit: 1 << 20), as: UTF8.self)
        return try guest.render(template: text, file: template.string).text
    }
}

extension NetbootStore {
    /// What a set's kernel says of itself.
    func kernel(of set: NetbootSet) throws(HostError) -> KernelImage {
        let path = object(set.kernel)
        return try KernelImage { offset, count throws(HostError) in
            try files.bytes(of: path, at: Int64(offset), count: count)
        }
    }
}
