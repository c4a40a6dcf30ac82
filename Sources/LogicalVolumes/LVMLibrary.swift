import CLVM
import Glibc
import Synchronization

/// What LVM said to one command.
struct LVMAnswer {
    /// One of `LVM2_COMMAND_SUCCEEDED` and its sisters.
    var status: Int32
    /// Whether there is an LVM that could say anything.
    var isThere = true
    /// The lines of reports in JSON.
    var output: [String] = []
    /// LVM's own.
    var version: String?
    var errors: [String] = []

    var succeeded: Bool { status == LVM2_COMMAND_SUCCEEDED }
}

// A global, since a C function pointer can refer to nothing else.
private let said = Mutex(LVMAnswer(status: 0))

/// liblvm2cmd, of which a process has one: commands work one at a time, others wait.
enum LVMLibrary {
    static func run(_ command: LVMCommand) -> LVMAnswer {
        library.withLock { library in
            // The library sets the process's file mode mask as its configuration says (077), for good.
            let mask = umask(0o022)
            _ = umask(mask)
            defer { _ = umask(mask) }
            if let reason = clvm_load() {
                let error = "liblvm2cmd cannot be loaded: \(String(cString: reason))"
                return LVMAnswer(status: LVM2_INIT_FAILED, isThere: false, errors: [error])
            }
            guard let handle = library.open() else {
                return LVMAnswer(status: LVM2_INIT_FAILED, errors: ["liblvm2cmd cannot be initialized"])
            }
            said.withLock { $0 = LVMAnswer(status: 0) }
            let status = lvm2_run(handle, command.text)
            return said.withLock { answer in
                answer.status = status
                return answer
            }
        }
    }

    private static let library = Mutex(Library())

    private struct Library: ~Copyable {
        private var handle: UnsafeMutableRawPointer?

        mutating func open() -> UnsafeMutableRawPointer? {
            if let handle { return handle }
            // Before the handle is made, or what its making says goes to the standard output.
            lvm2_log_fn { level, _, _, _, text in
                guard level <= LVM2_LOG_PRINT, let text else { return }
                LVMLibrary.note(String(cString: text), level: level)
            }
            handle = lvm2_init()
            // It takes over the environment's locale, in which percents may have a comma.
            setlocale(LC_ALL, "C.UTF-8")
            return handle
        }
    }

    private static func note(_ line: String, level: Int32) {
        said.withLock { answer in
            if level <= LVM2_LOG_ERROR {
                answer.errors.append(line)
            } else if let first = line.first(where: { $0 != " " }), "{}[]\"".contains(first) {
                // Not the warnings, which come on the same level, in the middle of reports.
                answer.output.append(line)
            } else if let label = line.firstRange(of: "LVM version:") {
                answer.version = String(line[label.upperBound...].drop { $0 == " " })
            }
        }
    }
}
