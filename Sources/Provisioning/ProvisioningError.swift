import Archives
import Bootstrap
import Installer
import LinuxHost
import Partitions
import Storage
import SystemPackage
import Tailoring
import Templating
import XenConfig

/// The exit statuses of Domus, after sysexits(3). They are documented in domus(8).
package enum ExitCode: Int32, Sendable {
    case success = 0
    /// A step failed; what had been done is undone.
    case failed = 1
    /// An option or its value is wrong, or options contradict each other.
    case usage = 64
    /// An archive is damaged, or its signature does not hold.
    case badData = 65
    /// A file that the user named does not exist, or a guest is not known.
    case noInput = 66
    /// A program or a mirror is not there.
    case unavailable = 69
    /// A mistake in Domus itself.
    case software = 70
    /// The guest is made and stays, but was not started.
    case notStarted = 71
    /// The guest or a file of it exists already, or there is no room for it.
    case cannotCreate = 73
    /// Reading or writing failed.
    case inputOutput = 74
    /// Another run is working on that guest, or it is running.
    case temporary = 75
    /// Not root.
    case noPermission = 77
    /// A configuration file holds something wrong.
    case configuration = 78
    case interrupted = 130
    case terminated = 143
}

/// Why a run did not reach its goal, for the person who must act.
package struct ProvisioningError: Error, CustomStringConvertible {
    /// What could not be done, to what, and why.
    package var message: String
    package var exit: ExitCode
    /// The step in which it happened.
    package var step: String?
    /// What the user can do about it.
    package var hint: String?
    /// What was taken back, in the order in which it was.
    package var undone: [String] = []
    /// What could not be taken back.
    package var left: [String] = []
    /// Where the details are.
    package var log: FilePath?

    package init(_ message: String, exit: ExitCode, hint: String? = nil) {
        self.message = message
        self.exit = exit
        self.hint = hint
    }

    package var description: String { message }

    /// The same trouble, told by the room that met it.
    package init(_ error: any Error) {
        switch error {
        case let error as ProvisioningError: self = error
        case let error as HostError:
            let exit: ExitCode =
                switch error.errno {
                case .noSpace?, .fileExists?, .readOnlyFileSystem?, .diskQuotaExceeded?: .cannotCreate
                case .permissionDenied?, .notPermitted?: .noPermission
                case .noSharedLibrary?: .unavailable
                case .some: .inputOutput
                case nil: .failed
                }
            self.init(error.message, exit: exit, hint: error.hint)
        case let error as StateError:
            let exit: ExitCode =
                switch error {
                case .unusable: .inputOutput
                case .full: .cannotCreate
                case .busy, .unfinished: .temporary
                }
            self.init(error.description, exit: exit, hint: error.hint)
        case let error as BootstrapError:
            let exit: ExitCode =
                switch error.cause {
                case .unavailable: .unavailable
                case .badData: .badData
                case .noInput: .noInput
                case .noSpace: .cannotCreate
                case .failed: .failed
                }
            self.init(error.message, exit: exit, hint: error.hint)
        case let error as InstallerError:
            let exit: ExitCode =
                switch error.cause {
                case .unavailable: .unavailable
                case .badData: .badData
                case .noInput: .noInput
                case .usage: .usage
                case .cannotCreate: .cannotCreate
                case .temporary: .temporary
                case .failed: .failed
                }
            self.init(error.message, exit: exit, hint: error.hint)
        case let error as PreseedError:
            self.init(error.description, exit: error.file == nil ? .usage : .configuration, hint: error.hint)
        case let error as ArchiveError where error.kind == .changed:
            self.init(error.message, exit: .temporary, hint: error.hint)
        case let error as ArchiveError: self.init(BootstrapError(error))
        case let error as PartitionError:
            let exit: ExitCode =
                switch error.kind {
                case .invalidLayout, .unreadable: .badData
                case .tooSmall, .noSpace: .cannotCreate
                case .cannotWrite: .inputOutput
                case .unavailable: .unavailable
                }
            self.init(error.message, exit: exit, hint: error.hint)
        case let error as StorageError: self.init(error.message, exit: .cannotCreate, hint: error.hint)
        case let error as TailoringError: self.init(error.message, exit: .failed, hint: error.hint)
        case let error as TemplateError: self.init(error.description, exit: .configuration, hint: error.hint)
        case let error as XenConfigError: self.init(error.description, exit: .configuration, hint: error.hint)
        case is CancellationError: self.init("the run was interrupted", exit: .interrupted)
        default: self.init("\(error)", exit: .software)
        }
    }
}
