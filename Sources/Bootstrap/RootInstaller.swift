import GuestModel
import LinuxHost
import SystemPackage

/// Why a root file system could not be installed.
package struct BootstrapError: Error, Equatable, CustomStringConvertible {
    /// What kind of trouble it is, for the exit status.
    package enum Cause: Sendable, Equatable {
        /// A program or a mirror is not there.
        case unavailable
        /// An archive is damaged or its signature does not hold.
        case badData
        /// A file that the user named is missing.
        case noInput
        /// The disk is full.
        case noSpace
        /// The installation itself failed.
        case failed
    }

    package let message: String
    package let hint: String?
    package let cause: Cause

    package init(_ message: String, hint: String? = nil, cause: Cause) {
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    package var description: String { message }
}

/// What an installation works with.
package struct InstallationSite: Sendable {
    /// The empty directory that becomes the guest's tree.
    package var root: FilePath
    /// A directory for what is needed in between; it goes away with the run.
    package var scratch: FilePath
    /// A directory on the tree's file system, for what is moved into the tree, and gone when it is installed: ``scratch``,
    /// where the two are on one.
    package var staging: FilePath
    /// Where the programs' output goes.
    package var log: FilePath?
    /// The helper executable.
    package var helper: FilePath
    /// Is told which part of the work is done, from 0 to 1, by who can tell.
    package var progress: (@Sendable (Double) -> Void)?

    package init(
        root: FilePath, scratch: FilePath, staging: FilePath? = nil, log: FilePath?, helper: FilePath,
        progress: (@Sendable (Double) -> Void)? = nil
    ) {
        self.root = root
        self.scratch = scratch
        self.staging = staging ?? scratch
        self.log = log
        self.helper = helper
        self.progress = progress
    }
}

/// One way to fill a tree. A new way is a new type that conforms, and a line in ``RootInstallers``.
package protocol RootInstaller: Sendable {
    /// For `--dry-run` and the progress line: `Install Debian 12 (bookworm) with debootstrap`.
    var summary: String { get }
    /// Programs that the host must have, with the Debian package of each.
    var requirements: [(program: String, package: String)] { get }
    /// Fills the tree.
    ///
    /// - Throws: ``BootstrapError``, ``HostError``.
    func install(at site: InstallationSite, on host: Host) async throws
}

/// The installer for each method.
package enum RootInstallers {
    /// - Parameter hooks: the names of the stock hooks of the phase base that will run on what is installed.
    /// - Returns: nil for a guest that installs itself, whose root is not filled from here.
    package static func installer(for spec: GuestSpec, hooks: Set<String> = []) -> (any RootInstaller)? {
        switch spec.install.method {
        case .debootstrap: Debootstrap(spec)
        case .native: NativeInstaller(spec, hooks: hooks)
        case .mmdebstrap: Mmdebstrap(spec)
        case .tar(let archive): TarInstaller(archive: archive)
        case .copy(let directory): CopyInstaller(source: directory)
        case .installer: nil
        }
    }

    /// The installer of a root for nobody in particular.
    ///
    /// - Parameter archive: with the method that the release and the host allow: native, or debootstrap.
    /// - Throws: ``BootstrapError`` for what debootstrap cannot do.
    package static func installer(
        for request: BootstrapRequest, release: Release, from archive: GuestSpec.Install
    ) throws(BootstrapError) -> any RootInstaller {
        if archive.method == .native { return NativeInstaller(request, title: release.title, from: archive) }
        return try DebootstrapRoot(request, release: release, from: archive)
    }
}
