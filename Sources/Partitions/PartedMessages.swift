import CParted
import Synchronization

// Globals, since a C function pointer can refer to nothing else.
private let messages = Mutex<[String]>([])
private let adapts = Mutex(false)

/// What libparted says in its "exceptions", the only place where it gives reasons. Its handler has no user data.
enum PartedMessages {
    static func install() {
        ped_exception_set_handler { exception in
            guard let exception else { return PED_EXCEPTION_UNHANDLED }
            if let text = exception.pointee.message {
                messages.withLock { $0.append(String(cString: text)) }
            }
            let offered = exception.pointee.options.rawValue
            func offers(_ option: PedExceptionOption) -> Bool { offered & option.rawValue != 0 }
            // Offered when a table does not fill a disk that has grown: reading it needs no repair.
            if offers(PED_EXCEPTION_FIX), offers(PED_EXCEPTION_IGNORE) {
                return adapts.withLock(\.self) ? PED_EXCEPTION_FIX : PED_EXCEPTION_IGNORE
            }
            // All else fails, above all what offers to ignore a failed write. "Unhandled" would not always do: taken
            // for "not cancelled", it makes the library go on with the second copy of a damaged table.
            return offers(PED_EXCEPTION_CANCEL) ? PED_EXCEPTION_CANCEL : PED_EXCEPTION_UNHANDLED
        }
    }

    /// Whether a table that is read is fitted to a disk that has grown; that takes its former copy away at once.
    static func adaptTables(_ wanted: Bool) { adapts.withLock { $0 = wanted } }

    /// What has been said since the last time, as one text without line breaks.
    static func take() -> String {
        let lines = messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
        let text = lines.joined(separator: "; ").split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.isEmpty ? "libparted gives no reason" : text
    }
}
