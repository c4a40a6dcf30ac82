import Archives
import LinuxHost

/// Why something of the installer could not be had, proven or made.
package struct InstallerError: Error, Equatable, CustomStringConvertible {
    /// What kind of trouble it is, for the exit status.
    package enum Cause: Sendable, Equatable {
        /// A program, a mirror or a file of it is not there.
        case unavailable
        /// A signature does not hold, a digest differs, or a file is not what it should be.
        case badData
        /// A file that the user named is missing.
        case noInput
        /// What was asked for cannot be.
        case usage
        /// It is there already, or there is no room.
        case cannotCreate
        /// It may go well the next time: the mirror is being changed.
        case temporary
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
