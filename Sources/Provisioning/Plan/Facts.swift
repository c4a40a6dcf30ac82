import Bootstrap
import GuestModel
import Installer
import LinuxHost
import Storage
import SystemPackage
import XenConfig

/// The files of Domus that a run needs, wherever it is installed.
package struct Locations: Sendable, Hashable {
    /// The helper executable domus-chroot.
    package var helper: FilePath
    /// The directory of the hooks, with common.sh.
    package var hooks: FilePath
    /// The template of the xl configuration.
    package var template: FilePath
    /// The users' configuration directory: /etc/xen-tools.
    package var userConfiguration: FilePath

    package init(helper: FilePath, hooks: FilePath, template: FilePath, userConfiguration: FilePath) {
        self.helper = helper
        self.hooks = hooks
        self.template = template
        self.userConfiguration = userConfiguration
    }
}

/// Where a run works: a directory beside the guests, on the file system that the images will be on, under a name that
/// no other run has. Everything in it goes away with it.
package struct WorkingPaths: Sendable, Hashable {
    /// `DIR/domains/.domus-RUN`, readable by root only: the tree in it holds setuid programs and keys.
    package let base: FilePath
    package var root: FilePath { base.appending("root") }
    package var scratch: FilePath { base.appending("scratch") }
    /// What becomes `DIR/domains/HOST`.
    package var guest: FilePath { base.appending("guest") }
    var hostKeys: FilePath { scratch.appending("host-keys") }
    /// What becomes a base in a file.
    var baseImage: FilePath { base.appending("base.img") }
    /// Directories of other file systems than the root's, taken out of the tree.
    package var split: FilePath { base.appending("split") }
    /// A replaced guest, until the new one is in its place: beside the working directory, not in it, so that it is not
    /// lost with it where it cannot be put back.
    package var replaced: FilePath { FilePath("\(base).replaced") }

    package init(domains: FilePath, run: String) {
        base = domains.appending(".domus-\(run)")
    }
}

/// What one step finds out and later ones need.
package struct Findings: Sendable {
    package var workingDirectory: FileIdentity?
    package var guestDirectory: FileIdentity?
    /// The kernel that the guest boots, once it is known.
    package var kernel: Kernel?
    /// What the copy of a base will be mounted by.
    var cloneDevice: ImageDevice?
    /// Whether the tree is the root's own file system, which the guest is installed in.
    var isFilledInPlace = false
    /// What is writing it, or the copy of a base, to the disk beside other work, and the error that it met.
    var writing: Task<HostError?, Never>?
    /// What the guest's file systems may use.
    package var features = ExtFeatures.Guest()
    /// The configuration's text, proven.
    package var configuration: String?
    /// The images that the guest installs itself with.
    package var netboot: NetbootSet?
    package var images: [GuestRecord.Image] = []
    /// The volumes that were made, by their drives' names.
    package var volumes: [String: WorkingVolume] = [:]
    /// What was written into a base: its digest, and its size in bytes.
    package var base: (digest: ImageDigest, size: Int64)?
    /// What is known of the installed packages.
    package var installed = InstalledPackages()
    /// `SHA256:...` by algorithm, as ssh-keygen(1) prints them.
    package var fingerprints: [(algorithm: String, fingerprint: String)] = []
    /// What is making the ssh server's keys.
    var hostKeys: Task<Void, Never>?
    /// Generated, to be shown once.
    package var password: Secret?
    /// The domain's number, once it is started.
    package var domain: Int?

    package init() {}

    /// A volume under the name that it has while the guest is made.
    package struct WorkingVolume: Sendable, Hashable {
        package var path: VolumePath
        package var uuid: String
        /// Bytes: whole extents.
        package var size: Int64
    }

    package struct Kernel: Sendable, Hashable {
        /// As in `vmlinuz-6.1.0-37-cloud-amd64`, without the word; nil where the name does not tell.
        package var version: String?
        /// Its path for xl, in dom0.
        package var path: FilePath?
        package var initrd: FilePath?
        /// What the file says of itself; nil for one of the host's.
        package var image: KernelImage?
        /// What xl hands it, where xl loads it.
        package var commandLine: String?
    }
}

extension Findings {
    /// Begins to write all that is in a mounted file system, or in an image, to the disk.
    mutating func writeOut(_ path: FilePath, by files: any FileSystem) {
        writing = Task {
            do throws(HostError) {
                try await files.writeOut(path)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Ends what goes on beside the steps, and what was ready for later ones, before anything is taken back.
    ///
    /// - Returns: why the disk did not take what was written: the reason, maybe, of what failed first.
    mutating func endWorkBeside() async -> HostError? {
        cloneDevice = nil
        hostKeys?.cancel()
        await hostKeys?.value
        return await writing?.value
    }
}

/// What all steps of a run share.
package struct RunContext: Sendable {
    package let spec: GuestSpec
    package let disks: DiskPlan
    /// UUIDs of the file systems, by partition name.
    package let identifiers: [String: String]
    package let locations: Locations
    package let paths: WorkingPaths
    package let log: FilePath?
    package let effects: Effects
    package let reporter: any Reporter
    /// Whether a guest of the name gives way to this one.
    package let replacesExisting: Bool
    /// Whether volumes have their own names from the beginning: nothing that is to give way has them. No configuration names
    /// them yet, and their tags tell that they are being made. Otherwise they are renamed in the end, which takes LVM as long
    /// as to make them.
    var namesVolumesAtOnce = false

    package var host: Host { effects.host }

    /// What a drive's volume is called while the guest is made.
    func workingVolume(of drive: DiskPlan.Drive, in group: VolumeGroupName) throws(ValueError) -> VolumePath {
        if namesVolumesAtOnce, case .volume(let path) = drive.place { return path }
        return try DiskPlan.workingVolume(of: drive.name, in: group, run: effects.run)
    }

    /// Where a drive is while the guest is made.
    func workingPath(of drive: DiskPlan.Drive, _ findings: Findings) -> FilePath {
        switch drive.place {
        case .file: return paths.guest.appending("\(drive.name).img")
        case .device(let path): return path
        case .volume:
            guard let volume = findings.volumes[drive.name] else { preconditionFailure("it was carved before") }
            return FilePath(volume.path.device)
        }
    }

    /// That the volumes are still those that this run has made: who takes one that is not open for a remainder may have
    /// removed it, and have given its name to another, whose data would be written over.
    ///
    /// - Throws: ``ProvisioningError``, and ``HostError`` when LVM does not tell.
    func checkVolumes(_ findings: Findings) throws {
        // Others have the run's number in their name.
        guard namesVolumesAtOnce else { return }
        let made = findings.volumes.values.sorted { $0.path.device < $1.path.device }
        for group in Set(made.map(\.path.group)) {
            let present = try host.volumes.volumes(in: group)
            for volume in made where volume.path.group == group {
                guard present.contains(where: { $0.uuid == volume.uuid && $0.name == volume.path.volume.name }) else {
                    throw ProvisioningError(
                        "the volume \(volume.path) is not the one that was made for \(spec.hostname): it has been removed "
                            + "or renamed in between", exit: .temporary, hint: "lvs \(group) shows what there is now")
                }
            }
        }
    }

    /// Runs a program of the host with its output in the log.
    func run(_ invocation: Invocation) async throws -> ExitStatus {
        if let log { try host.files.append("+ \(invocation.commandLine)\n", to: log) }
        let status = try await host.processes.run(invocation, appendingOutputTo: log)
        try Task.checkCancellation()
        return status
    }

    /// Runs a program that makes something of a guest's disk, through the helper: it must not go on writing into an image
    /// when this process is killed.
    ///
    /// - Parameter what: that which is made, for people.
    /// - Throws: ``StorageError`` with what the program said last.
    func makeOnDisk(_ invocation: Invocation, _ what: String) async throws {
        let helper = locations.helper
        let confined =
            invocation.executable == helper.string ? invocation : Confinement(helper: helper).wrap(invocation)
        let status = try await run(confined)
        guard status.isSuccess else {
            let tail = logTail(of: confined, lines: 3)
            let isFull =
                tail.contains("No space left") || (try? host.files.freeSpace(at: paths.base))?.bytes ?? .max < 1 << 16
            throw StorageError(
                "cannot make \(what): \(invocation.executable) ended with \(status)"
                    + (tail.isEmpty ? "" : ":\n\(tail)"),
                hint: isFull ? "free some space, or put the guest elsewhere with --dir" : nil)
        }
    }

    /// The last lines that a program wrote to the log, for an error that must say why it failed. The program is the one
    /// that ran last.
    func logTail(of invocation: Invocation, lines count: Int) -> String {
        log.map { LogTail(log: $0, host: host).of(invocation, lines: count) } ?? ""
    }
}

/// What programs said, for an error that must say why they failed.
struct LogTail {
    let log: FilePath
    let host: Host

    /// The last lines that a program wrote, which is the one that ran last.
    func of(_ invocation: Invocation, lines count: Int) -> String {
        guard let bytes = try? host.files.contents(of: log, limit: 64 << 20) else { return "" }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let command = text.ranges(of: "+ \(invocation.commandLine)\n").last else { return "" }
        return String(text[command.upperBound...].suffix(4096)).split(whereSeparator: \.isNewline).suffix(count)
            .joined(separator: "\n")
    }
}
