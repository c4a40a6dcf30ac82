import Glibc

/// What the helper itself could not do: the stage, to what, and the kernel's reason.
struct Failure: Error {
    /// A verb and its object: "mount proc on".
    let stage: String
    let path: String
    /// errno, or 0 when `path` already says what is wrong.
    let code: Int32

    init(_ stage: String, _ path: String = "", code: Int32 = errno) {
        self.stage = stage
        self.path = path
        self.code = code
    }

    /// The line for standard error, without the program's name.
    var description: String {
        let subject = path.isEmpty ? stage : "\(stage) \(path)"
        return code == 0 ? "cannot \(subject)" : "cannot \(subject): \(reason(code))"
    }
}

/// The exit statuses that are the helper's own, as env(1) and chroot(1) have them.
enum Status {
    static let failed: Int32 = 125
    static let notExecutable: Int32 = 126
    static let notFound: Int32 = 127
    /// Added to the number of the signal that ended the command, as shells do.
    static let signalled: Int32 = 128
}

/// strerror(3).
func reason(_ code: Int32) -> String {
    String(cString: strerror(code))
}

/// One line on standard error; Swift's print is for standard output, and `stderr` is shared mutable state.
func complain(_ line: String) {
    let text = Array("domus-chroot: \(line)\n".utf8)
    _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}
