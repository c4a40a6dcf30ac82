import GuestModel
import Installer
import LinuxHost
import Storage
import SystemPackage

/// What a guest that installs itself is made with.
package struct InstallPlan: Sendable {
    /// Where the images come from, or which of the store's they are.
    package enum Images: Sendable {
        case fetched(NetbootFetch)
        case chosen(NetbootSet)
    }

    package let images: Images
    package let store: NetbootStore
    package let answers: InstallerAnswers
    /// The keys of the guest's archive, where they are not the distribution's own, which the installer has.
    package let keyring: FilePath?
    package let hashing: PasswordHashing.Method
    /// `--boot`.
    package let starts: Bool

    package init(
        images: Images, store: NetbootStore, answers: InstallerAnswers, keyring: FilePath?,
        hashing: PasswordHashing.Method, starts: Bool
    ) {
        self.images = images
        self.store = store
        self.answers = answers
        self.keyring = keyring
        self.hashing = hashing
        self.starts = starts
    }
}

/// The files of an installation, in the guest's directory, until it is done.
struct InstallerFiles {
    let kernel: FilePath
    let initrd: FilePath
    let configuration: FilePath

    init(in directory: FilePath) {
        kernel = directory.appending("install-vmlinuz")
        initrd = directory.appending("install-initrd.gz")
        configuration = directory.appending("install.cfg")
    }

    var all: [FilePath] { [configuration, initrd, kernel] }
}

extension CreatePlan {
    /// The plan of a guest that installs itself: an empty disk, the installer with its answers, and two configurations.
    package init(
        _ spec: GuestSpec, installing installation: InstallPlan, run: String, locations: Locations,
        forcedVolumes: [VolumePath] = []
    ) throws(ValueError) {
        let disks = try DiskPlan(spec.storage, of: spec.hostname)
        let domains = spec.storage.directory.appending("domains")
        let configuration = spec.configuration.file(of: spec.hostname)
        var steps: [any Step] = [
            MakeWorkingDirectory(domains: domains), GetInstallerImages(plan: installation),
        ]
        if case .volumes(let group, let pool, let wiping) = spec.storage.home {
            steps.append(CarveVolumes(disks: disks, group: group, pool: pool))
            // What is in a thin pool reads as zeros until it is written.
            if wiping && pool == nil { steps.append(ZeroVolumes(disks: disks)) }
        }
        let template = spec.configuration.template ?? locations.template
        steps += [
            MakeEmptyDisk(disks: disks, storage: spec.storage),
            PrepareInstaller(plan: installation, disks: disks),
            ComposeConfiguration(template: template, configuration: configuration),
            RemoveTree(),
            PublishGuest(
                directory: spec.storage.guestDirectory(of: spec.hostname), configuration: configuration, disks: disks,
                base: nil, forcedVolumes: forcedVolumes),
        ]
        self.init(
            spec, disks: disks, run: run, locations: locations, steps: steps, forcedVolumes: forcedVolumes,
            requirements: [Downloads.requirement, ArchiveChain.requirement], startsInstallation: installation.starts)
    }
}
