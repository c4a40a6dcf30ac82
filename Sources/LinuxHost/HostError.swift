import Glibc
import SystemPackage

/// What the machine refused.
package struct HostError: Error, Equatable, CustomStringConvertible {
    /// A sentence without a full stop: what could not be done, to what, and why.
    package let message: String
    /// What the user can do about it.
    package let hint: String?
    /// The kernel's error number, where the kernel refused.
    package let errno: Errno?

    package init(_ message: String, hint: String? = nil, errno: Errno? = nil) {
        self.message = message
        self.hint = hint
        self.errno = errno
    }

    /// A refusal of the kernel: `cannot create /x: No space left on device`.
    package init(cannot action: String, _ errno: Errno) {
        let hint: String? =
            switch errno {
            case .noSpace: "free some space, or put the guest elsewhere with --dir"
            case .permissionDenied, .notPermitted: "run it as root"
            case .readOnlyFileSystem: "the file system is mounted read-only"
            default: nil
            }
        self.init("cannot \(action): \(errno)", hint: hint, errno: errno)
    }

    package var description: String { message }
}

extension Errno {
    /// A shared library that is needed cannot be loaded (ELIBACC, errno(3)).
    package static var noSharedLibrary: Errno { Errno(rawValue: ELIBACC) }
}
